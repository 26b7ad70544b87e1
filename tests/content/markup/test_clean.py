"""Nothing of a stranger's page that runs, reaches out on its own or hides gets through."""

import pytest
from lxml.html import document_fromstring
from resiliparse.parse.html import HTMLTree

from entrepot.content.format import Format
from entrepot.content.markup.clean import clean, fragment_tree
from entrepot.content.markup.tree import parse_html
from tests.content.reading import ARTICLE, PROSE, html_content, markdown, render, text
from tests.content.rereading import reread

ACTIVE = {
    "script": "<script>alert(1)</script>",
    "script, unended": "<script>alert(1)",
    "script in upper case": "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
    "script with a slash": "<script/x>alert(1)</script>",
    "broken script": "<scr<script>ipt>alert(1)</script>",
    "handler": "<img src=x onerror=alert(1)>",
    "handler in upper case": "<IMG SRC=x OnErRoR=alert(1)>",
    "handler after a slash": "<img/src=x/onerror=alert(1)>",
    "handler after a control": "<img src=x\x0conerror=alert(1)>",
    "handler of the body": "<body onload=alert(1)>x",
    "handler of details": "<details open ontoggle=alert(1)>x</details>",
    "handler of what focuses itself": "<a autofocus tabindex=1 onfocus=alert(1)>x</a>",
    "handler of an animation": "<p style='animation-name:x' onanimationstart=alert(1)>x",
    "script address": "<a href='javascript:alert(1)'>x</a>",
    "script address in disguise": "<a href='JaVa\tScRiPt:alert(1)'>x</a>",
    "script address with a line end": "<a href='java&#10;script:alert(1)'>x</a>",
    "script address after a control": "<a href='&#1;javascript:alert(1)'>x</a>",
    "script address with references": "<a href='&#106;avascript&colon;alert(1)'>x</a>",
    "vbscript address": "<a href='vbscript:msgbox(1)'>x</a>",
    "data address": "<a href='data:text/html,<script>alert(1)</script>'>x</a>",
    "data picture": "<img src='data:image/svg+xml,<svg onload=alert(1)>'>",
    "file address": "<a href='file:///etc/passwd'>x</a>",
    "blob address": "<a href='blob:https://a.example/1'>x</a>",
    "view-source address": "<a href='view-source:javascript:alert(1)'>x</a>",
    "xlink address": "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "citation address": "<blockquote cite='javascript:alert(1)'>x</blockquote>",
    "action": "<form action='javascript:alert(1)'><button formaction='javascript:alert(1)'>x</button></form>",
    "drawing": "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "animated drawing": "<svg><animate onbegin=alert(1) attributeName=x dur=1s></svg>",
    "drawing that uses another": "<svg><use href='data:image/svg+xml,<svg id=x onload=alert(1)/>#x'></svg>",
    "foreign object": "<svg><foreignObject><iframe srcdoc='<script>alert(1)</script>'></iframe></foreignObject></svg>",
    "formula": "<math><maction actiontype='statusline#javascript:alert(1)'>x</maction></math>",
    "formula with a link": "<math href='javascript:alert(1)'>x</math>",
    "formula's source": "<math alttext='&lt;img src=x onerror=alert(1)&gt;'><mi>x</mi></math>",
    "frame": "<iframe src='javascript:alert(1)'></iframe>",
    "frame with a page": "<iframe srcdoc='&lt;script&gt;alert(1)&lt;/script&gt;'></iframe>",
    "frameset": "<frameset onload=alert(1)><frame src='javascript:alert(1)'></frameset>",
    "object": "<object data='javascript:alert(1)'></object><embed src='javascript:alert(1)'><applet code=x>",
    "base": "<base href='javascript:alert(1)//'><a href='x'>x</a>",
    "meta refresh": "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>",
    "meta policy": "<meta http-equiv=Content-Security-Policy content='script-src *'>",
    "link": "<link rel=stylesheet href='javascript:alert(1)'><link rel=import href=//evil.example>",
    "style element": "<style>@import '//evil.example/x.css'; p{background:url(javascript:alert(1))}</style>",
    "style attribute": "<p style='background:url(javascript:alert(1));width:expression(alert(1))'>x",
    "srcset": "<img src=/a.png srcset='javascript:alert(1) 1x, //evil.example/b.png 2x'>",
    "picture source": "<picture><source srcset='javascript:alert(1)'><img src=/a.png></picture>",
    "poster": "<video poster='javascript:alert(1)' src=x onerror=alert(1)></video>",
    "audio": "<audio src=x onerror=alert(1)></audio>",
    "background": "<table background='javascript:alert(1)'><tr><td background='javascript:alert(1)'>x</table>",
    "input picture": "<input type=image src=x onerror=alert(1)>",
    "template": "<template><script>alert(1)</script><img src=x onerror=alert(1)></template>",
    "templates in each other": "<template><template><img src=x onerror=alert(1)></template></template>",
    "declared shadow": "<div><template shadowrootmode=open><img src=x onerror=alert(1)></template></div>",
    "portal": "<portal src='javascript:alert(1)'></portal>",
    "custom element": "<x-y onclick=alert(1) style=display:block>x</x-y>",
    "noscript": "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "mutation: formula and style": "<math><mtext><table><mglyph><style><!--</style><img title='--&gt;&lt;img src=x onerror=alert(1)&gt;'>",
    "mutation: drawing and style": "<svg></p><style><a id='</style><img src=x onerror=alert(1)>'>",
    "mutation: form": "<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=alert(1)>",
    "mutation: select": "<select><template><style><!--</style><a rel='--></style></template></select><img src=x onerror=alert(1)>'>",
    "mutation: comment": "<!--><img src=x onerror=alert(1)>-->",
    "mutation: bang comment": "<!--x--!><img src=x onerror=alert(1)>-->",
    "mutation: processing instruction": "<?xml x='><img src=x onerror=alert(1)>'?>",
    "mutation: cdata": "<svg><![CDATA[><img src=x onerror=alert(1)>]]></svg>",
    "mutation: textarea": "<textarea><img title='</textarea><img src=x onerror=alert(1)>'></textarea>",
    "mutation: xmp": "<xmp><p title='</xmp><img src=x onerror=alert(1)>'></xmp>",
    "mutation: noembed": "<noembed><p title='</noembed><img src=x onerror=alert(1)>'></noembed>",
    "mutation: iframe": "<iframe><p title='</iframe><img src=x onerror=alert(1)>'></iframe>",
    "mutation: title": "<title><p title='</title><img src=x onerror=alert(1)>'></title>",
    "mutation: plaintext": "<p>x<plaintext><img src=x onerror=alert(1)>",
    "mutation: code": "<pre><code>&lt;img src=x onerror=alert(1)&gt;</code></pre>",
    "mutation: code class": "<pre class='language-\"&gt;&lt;img onerror=alert(1)&gt;'>x</pre>",
    "mutation: annotation": "<math><annotation-xml encoding='text/html'><img src=x onerror=alert(1)></annotation-xml></math>",
    "mutation: backticks": "<img title='``onerror=alert(1)' src=/x.png>",
    "mutation: NUL": "<scr\x00ipt>alert(1)</scr\x00ipt><img src=x on\x00error=alert(1)>",
    "title": "<a href=/ title='\"><img src=x onerror=alert(1)>'>x</a>",
    "language": "<p lang='\"><script>alert(1)</script>'>x",
}
ALLOWED_ATTRIBUTES = {"href", "src", "cite", "title", "alt", "rel", "width", "height", "lang", "dir", "class", "colspan",
                      "rowspan", "scope", "start", "reversed", "value", "datetime", "id", "role", "align"}  # fmt: skip
