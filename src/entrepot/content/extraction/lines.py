"""What a line looks like and where it stands: the features that it is judged by."""

import re
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.head import Head, letters
from entrepot.content.extraction.measures import LEVELS, Floats, Measures, Numbers, Places, sums
from entrepot.content.extraction.outline import TAGS, Outline
from entrepot.content.extraction.vocabulary import GROUPS

_PRICE = re.compile(r"[$€£¥₹]\s?\d|\d\s?(?:€|£|kr\b|zł|usd|eur|gbp)")
_DATE = re.compile(
    r"\b(?:19|20)\d\d[-/.]\d\d?[-/.]\d\d?|\b\d\d?[-/.]\d\d?[-/.](?:19|20)?\d\d\b"
    r"|\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?\s+\d"
    r"|\b\d\d?\s+(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)|\bago\b"
)
_DIGITS = re.compile(r"\d")
_LETTERS = re.compile(r"[^\W_]+")
_ASCII_DIGITS: Final = b"0123456789"
_ASCII_SIGNS: Final = bytes(byte for byte in range(128) if not chr(byte).isalnum())
_SHOWN_TAGS: Final = tuple(tag for tag in TAGS if tag not in ("body", "div", "span"))
_SHOWN_BITS: Final = np.array([TAGS.index(tag) for tag in _SHOWN_TAGS], np.int64)[:, None]
_GROUP_BITS: Final = np.arange(len(GROUPS))[:, None, None]
_TEXT_NAMES: Final = [
    "digit share", "starts upper", "is upper", "is title case", "has price", "has date", "ends in colon",
]  # fmt: skip
_TAG_NAMES: Final = [f"in {tag}" for tag in _SHOWN_TAGS]
_GROUP_NAMES: Final = [name for group, _ in GROUPS for name in (f"named {group}", f"named {group} near")]
_LEVEL_MEASURES: Final = (
    "words", "share", "link share", "words per line", "long lines", "commas", "headings", "word score", "opening word score",
    "twins", "name low", "name high", "images", "growth",
)  # fmt: skip
_LEVEL_ROWS: Final = np.delete(np.arange(LEVELS * len(_LEVEL_MEASURES)), len(_LEVEL_MEASURES) - 1)
"""All measures of all levels, but for the growth of the innermost one."""

_LEVEL_NAMES: Final = [
    f"level {row // len(_LEVEL_MEASURES)} {_LEVEL_MEASURES[row % len(_LEVEL_MEASURES)]}"
    for row in _LEVEL_ROWS
]
_NONE: Final = -1.0
"""Stands for what a line does not have: a line before it, a heading above it."""


class Table:
    """Features of lines: a row for each feature, a column for each line."""

    def __init__(self, count: int) -> None:
        self.names: list[str] = []
        self._rows: list[Floats] = []
        self._count = count

    def add(self, name: str, values: Any) -> None:
        self.names.append(name)
        self._rows.append(np.asarray(values, dtype=np.float32)[None])

    def add_rows(self, names: list[str], rows: npt.NDArray[Any]) -> None:
        """Adds a feature for each row of an array."""
        self.names += names
        self._rows.append(rows.astype(np.float32))

    def matrix(self) -> Floats:
        """Features by lines."""
        return np.concatenate(self._rows)


def line_table(
    outline: Outline, measures: Measures, path_scores: Floats, word_scores: Floats, head: Head
) -> Table:
    """Every feature of every line. `path_scores` are what each path's last names weigh, `word_scores` what lines do."""
    name_scores = path_scores[measures.of_path]
    table = Table(measures.count)
    _add_text(table, measures, word_scores)
    _add_names(table, measures, path_scores, outline.paths.parents)
    _add_path(table, measures)
    _add_place(table, measures)
    _add_likeness(table, measures, head)
    _add_neighbours(table, measures, name_scores[measures.element], word_scores)
    _add_heading(table, measures, word_scores)
    _add_levels(table, measures, name_scores, word_scores)
    _add_kin(table, measures)
    return table


