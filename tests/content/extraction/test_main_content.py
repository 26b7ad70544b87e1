"""The main content stays, what stands around it goes."""

import pytest

from tests.content.reading import ARTICLE, PROSE, as_json, html_content, markdown, text
from tests.content.rereading import reread

MENU = "<ul>" + "".join(f"<li><a href='/{n}'>Section {n}</a></li>" for n in range(12)) + "</ul>"
AROUND = {
    "navigation": f"<nav>{MENU}</nav>",
    "header": f"<header><a href='/'>Saltmere Gazette</a>{MENU}</header>",
    "menu without a name": f"<div class='menu'>{MENU}</div>",
    "aside": "<aside><h3>More stories</h3><a href='/1'>Gulls return to the pier</a></aside>",
    "footer": "<footer>Copyright Saltmere Gazette. <a href='/imprint'>Imprint</a></footer>",
    "cookie banner": "<div class='cookie-banner' role='dialog'>We use cookies. <button>Accept</button></div>",
    "share buttons": "<div class='share-buttons'><a href='/share'>Share this</a></div>",
}


def page(body: str, before: str = "", after: str = "") -> str:
    return (
        f"<!doctype html><html><head><title>Second crane</title></head><body>{before}"
        f"<main><article><h1>Second crane</h1>{body}</article></main>{after}</body></html>"
    )


def main(body: str, **around: str) -> str:
    return markdown(page(body, **around), extract="main")


def test_whole_article_stays_in_order() -> None:
    found = main(ARTICLE)
    places = [found.index(sentence) for sentence in ["# Second crane", *PROSE]]
    assert places == sorted(places)


@pytest.mark.parametrize("name", AROUND)
@pytest.mark.parametrize("side", ["before", "after"])
def test_what_stands_around_goes(name: str, side: str) -> None:
    found = text(page(ARTICLE, **{side: AROUND[name]}), extract="main")
    assert PROSE[0] in found
    assert PROSE[-1] in found
    for phrase in ("Section 3", "Gazette", "Gulls return", "cookies", "Share this"):
        assert phrase not in found


def test_whole_page_keeps_what_stands_around() -> None:
    assert "Section 3" in text(page(ARTICLE, before=AROUND["navigation"]), extract="full")


def test_headings_stay_with_their_text() -> None:
    found = main(f"{ARTICLE}<h2>The barge</h2>{ARTICLE}<h3>The rope</h3>{ARTICLE}")
    assert [line for line in found.splitlines() if line.startswith("#")] == [
        "# Second crane",
        "## The barge",
        "### The rope",
    ]


def test_table_of_the_text_stays_whole() -> None:
    rows = "".join(f"<tr><td>Crane {n}</td><td>{n} t</td></tr>" for n in range(6))
    tree = reread(main(f"{ARTICLE}<table><tr><th>Name</th><th>Load</th></tr>{rows}</table>{ARTICLE}"))
    assert len(list(tree.iter("tr"))) == 7


def test_code_of_the_text_stays() -> None:
    code = "<pre><code class='language-python'>def lift():\n    return 1\n</code></pre>"
    assert "```python\ndef lift():\n    return 1\n```" in main(f"{ARTICLE}{code}{ARTICLE}")


def test_list_of_the_text_stays() -> None:
    items = "<ul><li>The boom weighed forty tons.</li><li>The cab had no window left.</li></ul>"
    assert "- The boom weighed forty tons.\n- The cab had no window left." in main(
        f"{ARTICLE}{items}{ARTICLE}"
    )


def test_quotation_of_the_text_stays() -> None:
    quotation = "<blockquote><p>It lifts like new, said the harbour master on the first day.</p></blockquote>"
    assert "> It lifts like new" in main(f"{ARTICLE}{quotation}{ARTICLE}")


def test_picture_of_the_text_stays_with_its_caption() -> None:
    picture = "<figure><img src='/crane.jpg' alt='The crane'><figcaption>The crane at dawn, after its long way.</figcaption></figure>"
    found = main(f"{ARTICLE}{picture}{ARTICLE}", before="<header><img src='/logo.png' alt='Logo'></header>")
    assert "![The crane](https://harbour.example/crane.jpg)" in found
    assert "logo.png" not in found


def test_links_and_emphasis_in_the_text_stay() -> None:
    sentence = "<p>The <a href='/council'>council</a> was <em>quite</em> sure of it, and <b>said so</b> on every market day.</p>"
    expected = "The [council](https://harbour.example/council) was *quite* sure of it, and **said so** on every market day."
    assert expected in main(ARTICLE + sentence + ARTICLE)


def test_page_of_markup_that_hides_nothing_is_never_longer_than_whole() -> None:
    whole = page(ARTICLE, before=AROUND["header"], after=AROUND["footer"])
    assert len(text(whole, extract="main")) < len(text(whole, extract="full"))


def test_all_formats_say_the_same() -> None:
    whole = page(ARTICLE, before=AROUND["header"], after=AROUND["footer"])
    members = as_json(whole, extract="main")
    assert members["text"] == text(whole, extract="main")
    assert members["markdown"] == markdown(whole, extract="main")
    assert PROSE[2] in html_content(whole, extract="main")


def test_content_keeps_symbols_that_mark_its_places() -> None:
    marked = "<p>⌘ opens the ☂ menu ✓ of the harbour's own ⛵ programme, as ⎈ the manual says on its first page.</p>"
    assert "⌘ opens the ☂ menu ✓ of the harbour's own ⛵ programme, as ⎈ the manual" in text(
        page(ARTICLE + marked), extract="main"
    )


def test_page_of_more_texts_than_symbols_is_read() -> None:
    rows = "".join(
        f"<p>Ship {n} came in at noon, was unloaded by both cranes and left with the tide.</p>"
        for n in range(7000)
    )
    found = text(page(rows), extract="main")
    assert "Ship 0 came" in found
    assert "Ship 6999 came" in found