FORBIDDEN_TAGS = {"script", "style", "svg", "math", "iframe", "frame", "object", "embed", "applet", "base", "link", "form", "input",
                  "button", "select", "textarea", "template", "video", "audio", "source", "noscript", "xmp", "plaintext", "x-y"}  # fmt: skip


def _assert_is_safe(page: str) -> None:
    tree = document_fromstring(page)
    for element in tree.find("body").iter():
        assert isinstance(element.tag, str), page
        assert element.tag not in FORBIDDEN_TAGS, page
        assert set(element.attrib) <= ALLOWED_ATTRIBUTES, page
        for name in ("href", "src", "cite"):
            address = element.get(name)
            assert address is None or address.startswith(("http://", "https://", "mailto:", "tel:")), page
        assert element.tag == "code" or "class" not in element.attrib, page


@pytest.mark.parametrize("extract", ["main", "full"])
@pytest.mark.parametrize("name", ACTIVE)
def test_nothing_active_gets_through(name: str, extract: str) -> None:
    _assert_is_safe(render(f"{ARTICLE}{ACTIVE[name]}<p>{PROSE[0]}</p>", Format.HTML, extract=extract))


@pytest.mark.parametrize("name", ACTIVE)
def test_cleaning_again_changes_nothing(name: str) -> None:
    once = html_content(f"<p>before</p>{ACTIVE[name]}<p>after</p>")
    assert clean(fragment_tree(once), "https://harbour.example/") == once


