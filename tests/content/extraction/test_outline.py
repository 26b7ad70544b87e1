"""A page becomes lines, and elements that are ranges of them."""

import pytest

from entrepot.content.extraction.outline import is_hidden
from entrepot.content.markup.tree import parse_html
from tests.content.extraction.outlines import lines_of, measured, outlined


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>One <b>bold</b> line</p><p>Two</p>", ["One bold line", "Two"]),
        ("<div>before<p>inside</p>after</div>", ["before", "inside", "after"]),
        ("<ul><li>a<li>b</ul>", ["a", "b"]),
        ("<table><tr><td>x<td>y</table>", ["x", "y"]),
        ("<x-card>one</x-card><x-card>two</x-card>", ["one", "two"]),
        ("a<script>no</script>b", ["ab"]),
        ("<p>a<select><option>no</option></select>b</p>", ["a", "b"]),
        ("<p>a</p><iframe>no</iframe><video>no</video><svg><text>no</text></svg>", ["a"]),
        ("<button>Fold</button><p>x</p>", ["Fold", "x"]),
        ("  <p> \n </p> ", []),
    ],
)
def test_lines_end_where_blocks_do(body: str, expected: list[str]) -> None:
    assert lines_of(body) == expected


def test_element_holds_a_range_of_lines() -> None:
    found = outlined("<p>a</p><section><p>b</p><p>c</p></section><p>d</p>")
    place = [element.tag for element in found.elements].index("section")
    assert (found.starts[place], found.ends[place]) == (1, 3)
    assert found.lasts[place] - place == 3


def test_links_and_strong_text_are_counted() -> None:
    line = outlined("<p>see <a href='/x'>this</a> and <b>that</b></p>").lines[0]
    assert (line.links, line.link_chars, line.strong_chars) == (1, 4, 4)


def test_twins_are_siblings_of_one_name() -> None:
    found = measured("<div class='card'>a</div><div class='card'>b</div><div class='other'>c</div>")
    assert found.twins[found.element].tolist() == [2, 2, 1]


def test_hidden_covers_all_within() -> None:
    found = measured("<div style='display: none'><p>a</p></div><p>b</p>")
    assert found.is_hidden[found.element].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("hidden", True),
        ("hidden='until-found'", False),
        ("aria-hidden='true'", True),
        ("aria-hidden='false'", False),
        ("style='color:red;DISPLAY:none'", True),
        ("style='visibility:hidden'", True),
        ("style='display:block'", False),
        ("", False),
    ],
)
def test_element_says_that_it_is_hidden(attributes: str, expected: bool) -> None:
    element = parse_html(f"<p {attributes}>x</p>").find(".//p")
    assert element is not None
    assert is_hidden(dict(element.items())) is expected
