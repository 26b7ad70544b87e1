"""Marks of emphasis put where every reader of CommonMark takes them for marks."""

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import IntEnum, auto
from itertools import groupby
from typing import NamedTuple

from entrepot.content.commonmark.escape import code_span, is_sign, may_be_sign


class Kind(IntEnum):
    """What a piece is: words to escape, code, finished markdown, a mark's beginning or end, the end of a line."""

    WORDS = auto()
    CODE = auto()
    DONE = auto()
    OPEN = auto()
    CLOSE = auto()
    END = auto()


class Piece(NamedTuple):
    """A piece of a phrase. `mark` is `*`, `**`, `~~` or, for a link, `[`; `text` what is written for it, or its words."""

    kind: Kind
    text: str
    mark: str = ""


def with_valid_marks(pieces: list[Piece]) -> list[Piece]:
    """The pieces, with every mark where it is one.

    A mark opens only before what is no blank, and before a sign only after a blank or a sign; it closes the other way
    round (CommonMark §6.2). Signs at its edge are moved out of it, or its neighbour is written as a reference.
    """
    if all(piece.mark in ("", "[") for piece in pieces):
        return merged(pieces)
    waiting = merged(_told_apart(pieces))
    settled: list[Piece] = []
    place = 0
    while place < len(waiting):
        piece = waiting[place]
        if piece.mark in ("", "["):
            if piece.text:
                settled.append(piece)
            place += 1
            continue
        end = _end_of_group(waiting, place)
        is_mixed = any(other.mark[0] != piece.mark[0] for other in waiting[place + 1 : end])
        if piece.kind is Kind.OPEN:
            _free_opening(settled, waiting, end, is_mixed=is_mixed)
            settled += waiting[place:end]
        else:
            moved = _free_closing(settled, waiting, end, is_mixed=is_mixed)
            settled += waiting[place:end]
            settled += moved
        place = end
    return settled


def merged(pieces: Iterable[Piece]) -> list[Piece]:
    """The pieces with neighbouring words as one, and neighbouring code as one, as markdown."""
    found: list[Piece] = []
    for kind, group in groupby(pieces, key=lambda piece: piece.kind):
        if kind is Kind.WORDS:
            found.append(Piece(kind, "".join(piece.text for piece in group)))
        elif kind is Kind.CODE:
            found.append(Piece(Kind.DONE, code_span("".join(piece.text for piece in group))))
        else:
            found.extend(group)
    return found


def _end_of_group(pieces: list[Piece], start: int) -> int:
    end = start + 1
    while end < len(pieces) and pieces[end].kind is pieces[start].kind and pieces[end].mark not in ("", "["):
        end += 1
    return end


def _told_apart(pieces: list[Piece]) -> Iterator[Piece]:
    """The pieces without those marks that a reader would take for another's end: right behind one, or amid words in one."""
    dropped: list[bool] = []
    inside: Counter[str] = Counter()
    last: Piece | None = None
    for place, piece in enumerate(pieces):
        sign = piece.mark[:1]
        if piece.kind is Kind.OPEN:
            is_dropped = (
                sign != "["
                and last is not None
                and _is_confused(last, pieces, place, is_inside=inside[sign] > 0)
            )
            dropped.append(is_dropped)
            inside[sign] += not is_dropped
            if is_dropped:
                continue
        elif piece.kind is Kind.CLOSE:
            if dropped.pop():
                continue
            inside[sign] -= 1
        last = piece
        yield piece


def _is_confused(last: Piece, pieces: list[Piece], place: int, *, is_inside: bool) -> bool:
    """Whether the mark that opens at `place` could close one: it would be right-flanking (CommonMark §6.2)."""
    mark = pieces[place].mark
    if last.kind is Kind.CLOSE and last.mark[0] == mark[0]:
        return True
    if not is_inside or last.kind is Kind.OPEN:
        return False
    before, after = "`" if last.kind is Kind.CODE else last.text[-1:], _first_after(pieces, place)
    return not before.isspace() and (not is_sign(before) or may_be_sign(after))


def _first_after(pieces: list[Piece], place: int) -> str:
    while pieces[place].kind is Kind.OPEN and pieces[place].mark != "[":
        place += 1
    return "`" if pieces[place].kind is Kind.CODE else pieces[place].text[:1]


def _free_opening(settled: list[Piece], waiting: list[Piece], end: int, *, is_mixed: bool) -> None:
    """Lets the marks before `waiting[end]` open: moves its leading signs before them, else writes what is before by number.

    Where marks of two kinds stand together (`is_mixed`), the outer one has a sign in it, the inner one.
    """
    before = settled[-1].text[-1:] if settled else ""
    after = waiting[end]
    if not before or not _is_blocked("*" if is_mixed else after.text[:1], before):
        return
    signs = _leading_signs(after.text) if after.kind is Kind.WORDS and not is_mixed else 0
    if signs:
        _append_words(settled, after.text[:signs])
        waiting[end] = Piece(Kind.WORDS, after.text[signs:])
    elif settled[-1].kind is Kind.WORDS:
        rest = settled.pop().text[:-1]
        settled += [Piece(Kind.WORDS, rest)] if rest else []
        settled.append(_by_number(before))


def _free_closing(settled: list[Piece], waiting: list[Piece], end: int, *, is_mixed: bool) -> list[Piece]:
    """Lets the marks before `waiting[end]` close: takes the signs before them, which are to follow, or writes what follows by number."""
    inner = "*" if is_mixed else settled[-1].text[-1:]
    if end == len(waiting) or not _is_blocked(inner, waiting[end].text[:1]):
        return []
    after, last = waiting[end], settled[-1]
    signs = _trailing_signs(last.text) if last.kind is Kind.WORDS and not is_mixed else 0
    if signs:
        settled[-1] = Piece(Kind.WORDS, last.text[:-signs])
        if after.kind is not Kind.WORDS:
            return [Piece(Kind.WORDS, last.text[-signs:])]
        waiting[end] = Piece(Kind.WORDS, last.text[-signs:] + after.text)
    elif after.kind is Kind.WORDS:
        waiting[end] = Piece(Kind.WORDS, after.text[1:])
        return [_by_number(after.text[0])]
    return []


def _is_blocked(inner: str, outer: str) -> bool:
    """Whether a mark between `inner`, the character in it, and `outer` would be none."""
    return bool(outer) and may_be_sign(inner) and not outer.isspace() and not is_sign(outer)


def _leading_signs(text: str) -> int:
    """How many characters of `text` are signs and blanks before the first that is none; 0 where all are."""
    return next((place for place, char in enumerate(text) if not (may_be_sign(char) or char.isspace())), 0)


def _trailing_signs(text: str) -> int:
    return _leading_signs(text[::-1])


def _append_words(pieces: list[Piece], text: str) -> None:
    if pieces and pieces[-1].kind is Kind.WORDS:
        text = pieces.pop().text + text
    pieces.append(Piece(Kind.WORDS, text))


def _by_number(char: str) -> Piece:
    return Piece(Kind.DONE, f"&#{ord(char)};")
