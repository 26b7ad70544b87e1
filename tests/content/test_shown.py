"""What a page shows of its author and day is found where its data is silent."""

import pytest

from entrepot.content.shown import day_in
from tests.content.reading import facts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("March 5, 2026", "2026-03-05"),
        ("Updated: Sept. 3rd, 2025 by us", "2025-09-03"),
        ("5 March 2026", "2026-03-05"),
        ("5th of March 2026", "2026-03-05"),
        ("19-Dec-2025", "2025-12-19"),
        ("2026-03-05T08:00", "2026-03-05"),
        ("2026/3/5", "2026-03-05"),
        ("12/25/2025", "2025-12-25"),
        ("25.12.2025", "2025-12-25"),
        ("03/04/2025", None),
        ("31 February 2026", None),
        ("2026-13-40", None),
        ("March 5, 1066", None),
        ("12026-03-05", None),
        ("soon", None),
        ("", None),
    ],
)
def test_day_in_a_text(text: str, expected: str | None) -> None:
    assert day_in(text) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>T</h1><p>By Ann Ash</p><p>x</p>", "Ann Ash"),
        ("<h1>T</h1><p>By <a href='/x'>Ann Ash</a> on 3 May 2025</p>", "Ann Ash"),
        ("<h1>T</h1><p>Written by</p><p>Ann Ash</p>", "Ann Ash"),
        ("<h1>T</h1><span class='post-author'>Ann Ash</span>", "Ann Ash"),
        ("<h1>T</h1><span class='byline'>By Ann Ash | May 3, 2025</span>", "Ann Ash"),
        ("<h1>T</h1><a href='/authors/ann'>Ann O’Hara-Ash</a>", "Ann O’Hara-Ash"),
        ("<div class='post'><a class='username' href='/members/7'>ropeman_7</a><p>x</p></div>", "ropeman_7"),
        ("<h1>T</h1><p>x</p><div class='comment'><span class='author'>Bo Birch</span></div>", None),
        ("<h1>T</h1><p>x</p><aside><span class='author'>Bo Birch</span></aside>", None),
        ("<h1>T</h1><p>By the sea, all cranes rust.</p>", None),
        ("<h1>T</h1><span class='author'>The Author</span>", None),
        ("<h1>T</h1><div class='author-box'>" + "A long story of a life. " * 20 + "</div>", None),
        ("<p>By Ann Ash</p>", None),
    ],
)
def test_author_is_read_from_the_byline(body: str, expected: str | None) -> None:
    assert facts(body=body).author == expected


@pytest.mark.parametrize(
    ("body", "url", "expected"),
    [
        ("<h1>T</h1><time>5 March 2026</time>", "https://h.example/", "2026-03-05"),
        ("<h1>T</h1><span class='entry-date'>March 5, 2026</span>", "https://h.example/", "2026-03-05"),
        ("<h1>T</h1><p>Posted on March 5, 2026</p>", "https://h.example/", "2026-03-05"),
        ("<h1>T</h1>", "https://h.example/2026/03/05/crane", "2026-03-05"),
        ("<h1>T</h1>", "https://h.example/news/2026-03-05-crane.html", "2026-03-05"),
        ("<h1>T</h1><footer><time datetime='2020-01-01'>then</time></footer>", "https://h.example/", None),
        ("<h1>T</h1><p>x</p>", "https://h.example/2026/crane", None),
        ("<h1>T</h1>", "https://[broken", None),
    ],
)
def test_day_is_read_from_what_is_shown(body: str, url: str, expected: str | None) -> None:
    assert facts(body=body, url=url).published_at == expected


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        ("<meta property='og:title' content='Ten cranes to see in 2026'>", "<h1>Ten cranes to see</h1>", "Ten cranes to see"),
        ("<meta property='og:title' content='Ten cranes'>", "<h1>Saltmere Gazette</h1>", "Ten cranes"),
        ("<title>Which rope? - Harbour forum</title>", "<h1>Harbour forum</h1>", "Which rope?"),
        ("<title>Which rope?</title>", "<h1>Which<br>rope?</h1>", "Which rope?"),
        ("", "<h1>Rope<a href='#rope'>¶</a></h1>", "Rope"),
        (f"<meta property='og:title' content='{'A crane is a crane. ' * 12}'>", "<h1>On cranes</h1>", "On cranes"),
    ],
)  # fmt: skip
def test_title_is_worded_as_the_heading_has_it(head: str, body: str, expected: str) -> None:
    assert facts(head, body).title == expected
