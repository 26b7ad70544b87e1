"""Markdown says what the page says, to any reader of CommonMark with GFM's tables."""

from urllib.parse import unquote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from entrepot.content.document import Document, Metadata
from entrepot.content.formats.markdown import render
from entrepot.content.options import LinkMode
from tests.content.reading import markdown
from tests.content.rereading import outline, reread, seen

UNSEEN = dict.fromkeys(map(ord, "\u00ad\u2060\ufeff"))
PIECES = st.one_of(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp", "Zs")), max_size=12),
    st.sampled_from(["*", "_", "`", "``", "[x](y)", "![", "]", "<b>", "&amp;", "#", "- ", "1. ", "> ", "~~", "|", "\\", "---",
                     "===", "https://a.example/b_c_d", "a@b.example", "$x$", "<!--", "```", "+ ", "!", "(", ":"]),
)  # fmt: skip


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<h1>One</h1><h3>Three</h3>", "# One\n\n### Three\n"),
        ("<p>one</p><p>two</p>", "one\n\ntwo\n"),
        ("<p>a <b>b</b> <i>c</i> <del>d</del></p>", "a **b** *c* ~~d~~\n"),
        ("<p>a<br>b</p>", "a\\\nb\n"),
        ("<hr>x", "---\n\nx\n"),
        ("<blockquote><p>a</p><p>b</p></blockquote>", "> a\n>\n> b\n"),
        ("<p>H<sub>2</sub>O, x<sup>2</sup></p>", "H₂O, x²\n"),
        ("<p>an <abbr title='Abbreviation'>abbr</abbr></p>", "an abbr\n"),
        ("<ul><li>a<li>b</ul>", "- a\n- b\n"),
        ("<ol start=3><li>a<li>b</ol>", "3. a\n4. b\n"),
        ("<p>press <kbd>K</kbd></p>", "press `K`\n"),
    ],
)
def test_element_has_its_markdown(page: str, expected: str) -> None:
    assert markdown(page) == expected


def test_lists_nest() -> None:
    page = "<ul><li>a<ol><li>b<ul><li>c</ul><li>d</ol><li>e</ul>"
    tree = reread(markdown(page))
    assert [len(list(item.iterancestors("li"))) for item in tree.iter("li")] == [0, 1, 2, 1, 0]


def test_item_of_several_paragraphs_stays_one_item() -> None:
    assert outline(markdown("<ol><li><p>a</p><p>b</p><li><p>c</p></ol>")) == ["ol", "li", "p", "p", "li", "p"]


def test_line_ends_between_items_do_no_harm() -> None:
    assert markdown("<ul><li>a<ul><br><br><br><li>b</li></ul></li><br><li>c</ul>").split() == [
        "-",
        "a",
        "-",
        "b",
        "-",
        "c",
    ]


def test_code_in_an_item_stays_in_it() -> None:
    tree = reread(markdown("<ul><li>run<pre>a\n\n  b</pre><li>then</ul>"))
    code = tree.find(".//li/pre/code")
    assert code is not None
    assert code.text == "a\n\n  b\n"


def _cells(page: str) -> list[list[str]]:
    rows = reread(markdown(page)).iter("tr")
    return [["".join(cell.itertext()) for cell in row] for row in rows]


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<table><tr><th>A<th>B<tr><td>1<td>2</table>", [["A", "B"], ["1", "2"]]),
        ("<table><tr><th>A<th>B<tr><td>a|b<td>\\|</table>", [["A", "B"], ["a|b", "\\|"]]),
        ("<table><tr><th>A<th>B<tr><td><td>only</table>", [["A", "B"], ["", "only"]]),
        ("<table><tr><th>A<th>B<tr><td><code>a|b</code><td>x</table>", [["A", "B"], ["a|b", "x"]]),
        (
            "<table><thead><tr><th>A<th>B</thead><tbody><tr><td><p>1</p><td>2</tbody></table>",
            [["A", "B"], ["1", "2"]],
        ),
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", [["a", "b"], ["c", "d"]]),
    ],
)
def test_table_keeps_its_cells(page: str, expected: list[list[str]]) -> None:
    assert _cells(page) == expected


def test_row_that_spans_columns_keeps_the_others_in_place() -> None:
    page = "<table><tr><th>A<th>B<th>C<tr><td colspan=2>wide<td>c<tr><td>1<td>2<td>3</table>"
    assert _cells(page) == [["A", "B", "C"], ["wide", "", "c"], ["1", "2", "3"]]


def test_link_in_a_cell_is_a_link() -> None:
    tree = reread(markdown("<table><tr><th>A<th>B<tr><td><a href='/x|y'>a|b</a><td>2</table>"))
    link = tree.find(".//td/a")
    assert link is not None
    assert link.get("href") in ("https://harbour.example/x|y", "https://harbour.example/x%7Cy")


