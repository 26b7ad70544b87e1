"""Real pages, one of each kind, keep the content that people said is theirs."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from bench.extraction.corpus import word_f1

from entrepot.content.convert import convert
from entrepot.content.document import Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions

PAGES = Path(__file__).parents[2] / "data" / "extraction"
TRUTH: dict[str, Any] = json.loads((PAGES / "truth.json").read_text("utf-8"))
LEAST = 0.9


def page(kind: str) -> Page:
    body = gzip.decompress((PAGES / f"{kind}.html.gz").read_bytes())
    return Page(body, "text/html; charset=utf-8", TRUTH[kind]["url"], TRUTH[kind]["url"])


@pytest.mark.parametrize("kind", TRUTH)
def test_text_is_nearly_the_true_one(kind: str) -> None:
    found = convert(page(kind), Format.TEXT, ContentOptions())
    assert word_f1(TRUTH[kind]["text"], found.body.decode()) >= LEAST


@pytest.mark.parametrize("kind", TRUTH)
def test_kind_is_told(kind: str) -> None:
    assert convert(page(kind), Format.TEXT, ContentOptions()).kind == kind
