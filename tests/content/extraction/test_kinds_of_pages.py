"""Each kind of page keeps what belongs to it, whatever stands around."""

import pytest

from entrepot.content.formats.html import read
from entrepot.content.options import ContentOptions
from tests.content.reading import PROSE, source, text

NAVIGATION = (
    "<nav><ul>" + "".join(f"<li><a href='/{n}'>Department {n}</a></li>" for n in range(9)) + "</ul></nav>"
)
FOOTER = (
    "<footer><p>© 2026 Saltmere Ltd. All rights reserved.</p><a href='/privacy'>Privacy policy</a></footer>"
)


def page(body: str, head: str = "<title>Saltmere</title>") -> str:
    return f"<!doctype html><html lang='en'><head>{head}</head><body>{NAVIGATION}{body}{FOOTER}</body></html>"


def main(body: str, head: str = "<title>Saltmere</title>") -> str:
    return text(page(body, head), extract="main")


def forum() -> str:
    posts = [
        f"<div class='post'><div class='post-author'><a href='/u/{n}'>Captain {n}</a> Posts: {n}12</div>"
        f"<div class='post-body'><p>{sentence}</p></div><div class='post-buttons'><a href='/r/{n}'>Reply</a>"
        f"<a href='/q/{n}'>Quote</a></div></div>"
        for n, sentence in enumerate(PROSE)
    ]
    return f"<div id='thread'><h1>Which rope for a crane?</h1>{''.join(posts)}</div>"


def product() -> str:
    rows = "".join(f"<tr><th>Measure {n}</th><td>{n * 7} mm</td></tr>" for n in range(6))
    others = "".join(
        f"<div class='card'><a href='/p/{n}'>Rope model {n}</a><span>€{n}.99</span></div>" for n in range(8)
    )
    return (
        f"<main><h1>Harbour rope, 40 m</h1><p class='price'>€89.00</p><div class='product-description'><p>{PROSE[0]}</p>"
        f"<p>{PROSE[3]}</p></div><h2>Specifications</h2><table class='product-specs'>{rows}</table></main>"
        f"<section class='related-products'><h2>You may also like</h2>{others}</section>"
    )


def listing() -> str:
    items = "".join(
        f"<article class='listing-item'><h2><a href='/s/{n}'>Ship number {n} comes in</a></h2><p>{sentence}</p></article>"
        for n, sentence in enumerate(PROSE * 2)
    )
    return f"<main><h1>Ships this week</h1><div class='list'>{items}</div></main>"


def documentation() -> str:
    sections = "".join(
        f"<h2>Step {n}</h2><p>{sentence}</p><pre><code>rope.pull({n})\nrope.hold()</code></pre>"
        for n, sentence in enumerate(PROSE)
    )
    return f"<div class='sidebar'><a href='/d/1'>Chapter 1</a><a href='/d/2'>Chapter 2</a></div><main class='markdown-body'><h1>Using rope</h1>{sections}</main>"


@pytest.mark.parametrize(
    "body", [forum(), listing(), documentation()], ids=["forum", "listing", "documentation"]
)
def test_all_texts_of_the_page_stay(body: str) -> None:
    found = main(body)
    assert [sentence for sentence in PROSE if sentence not in found] == []


@pytest.mark.parametrize(
    "body",
    [forum(), product(), listing(), documentation()],
    ids=["forum", "product", "listing", "documentation"],
)
def test_what_every_page_of_a_site_has_goes(body: str) -> None:
    found = main(body)
    assert "Department" not in found
    assert "Privacy policy" not in found


def test_product_keeps_its_description_and_measures() -> None:
    found = main(product())
    assert PROSE[3] in found
    assert "Measure 5\t35 mm" in found


def test_documentation_keeps_its_code() -> None:
    found = main(documentation())
    assert [n for n in range(len(PROSE)) if f"rope.pull({n})\nrope.hold()" not in found] == []


def test_listing_keeps_the_titles_of_its_items() -> None:
    found = main(listing())
    assert [n for n in range(10) if f"Ship number {n} comes in" not in found] == []


def test_page_is_judged_the_same_again() -> None:
    assert len({main(product()) for _ in range(3)}) == 1


def test_kind_is_left_open_where_nothing_is_located() -> None:
    assert read(source(page(product())), ContentOptions(extract="full")).kind is None
