"""A run of words on its way to markdown: its pieces are gathered first, since what may stand where hangs on its neighbours."""

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from entrepot.content.commonmark.escape import escape, plain
from entrepot.content.commonmark.marks import Kind, Piece, with_valid_marks

BLANK: Final = " "
LINE: Final = "\n"
PARAGRAPH: Final = "\n\n"
_GAPS = ("", BLANK, LINE, PARAGRAPH)


class Style(NamedTuple):
    """How a phrase is to be written: what ends its lines and paragraphs, and which signs say something in it."""

    line_end: str = "\\\n"
    paragraph_end: str = "\n\n"
    starts_line: bool = True
    has_references: bool = False
    has_maths: bool = False


@dataclass(slots=True)
class Phrase:
    """Collects pieces. Blanks are one blank, and stand outside of marks; marks around nothing are dropped."""

    pieces: list[Piece] = field(default_factory=list)
    _gap: str = ""
    _waiting: list[Piece] = field(default_factory=list)
    _open: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Words as they stand in the page, blanks and all."""
        text = plain(text)
        words = text.split()
        if not words:
            self._gap = self._gap or " "
            return
        if text[0].isspace():
            self._gap = self._gap or " "
        self._settle()
        self.pieces.append(Piece(Kind.WORDS, " ".join(words)))
        if text[-1].isspace():
            self._gap = " "

    def add(self, markdown: str) -> None:
        """What is markdown already."""
        if markdown:
            self._settle()
            self.pieces.append(Piece(Kind.DONE, markdown))

    def add_code(self, text: str) -> None:
        """Code in the line; what follows on code at once is part of it."""
        if text.strip():
            self._settle()
            self.pieces.append(Piece(Kind.CODE, text))

    def part(self, how: str = BLANK) -> None:
        """Parts what follows from what went before by BLANK, LINE or PARAGRAPH; two ends of lines end a paragraph."""
        if how == LINE and self._gap in (LINE, PARAGRAPH):
            how = PARAGRAPH
        self._gap = max(self._gap, how, key=_GAPS.index)

    def open(self, mark: str, text: str = "") -> bool:
        """Begins a mark, unless it is open already. Whether it began."""
        if mark in self._open:
            return False
        self._open.append(mark)
        self._waiting.append(Piece(Kind.OPEN, text or mark, mark))
        return True

    def close(self, mark: str, text: str = "") -> None:
        """Ends the mark that began last."""
        self._open.pop()
        if self._waiting:
            self._waiting.pop()
        else:
            self.pieces.append(Piece(Kind.CLOSE, text or mark, mark))

    def is_inside(self, mark: str) -> bool:
        return mark in self._open

    def is_waiting(self) -> bool:
        """Whether nothing stands yet in the mark that began last."""
        return bool(self._waiting)

    def is_empty(self) -> bool:
        return not self.pieces

    def _settle(self) -> None:
        """Writes the gap, and the marks that waited for something to stand in them."""
        self._rejoin()
        if self._gap and self.pieces:
            self._write_gap()
        self._gap = ""
        if self._waiting:
            self.pieces += self._waiting
            self._waiting.clear()

    def _rejoin(self) -> None:
        """Goes on with a mark that ended just here."""
        while (
            not self._gap and self._waiting and self.pieces and self.pieces[-1].kind is Kind.CLOSE
            and self.pieces[-1].mark == self._waiting[0].mark != "["
        ):  # fmt: skip
            self.pieces.pop()
            self._waiting.pop(0)

    def _write_gap(self) -> None:
        begun = self._open[: len(self._open) - len(self._waiting)]
        if self._gap == PARAGRAPH and begun:
            if "[" in begun:
                self._gap = LINE
            else:  # emphasis ends with its paragraph (CommonMark §6.2)
                self.pieces += [Piece(Kind.CLOSE, mark, mark) for mark in reversed(begun)]
                self._waiting[:0] = [Piece(Kind.OPEN, mark, mark) for mark in begun]
        if self._gap != " ":
            self.pieces.append(Piece(Kind.END, self._gap))
        else:
            self.pieces.append(Piece(Kind.WORDS, " "))


def write(phrase: Phrase, style: Style) -> str:
    """The phrase as markdown."""
    pieces = phrase.pieces
    if len(pieces) == 1 and pieces[0].kind is Kind.WORDS:
        return escape(
            pieces[0].text,
            "",
            "",
            starts_line=style.starts_line,
            in_brackets=style.has_references,
            has_maths=style.has_maths,
        )
    pieces = with_valid_marks(pieces)
    written: list[str] = []
    brackets = 0
    last = ""
    for place, piece in enumerate(pieces):
        if piece.mark == "[":
            brackets += 1 if piece.kind is Kind.OPEN else -1
        text = piece.text
        if piece.kind is Kind.WORDS:
            starts_line = last in ("", "\n")
            text = escape(
                text,
                "" if starts_line else last,
                _first_of(pieces, place + 1, style),
                starts_line=style.starts_line and starts_line,
                in_brackets=brackets > 0 or style.has_references,
                has_maths=style.has_maths,
            )
        elif piece.kind is Kind.END:
            text = style.line_end if text == LINE else style.paragraph_end
        written.append(text)
        last = text[-1:] or last
    return "".join(written)


def _first_of(pieces: list[Piece], place: int, style: Style) -> str:
    """The first character that is written for what stands at `place`; empty for the end."""
    if place == len(pieces):
        return ""
    piece = pieces[place]
    return style.line_end[0] if piece.kind is Kind.END and piece.text == LINE else piece.text[:1]
