"""The order in which a page is read: columns one after the other, and tables that only gaps make."""

import itertools
from statistics import median

from entrepot.content.layout.rows import Row, joined
from entrepot.content.layout.shapes import Box, Column, Grid, Line

_MIN_GAP = 2.0
_WIDE_GAP = 9.0
_CLOSE = 1.7
_APART, _FAR_APART = 1.6, 5.0
_MIN_COLUMN_ROWS = 4
_MIN_TABLE_ROWS = 2
_PROSE_CHARS = 18
_PROSE_WORDS = 3.5
_PROSE_FILL = 0.6
_MAX_DEPTH = 8
_Gap = tuple[float, float]


def in_order(rows: list[Row], depth: int = 0) -> list[Column]:
    """The page's rows, from top to bottom, as columns in the order of reading."""
    columns: list[Column] = [Column()]
    at = 0
    while at < len(rows):
        start, end, parts = _as_columns(rows, at) if depth < _MAX_DEPTH else (at, at, [])
        if parts:
            _take_back(columns[-1], at - start)
            for part in parts:
                columns.extend(in_order(part, depth + 1))
            columns.append(Column())
            at = end
            continue
        grid, end = _as_table(rows, at)
        if grid is not None:
            columns[-1].blocks.append(grid)
            at = end
        else:
            columns[-1].blocks.append(rows[at].grid or joined(rows[at].lines))
            at += 1
    return [column for column in columns if column.blocks]


def _take_back(column: Column, count: int) -> None:
    if count:
        del column.blocks[-count:]


def _region(rows: list[Row], start: int, *, keeps_gaps: bool) -> tuple[int, list[_Gap]]:
    """The rows from `start` on that share a gap: where they end, and the gaps.

    With `keeps_gaps` it ends before a row that some gap is lost in, or that stands far from the one above.
    """
    if len(rows[start].spans) < 2:
        return start, []
    gaps = _gaps(rows[start].spans)
    end = start + 1
    while end < len(rows):
        narrowed = _narrowed(gaps, rows[end].spans)
        if not narrowed or _room(rows, end) > (_APART if keeps_gaps else _FAR_APART):
            break
        if keeps_gaps and len(narrowed) < len(gaps) and end - start >= _MIN_TABLE_ROWS:
            break
        gaps = narrowed
        end += 1
    return end, gaps


def _room(rows: list[Row], at: int) -> float:
    """The room above a row, as a multiple of its text's size."""
    size = max((line.look.size for line in rows[at].lines), default=10.0)
    return (rows[at].top - rows[at - 1].bottom) / size


def _gaps(spans: list[_Gap]) -> list[_Gap]:
    return [(one[1], two[0]) for one, two in itertools.pairwise(spans) if two[0] - one[1] >= _MIN_GAP]


def _narrowed(gaps: list[_Gap], spans: list[_Gap]) -> list[_Gap]:
    """What remains of gaps beside another row: at most one of a pair that a line parts."""
    found = (_beside(gap, spans) for gap in gaps)
    return [(left, right) for left, right in found if right - left >= _MIN_GAP]


def _beside(gap: _Gap, spans: list[_Gap]) -> _Gap:
    left, right = gap
    for span_left, span_right in spans:
        if span_right > left and span_left < right:
            left, right = (max(left, span_right), right) if span_left <= left else (left, span_left)
    return left, right


def _is_regular(rows: list[Row], at: int) -> bool:
    """Whether a row follows the one above it as closely as lines of one text do."""
    above, below = rows[at - 1].lines, rows[at].lines
    if not above or not below:
        return False
    size = max(line.look.size for line in below)
    return below[0].baseline - above[0].baseline < _CLOSE * size


def _as_columns(rows: list[Row], start: int) -> tuple[int, int, list[list[Row]]]:
    """The rows from `start` on cut into columns of running text, with those above that belong to one; no parts: they are none."""
    end, gaps = _region(rows, start, keeps_gaps=False)
    while end > start + 1 and len(rows[end - 1].spans) < 2 and not _is_regular(rows, end - 1):
        end -= 1
    wide = [gap for gap in gaps if gap[1] - gap[0] >= _WIDE_GAP]
    if end - start < _MIN_COLUMN_ROWS or sum(len(row.spans) > 1 for row in rows[start:end]) < _MIN_TABLE_ROWS:
        return start, end, []
    for chosen in filter(None, (gaps, wide if wide != gaps else [])):
        first = _first_row(rows, start, chosen)
        parts = _cut(rows[first:end], chosen)
        if all(_is_prose(part) for part in parts):
            return first, end, parts
    return start, end, []


