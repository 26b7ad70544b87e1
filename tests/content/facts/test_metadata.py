"""A page's facts come from where they are said best."""

import json
from typing import Any

import pytest

from entrepot.content.document import Metadata
from tests.content.reading import facts

MICRODATA = (
    '<article itemscope itemtype="https://schema.org/Article"><h2 itemprop="headline">Micro</h2>'
    '<span itemprop="author" itemscope><b itemprop="name">Mia Micro</b></span>'
    '<time itemprop="datePublished" datetime="2025-01-02T03:04:05Z">then</time>'
    '<meta itemprop="dateModified" content="2025-02-03"></article>'
)


def ld(data: Any) -> str:
    return f'<script type="application/ld+json">{json.dumps(data)}</script>'


def meta(**tags: str) -> str:
    return "".join(
        f'<meta property="{name.replace("_", ":", 1)}" content="{value}">' for name, value in tags.items()
    )


def article(**members: Any) -> str:
    return ld({"@context": "https://schema.org", "@type": "NewsArticle", **members})


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<title>Plain</title>", "", "Plain"),
        ("<title> Two\n words </title>", "", "Two words"),
        ("", "<h1>Heading</h1>", "Heading"),
        ("<title>Cranes at dawn | Saltmere News</title>", "<h1>Cranes at dawn</h1>", "Cranes at dawn"),
        ("<title>A</title>" + meta(og_title="B"), "", "B"),
        ("<title>A</title>" + meta(og_title="B") + article(headline="C"), "", "C"),
        ("<title>A</title>" + meta(twitter_title="B"), "", "B"),
        ("<title>A</title>", MICRODATA, "Micro"),
        ("<title>Cranes - Saltmere</title>" + meta(og_site_name="Saltmere"), "", "Cranes"),
        ("<title>Saltmere: Cranes</title>" + meta(og_site_name="Saltmere"), "", "Cranes"),
        (meta(og_title="A &amp;amp; B &lt;b&gt;c&lt;/b&gt;"), "", "A & B c"),
        ("<title>&lt;video&gt;: The Video Embed element</title>", "", "<video>: The Video Embed element"),
        (meta(og_title="  "), "<h1>H</h1>", "H"),
        ("", "", None),
        (f"<title>{'x' * 1000}</title>", "", "x" * 500),
    ],
)
def test_title(head: str, body: str, expected: str | None) -> None:
    assert facts(head, body).title == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<meta name="description" content="D">', "D"),
        ('<META NAME="Description" CONTENT="D">', "D"),
        ('<meta name="description" content="D">' + meta(og_description="O"), "O"),
        (article(description="L"), "L"),
        (meta(twitter_description="T"), "T"),
        ("", None),
    ],
)
def test_description(head: str, expected: str | None) -> None:
    assert facts(head).description == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (article(author={"@type": "Person", "name": "Ann Ash"}), "", "Ann Ash"),
        (article(author=[{"name": "Ann Ash"}, {"name": "Bo Birch"}]), "", "Ann Ash, Bo Birch"),
        (article(author=["Ann Ash", "Ann Ash"]), "", "Ann Ash"),
        (article(author="By Ann Ash"), "", "Ann Ash"),
        (article(author={"name": ["Ann Ash"]}), "", "Ann Ash"),
        ('<meta name="author" content="Ann Ash">', "", "Ann Ash"),
        ('<meta name="author" content="Ann Ash">' + article(author="Bo Birch"), "", "Bo Birch"),
        ("", MICRODATA, "Mia Micro"),
        ('<meta property="article:author" content="https://social.example/ann">', "", None),
        ('<meta name="author" content="@ann">', "", None),
        ("", '<p class="byline">By <a rel="author" href="/ann">Ann Ash</a></p>', "Ann Ash"),
        (article(author=[[[["x"]]], 5, None, {"name": 7}]), "", "x"),
        (
            '<meta name="citation_author" content="Ann Ash"><meta name="citation_author" content="Bo Birch">',
            "",
            "Ann Ash, Bo Birch",
        ),
        (
            '<meta name="twitter:label1" content="Written by"><meta name="twitter:data1" content="Ann Ash">'
            '<meta name="author" content="ann7">',
            "",
            "Ann Ash",
        ),
        (
            '<meta name="twitter:label1" content="Price"><meta name="twitter:data1" content="Ten Crowns">',
            "",
            None,
        ),
        ('<meta name="author" content="admin">', "<h1>T</h1><p>By Ann Ash</p>", "Ann Ash"),
        (
            article(author="Saltmere", publisher={"name": "Saltmere"}),
            "<h1>T</h1><p>By Ann Ash</p>",
            "Ann Ash",
        ),
        (article(author="Saltmere", publisher={"name": "Saltmere"}), "<h1>T</h1>", "Saltmere"),
        (
            "",
            '<div itemscope itemtype="https://schema.org/Comment"><b itemprop="author">Bo Birch</b></div>'
            + MICRODATA,
            "Mia Micro",
        ),
        ("", "", None),
    ],
)
def test_author(head: str, body: str, expected: str | None) -> None:
    assert facts(head, body).author == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("2026-03-01", "2026-03-01"),
        ("2026-03-01T08:00:00Z", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T08:00:00+02:00", "2026-03-01T08:00:00+02:00"),
        ("2026-03-01 08:00", "2026-03-01T08:00:00"),
        ("Sun, 01 Mar 2026 08:00:00 GMT", "2026-03-01T08:00:00+00:00"),
        ("2026-03-01T99:99", "2026-03-01"),
        ("2026-03-01 about noon", "2026-03-01"),
        (" 2026-03-01 ", "2026-03-01"),
        ("soon", None),
        ("2026-13-45", None),
        ("", None),
        ("9" * 5000, None),
    ],
)
def test_date_is_told_in_iso_8601(said: str, expected: str | None) -> None:
    assert facts(article(dateModified=said)).modified_at == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (article(datePublished="2026-03-01"), "", "2026-03-01"),
        (meta(article_published_time="2026-03-02"), "", "2026-03-02"),
        (meta(article_published_time="2026-03-02") + article(datePublished="2026-03-01"), "", "2026-03-01"),
        (article(datePublished="nonsense") + meta(article_published_time="2026-03-02"), "", "2026-03-02"),
        (article(uploadDate="2026-03-03"), "", "2026-03-03"),
        ('<meta name="citation_publication_date" content="2026-03-04">', "", "2026-03-04"),
        ("", MICRODATA, "2025-01-02T03:04:05+00:00"),
        ("", '<time datetime="2026-03-05" pubdate>5 March</time>', "2026-03-05"),
        ('<meta name="date" content="0001-01-01"><meta name="pubdate" content="2026-03-04">', "", None),
        (
            "",
            '<i itemprop="datePublished" content="2018-05-21"></i><i itemprop="dateCreated" content="2014-02-04"></i>',
            "2014-02-04",
        ),
        ("", "", None),
    ],
)
def test_published_at(head: str, body: str, expected: str | None) -> None:
    assert facts(head, body).published_at == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (article(dateModified="2026-03-02"), "", "2026-03-02"),
        (meta(article_modified_time="2026-03-03"), "", "2026-03-03"),
        ("", MICRODATA, "2025-02-03"),
        ("", "", None),
    ],
)
def test_modified_at(head: str, body: str, expected: str | None) -> None:
    assert facts(head, body).modified_at == expected


