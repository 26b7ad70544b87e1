"""Tables of a page come back with each cell in its column."""

import pytest

from tests.content.reading import markdown
from tests.content.rereading import reread


def _rows(page: str) -> list[list[str]]:
    return [["".join(cell.itertext()) for cell in row] for row in reread(markdown(page)).iter("tr")]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("<tr><th>A<th>B<tr><td colspan=2>w", [["A", "B"], ["w", ""]]),
        ("<tr><th>A<th>B<tr><td rowspan=2>r<td>1<tr><td>2", [["A", "B"], ["r", "1"], ["", "2"]]),
        ("<tr><th rowspan=2>A<th colspan=2>B<tr><th>b1<th>b2<tr><td>1<td>2<td>3",
         [["A", "B", ""], ["", "b1", "b2"], ["1", "2", "3"]]),
        ("<tr><th>A<th>B<tr><td rowspan=2 colspan=2>x<tr><tr><td>1<td>2", [["A", "B"], ["x", ""], ["1", "2"]]),
        ("<tr><th>A<th>B<tr><td>1", [["A", "B"], ["1", ""]]),
        ("<tr><th>A<tr><td>1<td>2", [["A", ""], ["1", "2"]]),
        ("<tr><td colspan=2>A<td>B<tr><td colspan=2>1<td>2", [["A", "B"], ["1", "2"]]),
        ("<tfoot><tr><td>f<td>g</tfoot><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2</tbody>",
         [["A", "B"], ["1", "2"], ["f", "g"]]),
        ("<tr><th>A<th>B<tr><td><ul><li>x<li>y</ul><td>1", [["A", "B"], ["- x- y", "1"]]),
        ("<tr><th>A<th>B<tr><td><p>x</p><p>y</p><td>a\nb", [["A", "B"], ["xy", "a b"]]),
        ("<tr><th>A<th>B<tr><td><pre>x\ny</pre><td>a||b", [["A", "B"], ["xy", "a||b"]]),
        ("<tr><th>A<th>B<tr><td colspan=99999999>1", [["A", "B"], ["1", ""]]),
        ("<tr><th>A<th>B<tr><td># x<td>- y", [["A", "B"], ["# x", "- y"]]),
        ("<tr><th>A<th>B<tr><td>\\<td>|", [["A", "B"], ["\\", "|"]]),
    ],
)  # fmt: skip
def test_cells_stay_in_their_columns(rows: str, expected: list[list[str]]) -> None:
    assert _rows(f"<table>{rows}</table>") == expected


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ("<th align=right>A<th>B", "| ---: | --- |"),
        ("<th style='text-align: center'>A<th class=text-right>B", "| :---: | ---: |"),
        ("<th align=LEFT>A<th align=justify>B", "| :--- | --- |"),
    ],
)
def test_columns_keep_their_alignment(cells: str, rule: str) -> None:
    assert markdown(f"<table><tr>{cells}</table>").splitlines()[1] == rule


def test_caption_stands_before_the_table() -> None:
    assert (
        markdown("<table><caption>C <b>x</b></caption><tr><th>A<th>B</table>")
        == "C **x**\n\n| A | B |\n| --- | --- |\n"
    )


def test_table_without_words_is_none() -> None:
    assert markdown("<p>x</p><table><tr><th><th><tr><td><td></table>") == "x\n"


def test_column_of_long_prose_is_layout() -> None:
    page = f"<table><tr><td>{'word ' * 300}<td><ul><li>a<li>b</ul></table>"
    assert markdown(page).endswith("- a\n- b\n")


def test_spans_of_a_hostile_table_make_no_flood() -> None:
    row = "<tr>" + "<td colspan=200 rowspan=999>x" * 20
    found = markdown(f"<table><tr><th>h{row * 200}</table>")
    assert found.count("x") == 4000
    assert len(found) < 1_000_000
