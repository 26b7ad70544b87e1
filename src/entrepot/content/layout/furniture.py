"""What stands on every page beside its text: running heads, feet and page numbers, found by their repetition."""

import re
from collections import Counter

from entrepot.content.layout.rows import Row

_NUMBERS = re.compile(r"\d+|\b[ivxlcdm]+\b")
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|seite|página|pagina|стр\.?|p\.)\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of|von|de|di|из)\s*\d{1,4})?\W*",
    re.IGNORECASE,
)
_ROWS = 3
_MARGIN = 0.12
_MIN_PAGES = 3
_MIN_SHARE = 0.4
_HEIGHT_STEP = 6.0


def without_furniture(pages: list[list[Row]], heights: list[float]) -> list[list[Row]]:
    """The pages' rows without those that repeat at the same height in the margins of many pages, but for numbers."""
    counted = Counter(key for rows, height in zip(pages, heights, strict=True)
                      for key in {_key(row) for row in _at_edges(rows, height)})  # fmt: skip
    least = max(min(_MIN_PAGES, len(pages)), _MIN_SHARE * len(pages), 2)
    repeated = {key for key, count in counted.items() if count >= least}
    return [_without(rows, height, repeated, is_one_of_many=len(pages) > 1)
            for rows, height in zip(pages, heights, strict=True)]  # fmt: skip


def _without(
    rows: list[Row], height: float, repeated: set[tuple[str, int]], *, is_one_of_many: bool
) -> list[Row]:
    dropped = [
        row for row in _at_edges(rows, height)
        if _key(row) in repeated or (is_one_of_many and _PAGE_NUMBER.fullmatch(_text(row)))
    ]  # fmt: skip
    return [row for row in rows if not any(row is each for each in dropped)]


def _at_edges(rows: list[Row], height: float) -> list[Row]:
    """The first and the last rows, as far as they stand in the page's margins."""
    found = [row for row in rows[:_ROWS] if row.bottom < _MARGIN * height]
    return [*found, *(row for row in rows[-_ROWS:] if row.top > (1 - _MARGIN) * height and row not in found)]


def _key(row: Row) -> tuple[str, int]:
    return _NUMBERS.sub("#", _text(row).casefold()), round(row.top / _HEIGHT_STEP)


def _text(row: Row) -> str:
    return " ".join(line.text.strip() for line in row.lines) if row.grid is None else "\x00"
