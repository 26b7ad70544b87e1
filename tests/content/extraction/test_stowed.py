"""Text that a page carries beside its markup is its content where the markup holds none."""

import json

import pytest

from entrepot.content.extraction.stowed import stowed_text
from tests.content.reading import PROSE, text

LONG = "\n".join(PROSE)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (LONG, list(PROSE)),
        ("".join(f"<p>{sentence}</p>" for sentence in PROSE), list(PROSE)),
        ("A summary.", []),
        ("", []),
        (None, []),
    ],
)
def test_paragraphs_are_read(said: str | None, expected: list[str]) -> None:
    assert stowed_text(said) == expected


@pytest.mark.parametrize("body", ["", "<div id='root'></div>", "<p>Please wait for the page.</p>"])
def test_content_comes_from_the_data_of_an_empty_page(body: str) -> None:
    data = json.dumps({"@type": "NewsArticle", "headline": "T", "articleBody": LONG})
    page = f"<html><head><script type='application/ld+json'>{data}</script></head><body>{body}</body></html>"
    assert text(page, extract="main").split("\n\n") == [*PROSE[:-1], PROSE[-1] + "\n"]


def test_content_of_the_page_goes_before_its_data() -> None:
    data = json.dumps({"@type": "NewsArticle", "headline": "T", "articleBody": "Other words. " * 90})
    shown = "".join(f"<p>{sentence}</p>" for sentence in PROSE * 2)
    page = f"<html><head><script type='application/ld+json'>{data}</script></head><body><main>{shown}</main></body></html>"
    found = text(page, extract="main")
    assert PROSE[0] in found
    assert "Other words" not in found
