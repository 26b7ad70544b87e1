"""A page's title is the likeliest of those that it gives, without the site's name."""

import pytest

from entrepot.content.facts.title import WEIGHTS, Titles, candidates, heading_line, page_title, traits
from entrepot.content.markup.tree import parse_html
from tests.content.reading import facts

URL = "https://harbour.example/news/ten-cranes-to-see"


@pytest.mark.parametrize(
    ("titles", "expected"),
    [
        (Titles(), None),
        (Titles(window="Ten cranes"), "Ten cranes"),
        (Titles(("Ten cranes to see in 2026",), headings=("Ten cranes to see",), url=URL), "Ten cranes to see"),
        (Titles(("Ten cranes to see",), headings=("Saltmere",), url=URL), "Ten cranes to see"),
        (Titles(("Wikimedia list article",), headings=("Ten cranes to see",), url=URL), "Ten cranes to see"),
        (Titles(("Ten cranes",), window="Ten cranes to see: our list", url=URL), "Ten cranes"),
        (Titles(("A", "B"), window="C"), "A"),
        (Titles((), window="Ten cranes | Harbour", url=URL), "Ten cranes"),
        (Titles((), window="harbour.example: Ten cranes", url=URL), "Ten cranes"),
        (Titles((), window="Ten cranes — Saltmere Net", site_name="Saltmere Net", url=URL), "Ten cranes"),
        (Titles((), window="Harbour – cranes for all", url="https://harbour.example/"), "Harbour – cranes for all"),
        (Titles((), window="Harbour", url=URL), "Harbour"),
        (Titles((), window="Which rope? | Talk", headings=("Which rope?",), url=URL), "Which rope?"),
        (Titles((), window="Talk: Which rope is best?", headings=("Which rope is best?",), url=URL), "Which rope is best?"),
        (Titles(("It's a crane",), headings=("It’s a crane",), url=URL), "It’s a crane"),
        (Titles(("Ten cranes",), headings=("TEN CRANES",), url=URL), "Ten cranes"),
        (Titles((), window="| Ten cranes ⋆", url=URL), "Ten cranes"),
        (Titles((), window="|", url=URL), None),
        (Titles(("Ten cranes",), url="https://[broken"), "Ten cranes"),
    ],
)  # fmt: skip
def test_likeliest_title_is_taken(titles: Titles, expected: str | None) -> None:
    assert page_title(titles) == expected


def test_every_candidate_has_a_number_for_each_weight() -> None:
    titles = Titles(("A crane", "Cranes"), "Cranes of Saltmere", ("A crane", "B", "C"), "Saltmere", URL)
    rows = traits(titles, candidates(titles))
    assert {len(row) for row in rows} == {len(WEIGHTS)}
    assert all(0 <= number <= 1 for row in rows for number in row)


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("Which<br>rope?", "Which rope?"),
        ("<span>News</span><span>Which rope?</span>", "News Which rope?"),
        ("<span>Which rope?</span>Ask here", "Which rope? Ask here"),
        ("<b>W</b>hich rope?", "Which rope?"),
        ("CO<sub>2</sub>", "CO2"),
        ("Rope<a href='#rope'>¶</a>", "Rope"),
        ("Rope <button>Copy path</button>", "Rope"),
        ("Rope<x-actions>Save for later</x-actions>, too", "Rope, too"),
        ("", ""),
    ],
)
def test_heading_says_one_line(inner: str, expected: str) -> None:
    heading = parse_html(f"<h1>{inner}</h1>").find(".//h1")
    assert heading is not None
    assert heading_line(heading) == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<title>Which rope?</title>", "<h1>Which<br>rope?</h1>", "Which rope?"),
        ("", "<h1>Rope<a href='#rope'>¶</a></h1>", "Rope"),
        ("", "<h1></h1><h1>Rope</h1>", "Rope"),
        ("", "<svg><title>Logo</title></svg>", "Logo"),
    ],
)
def test_title_of_a_page(head: str, body: str, expected: str) -> None:
    assert facts(head, body).title == expected
