"""Tables of careless markup become grids without overlaps or gaps."""

import pytest
from lxml.html import fragment_fromstring

from entrepot.content.typesetting.grid import Grid, grid_of


def grid(rows: str) -> Grid:
    found = grid_of(fragment_fromstring(f"<table>{rows}</table>"))
    assert found is not None
    return found


def shape(rows: str) -> list[tuple[int, int, int, int]]:
    return [(cell.row, cell.column, cell.rows, cell.columns) for cell in grid(rows).cells]


@pytest.mark.parametrize(
    ("rows", "cells"),
    [
        ("<tr><td>a<td>b", [(0, 0, 1, 1), (0, 1, 1, 1)]),
        ("<tr><td rowspan=2>a<td>b<tr><td>c", [(0, 0, 2, 1), (0, 1, 1, 1), (1, 1, 1, 1)]),
        ("<tr><td rowspan=9>a", [(0, 0, 1, 1)]),
        ("<tr><td colspan=2>a<tr><td>b", [(0, 0, 1, 1), (1, 0, 1, 1)]),
        ("<tr><td colspan=99>a<tr><td>b<td>c", [(0, 0, 1, 2), (1, 0, 1, 1), (1, 1, 1, 1)]),
        ("<tr><td>a<td rowspan=2>b<tr><td colspan=3>c", [(0, 0, 1, 1), (0, 1, 2, 1), (1, 0, 1, 1)]),
        ("<tr><td colspan=0 rowspan=-1>a<td colspan=x>b", [(0, 0, 1, 1), (0, 1, 1, 1)]),
    ],
)
def test_cells_have_their_places(rows: str, cells: list[tuple[int, int, int, int]]) -> None:
    assert shape(rows) == cells


def test_every_place_is_taken_once() -> None:
    found = grid(
        "<tr><td rowspan=3>a<td colspan=4>b<tr><td rowspan=2 colspan=2>c<td>d<tr><td>e<td>f<td>g<td>h"
    )
    places = [
        (cell.row + down, cell.column + right)
        for cell in found.cells
        for down in range(cell.rows)
        for right in range(cell.columns)
    ]
    assert sorted(places) == [(row, column) for row in range(found.rows) for column in range(found.columns)]


@pytest.mark.parametrize(
    ("rows", "count"),
    [
        ("<tr><th>a<th>b<tr><td>1<td>2", 1),
        ("<tr><th>a<th>b<tr><th>c<th>d<tr><td>1<td>2", 2),
        ("<tr><th rowspan=2>a<th>b<tr><td>1<tr><td>2<td>3", 0),
        ("<tr><td>a<tr><th>b", 0),
        ("<tbody><tr><td>a</tbody><thead><tr><th>b</thead>", 1),
        ("<tr><th>a", 0),
    ],
)
def test_rows_of_headings_are_counted(rows: str, count: int) -> None:
    assert grid(rows).heading_rows == count


@pytest.mark.parametrize("rows", ["", "<tr>", f"<tr>{'<td>x' * 61}"])
def test_what_is_no_grid_is_none(rows: str) -> None:
    assert grid_of(fragment_fromstring(f"<table>{rows}</table>")) is None
