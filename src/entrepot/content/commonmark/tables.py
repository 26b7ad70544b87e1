"""Tables as GFM writes them: one line a row, cells that span others with empty ones beside and below them."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml.html import HtmlElement

from entrepot.content.commonmark.inline import Inline

_MAX_SPAN = 200
_MAX_FILLED = 100_000
"""Cells that a table's spans may add; more are left out."""

_RULES = {"left": ":---", "center": ":---:", "right": "---:"}


@dataclass(slots=True)
class _Grid:
    """Rows of cells by column; what only fills the place of another cell is None."""

    rows: list[list[str | None]] = field(default_factory=list)
    alignments: dict[int, Counter[str]] = field(default_factory=dict)
    sizes: Counter[int] = field(default_factory=Counter)
    below: dict[int, int] = field(default_factory=dict)
    filled: int = 0

    def add(self, cells: Iterable[HtmlElement], inline: Inline) -> None:
        row: list[str | None] = []
        for cell in cells:
            self._fill_from_above(row)
            column = len(row)
            row.append(inline.cell(cell))
            self._align(column, cell)
            wide, high = _span(cell, "colspan"), _span(cell, "rowspan")
            if self.filled + wide * high > _MAX_FILLED:
                continue
            row.extend([None] * (wide - 1))
            self.filled += wide * high - 1
            if high > 1:
                self.below.update(dict.fromkeys(range(column, column + wide), high - 1))
        self._fill_from_above(row)
        self.rows.append(row)

    def _fill_from_above(self, row: list[str | None]) -> None:
        while self.below and (left := self.below.get(len(row))):
            if left == 1:
                del self.below[len(row)]
            else:
                self.below[len(row)] = left - 1
            row.append(None)

    def _align(self, column: int, cell: HtmlElement) -> None:
        self.sizes[column] += 1
        if (align := cell.get("align") or "") in _RULES:
            self.alignments.setdefault(column, Counter())[align] += 1

    def rule(self, column: int) -> str:
        """The sign under the header: how most of the column's cells are aligned."""
        counts = self.alignments.get(column)
        if not counts:
            return "---"
        align, count = counts.most_common(1)[0]
        return _RULES[align] if 2 * count > self.sizes[column] else "---"


def table_lines(table: HtmlElement, inline: Inline) -> list[str]:
    """The lines of a table, its header first: the first row where the page marks none; empty for one without words."""
    grid = _Grid()
    for row in _rows(table):
        grid.add([cell for cell in row if cell.tag in ("td", "th")], inline)
    rows = [row for row in grid.rows if any(row)]
    if not rows:
        return []
    columns = sorted({column for row in rows for column, cell in enumerate(row) if cell is not None})
    head, *body = rows
    width = len(head)
    lines = [
        _line(head[column] if column < width else "" for column in columns),
        _line(grid.rule(column) for column in columns),
    ]
    lines += [_line(row[column] for column in columns[: bisect_left(columns, len(row))]) for row in body]
    return lines


def _line(cells: Iterable[str | None]) -> str:
    return f"| {' | '.join(cell or '' for cell in cells)} |"


def _rows(table: HtmlElement) -> Iterator[HtmlElement]:
    """The table's own rows, those of its head first and of its foot last."""
    for head in table.iterchildren("thead"):
        yield from head.iterchildren("tr")
    for part in table.iterchildren("tbody", "tr"):
        if part.tag == "tr":
            yield part
        else:
            yield from part.iterchildren("tr")
    for foot in table.iterchildren("tfoot"):
        yield from foot.iterchildren("tr")


def _span(cell: HtmlElement, name: str) -> int:
    said = (cell.get(name) or "").strip()
    return min(max(1, int(said)), _MAX_SPAN) if said.isascii() and said.isdigit() and len(said) < 6 else 1
