"""Values that pages should not have are no facts, and none of them makes a page unreadable."""

import json
from typing import Any

import pytest

from tests.content.reading import as_json, facts

_LONG = 1_000_000


def ld(script: str) -> str:
    return f'<script type="application/ld+json">{script}</script>'


def nested(opening: str, closing: str, depth: int, inner: str = "") -> str:
    return opening * depth + inner + closing * depth


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)", " JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
        "java\nscript:alert(1)", "blob:https://a.example/x", "http://", "https://[", "", " ", "\t\n", "x" * 10_000,
    ],
)  # fmt: skip
def test_hostile_address_is_no_image_and_no_canonical_one(address: str) -> None:
    head = (
        f'<meta property="og:image" content="{address}"><link rel="canonical" href="{address}">'
        f'<meta property="og:url" content="{address}">'
        + ld(json.dumps({"@type": "Article", "image": address}))
    )
    found = facts(head, url="https://harbour.example/news/")
    assert [found.image, found.canonical_url] == [None, None]


@pytest.mark.parametrize("sign", [r"\u0000", r"\u001b", r"\u0085", r"\ud800", r"\udc00\ud800"])
def test_address_in_data_with_controls_or_halves_of_characters_is_none(sign: str) -> None:
    found = facts(ld(f'{{"@type": "Article", "image": "https://a.example/{sign}b"}}'))
    json.dumps(found.as_dict(), ensure_ascii=False).encode()
    assert found.image in (None, "https://a.example/\ufffdb", "https://a.example/\ufffd\ufffdb")


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (r"a\u0000b\u001b[31mc", "ab[31mc"),
        (r"\u202egnp.enarc\u202c", "gnp.enarc"),
        (r"Crane\u200b\ufeff", "Crane"),
        (r"Crane \ud83c\udfd7", "Crane 🏗"),
        (r"Crane \ud83c", "Crane \ufffd"),
        (r"a\u2028b\u0085c", "a bc"),
    ],
)
def test_unseen_signs_are_no_part_of_a_title(said: str, expected: str) -> None:
    assert facts(ld(f'{{"@type": "Article", "headline": "{said}"}}')).title == expected


@pytest.mark.parametrize(
    "name", [r"\ud800", "42", "---", "https://a.example/", "@ann", "www.ann.example", "x" * 300, " "]
)
def test_what_is_no_name_is_no_author(name: str) -> None:
    assert facts(ld(f'{{"@type": "Article", "author": "{name}"}}')).author is None


@pytest.mark.parametrize("said", ["9999-99-99", "0001-01-01T00:00:00Z", "1970-01-01", "x" * _LONG])
def test_day_that_is_none_lets_the_next_speak(said: str) -> None:
    head = ld(json.dumps({"@type": "Article", "datePublished": said, "dateModified": said}))
    found = facts(head + '<meta name="date" content="2026-03-01">')
    assert (found.published_at, found.modified_at) == ("2026-03-01", None)


@pytest.mark.parametrize("language", ["x" * _LONG, "en-" * 1000, "<b>", "e", "english", "und\x00", "../../x"])
def test_hostile_language_is_none(language: str) -> None:
    assert facts(root=f'<html lang="{language}">').language is None


@pytest.mark.parametrize(
    "script",
    [
        '{"@type": "Article", "author": ' + nested("[", "]", 10_000, '"Bo"') + "}",
        '{"@type": "Article", "author": ' + nested("[", "]", 900, '"Bo"') + "}",
        '{"@type": "Article", "author": ' + nested('{"name":', "}", 900, '"Bo"') + "}",
        '{"@type": "Article", "image": ' + nested('{"url":', "}", 900, '"b.png"') + "}",
        nested('{"mainEntity":', "}", 10_000, "1"),
        '{"@type": "Article", "headline": ' + "1" * _LONG + "}",
        '{"@type": ["' + "x" * 1000 + '"], "author": [' + '{"name": 5},' * 50_000 + "1]}",
    ],
)
def test_boundless_json_ld_says_nothing(script: str) -> None:
    found = facts("<title>T</title>" + ld(script))
    assert (found.title, found.author, found.image) == ("T", None, None)


