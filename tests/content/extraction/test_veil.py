"""What a page hides stays out, what it folds away does not."""

from tests.content.reading import ARTICLE, PROSE, text

ANSWERS = "".join(
    f"<div class='accordion-item'><h3><button aria-expanded='false'>Question {n} on cranes?</button></h3>"
    f"<div class='accordion-panel' hidden><p>Answer {n}: {sentence}</p></div></div>"
    for n, sentence in enumerate(PROSE * 2)
)


def page(body: str) -> str:
    return f"<html><head><title>Cranes</title></head><body><main><h1>Cranes</h1>{body}</main></body></html>"


def test_single_hidden_line_stays_out() -> None:
    found = text(
        page(f"{ARTICLE}<p style='display:none'>Whisper of the deep sea, to machines.</p>{ARTICLE}"),
        extract="main",
    )
    assert "Whisper" not in found


def test_folded_answers_stay_with_their_questions() -> None:
    found = text(page(f"{ARTICLE}<section class='faq'><h2>Questions</h2>{ANSWERS}</section>"), extract="main")
    assert [n for n in range(10) if f"Question {n} on cranes?" not in found] == []
    assert found.count(PROSE[4]) == 3


def test_page_that_scripts_show_keeps_its_content() -> None:
    found = text(
        page(f"<p>Loading …</p><div id='app' style='visibility:hidden'>{ARTICLE}{ARTICLE}</div>"),
        extract="main",
    )
    assert all(sentence in found for sentence in PROSE)