@pytest.mark.parametrize(
    ("root", "head", "expected"),
    [
        ('<html lang="de">', "", "de"),
        ('<html lang="pt_BR">', "", "pt-BR"),
        ('<html xml:lang="fr">', "", "fr"),
        ("<html>", meta(og_locale="en_GB"), "en-GB"),
        ("<html>", '<meta http-equiv="Content-Language" content="it, en">', "it"),
        ("<html>", article(inLanguage="sv"), "sv"),
        ('<html lang="&quot;><script>">', "", None),
        ('<html lang="">', meta(og_locale="nl"), "nl"),
        ("<html>", "", None),
    ],
)
def test_language(root: str, head: str, expected: str | None) -> None:
    assert facts(head, root=root).language == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (meta(og_image="/a.png"), "https://harbour.example/a.png"),
        (
            meta(og_image="/a.png") + '<meta property="og:image:secure_url" content="/s.png">',
            "https://harbour.example/s.png",
        ),
        (article(image="/l.png"), "https://harbour.example/l.png"),
        (article(image={"@type": "ImageObject", "url": "/l.png"}), "https://harbour.example/l.png"),
        (article(image=[{"contentUrl": "/l.png"}, "/m.png"]), "https://harbour.example/l.png"),
        (meta(twitter_image="t.png"), "https://harbour.example/news/t.png"),
        ('<link rel="image_src" href="/i.png">', "https://harbour.example/i.png"),
        (
            meta(og_image="javascript:alert(1)") + meta(twitter_image="/t.png"),
            "https://harbour.example/t.png",
        ),
        (meta(og_image="data:image/png;base64,x"), None),
        ("<base href='https://cdn.example/'>" + meta(og_image="a.png"), "https://cdn.example/a.png"),
        ("", None),
    ],
)
def test_image_is_absolute(head: str, expected: str | None) -> None:
    assert facts(head).image == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ('<link rel="canonical" href="/c">', "https://harbour.example/c"),
        ('<link rel="CANONICAL nofollow" href="/c">', "https://harbour.example/c"),
        (meta(og_url="https://a.example/o"), "https://a.example/o"),
        ('<link rel="canonical" href="/c">' + meta(og_url="/o"), "https://harbour.example/c"),
        ('<link rel="canonical" href="javascript:x">', None),
        ('<link rel="stylesheet" href="/c">', None),
    ],
)
def test_canonical_address(head: str, expected: str | None) -> None:
    assert facts(head).canonical_url == expected


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (meta(og_site_name="Saltmere"), "Saltmere"),
        (article(publisher={"name": "Harbour Press"}), "Harbour Press"),
        (ld({"@type": "WebSite", "name": "Saltmere Net"}), "Saltmere Net"),
        ('<meta name="application-name" content="App">', "App"),
        ("", None),
    ],
)
def test_site_name(head: str, expected: str | None) -> None:
    assert facts(head).site_name == expected