def graph(*nodes: dict[str, Any]) -> str:
    return ld(json.dumps({"@graph": nodes}))


@pytest.mark.parametrize(
    ("nodes", "expected"),
    [
        ([{"@type": "Article", "author": {"@id": "#b"}}, {"@type": "Person", "@id": "#b", "name": "Bo Birch"}], "Bo Birch"),
        (
            [{"@type": "Article", "author": {"name": "bo7", "@id": "#b"}}, {"@type": "Person", "@id": "#b", "name": "Bo Birch"}],
            "Bo Birch",
        ),
        (
            [{"@type": "Article", "@id": "#a", "author": {"@id": "#b"}}, {"@type": "Person", "@id": "#b", "author": {"@id": "#a"}}],
            None,
        ),
        ([{"@type": "Article", "@id": "#a", "author": {"@id": "#a"}}], None),
        ([{"@type": "Article", "author": {"@id": ["#a"]}}], None),
        ([{"@type": "Article", "author": {"@id": "#gone"}}], None),
    ],
)  # fmt: skip
def test_author_named_in_a_node_of_their_own_is_found_without_end(
    nodes: list[Any], expected: str | None
) -> None:
    assert facts(graph(*nodes)).author == expected


@pytest.mark.parametrize(
    "body",
    [
        "<h1>T</h1><p>" + "1" * _LONG,
        "<h1>T</h1>" + "<p>2019 </p>" * 50_000,
        "<h1>T</h1><script>" + "published " * (_LONG // 10),
        "<h1>T</h1><script>published" + '"' * _LONG,
        "<h1>T</h1>" + nested("<div class='date author'>", "</div>", 180, " " * _LONG),
        "<h1>T</h1>" + "<b></b>" * 50_000,
        "<b></b>" * 50_000 + "<h1>T</h1>",
        "<h1>T" + "<b></b>" * 50_000 + "</h1>",
        nested("<div><h1>", "</h1></div>", 90, "T" + "<i></i>" * 20_000),
        "<h1>T</h1><div class='comments'>"
        + nested("<div>", "</div>", 150, "<b class='author'>Bo Birch</b>" * 20_000),
        "<h1>T</h1><div itemtype='https://schema.org/Comment'>"
        + "<b itemprop='author'>Bo Birch</b>" * 20_000,
        "<h1>T</h1>" + "<time></time>" * 50_000,
        f"<h1>T</h1><p class='{'date ' * (_LONG // 5)}'>x</p>",
        "<h1>T</h1>" + "".join(f"<p class='a{number}'>x</p>" for number in range(30_000)),
        "<h1>T</h1>" + "<p>by</p>" * 30_000,
        "<h1>T</h1><p class='author'>" + "a.a &" * 24,
    ],
)
def test_boundless_page_has_its_title_and_no_more(body: str) -> None:
    found = facts(body=body, url="https://h.example/")
    assert (found.title, found.author, found.published_at) == ("T", None, None)


@pytest.mark.parametrize("said", ["undefined", "null", "[object Object]", " Undefined "])
def test_what_scripts_write_where_they_know_nothing_is_no_fact(said: str) -> None:
    names = ("og:title", "og:description", "og:site_name", "og:image", "og:url", "author", "date")
    found = facts("".join(f'<meta property="{name}" content="{said}">' for name in names))
    assert not any(found.as_dict().values())


def test_title_of_a_megabyte_is_cut() -> None:
    head = f"<title>{' ' * _LONG}{'crane ' * _LONG}</title>"
    assert facts(head).title == ("crane " * 100)[:500].strip()


def test_listed_links_and_images_lead_to_the_web_alone() -> None:
    hostile = [
        "javascript:alert(1)",
        "java&#10;script:alert(1)",
        "&#1;javascript:x",
        "data:text/html,x",
        "file:///x",
        "http://[",
    ]
    body = "<p>Cranes.</p>" + "".join(
        f'<a href="{each}">x</a><img src="{each}">' for each in [*hostile, "/fine"]
    )
    found = as_json(body)
    assert {link["href"] for link in found["links"]} == {"https://harbour.example/fine"}
    assert {image["src"] for image in found["images"]} == {"https://harbour.example/fine"}
