"""The HTML format is a whole, valid page that needs nothing else."""

import pytest
from lxml.html import document_fromstring
from resiliparse.parse.html import HTMLTree

from entrepot.content.format import Format
from entrepot.errors import NoContent
from tests.content.reading import ARTICLE, as_json, html_content, render

HEAD = (
    '<title>A &lt;b&gt; "quoted" & more</title><meta name="description" content="&quot;&gt;&lt;script&gt;">'
    '<meta name="author" content="Ann &lt;Ash&gt;"><link rel="canonical" href="/c?a=1&amp;b=2">'
)
PAGE = f"<!doctype html><html lang='en-GB'><head>{HEAD}</head><body>{ARTICLE}</body></html>"


def test_page_says_what_it_is() -> None:
    tree = document_fromstring(render(PAGE, Format.HTML))
    assert tree.get("lang") == "en-GB"
    assert tree.findtext(".//title") == 'A "quoted" & more'
    assert tree.find('.//meta[@name="description"]').get("content") == '"><script>'
    assert tree.find('.//link[@rel="canonical"]').get("href") == "https://harbour.example/c?a=1&b=2"
    assert tree.find(".//meta[@charset]").get("charset") == "utf-8"


def test_page_is_the_same_to_a_browsers_parser() -> None:
    head = HTMLTree.parse(render(PAGE, Format.HTML)).head
    assert head is not None
    assert [node.tag for node in head.child_nodes if not str(node.tag).startswith("#")] == [
        "meta",
        "title",
        "meta",
        "meta",
        "link",
    ]


def test_page_without_facts_is_whole() -> None:
    assert render("<p>x", Format.HTML) == (
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title></title>\n</head>\n<body>\n<p>x</p>\n</body>\n</html>\n'
    )


def test_classes_and_ids_go_and_structure_stays() -> None:
    page = (
        "<section id=a class=b data-x=1><h2 class=c>One</h2><ol start=2 reversed><li value=5>x</ol></section>"
    )
    assert html_content(page) == '<h2>One</h2><ol start="2" reversed=""><li value="5">x</li></ol>'


@pytest.mark.parametrize(
    "page",
    [
        "",
        " ",
        "<body></body>",
        "<script>x</script>",
        "<p>&nbsp;</p>",
        "<title>x</title>",
        "<img src='data:,x'>",
    ],
)
def test_page_without_content_is_told(page: str) -> None:
    with pytest.raises(NoContent):
        render(page)


def test_picture_alone_is_content() -> None:
    assert html_content("<img src='/a.png'>") == '<img src="https://harbour.example/a.png">'


def test_links_and_pictures_are_listed() -> None:
    page = "<p><a href='/a' rel='nofollow'>one <b>two</b>\n three</a> <img src='/b.png' alt='B'><a name=x>no link</a></p>"
    members = as_json(page)
    assert members["links"] == [
        {"href": "https://harbour.example/a", "text": "one two three", "rel": "nofollow"}
    ]
    assert members["images"] == [{"src": "https://harbour.example/b.png", "alt": "B"}]
