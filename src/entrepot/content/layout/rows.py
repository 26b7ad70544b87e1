"""Runs of text put side by side into rows: what stands at one height, parted where the gaps are wide."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from entrepot.content.layout.shapes import Grid, Line, Run

_SAME_HEIGHT = 0.55
_SMALL = 0.86
_COLUMN_GAP = 1.1
_MARKER_GAP = 6.0
_WORD_GAP = 0.15
_CELL_GAP = 0.22
_MONO_WIDTH = 0.6
_IN_LINE = 1.2
_MIN_ALIGNED = 3
_HEAD_DISTANCE = 2.5
_LOOK_BACK = 6
"""Gaps and heights in multiples of the font's size; rows that a run is compared with."""

_MARKER = re.compile(r"(?:[•‣◦▪▫●○■□–—*·➢✓❖\-o]|\(?(?:\d{1,3}|[a-zA-Z]|[ivxlIVXL]{1,5})[.)])\s*")


@dataclass(slots=True)
class Row:
    """Lines at one height, from left to right; or one table, which fills its row alone."""

    lines: list[Line]
    grid: Grid | None = None

    @property
    def top(self) -> float:
        return self.grid.box.top if self.grid else min(line.top for line in self.lines)

    @property
    def bottom(self) -> float:
        return self.grid.box.bottom if self.grid else max(line.bottom for line in self.lines)

    @property
    def left(self) -> float:
        return self.grid.box.left if self.grid else self.lines[0].left

    @property
    def right(self) -> float:
        return self.grid.box.right if self.grid else max(line.right for line in self.lines)

    @property
    def spans(self) -> list[tuple[float, float]]:
        """What the row covers, as pairs of left and right."""
        return [(self.left, self.right)] if self.grid else [(line.left, line.right) for line in self.lines]


def rows_of(runs: list[Run]) -> list[Row]:
    """The rows from top to bottom. A run that another one repeats in its place (a shadow, a fake bold) is left out."""
    rows: list[list[Run]] = []
    for run in sorted(runs, key=lambda run: (round(run.baseline, 1), run.left)):
        if not run.text.strip():
            continue
        row = next((row for row in reversed(rows[-_LOOK_BACK:]) if _is_level(run, row[0])), None)
        if row is None:
            rows.append([run])
        elif not any(_repeats(run, other) for other in row):
            row.append(run)
    _settle_small_print(rows)
    settled = [sorted(row, key=lambda run: run.left) for row in rows if row]
    pieces = [
        _grouped(row, lambda run, group: _gap(run, group) <= _CELL_GAP * run.look.size) for row in settled
    ]
    found = [
        Row([Line(_spaced(piece)) for piece in parts] if is_aligned else _parted(row))
        for row, parts, is_aligned in zip(settled, pieces, _aligned(pieces), strict=True)
    ]
    return sorted(found, key=lambda row: row.top)


def joined(lines: list[Line]) -> Line:
    """Lines of one row as one, with blanks between them."""
    runs = [run for line in lines for run in line.runs]
    return Line(_spaced(runs))


def _settle_small_print(rows: list[list[Run]]) -> None:
    """Moves raised and lowered small print, as of notes' numbers, into the row of the text that it stands at."""
    for at, row in enumerate(rows):
        others = [*rows[max(0, at - 2) : at], *rows[at + 1 : at + 3]]
        for run in list(row):
            target = next((other for other in others if any(_is_attached(run, each) for each in other)), None)
            if target is not None:
                row.remove(run)
                target.append(run)


def _aligned(rows: list[list[list[Run]]]) -> list[bool]:
    """For each row whether its pieces are the cells of a tight table: at least three rows of as many, all in line."""
    links = [_are_in_line(above, below) for above, below in pairwise(rows)]
    found = [False] * len(rows)
    start = 0
    for at in range(len(rows)):
        if at == len(links) or not links[at]:
            if at - start + 1 >= _MIN_ALIGNED:
                first = start - (start > 0 and _heads(rows[start - 1], rows[start]))
                found[first : at + 1] = [True] * (at + 1 - first)
            start = at + 1
    return found