@pytest.mark.parametrize(
    "page",
    [
        "<h3>a<section><h3>b</h3></section></h3>",
        "<a href=/a>a<x-y><a href=/b>b</a></x-y></a>",
        "<p>a<object><p>b</p></object>c</p>",
        "<ul><li>a<section><li>b</section></ul>",
        "<b><section><p>a</b></section>b",
        "<table><tr><td>a<section><td>b</table>",
    ],
)
def test_lost_wrappers_leave_valid_markup(page: str) -> None:
    found = html_content(page)
    body = HTMLTree.parse(found).body
    assert body is not None
    assert found == "".join(str(node.html) for node in body.child_nodes)


@pytest.mark.parametrize("name", ACTIVE)
def test_markdown_holds_no_html_that_runs(name: str) -> None:
    found = markdown(f"<p>before</p>{ACTIVE[name]}<p>after</p>")
    tags = {element.tag for element in reread(found).iter()}
    assert not tags & (FORBIDDEN_TAGS | {"x-y"}), found
    assert not any(name.startswith("on") for element in reread(found).iter() for name in element.attrib), (
        found
    )


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>{}</p>",
        "<p style='display:none'>{}</p>",
        "<p style='color:red; DISPLAY : None'>{}</p>",
        "<div style='visibility: hidden'><p>{}</p></div>",
        "<p aria-hidden=true>{}</p>",
        "<noscript>{}</noscript>",
        "<template>{}</template>",
        "<style>{}</style>",
        "<script type=text/plain>{}</script>",
        "<!-- {} -->",
        "<dialog>{}</dialog>",
        "<textarea>{}</textarea>",
        "<select><option>{}</select>",
        "<object>{}</object>",
        "<title>{}</title>",
    ],
)
@pytest.mark.parametrize("extract", ["main", "full"])
def test_what_readers_do_not_see_stays_out(hidden: str, extract: str) -> None:
    found = text(ARTICLE + hidden.format("Whisper of the deep sea") + ARTICLE, extract=extract)
    assert "Whisper" not in found
    assert PROSE[0] in found


def test_page_that_a_script_would_reveal_is_shown() -> None:
    assert PROSE[0] in text(f"<body><div style='display:none'>{ARTICLE}</div></body>")


def test_structured_data_does_not_make_a_hidden_page_small() -> None:
    data = f'<script type="application/ld+json">{{"text": "{"x" * 20_000}"}}</script>'
    assert PROSE[0] in text(f"<body>{data}<div style='display:none'>{ARTICLE}</div></body>")


def test_page_for_readers_without_scripts_is_shown() -> None:
    page = f"<body><p>Loading…</p><noscript><main><h1>Cranes</h1>{ARTICLE}</main></noscript></body>"
    assert PROSE[0] in text(page)
    assert PROSE[0] in text(page, extract="main")


def test_request_for_scripts_is_no_content() -> None:
    page = f"<body>{ARTICLE}<noscript>Please turn JavaScript on to see our offers.</noscript></body>"
    assert "JavaScript" not in text(page)


@pytest.mark.parametrize(
    ("base", "href", "expected"),
    [
        ("", "x", "https://harbour.example/news/x"),
        ("<base href='/other/'>", "x", "https://harbour.example/other/x"),
        ("<base href='https://b.example/c/'>", "x", "https://b.example/c/x"),
        ("<base href='javascript:1'>", "x", "https://harbour.example/news/x"),
        ("<base href='https://b.example/'><base href='https://c.example/'>", "x", "https://b.example/x"),
        ("", "#part", "https://harbour.example/news/crane.html#part"),
        ("", " /a\n", "https://harbour.example/a"),
        ("", "HTTPS://A.example/B", "https://A.example/B"),
    ],
)
def test_every_address_is_absolute(base: str, href: str, expected: str) -> None:
    page = f"<head>{base}</head><p><a href='{href}'>x</a> <img src='{href}'> <q cite='{href}'>y</q>"
    tree = fragment_tree(html_content(page))
    found = [tree.find(".//a").get("href"), tree.find(".//img").get("src"), tree.find(".//q").get("cite")]
    assert found == [expected] * 3


@pytest.mark.parametrize(
    "href",
    ["http://[::1", "http://", "https:///x", "//", "", "ftp://a.example/", "http://a.example:x/", "\\\\x"],
)
def test_address_that_is_none_goes_and_its_words_stay(href: str) -> None:
    found = html_content(f"<p><a href='{href}'>words</a></p>")
    assert "words" in found
    assert "http://[" not in found
    assert "ftp:" not in found