def _first_row(rows: list[Row], start: int, gaps: list[_Gap]) -> int:
    """The first of the rows right above that leave the gaps free: a column may begin higher than its neighbour."""
    while start > 0 and rows[start - 1].grid is None and _is_regular(rows, start):
        if _narrowed(gaps, rows[start - 1].spans) != gaps:
            break
        start -= 1
    return start


def _cut(rows: list[Row], gaps: list[_Gap]) -> list[list[Row]]:
    parts: list[list[Row]] = [[] for _ in range(len(gaps) + 1)]
    for row in rows:
        if row.grid is not None:
            parts[_column_of(gaps, row.left)].append(row)
            continue
        lines: list[list[Line]] = [[] for _ in parts]
        for line in row.lines:
            lines[_column_of(gaps, line.left)].append(line)
        for part, mine in zip(parts, lines, strict=True):
            if mine:
                part.append(Row(mine))
    return parts


def _column_of(gaps: list[_Gap], left: float) -> int:
    return sum(left >= gap[1] - 0.5 for gap in gaps)


def _is_prose(rows: list[Row]) -> bool:
    """Whether rows are lines of running text: long enough, and mostly as wide as their column."""
    lines = [joined(row.lines) for row in rows if row.grid is None]
    if len(lines) < _MIN_COLUMN_ROWS - 1:
        return any(row.grid is not None for row in rows)
    width = max(line.right for line in lines) - min(line.left for line in lines)
    fill = sum(line.right - line.left >= _PROSE_FILL * width for line in lines) / len(lines)
    chars = median(len(line.text.strip()) for line in lines)
    words = median(len(line.text.split()) for line in lines)
    is_unspaced = (
        chars >= _PROSE_CHARS
        and words < 2
        and any(ord(char) > 0x2E80 for line in lines for char in line.text)
    )
    return fill >= _PROSE_FILL and chars >= _PROSE_CHARS and (words >= _PROSE_WORDS or is_unspaced)


def _as_table(rows: list[Row], start: int) -> tuple[Grid | None, int]:
    """The rows from `start` on as a table, where they are many and full enough, and where it ends."""
    end, gaps = _region(rows, start, keeps_gaps=True)
    while end > start and len(rows[end - 1].spans) < 2:
        end -= 1
    inner = rows[start:end]
    full = sum(len(row.spans) > 1 for row in inner)
    if not gaps or full < _MIN_TABLE_ROWS or full < 0.5 * len(inner) or any(row.grid for row in inner):
        return None, start
    if full < 3 and len(gaps) < 2:
        return None, start
    cells: list[list[tuple[list[Line], int, int]]] = []
    for row in inner:
        parts: list[list[Line]] = [[] for _ in range(len(gaps) + 1)]
        for line in row.lines:
            parts[_column_of(gaps, line.left)].append(line)
        filled = [[joined(part)] if part else [] for part in parts]
        if cells and not filled[0] and sum(map(bool, filled)) < len(filled) and _continues(row, inner):
            for (lines, _, _), more in zip(cells[-1], filled, strict=True):
                lines.extend(more)
        else:
            cells.append([(lines, 1, 1) for lines in filled])
    box = Box(min(row.left for row in inner), inner[0].top, max(row.right for row in inner), inner[-1].bottom)
    return (Grid(box, cells), end) if len(cells) > 1 else (None, start)


def _continues(row: Row, rows: list[Row]) -> bool:
    """Whether a row carries cells of the one above on: it follows closer than most rows do."""
    steps = [two.top - one.top for one, two in itertools.pairwise(rows)]
    at = next(index for index, each in enumerate(rows) if each is row)
    return at > 0 and steps[at - 1] < 0.9 * max(steps)
