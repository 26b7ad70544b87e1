"""Emphasis of a page is emphasis in markdown, whatever stands beside it, and nothing else becomes any."""

import random
import unicodedata
from collections.abc import Iterator
from html import escape

import pytest
from lxml.html import HtmlElement, fragment_fromstring

from entrepot.content.document import Document, Metadata
from entrepot.content.formats.markdown import render
from tests.content.reading import markdown
from tests.content.rereading import reread, seen

TAGS = ("b", "i", "del", "a", "code", "span")
WORDS = ("a", "b c", " ", ".", "(x)", "“q”", "，", "です", "「強調」", "*", "_", "`", "[", "]", "!", "😀", "é", "\xa0", "1.", "- ",
         "#", "&amp;", "<b>", "\\", "$", "|", "x_y", "_z_", "](u)", "^", "€", "—")  # fmt: skip
MARKS = {
    "b": "strong",
    "strong": "strong",
    "i": "em",
    "em": "em",
    "del": "s",
    "s": "s",
    "a": "a",
    "code": "code",
}


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<b>bold</b>text", "**bold**text\n"),
        ("in<i>ner</i>most", "in*ner*most\n"),
        ("<b>bold </b>text<i> it</i>, x", "**bold** text *it*, x\n"),
        ("<b>a.</b>b", "**a**.b\n"),
        ("これは<b>「強調」</b>です。", "これは「**強調**」です。\n"),
        ("<b>a</b><b>b</b>", "**ab**\n"),
        ("<b></b>x<i> </i>y", "x y\n"),
        ("<b><b>a</b></b>", "**a**\n"),
        ("<b>a <i>b</i></b>", "**a *b***\n"),
        ("<b><code>x</code></b>y", "**`x`**&#121;\n"),
        ("<code>a</code><code>b</code>", "`ab`\n"),
        ("<b>a<br>b</b>", "**a\\\nb**\n"),
        ("<b>a<br><br>b</b>", "**a**\n\n**b**\n"),
        ("one<br><br><br>two", "one\n\ntwo\n"),
        ("<b><div>a</div><div>b</div></b>", "**a**\n\n**b**\n"),
        ("<ins>a</ins> <mark>b</mark> <u>c</u> <small>d</small>", "a b c d\n"),
        (
            "<a href='/x'>a</a>!<a href='/y'>b</a>",
            "[a](https://harbour.example/x)\\![b](https://harbour.example/y)\n",
        ),
        ("x<a href='/x'> a </a>y", "x [a](https://harbour.example/x) y\n"),
        ("<a href='/x'> </a>x<a href='/y'></a>", "x\n"),
        ("<a href='https://a.example/b_c'>https://a.example/b_c</a>", "<https://a.example/b_c>\n"),
        ("<code><a href='/x'>f</a>(x)</code>", "[`f`](https://harbour.example/x)`(x)`\n"),
        ("He said <q>yes</q>.", "He said “yes”.\n"),
        ("漢<ruby>字<rt>じ</rt></ruby>", "漢字(じ)\n"),
        ("1<sup>st</sup>, e<sup>-x/2</sup>", "1st, e^(-x/2)\n"),
        ("a<wbr>b c&shy;d", "ab cd\n"),
    ],
)
def test_line_has_its_markdown(page: str, expected: str) -> None:
    assert markdown(f"<div>{page}</div>") == expected


@pytest.mark.parametrize(
    "said",
    ["snake_case", "a < b & c > d", "C# is #1", "[note] here", "5 + 5 - 3", "x | y", "foo(bar)[0]", "~10 km", "costs $5 and $10",
     "100% @me :smile: {x}", "AT&T", "what?!", "a * b", "f(x) = y; z", "it's “so” — yes…", "1.5 or 2.", "e.g. _ and -"],
)  # fmt: skip
def test_ordinary_words_need_no_signs(said: str) -> None:
    page = said.replace("&", "&amp;").replace("<", "&lt;")
    assert markdown(f"<p>{page}</p>") == said + "\n"


@pytest.mark.parametrize(
    "page",
    [
        "x<br>- a",
        "x<br># a",
        "x<br>1. a",
        "x<br>===",
        "x<br>---",
        "x<br>* a",
        "a | b<br>--- | ---",
        "x<br>&gt; a",
        "x<br>```",
    ],
)
def test_second_line_of_a_paragraph_begins_no_block(page: str) -> None:
    tree = reread(markdown(f"<p>{page}</p>"))
    assert {element.tag for element in tree.iterdescendants()} == {"p", "br"}


@pytest.mark.parametrize("end", ["#", "##", "a #", "C#", "\\", "# #"])
def test_heading_keeps_the_signs_at_its_end(end: str) -> None:
    found = markdown(f"<h2>x {end}</h2>")
    assert seen(found) == f"x {end}"


def _nested(source: random.Random, depth: int, around: frozenset[str] = frozenset()) -> str:
    pieces = []
    for _ in range(source.randint(1, 4)):
        if depth and source.random() < 0.5:
            tag = source.choice([tag for tag in TAGS if tag not in around or tag == "span"])
            href = ' href="https://e.example/x"' if tag == "a" else ""
            pieces.append(f"<{tag}{href}>{_nested(source, depth - 1, around | {tag})}</{tag}>")
        else:
            pieces.append(escape(source.choice(WORDS), quote=False))
    return "".join(pieces)


def _letters(
    element: HtmlElement, around: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """Each letter that is read, and what it is emphasised by."""
    marks = around | ({MARKS[element.tag]} if element.tag in MARKS else set())
    for char in unicodedata.normalize("NFKC", element.text or ""):
        yield char, marks
    for child in element:
        yield from _letters(child, marks)
        for char in unicodedata.normalize("NFKC", child.tail or ""):
            yield char, marks


@pytest.mark.parametrize("seed", range(8))
def test_emphasis_in_any_order_says_all_words_and_no_more_emphasis(seed: int) -> None:
    source = random.Random(seed)
    kept = said = 0
    for _ in range(60):
        fragment = f"<p>{_nested(source, 3)}</p>"
        found = render(Document(Metadata(), fragment))
        before = [
            item
            for item in _letters(fragment_fromstring(fragment, create_parent="div"))
            if not item[0].isspace()
        ]
        after = [item for item in _letters(reread(found)) if not item[0].isspace()]
        assert [char for char, _ in after] == [char for char, _ in before], (fragment, found)
        for (char, marks), (_, expected) in zip(after, before, strict=True):
            if char.isalnum() and "code" not in expected:
                assert marks <= expected, (fragment, found)
                kept += len(marks)
                said += len(expected)
    assert kept >= 0.85 * said  # marks that no reader could tell apart are left out
