"""What a page says twice in other markup is kept once."""

import numpy as np
import pytest

from entrepot.content.extraction.repeats import repeated
from tests.content.extraction.outlines import measured
from tests.content.reading import ARTICLE, PROSE, text

SENTENCE = "The second crane came by barge."


def kept_of(body: str, *left_out: int) -> list[str]:
    """The lines of `body` that stay of all but those left out."""
    measures = measured(body)
    kept = ~np.isin(np.arange(measures.count), left_out)
    return [measures.texts[place] for place in np.flatnonzero(kept & ~repeated(measures, kept))]


def test_copy_for_another_width_of_screen_goes() -> None:
    body = f"<div class='wide'>{ARTICLE}</div><div class='narrow'>{ARTICLE}</div>"
    assert kept_of(body) == list(PROSE)


def test_short_lines_go_with_the_copy_that_they_stand_in() -> None:
    block = f"<h2>Cranes</h2><p>{SENTENCE}</p><table><tr><td>40 t</td></tr></table>"
    body = f"<div class='wide'>{block}</div><div class='narrow'>{block}</div>"
    assert kept_of(body) == ["Cranes", SENTENCE, "40 t"]


def test_short_line_alone_stays() -> None:
    assert kept_of("<p>Yes</p><div>Yes</div>") == ["Yes", "Yes"]


@pytest.mark.parametrize("block", ["<li>{}</li>", "<p class='offer'>{}</p>"])
def test_what_a_list_repeats_stays(block: str) -> None:
    assert kept_of(block.format(SENTENCE) * 3) == [SENTENCE] * 3


@pytest.mark.parametrize("tag", ["blockquote", "pre", "td"])
def test_what_is_repeated_on_purpose_stays(tag: str) -> None:
    inner = f"<table><tr><td>{SENTENCE}</td></tr></table>" if tag == "td" else f"<{tag}>{SENTENCE}</{tag}>"
    assert kept_of(f"<p>{SENTENCE}</p>{inner}") == [SENTENCE, SENTENCE]


@pytest.mark.parametrize(
    "pointer", ["<a href='#barge'>{}</a>", "<p hidden>{}</p>"], ids=["table of contents", "hidden copy"]
)
def test_shown_text_stays_rather_than_what_points_to_it(pointer: str) -> None:
    measures = measured(f"<div>{pointer.format(SENTENCE)}</div><h2 id='barge'>{SENTENCE}</h2>")
    assert repeated(measures, np.ones(2, np.bool_)).tolist() == [True, False]


def test_line_stays_whose_copy_is_not_kept() -> None:
    assert kept_of(f"<div>{SENTENCE}</div><p>{SENTENCE}</p>", 0) == [SENTENCE]


def test_nothing_kept_repeats_nothing() -> None:
    assert kept_of(f"<p>{SENTENCE}</p>", 0) == []


def test_page_that_holds_its_article_twice_is_told_once() -> None:
    page = f"<main><div class='wide'>{ARTICLE}</div><section class='narrow'>{ARTICLE}</section></main>"
    found = text(f"<html><head><title>Cranes</title></head><body>{page}</body></html>", extract="main")
    assert [found.count(sentence) for sentence in PROSE] == [1] * len(PROSE)