@pytest.mark.parametrize(
    "page",
    [
        "<pre class='language-python'>x</pre>",
        "<pre><code class='lang-python hljs'>x</code></pre>",
        "<div class='highlight highlight-source-python'><pre>x</pre></div>",
        "<pre class='brush: python'>x</pre>",
        "<pre data-lang='Python'>x</pre>",
        "<pre class='sourceCode python'><code>x</code></pre>",
        "<figure class='highlight python'><table><tr><td><pre>1</pre><td><pre>x</pre></table></figure>",
        "<pre class='language-python'><span class='lineno'>1</span>x</pre>",
    ],
)
def test_code_names_its_language(page: str) -> None:
    assert markdown(page) == "```python\nx\n```\n"


@pytest.mark.parametrize("language", ["text", "plaintext", "none", "nohighlight", "x y z", "a" * 50])
def test_class_that_is_no_language_names_none(language: str) -> None:
    assert markdown(f'<pre class="language-{language}">x</pre>').startswith(("```\n", "```x\n"))


@pytest.mark.parametrize(
    "code",
    [
        "plain",
        "a ``` b",
        "```\nfenced\n```",
        "`````\n",
        "~~~\nx\n~~~",
        "    indented",
        "<b>&amp;</b>",
        "* a_b_c *",
    ],
)
def test_code_comes_back_as_it_was(code: str) -> None:
    escaped = code.replace("&", "&amp;").replace("<", "&lt;")
    found = reread(markdown(f"<p>before</p><pre><code>{escaped}</code></pre><p>after</p>")).find("pre/code")
    assert found is not None
    assert found.text == code.strip("\n") + "\n"


@pytest.mark.parametrize("code", ["x", "a`b", "``", "`a`", " x ", "*a*", "<b>", "a|b", "\\"])
def test_code_in_a_line_comes_back_as_it_was(code: str) -> None:
    escaped = code.replace("<", "&lt;")
    found = reread(markdown(f"<p>see <code>{escaped}</code> there</p>")).find("p/code")
    assert found is not None
    assert (found.text or "").strip() == code.strip()


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("/a", "https://harbour.example/a"),
        ("b.html", "https://harbour.example/news/b.html"),
        ("?q=1#x", "https://harbour.example/news/crane.html?q=1#x"),
        ("//cdn.example/x", "https://cdn.example/x"),
        ("/a (1).html", "https://harbour.example/a%20(1).html"),
        ("/a)b", "https://harbour.example/a)b"),
        ("/a(b", "https://harbour.example/a(b"),
        ("/a_b*c*", "https://harbour.example/a_b*c*"),
        ("mailto:a@b.example", "mailto:a@b.example"),
    ],
)
@pytest.mark.parametrize("links", ["inline", "end"])
def test_link_leads_where_it_led(href: str, expected: str, links: str) -> None:
    link = reread(markdown(f'<p>see <a href="{href}">this</a></p>', links=links)).find(".//a")
    assert link is not None
    assert unquote(link.get("href") or "") == unquote(expected)
    assert link.text == "this"


def test_links_at_the_end_are_references() -> None:
    page = "<p><a href='/a'>one</a> <a href='/b'>two</a></p>"
    expected = "[one][1] [two][2]\n\n[1]: https://harbour.example/a\n[2]: https://harbour.example/b\n"
    assert markdown(page, links="end") == expected


def test_without_links_their_text_stays() -> None:
    assert markdown("<p>see <a href='/a'><b>this</b> one</a>!</p>", links="none") == "see **this** one!\n"


@pytest.mark.parametrize(
    "alt",
    [
        "a pier",
        "",
        "[1]",
        "]",
        "[",
        "a ](b",
        "a\\",
        "<b>",
        "*a* `b`",
        "`",
        "&lt;",
        "&amp;amp;",
        "<!--",
        "two\n\nlines",
    ],
)
def test_picture_keeps_its_address_and_words(alt: str) -> None:
    attribute = alt.replace("&", "&amp;").replace("<", "&lt;")
    picture = reread(markdown(f'<p>x <img src="/p.png" alt="{attribute}"> y `z`</p>')).find(".//img")
    assert picture is not None
    assert picture.get("src") == "https://harbour.example/p.png"
    assert "".join((picture.get("alt") or "").split()) == "".join(alt.split())


@pytest.mark.parametrize("title", ["t", 'say "x"', "a\\", "(x)", "`", "*a*", "&lt;", "a ](b"])
def test_title_breaks_no_link(title: str) -> None:
    attribute = title.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    link = reread(markdown(f'<p><a href="/a" title="{attribute}">x</a></p>')).find(".//a")
    assert link is not None
    assert (link.get("href"), link.get("title")) == ("https://harbour.example/a", title)


