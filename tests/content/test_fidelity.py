"""Markdown keeps the structure of pages of many kinds: rendered back, it says what they said."""

from pathlib import Path

import pytest
from bench.structure import Facts, Tally, facts_of_html, facts_of_markdown

from tests.content.reading import URL, markdown, text

PAGES = sorted((Path(__file__).parent / "pages").glob("*.html"))
MIN_KEPT = 0.97


def _facts(page: Path) -> tuple[Facts, Facts]:
    source = page.read_text("utf-8")
    return facts_of_html(source, URL), facts_of_markdown(markdown(source), URL)


@pytest.mark.parametrize("kind", ["heading", "link", "cell", "codeblock"])
def test_structure_of_the_content_is_kept(kind: str) -> None:
    tally = Tally()
    for page in PAGES:
        tally.add(*_facts(page))
    assert tally.recall(kind) >= MIN_KEPT
    assert tally.f1(kind) >= MIN_KEPT


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_kind_of_page_keeps_its_headings_links_and_words(page: Path) -> None:
    tally = Tally()
    tally.add(*_facts(page))
    assert tally.recall("heading") == 1.0
    assert tally.recall("link") == 1.0
    assert tally.f1("word") >= 0.95


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_markdown_of_a_page_holds_no_html(page: Path) -> None:
    found = markdown(page.read_text("utf-8"))
    in_prose = "".join(part for place, part in enumerate(found.split("```")) if place % 2 == 0)
    tags = [piece for piece in in_prose.split("<")[1:] if not piece.startswith(("br>", "https://", " "))]
    assert [tag for tag in tags if tag[:1].isalpha() and "`" not in tag] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_text_says_the_words_of_the_markdown(page: Path) -> None:
    source = page.read_text("utf-8")
    said = facts_of_markdown(markdown(source, links="none", images="drop"), URL)["word"]
    shown = facts_of_html(
        f"<pre>{text(source, links='none').replace('&', '&amp;').replace('<', '&lt;')}</pre>", URL
    )["word"]
    missing = {word for (word,) in (said - shown) if not word.isdigit()}
    assert missing <= {"x"}  # the sign of a task that is done
