"""Pieces of HTML are escaped, nested and filled up."""

import pytest

from entrepot.content.documents.blocks import Cell, Flow, emphasised, escape, link, picture, table, text_table


def test_items_nest_by_their_levels() -> None:
    flow = Flow()
    for text, level in (("a", 0), ("b", 1), ("c", 1), ("d", 0)):
        flow.item(text, level)
    flow.add("<p>end</p>")
    expected = "<ul><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ul><p>end</p>"
    assert flow.html().replace("\n", "") == expected


def test_list_of_another_kind_begins_anew() -> None:
    flow = Flow()
    flow.item("a")
    flow.item("b", is_ordered=True, start=3)
    assert flow.html().replace("\n", "") == '<ul><li>a</li></ul><ol start="3"><li>b</li></ol>'


def test_level_that_is_skipped_is_one_list() -> None:
    flow = Flow()
    flow.item("a")
    flow.item("b", 4)
    flow.item("c", 2)
    assert flow.html().replace("\n", "") == "<ul><li>a<ul><li>b</li></ul><ul><li>c</li></ul></li></ul>"


@pytest.mark.parametrize(
    ("text", "expected"), [("a < b & c", "a &lt; b &amp; c"), ("a\x00\x0bb\tc\nd", "ab\tc\nd"), ("", "")]
)
def test_text_is_escaped(text: str, expected: str) -> None:
    assert escape(text) == expected


@pytest.mark.parametrize(
    ("html", "expected"), [(" a ", " <b>a</b> "), ("a", "<b>a</b>"), ("  ", "  "), ("", "")]
)
def test_blanks_stay_outside_of_emphasis(html: str, expected: str) -> None:
    assert emphasised(html, "b") == expected


def test_address_is_escaped_in_a_link() -> None:
    assert (
        link("x", 'https://e.example/"><script>')
        == '<a href="https://e.example/&quot;&gt;&lt;script&gt;">x</a>'
    )
    assert link("x", None) == "x"


def test_picture_without_description_is_nothing() -> None:
    assert (picture(" a\n crane "), picture(None), picture(" ")) == ("[a crane]", "", "")


def test_rows_are_filled_up_to_the_widest() -> None:
    expected = "<table><thead><tr><th>a</th><th></th></tr></thead><tbody><tr><td>1</td><td>x<br>y</td></tr></tbody></table>"
    assert text_table([["a"], ["1", "x\ny"]]) == expected


def test_spans_are_written_where_there_are_some() -> None:
    assert '<th colspan="2" rowspan="3">x</th>' in table([[Cell("x", 2, 3)]])
    assert table([]) == ""
