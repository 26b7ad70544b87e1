"""A page's title stands above its main content in formats that have no other place for it, and never twice."""

import pytest

from entrepot.content.document import Document, Metadata
from entrepot.content.headline import with_headline


def _headed(fragment: str, title: str | None = "The second crane", kind: str | None = "article") -> str:
    return with_headline(Document(Metadata(title=title), fragment, kind=kind)).fragment


def test_title_is_added_where_the_content_has_none() -> None:
    assert _headed("<p>It lifts.</p>") == "<h1>The second crane</h1><p>It lifts.</p>"


def test_title_is_no_markup() -> None:
    assert _headed("<p>x</p>", "a <b> & c").startswith("<h1>a &lt;b&gt; &amp; c</h1>")


@pytest.mark.parametrize(
    "fragment",
    [
        "<h1>The second crane</h1><p>It lifts.</p>",
        "<h1 id='x'><a href='/'>The  Second Crane!</a></h1>",
        "<h1>The second crane of Saltmere &amp; Bay</h1>",
        "<h2>The second crane</h2><p>It lifts.</p>",
        "<p>x</p><h1>A title of its own</h1>",
    ],
)
def test_title_stands_once(fragment: str) -> None:
    assert _headed(fragment) == fragment


@pytest.mark.parametrize(
    "fragment", ["<h2>News</h2><p>x</p>", "<h2>The crane</h2><p>x</p>", "<h1></h1><p>x</p>"]
)
def test_other_headings_are_no_title(fragment: str) -> None:
    assert _headed(fragment).startswith("<h1>The second crane</h1>")


def test_content_that_was_chosen_or_whole_is_left_alone() -> None:
    assert _headed("<p>x</p>", kind=None) == "<p>x</p>"


@pytest.mark.parametrize("title", [None, ""])
def test_page_without_a_title_has_no_heading(title: str | None) -> None:
    assert _headed("<p>x</p>", title) == "<p>x</p>"
