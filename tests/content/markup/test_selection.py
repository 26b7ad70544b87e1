"""A caller's selectors decide what is taken and what is left out."""

import pytest

from entrepot.errors import NoContent, ValidationFailed
from tests.content.reading import ARTICLE, PROSE, as_json, html_content, text

PAGE = (
    "<html><head><title>T</title></head><body><nav>menu</nav><div id=a><p class=x>one</p><p>two</p></div>"
    "<div id=b><p class=x>three</p><div class=x><p>four <b class=x>five</b></p></div></div></body></html>"
)


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("#a", "one\n\ntwo\n"),
        (".x", "one\n\nthree\n\nfour five\n"),
        ("nav", "menu\n"),
        ("#a > p:nth-child(2)", "two\n"),
        ("p.x, nav", "menu\n\none\n\nthree\n"),
        ("body", "menu\n\none\n\ntwo\n\nthree\n\nfour five\n"),
        ("html", "menu\n\none\n\ntwo\n\nthree\n\nfour five\n"),
        ("b", "five\n"),
        ("[class=x]", "one\n\nthree\n\nfour five\n"),
        ("div:not(#a) > p", "three\n\nfour five\n"),
    ],
)
@pytest.mark.parametrize("extract", ["main", "full"])
def test_selector_takes_its_choice_whole(selector: str, expected: str, extract: str) -> None:
    assert text(PAGE, selector=selector, extract=extract) == expected


@pytest.mark.parametrize(
    ("remove", "expected"),
    [
        ("nav", "one\n\ntwo\n\nthree\n\nfour five\n"),
        (".x, nav", "two\n"),
        (".nothing", "menu\n\none\n\ntwo\n\nthree\n\nfour five\n"),
        ("b, nav, #a", "three\n\nfour\n"),
    ],
)
def test_remove_leaves_its_choice_out(remove: str, expected: str) -> None:
    assert text(PAGE, remove=remove) == expected


def test_remove_holds_within_what_is_selected() -> None:
    assert text(PAGE, selector="#b", remove="b") == "three\n\nfour\n"


def test_remove_of_everything_leaves_the_page() -> None:
    assert text(PAGE, remove="body").startswith("menu")


def test_remove_goes_before_the_search_for_the_content() -> None:
    page = f"<body><main>{ARTICLE}<p class=ad>Buy our rope, it is the very best rope on this coast!</p>{ARTICLE}</main></body>"
    found = text(page, remove=".ad", extract="main")
    assert "Buy our rope" not in found
    assert PROSE[0] in found


def test_facts_stay_those_of_the_page() -> None:
    assert as_json(PAGE, selector="#a")["title"] == "T"


@pytest.mark.parametrize("parameter", ["selector", "remove"])
@pytest.mark.parametrize("css", ["p[", ":nonsense(", "..", "p:", "{}", ">", "p {", "@media", "a,,b"])
def test_what_is_no_selector_is_named(parameter: str, css: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        text(PAGE, **{parameter: css})
    assert caught.value.extra["errors"][0]["location"] == f"query.{parameter}"


def test_selector_that_finds_nothing_is_no_content() -> None:
    with pytest.raises(NoContent):
        text(PAGE, selector=".nothing")


def test_mark_of_the_selection_is_not_shown() -> None:
    assert "entrepot" not in html_content(PAGE, selector=".x", remove="b")


def test_hidden_text_stays_hidden_though_selected() -> None:
    page = f"<div id=a>{ARTICLE}<p hidden>whisper</p></div>"
    assert "whisper" not in text(page, selector="#a")


@pytest.mark.timeout(20)
def test_selector_of_thousands_is_answered_in_a_moment() -> None:
    page = "".join(f"<div><p>Ship {n}</p></div>" for n in range(4000))
    assert text(page, selector="div > *").count("Ship") == 4000
