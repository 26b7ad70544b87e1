"""The author is read from the byline where the page's data is silent."""

import pytest

from tests.content.reading import facts

LONG = "A long story of a life. " * 20


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>T</h1><p>By Ann Ash</p><p>x</p>", "Ann Ash"),
        ("<p>By Ann Ash</p><h1>T</h1>", "Ann Ash"),
        ("<h1>T</h1><p>By <a href='/x'>Ann Ash</a> on 3 May 2025</p>", "Ann Ash"),
        ("<h1>T</h1><p>Written by</p><p>Ann Ash</p>", "Ann Ash"),
        ("<h1>T</h1><dl><dt>Author<b>:</b></dt><dd>Ann Ash &lt;ann at h&gt;</dd></dl>", "Ann Ash"),
        (f"<h1>T</h1><p>By Ann Ash, {'Deputy of the Keeper of ' * 3}Cranes</p>", "Ann Ash"),
        ("<h1>T</h1><span class='post-author'>Ann Ash</span>", "Ann Ash"),
        ("<h1>T</h1><span class='byline'>By Ann Ash | May 3, 2025</span>", "Ann Ash"),
        ("<h1>T</h1><span class='byline'>May 3, 2025 Ann Ash</span>", "Ann Ash"),
        ("<h1>T</h1><span class='author'>Harbour Staff</span>", "Harbour Staff"),
        ("<h1>T</h1><a href='/authors/ann'>Ann O’Hara-Ash</a>", "Ann O’Hara-Ash"),
        ("<h1>T</h1><a href='https://harbour.example/author/ann'>Ann Ash</a>", "Ann Ash"),
        ("<h1>T</h1><aside><a rel='author' href='https://x.example/'>Ann Ash</a></aside>", "Ann Ash"),
        ("<div class='post'><a class='username' href='/members/7'>ropeman_7</a><p>x</p></div>", "ropeman_7"),
        (f"<h1>T</h1><p>{LONG}</p><p>x</p>" + "<p>y</p>" * 40 + "<h3>Written by Ann Ash</h3>", "Ann Ash"),
        ("<h1>T</h1>" + "<p>y</p>" * 40 + "<p>Article by</p><p>Ann Ash</p>", "Ann Ash"),
        ("<h1>T</h1>" + "<p>y</p>" * 40 + "<p>By Ann Ash</p>", None),
        ("<h1>T</h1><a href='https://social.example/profile/harbour'>Sky Blue</a>", None),
        ("<h1>T</h1><a href='http://[/author/'>Sky Blue</a>", None),
        ("<h1>T</h1><a href='/members/'>Member Login</a>", None),
        ("<h1>T</h1><span class='author'>NB</span>", None),
        ("<h1>T</h1><p>x</p><div class='comment'><span class='author'>Bo Birch</span></div>", None),
        ("<h1>T</h1><p>x</p><aside><span class='author'>Bo Birch</span></aside>", None),
        ("<h1>T</h1><p>By the sea, all cranes rust.</p>", None),
        ("<h1>T</h1><span class='author'>The Author</span>", None),
        (f"<h1>T</h1><div class='author-box'>{LONG}</div>", None),
    ],
)
def test_author_is_read_from_the_byline(body: str, expected: str | None) -> None:
    assert facts(body=body).author == expected


def test_byline_of_the_content_goes_before_one_beside_it() -> None:
    body = "<div class='related'><b class='author'>Bo Birch</b></div><h1>T</h1><b class='author'>Ann Ash</b>"
    assert facts(body=body).author == "Ann Ash"
