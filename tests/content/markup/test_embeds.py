"""Players of a page are links, boxes to tick are characters, and neither adds words to the text."""

import pytest

from tests.content.reading import html_content, markdown, text


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        (
            "<iframe src='https://v.example/embed/1' title='A  film'></iframe>",
            "[A film](https://v.example/embed/1)",
        ),
        ("<iframe data-src='//v.example/x' allowfullscreen></iframe>", "<https://v.example/x>"),
        ("<video src=/v.mp4 controls>none</video>", "<https://harbour.example/v.mp4>"),
        ("<video><source src='/v.webm'><source src='/v.mp4'></video>", "<https://harbour.example/v.webm>"),
        ("<audio src=/a.mp3 aria-label=Talk></audio>", "[Talk](https://harbour.example/a.mp3)"),
    ],
)
def test_player_is_a_link(element: str, expected: str) -> None:
    assert markdown(f"<div>x</div>{element}<div>y</div>") == f"x\n\n{expected}\n\ny\n"
    assert text(f"<div>x</div>{element}<div>y</div>") == "x\n\ny\n"


@pytest.mark.parametrize(
    "element",
    [
        "<iframe src='https://ads.example/slot'></iframe>",
        "<iframe src='https://t.example/embed/1' width=1 height=1></iframe>",
        "<iframe src='about:blank' allowfullscreen></iframe>",
        "<iframe srcdoc='<p>z</p>'></iframe>",
        "<video></video>",
        "<video src='blob:https://a.example/1'></video>",
        "<iframe src='javascript:alert(1)' allowfullscreen></iframe>",
    ],
)
def test_frame_that_is_no_player_goes(element: str) -> None:
    assert markdown(f"<p>x</p>{element}") == "x\n"


def test_players_go_with_the_links() -> None:
    assert markdown("<p>x</p><video src=/v.mp4></video>", links="none") == "x\n"


def test_boxes_of_tasks_are_characters() -> None:
    page = "<ul><li><input type=checkbox checked disabled> a<li><label><input type=checkbox>b</label></ul>"
    assert html_content(page) == "<ul><li>☑ a</li><li>☐ b</li></ul>"


def test_other_fields_go() -> None:
    assert html_content("<p>a <input type=text value=x> <input type=checkbox> b</p>").split() == [
        "<p>a",
        "b</p>",
    ]