@pytest.mark.parametrize(
    ("picture", "expected"),
    [
        ("<img src=/a.png>", "/a.png"),
        ("<img data-src=/a.png>", "/a.png"),
        ("<img src='data:image/gif;base64,R0' data-original=/a.png>", "/a.png"),
        ("<img src=/lazy-load.gif data-lazy-src=/a.png>", "/a.png"),
        ("<img src=/blank.gif srcset='/s.png 100w, /a.png 900w, /m.png 400w'>", "/a.png"),
        ("<img srcset='/a.png 2x, /b.png'>", "/a.png"),
        ("<img src=/a.png data-hi-res-src=/b.png>", "/a.png"),
        ("<img src='data:,' data-hi-res-src=/a.png>", "/a.png"),
        ("<img src=/a.png width=570 height=0>", "/a.png"),
        ("<img src=/a.png width=464 height=2>", "/a.png"),
        ("<picture><source srcset='/a.png 2x, /b.png 1x'><img src='data:,'></picture>", "/a.png"),
        ("<img src='data:,'><noscript><img src=/a.png></noscript>", "/a.png"),
    ],
)
def test_picture_that_loads_late_is_found(picture: str, expected: str) -> None:
    image = fragment_tree(html_content(f"<p>x {picture}</p>")).find(".//img")
    assert image is not None
    assert image.get("src") == f"https://harbour.example{expected}"


@pytest.mark.parametrize(
    "picture",
    [
        "<img>",
        "<img src=''>",
        "<img src='data:image/gif;base64,R0lGOD'>",
        "<img src=/t.gif width=1 height=1>",
        "<img src=/t.gif width='0px'>",
        "<img src='about:blank'>",
        "<img srcset='data:,x 1x'>",
    ],
)
def test_picture_of_nothing_goes(picture: str) -> None:
    assert "<img" not in html_content(f"<p>x {picture}</p>")


def test_sets_of_pictures_are_read_in_linear_time() -> None:
    assert "<img" not in html_content(f"<p>x<img srcset='{' ,' * 100_000}'></p>")


@pytest.mark.parametrize(
    ("table", "is_kept"),
    [
        ("<table><tr><td>a<td>b<tr><td>c<td>d</table>", True),
        ("<table><tr><th>a<tr><td>c</table>", True),
        ("<table role=presentation><tr><td>a<td>b</table>", False),
        ("<table><tr><td>a<tr><td>b</table>", False),
        ("<table><tr><td><h2>a</h2><td>b</table>", False),
        (f"<table><tr><td>{'word ' * 300}<td>b</table>", False),
        (f"<table><tr><th>{'word ' * 300}<th>b</table>", True),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", True),
    ],
)
def test_table_that_only_lays_out_becomes_blocks(table: str, is_kept: bool) -> None:
    assert html_content(table).count("<table>") == is_kept


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("<p><a href=/x role=button>a</a></p>", '<p><a href="https://harbour.example/x">a</a></p>'),
        ("<section role=doc-endnotes><p>a</p></section>", '<section role="doc-endnotes"><p>a</p></section>'),
        ("<section role=alert><p>a</p></section>", "<p>a</p>"),
        ("<table><tr><th align=right>a<th align=char>b</table>",
         '<table><tbody><tr><th align="right">a</th><th>b</th></tr></tbody></table>'),
        ("<main>a<p>b</p></main>", "<div>a<p>b</p></div>"),
        ("<nav><article>a</article><article><i>b</i></article></nav>", "<div>a</div><div><i>b</i></div>"),
        ("<p hidden=until-found>a</p>", "<p>a</p>"),
        ("<pre>a <a href=/x onclick=f()>b</a></pre>", '<pre><code>a <a href="https://harbour.example/x">b</a>\n</code></pre>'),
    ],
)  # fmt: skip
def test_what_stays_is_what_says_something(page: str, expected: str) -> None:
    assert html_content(page) == expected


def test_options_of_links_and_pictures_hold_for_html() -> None:
    page = "<p>a <a href=/x>b</a> <img src=/c.png></p>"
    assert html_content(page, links="none", images="drop") == "<p>a b </p>"


def test_tree_is_cleaned_whole() -> None:
    assert clean(parse_html("5 &lt; 6 <b>x</b>"), "https://a.example/") == "5 &lt; 6 <b>x</b>"
