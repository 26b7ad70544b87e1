"""Plain text keeps the lines, lists and columns of a page."""

import pytest

from entrepot.content.format import Format
from tests.content.reading import render, text


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<h1>One</h1><p>two</p><p>three</p>", "One\n\ntwo\n\nthree\n"),
        ("<p>a\n  b   c</p>", "a b c\n"),
        ("<p>a<br>b<br><br>c</p>", "a\nb\nc\n"),
        ("<p>a <b>b</b><i>c</i></p>", "a bc\n"),
        ("<div>a<div>b</div>c</div>", "a\n\nb\n\nc\n"),
        ("<ul><li>a<li>b</ul>", "- a\n- b\n"),
        ("<ol><li>a<li>b</ol>", "1. a\n2. b\n"),
        ("<ol start=9><li>a<li>b</ol>", "9. a\n10. b\n"),
        ("<ol start=-9><li>a</ol>", "1. a\n"),
        ("<ol start=99999999999><li>a</ol>", "1. a\n"),
        ("<ul><li>a<ul><li>b<li>c</ul><li>d</ul>", "- a\n  - b\n  - c\n- d\n"),
        ("<ul><li><p>a</p><p>b</p></ul>", "- a\n  b\n"),
        ("<p>x</p><ul><li>a</ul><p>y</p>", "x\n\n- a\n\ny\n"),
        ("<dl><dt>T<dd>D<dt>U<dd>E</dl>", "T\nD\nU\nE\n"),
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", "A\tB\n1\t2\n"),
        ("<table><tr><th>A<th>B<th>C<tr><td><td>2<td></table>", "A\tB\tC\n\t2\n"),
        ("<table><tr><th>A<th>B<tr><td><p>1</p><p>2</p><td>a<br>b</table>", "A\tB\n1 2\ta b\n"),
        ("<table><tr><th>A</th> <th>B</th></tr> <tr><td>1</td> <td>2</td></tr></table>", "A\tB\n1\t2\n"),
        ("<table><tr><th>A<th>B<tr><td>1<td><pre>x\n y</pre></table>", "A\tB\n1\tx y\n"),
        ("<table><tr><th>A<th>B<tr><td>1<td><ul><li>x<li>y</ul></table>", "A\tB\n1\tx y\n"),
        (
            "<table><caption>C</caption><thead><tr><th>A<th>B</thead><tbody><tr><td>1<td>2</tbody></table>",
            "C\nA\tB\n1\t2\n",
        ),
        ("<p>x</p><table><tr><th>A<th>B<tr><td>1<td>2</table><p>y</p>", "x\n\nA\tB\n1\t2\n\ny\n"),
        ("<p>x</p><pre>a\n\n   b  \n</pre><p>y</p>", "x\n\na\n\n   b\n\ny\n"),
        ("<p>H<sub>2</sub>O</p>", "H₂O\n"),
        ("<p>a&nbsp;b &amp; c &lt; d</p>", "a b & c < d\n"),
        ("<p>see <a href='/x'>this</a></p>", "see this\n"),
        ("<img src='/x.png' alt='words'><p>a</p>", "a\n"),
        ("<p>He said <q>yes</q>.</p>", "He said “yes”.\n"),
        ("<p>漢<ruby>字<rt>じ</rt></ruby></p>", "漢字(じ)\n"),
        ("<p>漢<ruby>字<rp>(</rp><rt>じ</rt><rp>)</rp></ruby></p>", "漢字(じ)\n"),
        ("<p>e<sup>-x/2</sup>, 1<sup>st</sup></p>", "e^(-x/2), 1st\n"),
        ("<p>in&shy;ter&shy;act, a<wbr>b</p>", "interact, ab\n"),
        ("<ol><li value=4>a<li>b</ol>", "4. a\n5. b\n"),
        ("<ul><li><input type=checkbox checked> a</ul>", "- ☑ a\n"),
        ("<section>a</section><section>b</section>", "a\n\nb\n"),
        ("<article><span>a</span></article><article><span>b</span></article>", "a\n\nb\n"),
        ("<p>a<span>b</span><i>c</i> <a href=/x>d</a>e</p>", "abc de\n"),
        ("<figure><img src=/a.png><figcaption>C</figcaption></figure><p>x</p>", "C\n\nx\n"),
        ("<details><summary>S</summary>x</details>", "S\nx\n"),
        ("<pre>a <a href=/x>b</a>\n c</pre>", "a b\n c\n"),
    ],
)
def test_page_as_text(page: str, expected: str) -> None:
    assert text(page) == expected


def test_links_at_the_end_are_numbered_once_each() -> None:
    page = "<p><a href='/a'>one</a>, <a href='/b'>two</a>, <a href='/a'>one again</a></p>"
    assert text(page, links="end") == (
        "one [1], two [2], one again [1]\n\n[1] https://harbour.example/a\n[2] https://harbour.example/b\n"
    )


@pytest.mark.parametrize("links", ["inline", "none"])
def test_addresses_are_not_shown_otherwise(links: str) -> None:
    assert text("<p><a href='/a'>one</a></p>", links=links) == "one\n"


@pytest.mark.parametrize(
    ("content_type", "fence"),
    [
        ("text/plain", None),
        ("text/css", "css"),
        ("application/javascript", "javascript"),
        ("text/x-python", "python"),
        ("application/yaml", "yaml"),
        ("text/whatever", None),
        ("application/xslt+xml", "xml"),
        ("text/xml", "xml"),
    ],
)
def test_text_is_kept_as_it_is(content_type: str, fence: str | None) -> None:
    body = "# a *b*\r\n  <c> & d\n"
    plain = body.replace("\r\n", "\n")
    assert render(body, Format.TEXT, content_type) == plain
    expected = plain if fence is None else f"```{fence}\n{plain.rstrip()}\n```\n"
    assert render(body, Format.MARKDOWN, content_type) == expected


def test_text_in_html_is_shown_not_run() -> None:
    found = render("<script>alert(1)</script> & <b>", Format.HTML, "text/plain")
    assert "<pre><code>&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;</code></pre>" in found


def test_fence_is_longer_than_those_in_the_source() -> None:
    assert render("x\n````\ny", Format.MARKDOWN, "text/css") == "`````css\nx\n````\ny\n`````\n"


def test_text_is_read_in_its_encoding() -> None:
    assert render("Гавань".encode("koi8-r"), Format.TEXT, "text/plain; charset=koi8-r") == "Гавань"


def test_zero_bytes_of_a_text_are_replaced() -> None:
    assert render(b"a\x00b", Format.TEXT, "text/css") == "a\ufffdb"
