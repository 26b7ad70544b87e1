"""The tree is cut down to the kept lines and what belongs to them."""

import numpy as np
import pytest
from lxml.html import HtmlElement, tostring

from entrepot.content.extraction.cut import cut_down, title_line, with_pieces
from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.outline import outline_of
from entrepot.content.markup.tree import parse_html

TEXT = "<p>kept {}, and long enough to weigh something here</p>"


def cut(body: str, *, whole: bool = True) -> str:
    """What is left of `body` where the lines that say "kept" are kept."""
    tree: HtmlElement = parse_html(f"<html><body>{body}</body></html>")
    outline = outline_of(tree)
    measures = Measures(outline)
    kept = np.array(["kept" in line for line in measures.texts])
    cut_down(outline, measures, with_pieces(outline, measures, kept) if whole else kept)
    return str(tostring(tree.find("body"), encoding="unicode")).removeprefix("<body>").removesuffix("</body>")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<p>kept</p><p>not</p>", "<p>kept</p>"),
        ("<div>kept<p>not</p></div>", "<div>kept</div>"),
        ("<div>not<p>kept</p></div>", "<div> <p>kept</p></div>"),
        ("<nav><img src='x'></nav><p>kept</p>", "<p>kept</p>"),
        ("<p>kept</p><img src='x'>", '<p>kept</p><img src="x">'),
        (
            "<section><p>not a line of it, and longer than what is</p><img src='x'></section><p>kept</p>",
            "<p>kept</p>",
        ),
        ("<p>kept</p><img src='x' hidden>", "<p>kept</p>"),
        ("<h3><button>kept</button></h3>", "<h3><span>kept</span></h3>"),
    ],
)
def test_what_is_not_kept_goes(body: str, expected: str) -> None:
    assert cut(body) == expected


@pytest.mark.parametrize(
    "line",
    [
        "<p><b>kept</b><span>: and this</span></p>",
        "<p>kept, <i>and <u>this</u></i> too</p>",
        "<ul><li><a href='/x'><b>kept</b></a><span> and <em>this</em></span></li></ul>",
    ],
)
@pytest.mark.parametrize("around", ["<div hidden>{}</div>", "<aside>{}</aside>", "<p>a menu of things</p>{}"])
def test_line_of_several_pieces_stays_whole(line: str, around: str) -> None:
    words = " ".join(str(parse_html(line).text_content()).split())
    assert words in " ".join(str(parse_html(cut(around.format(line), whole=False)).text_content()).split())


def test_picture_stays_without_its_caption() -> None:
    figure = "<figure><img src='x'><figcaption>not this</figcaption></figure>"
    assert cut(TEXT.format(1) + figure + TEXT.format(2)) == TEXT.format(
        1
    ) + '<figure><img src="x"></figure>' + TEXT.format(2)


def test_table_that_is_mostly_kept_stays_whole() -> None:
    found = cut("<table><tr><th>Name</th></tr><tr><td>kept one</td></tr><tr><td>kept two</td></tr></table>")
    assert "Name" in found


def test_table_that_lays_out_the_page_is_cut() -> None:
    found = cut(
        f"<table><tr><td>menu</td><td>{TEXT.format(1)}<table><tr><td>kept</td></tr></table></td></tr></table>"
    )
    assert "menu" not in found


def test_code_amid_kept_text_stays() -> None:
    assert "lift()" in cut(f"<div>{TEXT.format(1)}<div><pre>lift()</pre></div>{TEXT.format(2)}</div>")


def test_code_beside_other_text_goes() -> None:
    assert "lift()" not in cut(
        f"<div>{TEXT.format(1)}</div><div><p>a menu of things</p><pre>lift()</pre></div>"
    )


def test_heading_stays_with_the_text_below_it() -> None:
    found = cut(f"{TEXT.format(1)}<h2>Second</h2><h3>First of it</h3>{TEXT.format(2)}<h2>Last</h2><p>not</p>")
    assert "Second" in found
    assert "First of it" in found
    assert "Last" not in found


@pytest.mark.parametrize(
    ("body", "chance", "expected"),
    [
        ("<h1>Crane</h1><p>kept</p>", 0.1, [True, False]),
        ("<h1>Crane</h1><p>May 3</p><p>kept</p>", 0.3, [True, False, False]),
        ("<h1>Crane</h1><p>May 3</p><p>kept</p>", 0.1, [False, False, False]),
        ("<h1>Other</h1><p>kept</p>", 0.3, [False, False]),
        ("<h2>Crane</h2><p>kept</p>", 0.3, [False, False]),
        ("<p>kept</p><h1>Crane</h1>", 0.3, [False, False]),
        ("<h1>Crane</h1><p>not</p>", 0.3, [False, False]),
    ],
)
def test_title_line(body: str, chance: float, expected: list[bool]) -> None:
    measures = Measures(outline_of(parse_html(f"<html><body>{body}</body></html>")))
    kept = np.array(["kept" in line for line in measures.texts])
    assert title_line(measures, kept, np.full(measures.count, chance), "crane").tolist() == expected