def _add_text(table: Table, m: Measures, word_scores: Floats) -> None:
    chars = np.maximum(m.chars, 1)
    table.add("words", m.words)
    table.add("chars per word", chars / m.words)
    table.add("link share", m.link_share)
    table.add("links", m.links)
    table.add("strong share", m.strong_chars / chars)
    table.add("commas", m.commas)
    table.add("stops", m.stops)
    table.add("is ended", m.is_ended)
    digits = list(map(_count_digits, m.wordings))
    told = [
        text if number or "ago" in text else ""
        for text, number in zip(m.lowered_wordings, digits, strict=True)
    ]
    of_text = m.by_wording([
        digits,
        [text[0].isupper() for text in m.wordings],
        [text.isupper() for text in m.wordings],
        [text.istitle() for text in m.wordings],
        [0 < len(text) < 200 and _PRICE.search(text) is not None for text in told],
        [0 < len(text) < 120 and _DATE.search(text) is not None for text in told],
        [text[-1] == ":" for text in m.wordings],
    ])  # fmt: skip
    of_text[0] /= chars
    table.add_rows(_TEXT_NAMES, of_text)
    table.add("parts", m.parts)
    table.add("word score", word_scores)


def _add_names(table: Table, m: Measures, path_scores: Floats, parents: list[int]) -> None:
    """Scores of the names around a line: nearest ones, their sum up to the root, the worst and the best."""
    total = path_scores.tolist()
    low, high = np.minimum(path_scores, 0).tolist(), np.maximum(path_scores, 0).tolist()
    for place, above in enumerate(parents):
        if above >= 0:
            total[place] += total[above]
            low[place] = min(low[place], low[above])
            high[place] = max(high[place], high[above])
    name_scores, sum_of = path_scores[m.of_path], np.array(total, np.float32)[m.of_path]
    element, path = m.element, m.of_path[m.element]
    parent, second, third = _ancestors(m)
    table.add("name", name_scores[element])
    table.add("name 1 up", name_scores[parent])
    table.add("name 2 up", name_scores[second])
    table.add("name sum", sum_of[element])
    table.add("name low", np.array(low, np.float32)[path])
    table.add("name high", np.array(high, np.float32)[path])
    table.add("name sum 3 up", sum_of[third])


def _ancestors(m: Measures) -> tuple[Places, Places, Places]:
    first = m.parent[m.element]
    second = m.parent[first]
    return first, second, m.parent[second]


def _add_path(table: Table, m: Measures) -> None:
    tags, groups = m.path_tags[m.element], m.path_groups[m.element]
    near = groups & ~m.path_groups[_ancestors(m)[2]]
    table.add_rows(_TAG_NAMES, (tags >> _SHOWN_BITS) & 1)
    by_group = (np.stack([groups, near]) >> _GROUP_BITS) & 1
    table.add_rows(_GROUP_NAMES, by_group.reshape(-1, m.count))
    table.add("is hidden", m.is_hidden[m.element])
    table.add("depth", m.depth[m.element])


def _add_place(table: Table, m: Measures) -> None:
    place = np.arange(m.count, dtype=np.float32)
    before = sums(m.words)
    whole = max(1.0, float(before[-1]))
    table.add("place", place)
    table.add("place share", place / max(1, m.count))
    table.add("words before", before[:-1])
    table.add("words before share", before[:-1] / whole)
    table.add("words after", whole - before[1:])


def _add_likeness(table: Table, m: Measures, head: Head) -> None:
    """How like a line is to what the head says, and to other lines."""
    titles = [letters(text) for text in (head.title, head.shown_title) if text]
    title_words = set((head.title or head.shown_title or "").lower().split())
    description, body = letters(head.description or ""), letters(head.body or "")
    flat = [_without_signs(text[:160]) for text in m.lowered_wordings]
    tokens = [text.split() if len(text) < 300 else [] for text in m.lowered_wordings]
    both = " ".join(titles)
    is_title, shared, sizes, described, in_body = m.by_wording([
        [bool(t) and (f in titles or (len(f) > 12 and f in both)) for f, t in zip(flat, tokens, strict=True)],
        [0 if title_words.isdisjoint(t) else len(title_words.intersection(t)) for t in tokens],
        [len(t) for t in tokens],
        [len(f) > 15 and f[:60] in description for f in flat],
        [(1 if f[:100] in body else -1) if body and len(f) > 8 else 0 for f in flat],
    ])  # fmt: skip
    heads = np.flatnonzero((is_title > 0) & (m.is_heading > 0))
    table.add("is title", is_title)
    table.add("title share", shared / np.maximum(sizes, max(1, len(title_words))))
    table.add("is in description", described)
    table.add("is in body", in_body)
    numbers: dict[str, int] = {}
    numbered = [numbers.setdefault(f, len(numbers)) for f in flat]
    _add_repetition(table, np.array(numbered, np.int64)[m.wording])
    table.add("after title", np.arange(m.count) - heads[0] if len(heads) else np.full(m.count, -9999))


