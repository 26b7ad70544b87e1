"""Any text becomes a tree of bounded depth, and no reader of it falls over."""

import pytest
from lxml.html import HtmlElement

from entrepot.content.format import Format
from entrepot.content.markup.tree import MAX_DEPTH, parse_html, text_runs
from entrepot.errors import NoContent
from tests.content.reading import ARTICLE, PROSE, html_content, render, text

HOSTILE = {
    "empty": "",
    "blank": " \n\t",
    "only a doctype": "<!doctype html>",
    "only a comment": "<!-- x",
    "nested blocks": "<div>" * 100_000 + "deep",
    "nested blocks, closed": "<div>" * 10_000 + "deep" + "</div>" * 10_000,
    "nested inline": "<b>" * 10_000 + "deep",
    "nested lists": "<ul><li>" * 20_000 + "deep",
    "nested tables": "<table><tr><td>" * 5_000 + "deep",
    "nested quotations": "<blockquote>" * 20_000 + "deep",
    "nested drawings": "<svg>" * 50_000 + "deep",
    "nested formulas": "<math><mi>" * 20_000 + "deep",
    "nested templates": "<template>" * 20_000 + "deep",
    "nested fallbacks": "<noscript>" * 20_000 + "deep",
    "misnested": "<b><p><i><table><a>" * 700 + "deep",
    "forms and buttons": "<form><button><select><option>" * 1_500 + "deep",
    "only ends": "</div></p></b>" * 20_000 + "text",
    "one huge attribute": '<p title="' + "x" * 1_000_000 + '">text</p>',
    "one huge address": '<a href="https://a.example/' + "x" * 1_000_000 + '">text</a>',
    "one huge name": "<" + "x" * 2_000_000 + ">text",
    "one huge word": "<p>" + "x" * 1_000_000,
    "unended attribute": '<p title="' + "x" * 1_000_000,
    "unended comment": "<p>text<!--" + "-" * 1_000_000,
    "unended script": "<p>text<script>" + "<" * 1_000_000,
    "many angles": "<" * 500_000,
    "many ampersands": "&" * 100_000,
    "many references": "&#1;&amp;&#xD800;&lt;&bogus;" * 50_000,
    "huge references": "&#" + "9" * 1_000_000 + ";&#x" + "f" * 1_000_000 + ";text",
    "NULs": "te\x00xt<p\x00><b\x00 a\x00=\x00>more</b>",
    "controls": "<p title='\x01\x1b\x0b'>te\x01xt\x7f\x0c\ufffe\uffff",
    "references to controls": "<a href='/&#1;&#11;&#xb;'>te&#1;xt&#x0000b;&#12;&#127;&#65534;&#xFFFF;</a><p>x&#0;",
    "XML": '<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "b">]><html xmlns="x"><p>&a;text</p></html>',
    "external entity": '<!DOCTYPE html [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>text &a;</p>',
    "namespaces": "<a:b:c xmlns:a='b' a:a:a='x'><:>text<x:p xlink:href='y'>more",
    "strange attributes": "<p =x \"y\" 'z' <b a=1 a=2 / / on=\x00 \u2028='1'>text",
    "frames only": "<frameset><frame src=a><noframes>text</noframes></frameset>",
    "plaintext": "<p>text<plaintext><p>more</p>",
}


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_page_becomes_a_document_or_none(name: str) -> None:
    for format_ in (Format.HTML, Format.JSON):  # JSON holds text and markdown as well
        try:
            assert render(HOSTILE[name], format_, extract="main")
        except NoContent:
            continue


@pytest.mark.parametrize(
    "name",
    [name for name, page in HOSTILE.items() if "deep" in page and "templates" not in name and "drawings" not in name
     and "formulas" not in name and "forms" not in name and "fallbacks" not in name],
)  # fmt: skip
def test_text_in_the_depths_is_kept(name: str) -> None:
    assert "deep" in text(HOSTILE[name])


