"""Tables whose cells are ruled: from drawn lines to rows of cells, merged ones included."""

from collections.abc import Iterable

from entrepot.content.layout.rows import joined, rows_of
from entrepot.content.layout.shapes import Box, Grid, Line, Rule, Run

_NEAR = 3.0
_MAX_LINES = 200
"""Points within which lines meet; how many lines a table may have in either direction."""

_MIN_FILLED = 0.2
_Cells = list[list[tuple[list[Line], int, int]]]


def take_grids(runs: list[Run], rules: list[Rule]) -> tuple[list[Grid], list[Run]]:
    """The ruled tables of a page, from top to bottom, and the runs that stand in none."""
    grids: list[Grid] = []
    left_over = runs
    for rules_of_one in _connected(rules):
        frame = _Frame(rules_of_one)
        if not frame.has_cells:
            continue
        inside = [run for run in left_over if _is_in(run, frame.box)]
        grid = frame.grid_of(inside)
        if grid is not None:
            grids.append(grid)
            taken = set(map(id, inside))
            left_over = [run for run in left_over if id(run) not in taken]
    return sorted(grids, key=lambda grid: (grid.box.top, grid.box.left)), left_over


class _Frame:
    """Lines that meet, as the borders of cells: `xs` and `ys` are where these may begin and end."""

    def __init__(self, rules: list[Rule]) -> None:
        self._level = [rule for rule in rules if rule.is_level]
        self._upright = [rule for rule in rules if not rule.is_level]
        self.xs = _places(rule.x1 for rule in self._upright)
        self.ys = _places(rule.y1 for rule in self._level)

    @property
    def has_cells(self) -> bool:
        """Whether there are at least two cells, and not more than a table can have."""
        if not 2 <= len(self.xs) <= _MAX_LINES or not 2 <= len(self.ys) <= _MAX_LINES:
            return False
        return (len(self.xs) - 1) * (len(self.ys) - 1) >= 2

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def grid_of(self, runs: list[Run]) -> Grid | None:
        """The table with these runs in its cells; None where too few cells have text for it to be one."""
        owners = self._owners()
        filled: dict[tuple[int, int], list[Run]] = {}
        for run in runs:
            column = _slot(self.xs, (run.left + run.right) / 2)
            row = _slot(self.ys, run.baseline - 0.3 * run.look.size)
            filled.setdefault(owners[row, column], []).append(run)
        cells = set(owners.values())
        if len(filled) < 2 or len(filled) < _MIN_FILLED * len(cells):
            return None
        rows = self._rows(owners, filled)
        return Grid(self.box, rows) if max(map(len, rows), default=0) > 1 or len(rows) > 2 else None

    def _rows(
        self, owners: dict[tuple[int, int], tuple[int, int]], filled: dict[tuple[int, int], list[Run]]
    ) -> _Cells:
        rows: _Cells = []
        for row in range(len(self.ys) - 1):
            cells = []
            for column in range(len(self.xs) - 1):
                if owners[row, column] != (row, column):
                    continue
                mine = [place for place, owner in owners.items() if owner == (row, column)]
                columns = 1 + max(place[1] for place in mine) - column
                spanned = 1 + max(place[0] for place in mine) - row
                cells.append((_lines_of(filled.get((row, column), [])), columns, spanned))
            if cells:
                rows.append(cells)
        return rows

    def _owners(self) -> dict[tuple[int, int], tuple[int, int]]:
        """For each place of the grid the first place of the cell that covers it; cells are merged into rectangles."""
        owners: dict[tuple[int, int], tuple[int, int]] = {}
        height, width = len(self.ys) - 1, len(self.xs) - 1
        for row in range(height):
            for column in range(width):
                if (row, column) in owners:
                    continue
                last_column, last_row = column, row
                while last_column + 1 < width and self._is_open_right(row, last_column):
                    last_column += 1
                across = range(column, last_column + 1)
                while last_row + 1 < height and all(self._is_open_below(last_row, each) for each in across):
                    last_row += 1
                for covered in range(row, last_row + 1):
                    owners.update(
                        {(covered, each): (row, column) for each in across if (covered, each) not in owners}
                    )
        return owners

    def _is_open_right(self, row: int, column: int) -> bool:
        x, y = self.xs[column + 1], (self.ys[row] + self.ys[row + 1]) / 2
        return not any(
            abs(rule.x1 - x) <= _NEAR and rule.y1 - _NEAR <= y <= rule.y2 + _NEAR for rule in self._upright
        )

    def _is_open_below(self, row: int, column: int) -> bool:
        y, x = self.ys[row + 1], (self.xs[column] + self.xs[column + 1]) / 2
        return not any(
            abs(rule.y1 - y) <= _NEAR and rule.x1 - _NEAR <= x <= rule.x2 + _NEAR for rule in self._level
        )


def _connected(rules: list[Rule]) -> list[list[Rule]]:
    """The lines in groups that meet each other."""
    parents = list(range(len(rules)))

    def root(at: int) -> int:
        while parents[at] != at:
            parents[at] = parents[parents[at]]
            at = parents[at]
        return at

    order = sorted(range(len(rules)), key=lambda at: rules[at].x1)
    for index, at in enumerate(order):
        for other in order[index + 1 :]:
            if rules[other].x1 > rules[at].x2 + _NEAR:
                break
            if rules[other].y1 <= rules[at].y2 + _NEAR and rules[at].y1 <= rules[other].y2 + _NEAR:
                parents[root(at)] = root(other)
    groups: dict[int, list[Rule]] = {}
    for at, rule in enumerate(rules):
        groups.setdefault(root(at), []).append(rule)
    return [group for group in groups.values() if len(group) >= 4]


def _places(values: Iterable[float]) -> list[float]:
    """Values without those that nearly repeat another."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > _NEAR:
            found.append(value)
    return found


def _slot(edges: list[float], value: float) -> int:
    slots = range(len(edges) - 1)
    return next((at for at in slots if value < edges[at + 1]), len(edges) - 2)


def _is_in(run: Run, box: Box) -> bool:
    return box.holds((run.left + run.right) / 2, run.baseline - 0.3 * run.look.size)


def _lines_of(runs: list[Run]) -> list[Line]:
    return [joined(row.lines) for row in rows_of(runs)]
