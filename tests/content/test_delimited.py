"""Tables written as text become tables."""

import pytest

from entrepot.content.format import Format
from entrepot.content.formats.delimited import delimiter_of
from entrepot.errors import NoContent
from tests.content.rereading import reread
from tests.content.written import markdown_of, notices_of, rendering


def cells_of(body: str | bytes, content_type: str = "text/csv") -> list[list[str]]:
    rows = reread(markdown_of(body, content_type)).xpath(".//tr")
    return [["".join(cell.itertext()) for cell in row.xpath("./th | ./td")] for row in rows]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
        ("a;b\n1,5;2\n", [["a", "b"], ["1,5", "2"]]),
        ("a\tb\n1\t2\n", [["a", "b"], ["1", "2"]]),
        ("a|b\n1|2\n", [["a", "b"], ["1", "2"]]),
        ('a,b\n"x, y","say ""hi"""\n', [["a", "b"], ["x, y", 'say "hi"']]),
        ("a,b\n\n1\n", [["a", "b"], ["1", ""]]),
        ("sep=;\na;b\n1;2\n", [["a", "b"], ["1", "2"]]),
        ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
        ("a,b\n=1+1,x|y\n", [["a", "b"], ["=1+1", "x|y"]]),
        ("a,b\n<i>x</i>,&amp;\n", [["a", "b"], ["<i>x</i>", "&amp;"]]),
    ],
)
def test_rows_become_a_table(body: str, expected: list[list[str]]) -> None:
    assert cells_of(body) == expected


def test_line_end_in_a_cell_stays_in_its_cell() -> None:
    assert (
        "<td>two<br>lines</td>" in rendering('a,b\n1,"two\nlines"\n', Format.HTML, "text/csv").body.decode()
    )


def test_tabs_part_what_is_said_to_be_parted_by_them() -> None:
    assert cells_of("a, b\tc\n1, 2\t3\n", "text/tab-separated-values") == [["a, b", "c"], ["1, 2", "3"]]


def test_old_encoding_is_read() -> None:
    assert cells_of("Имя,Вес\nкран,5\n".encode("cp1251")) == [["Имя", "Вес"], ["кран", "5"]]


@pytest.mark.parametrize(
    ("text", "sign"),
    [("a,b\nc,d", ","), ("a;b,c\nd;e", ";"), ("one\ntwo", ","), ("", ","), ('"a;b",c\n"d;e",f', ",")],
)
def test_sign_that_parts_cells_is_told_from_the_lines(text: str, sign: str) -> None:
    assert delimiter_of(text) == sign


def test_large_table_is_cut_and_said() -> None:
    body = "a,b\n" + "1,2\n" * 50_001
    assert notices_of(body, "text/csv") == {"truncated"}


def test_empty_table_has_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of(" \n,\n", "text/csv")