def _are_in_line(above: list[list[Run]], below: list[list[Run]]) -> bool:
    if len(above) != len(below) or len(above) < 2 or not _may_be_cells(above) or not _may_be_cells(below):
        return False
    return all(
        abs(one[0].left - two[0].left) < _IN_LINE or abs(one[-1].right - two[-1].right) < _IN_LINE
        for one, two in zip(above, below, strict=True)
    )


def _heads(above: list[list[Run]], below: list[list[Run]]) -> bool:
    """Whether a row holds the names of the columns below: one above each, wherever in the column it stands."""
    is_close = below[0][0].baseline - above[0][0].baseline < _HEAD_DISTANCE * below[0][0].look.size
    return (
        is_close
        and len(above) == len(below)
        and all(
            one[0].left < two[-1].right and two[0].left < one[-1].right
            for one, two in zip(above, below, strict=True)
        )
    )


def _may_be_cells(row: list[list[Run]]) -> bool:
    """Whether pieces of a row are neither code nor a list's item."""
    is_code = any(run.look.is_monospaced for piece in row for run in piece)
    return not is_code and not _MARKER.fullmatch("".join(run.text for run in row[0]).strip())


def _is_level(run: Run, other: Run) -> bool:
    return abs(run.baseline - other.baseline) <= 0.25 * min(run.look.size, other.look.size)


def _is_attached(run: Run, other: Run) -> bool:
    """Whether a small run touches a larger one, a little higher or lower."""
    size = other.look.size
    if run.look.size >= _SMALL * size or abs(run.baseline - other.baseline) > _SAME_HEIGHT * size:
        return False
    return (
        -0.3 * size < run.left - other.right < 0.4 * size or -0.3 * size < other.left - run.right < 0.4 * size
    )


def _repeats(run: Run, other: Run) -> bool:
    return run.text == other.text and abs(run.left - other.left) < 1.5 and abs(run.right - other.right) < 1.5


def _parted(runs: list[Run]) -> list[Line]:
    """Runs of one row as lines: a wide gap parts them, but a list's marker stays with its item, and code is one line."""
    if all(run.look.is_monospaced for run in runs):
        return [Line(_set_out(runs))]
    return [Line(_spaced(group)) for group in _grouped(runs, _belongs)]


def _grouped(runs: list[Run], belongs: Callable[[Run, list[Run]], bool]) -> list[list[Run]]:
    groups: list[list[Run]] = []
    for run in runs:
        if groups and belongs(run, groups[-1]):
            groups[-1].append(run)
        else:
            groups.append([run])
    return groups


def _gap(run: Run, group: list[Run]) -> float:
    return run.left - max(other.right for other in group)


def _belongs(run: Run, group: list[Run]) -> bool:
    gap, size = _gap(run, group), max(run.look.size, group[-1].look.size)
    if gap <= _COLUMN_GAP * size:
        return True
    text = "".join(other.text for other in group).strip()
    return gap <= _MARKER_GAP * size and len(text) <= 6 and _MARKER.fullmatch(text) is not None


def _set_out(runs: list[Run]) -> list[Run]:
    """Runs of code with as many blanks between them as there is room for."""
    found = [runs[0]]
    for run in runs[1:]:
        text = found[-1].text.rstrip()
        blanks = max(0, round((run.left - found[-1].right) / (_MONO_WIDTH * run.look.size)))
        found[-1] = found[-1]._replace(text=text + " " * blanks)
        found.append(run._replace(text=run.text.lstrip() if blanks else run.text))
    return found


def _spaced(runs: list[Run]) -> list[Run]:
    """The runs with a blank wherever there is a gap and none is written."""
    found: list[Run] = []
    for run in runs:
        if found and not found[-1].text.endswith(" ") and not run.text.startswith(" "):
            gap = run.left - found[-1].right
            if gap > _WORD_GAP * min(run.look.size, found[-1].look.size):
                found[-1] = found[-1]._replace(text=found[-1].text + " ")
        found.append(run)
    return found