@pytest.mark.parametrize(
    "script",
    [
        "",
        "{",
        "null",
        "[]",
        "5",
        '"x"',
        "{" * 100_000,
        "[" * 100_000,
        '{"@type": 5, "headline": ["x"]}',
        '{"@type": ["Article", 5, null], "author": 5, "image": 5, "publisher": [], "datePublished": {}}',
        '{"@graph": 5}',
        '{"@type": "Article", "headline": "' + "x" * 3_000_000 + '"}',
        "[" + '{"@type":"Article"},' * 5000 + "{}]",
    ],
)
def test_odd_json_ld_is_passed_over(script: str) -> None:
    head = f'<title>T</title><script type="application/ld+json">{script}</script>'
    assert facts(head).title == "T"


@pytest.mark.parametrize(
    "kind", ["application/ld+json", "Application/LD+JSON", "application/ld+json; charset=utf-8"]
)
def test_json_ld_is_known_by_its_type_however_spelled(kind: str) -> None:
    assert facts(f'<script type="{kind}">{{"@type": "Article", "headline": "H"}}</script>').title == "H"


@pytest.mark.parametrize("form", ["<!-- {} -->", "//<![CDATA[\n{}\n//]]>", "<![CDATA[{}]]>", "{};", "\n{}\n"])
def test_wrapped_json_ld_is_read(form: str) -> None:
    script = form.replace("{}", '{"@type": "Article", "headline": "H"}')
    assert facts(f'<script type="application/ld+json">{script}</script>').title == "H"


@pytest.mark.parametrize(
    "data",
    [
        {"@graph": [{"@type": "WebSite", "headline": "W"}, {"@type": "Article", "headline": "H"}]},
        [{"@type": "BreadcrumbList", "headline": "B"}, {"@type": "NewsArticle", "headline": "H"}],
        {"@type": "WebPage", "headline": "W", "mainEntity": {"@type": "Article", "headline": "H"}},
        {"@type": ["Thing", "https://schema.org/Article"], "headline": "H"},
    ],
)
def test_work_of_the_page_speaks_first(data: Any) -> None:
    assert facts(ld(data)).title == "H"


def test_empty_page_says_nothing() -> None:
    assert facts(body="") == Metadata()
