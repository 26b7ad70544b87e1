"""Tables as a grid: each cell with its place and span, overlaps and gaps of careless markup mended."""

from bisect import bisect_left
from dataclasses import dataclass, replace

from lxml.html import HtmlElement

MAX_COLUMNS = 60
_MAX_COLUMNS_SPANNED = 1000
_MAX_ROWS_SPANNED = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell; `element` None fills a gap. Places count from 0."""

    row: int
    column: int
    rows: int
    columns: int
    element: HtmlElement | None
    is_heading: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's cells in reading order. `heading_rows` of its first rows hold headings alone."""

    columns: int
    rows: int
    heading_rows: int
    cells: tuple[Cell, ...]


def grid_of(table: HtmlElement) -> Grid | None:
    """The table's grid; None: it has no cells, or more than `MAX_COLUMNS` columns.

    Cells are placed as HTML's algorithm does it (the "table model"), but never over another cell or beyond the last row.
    """
    rows = _rows_of(table)
    taken: set[tuple[int, int]] = set()
    cells: list[Cell] = []
    for number, row in enumerate(rows):
        column = 0
        for element in row.iterchildren("td", "th"):
            while (number, column) in taken:
                column += 1
            cell = _place(element, number, column, len(rows), taken)
            taken.update(_places(cell))
            cells.append(cell)
            column += cell.columns
    cells = _narrowed(cells)
    width = max((cell.column + cell.columns for cell in cells), default=0)
    if not 0 < width <= MAX_COLUMNS:
        return None
    taken = {place for cell in cells for place in _places(cell)}
    gaps = [
        Cell(row, column, 1, 1, None)
        for row in range(len(rows))
        for column in range(width)
        if (row, column) not in taken
    ]
    ordered = sorted([*cells, *gaps], key=lambda cell: (cell.row, cell.column))
    return Grid(width, len(rows), _heading_rows(ordered, len(rows)), tuple(ordered))


def _narrowed(cells: list[Cell]) -> list[Cell]:
    """The cells without the columns in which none begins: `colspan=100` means "all that there are"."""
    starts = sorted({cell.column for cell in cells})
    narrowed = []
    for cell in cells:
        first, end = bisect_left(starts, cell.column), bisect_left(starts, cell.column + cell.columns)
        narrowed.append(replace(cell, column=first, columns=end - first))
    return narrowed


def _rows_of(table: HtmlElement) -> list[HtmlElement]:
    """The table's own rows, not those of tables within it; those of its head first."""
    sections = {"thead": 0, "tbody": 1, "tfoot": 2}
    found = []
    for child in table.iterchildren():
        if child.tag == "tr":
            found.append((1, child))
        elif child.tag in sections:
            found.extend((sections[child.tag], row) for row in child.iterchildren("tr"))
    return [row for _, row in sorted(found, key=lambda pair: pair[0])]


def _place(element: HtmlElement, row: int, column: int, row_count: int, taken: set[tuple[int, int]]) -> Cell:
    columns = 1
    while (
        columns < _number(element, "colspan", _MAX_COLUMNS_SPANNED) and (row, column + columns) not in taken
    ):
        columns += 1
    rows = 1
    wanted = min(_number(element, "rowspan", _MAX_ROWS_SPANNED), row_count - row)
    while rows < wanted and not any((row + rows, column + step) in taken for step in range(columns)):
        rows += 1
    return Cell(row, column, rows, columns, element, element.tag == "th")


def _places(cell: Cell) -> list[tuple[int, int]]:
    return [
        (cell.row + down, cell.column + right) for down in range(cell.rows) for right in range(cell.columns)
    ]


def _number(element: HtmlElement, name: str, most: int) -> int:
    value = (element.get(name) or "").strip()
    return min(int(value), most) if value.isascii() and value.isdecimal() and len(value) < 6 else 1


def _heading_rows(cells: list[Cell], row_count: int) -> int:
    """How many of the first rows are headings throughout, and closed against the rows below."""
    count = 0
    for row in range(row_count - 1):
        own = [cell for cell in cells if cell.row == row]
        if not own or not all(cell.is_heading or cell.element is None for cell in own):
            break
        if all(cell.row + cell.rows <= row + 1 for cell in cells if cell.row <= row):
            count = row + 1
    return count