def test_depth_is_bounded() -> None:
    tree = parse_html("<div>" * 5000 + "deep")
    assert max(len(list(element.iterancestors())) for element in tree.iter()) <= MAX_DEPTH


def test_shallow_page_keeps_its_structure() -> None:
    nested = "<div>" * 100 + "text" + "</div>" * 100
    assert sum(element.tag == "div" for element in parse_html(nested).iter()) == 100


def test_flattened_page_keeps_text_and_attributes() -> None:
    page = '<a href="/x?a=1&amp;b=&quot;">5 &lt; 6 &amp; 7</a>' + "<i>" * 1000 + "1 &lt; 2"
    tree = parse_html(page)
    link = tree.find(".//a")
    assert link is not None
    assert link.get("href") == '/x?a=1&b="'
    assert "".join(tree.itertext()).split() == ["5", "<", "6", "&", "7", "1", "<", "2"]


def test_external_entity_is_not_read() -> None:
    assert "root:" not in text(HOSTILE["external entity"])


@pytest.mark.parametrize(
    "reference", ["&#1;", "&#x1;", "&#X00001;", "&#11;", "&#12;", "&#65534;", "&#xfffe;", "&#127"]
)
def test_reference_to_what_no_tree_can_hold_is_passed_over(reference: str) -> None:
    assert text(f"<p>te{reference}xt</p>") == "text\n"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("&#65;", "A"),
        ("&#x1F600;", "😀"),
        ("&#150;", "–"),
        ("&#x80;", "€"),
        ("&#9;x", "x"),
        ("&#1234567890;", "\ufffd"),
    ],
)
def test_other_references_are_resolved(reference: str, expected: str) -> None:
    assert text(f"<p>{reference}</p>").strip() == expected


def test_drawing_that_is_not_closed_does_not_swallow_the_page() -> None:
    page = f"<body><svg><path d='M0 0'><div><main>{ARTICLE}</main></div></body>"
    assert PROSE[0] in text(page)


@pytest.mark.parametrize(
    "tag", ["wbr", "source", "track", "keygen", "bgsound", "br", "img", "input", "embed", "area"]
)
def test_empty_element_swallows_nothing(tag: str) -> None:
    tree = parse_html(f"<body><p>one<{tag} title='a > b'>two</p>" + f"<{tag}>" * 3000 + "</body>")
    assert max(len(list(element.iterancestors())) for element in tree.iter()) <= 3
    assert all(len(element) == 0 and not element.text for element in tree.iter(tag))


def test_misplaced_markup_is_read_as_browsers_read_it() -> None:
    page = f"<body><button><svg><path d='M0 0'/></button><main>{ARTICLE}</main></body>"
    assert PROSE[0] in text(page)


def test_frame_of_a_counter_does_not_hold_the_page() -> None:
    counter = "<noscript><iframe src='https://counter.example/?a=1' height='0'/></noscript>"
    tree = parse_html(f"<body>{counter}<main>{ARTICLE}</main></body>")
    assert len(tree.findall(".//main/p")) == len(PROSE)


def _runs(markup: str) -> list[list[str]]:
    tree: HtmlElement = parse_html(f"<body>{markup}</body>")
    found: dict[int, list[str]] = {}
    for node, run in text_runs(tree):
        found.setdefault(run, []).append(node.text)
    return list(found.values())


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ("<p>one <b>two</b> three</p><p>four</p>", [["one ", "two", " three"], ["four"]]),
        ("one<div>two</div>three", [["one"], ["two"], ["three"]]),
        ("<p>one<br>two</p>", [["one", "two"]]),
        ("<p>one<script>x</script><style>y</style><noscript>z</noscript>two", [["one", "two"]]),
        ("<ul><li>a<li>b</ul>", [["a"], ["b"]]),
        ("<p> \n </p>", []),
    ],
)
def test_run_is_a_line_of_the_page(markup: str, expected: list[list[str]]) -> None:
    assert _runs(markup) == expected


def test_content_is_no_longer_than_the_page() -> None:
    assert len(html_content("<b>" * 1000 + "x")) < 10_000