def test_markup_in_a_title_is_words() -> None:
    link = reread(markdown("<p><a href='/a' title='<b>'>x</a></p>")).find(".//a")
    assert link is not None
    assert link.get("title") == "<b>"


def test_title_that_says_the_link_again_goes() -> None:
    assert (
        markdown("<p><a href='/a' title='x y'>x <b>y</b></a></p>") == "[x **y**](https://harbour.example/a)\n"
    )


@pytest.mark.parametrize(
    "page",
    [
        "<p><img src=/a alt='<img src=x onerror=alert(1) title=&quot;'> and <a href=/b title='&quot;>'>x</a></p>",
        "<p><img src=/a alt='<script>alert(1)</script>'></p>",
        "<p><a href='/<img src=x onerror=alert(1)>'>x</a></p>",
        "<p><a href='/a' title='<img src=x onerror=alert(1)>'>x</a></p>",
        "<p><img src='/a' alt='](/b)<img src=x onerror=alert(1)>'></p>",
        "<p><img src='/a' alt='x\n\n<script>alert(1)</script>\n\n'></p>",
        "<p><a href=/a title='x&#10;&#10;<script>alert(1)</script>'>x</a></p>",
        "<pre><code>```\n<script>alert(1)</script></code></pre>",
        "<p><code>`</code>&lt;script>alert(1)&lt;/script><code>`</code></p>",
        "<table><tr><th>a<th>b<tr><td>&lt;script>alert(1)&lt;/script><td>`|<code>|`</code></table>",
        "<h2>&lt;script>alert(1)&lt;/script></h2>",
        "<ol><li value='1'>&lt;script>alert(1)&lt;/script></ol>",
    ],
)
@pytest.mark.parametrize("links", ["inline", "end", "none"])
def test_words_of_the_page_are_never_html_in_markdown(page: str, links: str) -> None:
    tree = reread(markdown(page, links=links))
    assert not [element.tag for element in tree.iter("script") if element is not None]
    assert not [element for element in tree.iter() if "onerror" in element.attrib]


def test_linked_picture_is_both() -> None:
    assert outline(markdown("<p><a href='/a'><img src='/b.png' alt='x'></a></p>")) == ["p", "a", "img"]


def test_dropped_pictures_leave_the_text() -> None:
    assert markdown("<p>a <img src='/b.png' alt='x'> b</p>", images="drop").split() == ["a", "b"]


@pytest.mark.parametrize(
    "said",
    ["*a*", "_a_", "a_b_c", "# a", "- a", "+ a", "1. a", "1) a", "> a", "---", "***", "===", "`a`", "[a](b)", "[a]: b", "![a](b)",
     "<b>a</b>", "&amp; &lt;", "a\\b", "\\*", "~~a~~", "| a | b |", "a  \nb", "    a", "https://a.example/b_c", "10\\. a", "<!-- a -->",
     "* * *", "\u3000a", "2023. a", "a\n===", "a\n---", "~~~", "```"],
)  # fmt: skip
def test_signs_of_markdown_are_read_as_themselves(said: str) -> None:
    page = said.replace("&", "&amp;").replace("<", "&lt;")
    found = markdown(f"<p>{page}</p>")
    assert seen(found) == " ".join(said.split())
    assert outline(found) == ["p"]


@settings(max_examples=150, deadline=None)
@given(st.lists(PIECES, min_size=1, max_size=6).map(" ".join))
@example("a * b * c")
@example("x\\")
def test_any_text_comes_back_as_it_was(said: str) -> None:
    fragment = "<p>" + said.replace("&", "&amp;").replace("<", "&lt;") + "</p>"
    found = render(Document(Metadata(), fragment))
    assert seen(found) == " ".join(said.translate(UNSEEN).split())


def test_text_of_every_script_stays() -> None:
    said = "Grüße, 港口, هاربور, 😀, e\u0301"
    assert markdown(f"<p>{said}</p>") == said + "\n"


@pytest.mark.parametrize("links", ["inline", "end"])
def test_each_of_very_many_links_is_kept(links: LinkMode) -> None:
    fragment = (
        "<p>"
        + "".join(f'<a href="https://a.example/{place}">n{place}</a> ' for place in range(30_000))
        + "</p>"
    )
    found = render(Document(Metadata(), fragment), links)
    assert found.count("https://a.example/") == 30_000
    assert "[n29999]" in found


def test_words_without_end_are_kept() -> None:
    fragment = "<p>" + "a_b *c* " * 100_000 + "</p>"
    assert render(Document(Metadata(), fragment)) == ("a_b \\*c\\* " * 100_000).strip() + "\n"