def _add_repetition(table: Table, texts: Places) -> None:
    """Whether and how often a line's text, told by a number, stands in the page."""
    is_repeated = np.ones(len(texts), np.bool_)
    is_repeated[np.unique(texts, return_index=True)[1]] = False
    table.add("is seen before", is_repeated)
    table.add("repeated", np.bincount(texts)[texts])


def _count_digits(text: str) -> int:
    if text.isascii():
        return len(text) - len(text.encode().translate(None, _ASCII_DIGITS))
    return len(_DIGITS.findall(text))


def _without_signs(text: str) -> str:
    if text.isascii():
        return text.encode().translate(None, _ASCII_SIGNS).decode()
    return "".join(_LETTERS.findall(text))


def _shifted(values: Numbers, by: int) -> Floats:
    """The value of the line `by` places on (or back, where negative)."""
    moved = np.full(len(values), _NONE, np.float32)
    if abs(by) < len(values):
        if by > 0:
            moved[:-by] = values[by:]
        else:
            moved[-by:] = values[:by]
    return moved


def _add_neighbours(table: Table, m: Measures, names: Floats, word_scores: Floats) -> None:
    for by in (-1, 1, -2, 2):
        table.add(f"words at {by}", _shifted(m.words, by))
        table.add(f"link share at {by}", _shifted(m.link_share, by))
    for by in (-1, 1):
        table.add(f"word score at {by}", _shifted(word_scores, by))
        table.add(f"name at {by}", _shifted(names, by))
        table.add(f"is heading at {by}", _shifted(m.is_heading, by))
    prose = sums(m.words * (m.link_share < 0.3) * (m.words > 12))
    place = np.arange(m.count)
    for reach in (4, 12):
        table.add(f"prose in {reach} before", prose[place] - prose[np.maximum(0, place - reach)])
        table.add(f"prose in {reach} after", prose[np.minimum(m.count, place + 1 + reach)] - prose[place + 1])
    whole = max(1.0, float(prose[-1]))
    table.add("prose before share", prose[place] / whole)
    table.add("prose after share", (whole - prose[place + 1]) / whole)


def _add_heading(table: Table, m: Measures, word_scores: Floats) -> None:
    """The last heading down to the line."""
    place = np.arange(m.count)
    last = np.maximum.accumulate(np.where(m.is_heading > 0, place, -1))
    at = np.maximum(last, 0)
    table.add("is heading", m.is_heading)
    table.add("heading word score", np.where(last >= 0, word_scores[at], 0))
    table.add("heading distance", np.where(last >= 0, place - at, _NONE))
    table.add("heading words", np.where(last >= 0, m.words[at], _NONE))


def _add_levels(table: Table, m: Measures, name_scores: Floats, word_scores: Floats) -> None:
    """What the wider and wider pieces of the page around a line hold."""
    words, scores = sums(m.words), sums(word_scores)
    long = sums(((m.words > 15) & (m.link_share < 0.4)).astype(np.float32))
    lows, highs = m.along_chain(name_scores, np.minimum), m.along_chain(name_scores, np.maximum)
    twins = m.along_chain(m.twins, np.maximum)
    opening = np.append(word_scores, np.float32(0))  # an element at the end may hold no line
    levels: Places = np.stack(m.levels)
    starts, inside = m.start[levels], m.within(words, levels)
    count, held = np.maximum(m.end[levels] - starts, 1), np.maximum(inside, 1)
    growth = np.concatenate([np.zeros((1, m.count)), inside[:-1]]) / held
    columns = [
        inside, inside / max(1.0, float(words[-1])), m.within(sums(m.words * m.link_share), levels) / held, inside / count,
        m.within(long, levels), m.within(sums(m.commas), levels) / held, m.within(sums(m.is_heading), levels),
        m.within(scores, levels) / count, opening[starts], twins[levels], lows[levels], highs[levels],
        m.images[m.last[levels]] - m.images[levels], growth,
    ]  # fmt: skip
    table.add_rows(_LEVEL_NAMES, np.stack(columns, axis=1).reshape(-1, m.count)[_LEVEL_ROWS])
    table.add("block twins", twins[m.block])
    within = np.arange(m.count) - starts
    table.add("place in level 0", within[0])
    for number in (1, 2):
        table.add(f"place share in level {number}", within[number] / count[number])


def _add_kin(table: Table, m: Measures) -> None:
    count, words = m.by_kin(np.ones(m.count, np.float32)), m.by_kin(m.words)
    table.add("kin", count)
    table.add("kin words", words)
    table.add("kin words per line", words / count)
    table.add("kin link share", m.by_kin(m.words * m.link_share) / np.maximum(words, 1))
    table.add("kin share", words / max(1.0, float(m.words.sum())))
