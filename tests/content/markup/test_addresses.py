"""Addresses are joined as the standard has it; places of a page that its content leads to keep their identifiers."""

from urllib.parse import urljoin, urlsplit

import pytest

from entrepot.content.markup.addresses import absolute
from tests.content.reading import URL, html_content


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p><a href='#a'>x</a></p><h2 id=a class=b>A</h2>", '<h2 id="a">A</h2>'),
        (f"<p><a href='{URL}#a'>x</a></p><h2 id=a>A</h2>", '<h2 id="a">A</h2>'),
        ("<p><a href='#a'>x</a></p><h2><span id=a>A</span></h2>", '<h2 id="a">A</h2>'),
        ("<p><a href='#a'>x</a></p><a name=a></a><p>A</p>", '<a id="a"></a>'),
        ("<p><a href='#a'>x</a></p><p id=a>A</p><p id=a>B</p>", '<p id="a">A</p><p>B</p>'),
        ("<p><a href='/other#a'>x</a></p><h2 id=a>A</h2>", "<h2>A</h2>"),
        ("<p>x</p><h2 id=a>A</h2>", "<h2>A</h2>"),
        ("<p><a href='#a\"b'>x</a></p><h2 id='a\"b'>A</h2>", "<h2>A</h2>"),
    ],
)
def test_identifier_stays_where_a_link_leads_to_it(page: str, expected: str) -> None:
    assert expected in html_content(page)


@pytest.mark.parametrize("words", ["#", "¶", "§", "", "Permalink", "Link to this heading"])
def test_sign_that_links_a_heading_to_itself_goes(words: str) -> None:
    assert html_content(f"<h2 id=a>A<a href='#a'>{words}</a></h2>") == "<h2>A</h2>"


def test_heading_that_is_a_link_stays_one() -> None:
    assert 'href="https://harbour.example/news/crane.html#a"' in html_content(
        "<h2 id=a><a href='#a'>Title</a></h2>"
    )


@pytest.mark.parametrize(
    "base", ["https://harbour.example/news/crane.html", "https://harbour.example", "http://h.example:8080/?q"]
)
@pytest.mark.parametrize(
    "reference",
    [
        "/", "/a", "/a/b.html", "/a?b=c&d", "/a?", "/a#b", "/a/../b", "/a/./b", "/..", "/.well-known/x", "//cdn.example/x", "///x",
        "https://other.example", "https://other.example/a/../b", "HTTPS://Other.example/", "https://other.example/?", "http://o:80/x",
        "a", "?q", "#f", "", " /a ", "/a b", "/ä", "/a;b", "https://o.example:99x/", "https://", "javascript:x", "mailto:a@b", "/a?b#",
    ],
)  # fmt: skip
def test_addresses_are_joined_as_the_standard_library_does(base: str, reference: str) -> None:
    joined = urljoin(base, reference.strip().replace(" ", "%20"))
    expected = (
        joined if joined.startswith(("http://", "https://", "HTTP")) and urlsplit(joined).netloc else None
    )
    assert absolute(base, reference) == expected
