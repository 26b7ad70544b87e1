"""Books are read chapter by chapter in the order of their spine."""

import pytest

from entrepot.content.format import Format
from entrepot.errors import NoContent
from tests.content.written import book, chapter, markdown_of, rendering

FACTS = "<dc:title>Cranes</dc:title><dc:creator>Ann Lee</dc:creator><dc:creator>Bo</dc:creator><dc:language>en</dc:language><dc:date>2026-03-01</dc:date>"


def test_chapters_follow_the_spine() -> None:
    body = book({"z.xhtml": chapter("<h1>One</h1>"), "a.xhtml": chapter("<h1>Two</h1>")})
    assert markdown_of(body) == "# One\n\n# Two\n"


def test_facts_of_the_book_are_read() -> None:
    found = rendering(book({"a.xhtml": chapter("<p>x</p>")}, FACTS), Format.TEXT).metadata
    assert (found.title, found.author, found.language, found.published_at) == (
        "Cranes",
        "Ann Lee, Bo",
        "en",
        "2026-03-01",
    )


def test_empty_elements_of_xml_end_where_they_stand() -> None:
    text = '<p>before <a id="x"/><i/>after</p><script/><p>end</p>'
    assert markdown_of(book({"a.xhtml": chapter(text)})) == "before after\n\nend\n"


def test_links_within_the_book_are_text() -> None:
    text = '<p><a href="b.xhtml#x">see</a> <a href="https://e.example/">there</a></p>'
    assert markdown_of(book({"a.xhtml": chapter(text)})) == "see [there](https://e.example/)\n"


def test_pictures_are_told_by_their_description() -> None:
    body = book({"a.xhtml": chapter('<p>a <img src="x.png" alt="A map"/> b <img src="y.png" alt=""/></p>')})
    assert markdown_of(body).replace("\\", "") == "a [A map] b\n"
    assert markdown_of(body, images="drop") == "a b\n"


def test_name_with_blanks_is_found() -> None:
    body = book({"one%20two.xhtml": ""}, extra={"OEBPS/one two.xhtml": chapter("<p>words</p>")})
    assert markdown_of(body) == "words\n"


def test_selector_works_in_each_chapter() -> None:
    chapters = {
        "a.xhtml": chapter("<p>x</p>"),
        "b.xhtml": chapter('<p class="k">y</p>'),
        "c.xhtml": chapter('<p class="k">z</p>'),
    }
    assert markdown_of(book(chapters), selector="p.k") == "y\n\nz\n"


def test_selector_that_fits_nothing_is_said() -> None:
    with pytest.raises(NoContent, match="selector"):
        markdown_of(book({"a.xhtml": chapter("<p>x</p>")}), selector=".none")


def test_scripts_are_taken_out() -> None:
    html = rendering(
        book({"a.xhtml": chapter('<p onclick="x()">a</p><script>evil()</script>')}), Format.HTML
    ).body.decode()
    assert "evil" not in html
    assert "onclick" not in html


def test_chapter_that_is_no_xml_is_read_as_html() -> None:
    assert markdown_of(book({"a.xhtml": "<html><body><p>one<br>two<p>three"})) == "one\\\ntwo\n\nthree\n"
