"""JSON holds everything that is known of a source, and JSON sources are readable."""

import hashlib
import json

import pytest

from entrepot.content.convert import convert
from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.format import Format
from entrepot.content.formats.json_document import describe
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent
from tests.content.reading import ARTICLE, PROSE, URL, as_json, render, source

MEMBERS = ["url", "final_url", "status", "content_type", "title", "description", "author", "site_name", "published_at",
           "modified_at", "language", "image", "canonical_url", "kind", "text", "markdown", "links", "images", "word_count",
           "warning", "notices", "fetched_at", "sha256", "cache", "timings_ms"]  # fmt: skip
PAGE = f"<html lang=en><title>Second crane</title>{ARTICLE}"


def test_members_are_those_of_the_contract() -> None:
    assert list(as_json(PAGE)) == MEMBERS


def test_members_tell_of_the_fetch() -> None:
    members = as_json(PAGE)
    told = {
        name: members[name]
        for name in ("url", "final_url", "status", "content_type", "fetched_at", "sha256", "cache")
    }
    assert told == {
        "url": URL,
        "final_url": URL,
        "status": 200,
        "content_type": "text/html; charset=utf-8",
        "fetched_at": "2026-03-01T08:00:00Z",
        "sha256": hashlib.sha256(PAGE.encode()).hexdigest(),
        "cache": {"hit": False, "age_seconds": 0},
    }
    assert members["timings_ms"]["fetch"] == 12.5
    assert members["timings_ms"]["convert"] > 0


def test_kind_and_notices_are_told() -> None:
    notices = (Notice("cut", "It was cut."), Notice("guessed", "It was guessed."))
    document = Document(Metadata(), "<p>x</p>", kind="forum", notices=notices)
    members = describe(document, source(PAGE), text="x\n", markdown="x\n")
    assert members["kind"] == "forum"
    assert members["warning"] == "It was cut. It was guessed."
    assert members["notices"] == [
        {"code": "cut", "message": "It was cut."},
        {"code": "guessed", "message": "It was guessed."},
    ]


def test_page_without_notices_has_no_warning() -> None:
    members = as_json(PAGE)
    assert members["warning"] is None
    assert members["notices"] == []


def test_words_are_counted() -> None:
    assert as_json("<p>one two\nthree</p><p>four</p>")["word_count"] == 4


def test_characters_stand_for_themselves() -> None:
    assert "港" in render("<p>港</p>", Format.JSON)


def test_fingerprint_stays_while_the_page_does() -> None:
    first, later = (
        source(PAGE),
        Page(PAGE.encode(), "text/html; charset=utf-8", URL, URL, fetched_at="later", fetch_ms=1.0),
    )
    options = ContentOptions()
    assert (
        convert(first, Format.JSON, options).fingerprint == convert(later, Format.JSON, options).fingerprint
    )


@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.TEXT, Format.HTML, Format.JSON])
def test_fingerprint_changes_with_the_content(format_: Format) -> None:
    options = ContentOptions()
    one = convert(source(PAGE), format_, options)
    other = convert(source(PAGE.replace("forty", "fifty")), format_, options)
    assert one.fingerprint != other.fingerprint


@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.TEXT, Format.HTML])
def test_fingerprint_is_the_hash_of_the_body(format_: Format) -> None:
    found = convert(source(PAGE), format_, ContentOptions())
    assert found.fingerprint == hashlib.sha256(found.body).hexdigest()


def test_json_source_is_set_out() -> None:
    assert render('{"b":[1,2],"a":"港"}', Format.TEXT, "application/json") == (
        '{\n  "b": [\n    1,\n    2\n  ],\n  "a": "港"\n}\n'
    )


def test_json_source_is_a_code_block_in_markdown() -> None:
    assert (
        render('{"a": "```"}', Format.MARKDOWN, "application/ld+json") == '```json\n{\n  "a": "```"\n}\n```\n'
    )


@pytest.mark.parametrize("body", ["{broken", "[" * 100_000, '{"a": 1} trailing', "NaN"])
def test_broken_json_is_kept_as_it_is(body: str) -> None:
    assert render(body, Format.TEXT, "application/json").strip() == body


def test_huge_numbers_are_no_obstacle() -> None:
    body = "[" + "9" * 10_000 + "]"
    assert "999" in render(body, Format.TEXT, "application/json")


def test_json_in_html_is_escaped() -> None:
    assert "<script" not in render('{"a": "<script>alert(1)</script>"}', Format.HTML, "application/json")


def test_json_of_a_json_source_holds_its_text() -> None:
    members = json.loads(render('{"a":1}', Format.JSON, "application/json"))
    assert members["text"] == '{\n  "a": 1\n}\n'
    assert members["title"] is None


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/css"])
@pytest.mark.parametrize("body", ["", " \n"])
def test_empty_source_has_no_content(content_type: str, body: str) -> None:
    with pytest.raises(NoContent):
        render(body, Format.TEXT, content_type)


def test_prose_of_the_page_is_in_both_renderings() -> None:
    members = as_json(PAGE, extract="main")
    assert PROSE[0] in members["text"]
    assert PROSE[0] in members["markdown"]
