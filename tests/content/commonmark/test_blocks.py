"""Blocks of a page are the same blocks in markdown: lists, definitions, quotations, code, cards."""

import pytest

from tests.content.reading import markdown
from tests.content.rereading import outline, reread


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<ul><li>a<ul><li>b</ul><li>c</ul>", "- a\n  - b\n- c\n"),
        ("<ul><li>a</li><ul><li>b</li></ul></ul>", "- a\n  - b\n"),
        ("<ul><li><p>a</p><li><p>b</p></ul>", "- a\n\n- b\n"),
        ("<ul><li>a<li>b</ul><ul><li>c</ul>", "- a\n- b\n\n* c\n"),
        ("<ol><li>a</ol><ol><li>b</ol>", "1. a\n\n1) b\n"),
        ("<ol start=9><li>a<li>b</ol>", "9. a\n10. b\n"),
        ("<ol><li value=4>a<li>b</ol>", "4. a\n5. b\n"),
        ("<ol reversed><li>a<li>b</ol>", "2. a\n1. b\n"),
        ("<ol start=-1><li>a</ol>", "1. a\n"),
        ("<ul><li>a<ol start=3><li>b</ol></ul>", "- a\n\n  3. b\n"),
        ("<ul><li><li>a</ul>", "- a\n"),
        ("<ul><li>[ ] a<li>[x]</ul>", "- \\[ ] a\n- \\[x]\n"),
        ("<ul><li><input type=checkbox checked> a<li><input type=checkbox> b</ul>", "- [x] a\n- [ ] b\n"),
        ("<ul><li><hr>a</ul>", "- a\n"),
        ("<ul>words<li>a<li>b</ul>", "words\n\n- a\n- b\n"),
        ("<ul><li>a</li>words<li>b</ul>", "- a\n\n  words\n\n- b\n"),
        ("<ul><p>a</p><li>b</ul>", "- a\n- b\n"),
        ("<ul><div><li>a</li><li>b</li></div><li>c</ul>", "- a\n- b\n- c\n"),
        ("<menu><li>a<li>b</menu>", "- a\n- b\n"),
        ("<x-list><li>a</li><li>b</li></x-list>", "- a\n- b\n"),
        ("<div><li>a</li><li>b</li></div>", "- a\n- b\n"),
        ("<dl><dt>T<dd>D<dd>E</dl>", "T\n: D\n: E\n"),
        ("<dl><dt>T<dd><p>D</p><p>E</p><dt>U<dd><pre>c</pre></dl>", "T\n: D\n\nE\n\nU\n\n```\nc\n```\n"),
        ("<details><summary>S</summary>x</details>", "**S**\n\nx\n"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>", "> a\n>\n> > b\n"),
        ("<blockquote><pre>a\n\nb</pre></blockquote>", "> ```\n> a\n>\n> b\n> ```\n"),
        (
            "<figure><img src=/a.png alt=A><figcaption>C</figcaption></figure>",
            "![A](https://harbour.example/a.png)\n\nC\n",
        ),
        ("<a href=/x><h3>T</h3></a>", "### [T](https://harbour.example/x)\n"),
        ("<h3><a href=/x>T</a></h3>", "### [T](https://harbour.example/x)\n"),
        ("<a href=/x><div>a</div><div>b</div></a>", "[a b](https://harbour.example/x)\n"),
        (
            "<a href=/x><img src=/i.png alt=I><h3>T</h3><p>d</p></a>",
            "![I](https://harbour.example/i.png)\n\n### [T](https://harbour.example/x)\n\nd\n",
        ),
        ("<a href=/x><ul><li>a<li>b</ul></a>", "- [a](https://harbour.example/x)\n- b\n"),
        ("<h2>a<br>b</h2>", "## a b\n"),
        ("<h2></h2><p></p><p>x</p>", "x\n"),
        ("<h2>T<a class=anchor href='#t'>#</a></h2>", "## T\n"),
        ("<section><p>a</p></section><section>b</section><section>c</section>", "a\n\nb\n\nc\n"),
        ("<address>a</address><nav>b</nav>c", "a\n\nb\n\nc\n"),
        ("a<pre></pre>b", "a\n\nb\n"),
    ],
)
def test_block_has_its_markdown(page: str, expected: str) -> None:
    assert markdown(page) == expected


def test_quotation_after_a_list_is_none_of_it() -> None:
    assert outline(markdown("<ul><li>a</ul><blockquote>b</blockquote>")) == ["ul", "li", "blockquote", "p"]


def test_code_in_a_quotation_in_an_item_comes_back() -> None:
    code = reread(markdown("<ol><li>x<blockquote><pre>a\n  b\n\n```</pre></blockquote></ol>")).find(
        ".//li/blockquote/pre/code"
    )
    assert code is not None
    assert code.text == "a\n  b\n\n```\n"


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<pre><span class=line>a</span>\n<span class=line>b</span></pre>", "a\nb"),
        ("<pre><div>a</div><div>b</div></pre>", "a\nb"),
        ("<pre>a<br>b</pre>", "a\nb"),
        ("<pre>a\r\nb</pre>", "a\nb"),
        ("<pre>a&nbsp;b\n\tc</pre>", "a b\n\tc"),
        ("<table class=highlighttable><tr><td class=linenos><pre>1\n2</pre><td><pre>a\nb</pre></table>", "a\nb"),
        ("<table><tr><td class=blob-num data-line-number=1><td>a<tr><td class=blob-num data-line-number=2><td>b</table>", "a\nb"),
        ("<pre><code><table><tr><td class=hljs-ln-numbers>1<td>a<tr><td class=hljs-ln-numbers>2<td>b</table></code></pre>", "a\nb"),
    ],
)  # fmt: skip
def test_code_keeps_its_lines_and_none_of_their_numbers(page: str, expected: str) -> None:
    assert markdown(page) == f"```\n{expected}\n```\n"


def test_links_in_text_set_as_code_follow_it() -> None:
    page = "<pre>See <a href='/rfc'>RFC 1</a>\n and <a href='/rfc'>RFC 1</a>.</pre>"
    assert markdown(page) == "```\nSee RFC 1\n and RFC 1.\n```\n\n[RFC 1](https://harbour.example/rfc)\n"


def test_links_in_code_of_a_language_do_not_follow_it() -> None:
    page = "<pre class=language-rust>let x: <a href='/vec'>Vec</a></pre>"
    assert markdown(page) == "```rust\nlet x: Vec\n```\n"


def test_deep_lists_end_at_a_depth_and_keep_their_words() -> None:
    page = "".join(f"<ul><li>w{depth}" for depth in range(150))
    found = markdown(page)
    assert all(f"w{depth}" in found.split() for depth in range(150))
    assert len(found) < 20_000


@pytest.mark.parametrize(
    "page",
    [
        "<blockquote>" * 180 + "<p>x</p>" * 200,
        "<b><i>" * 90 + "x",
        "<table><tr><td>a<td>b" * 100,
        "<ul><li>" * 90 + "x",
        "<a href=/x><div>" * 90 + "x",
        "<dl><dd>" * 90 + "x",
    ],
)
def test_deep_nesting_does_no_harm(page: str) -> None:
    found = markdown(page)
    assert "x" in found or "b" in found
    assert len(found) < 50_000
