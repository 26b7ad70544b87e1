"""What a page shows of its day is found where its data is silent, and is believed where it is earlier."""

import pytest

from tests.content.reading import facts

PLAIN = "https://h.example/"


def published(head: str = "", body: str = "<h1>T</h1>", url: str = PLAIN, root: str = "<html>") -> str | None:
    return facts(head, body, root=root, url=url).published_at


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>T</h1><time>5 March 2026</time>", "2026-03-05"),
        ("<h1>T</h1><time datetime='2026-03-05T08:00Z'>yesterday</time>", "2026-03-05"),
        ("<h1>T</h1><relative-time datetime='2026-03-05T08:00Z'>x</relative-time>", "2026-03-05"),
        ("<h1>T</h1><span class='entry-date'>March 5, 2026</span>", "2026-03-05"),
        ("<h1>T</h1><p>Posted on March 5, 2026</p>", "2026-03-05"),
        ("<p>March 5, 2026</p><h1>T</h1>", "2026-03-05"),
        ("<h1>Saltmere</h1>" + "<p>x</p>" * 60 + "<h2>T</h2>" + "<p>x</p>" * 60 + "<p>Posted: 5 March 2026</p>", "2026-03-05"),
        ("<h1>T</h1><article><aside><time>5 March 2026</time></aside></article>", "2026-03-05"),
        ("<h1>T</h1><p>Joined: 5 March 2006</p><p>Posted 5 March 2026</p>", "2026-03-05"),
        ("<time>7 July 2027</time><h1>T</h1><p>5 March 2026</p>", "2026-03-05"),
        ("<script>x = {published_at: '2026-03-05T08:00'}</script>", "2026-03-05"),
        ('<script>x = "{\\"datePublished\\":\\"2026-03-05\\"}"</script>', "2026-03-05"),
        ("<script>x = {publicationDate: '2026-03-05'}</script>", "2026-03-05"),
        ("<h1>T</h1>" + "<p>x</p>" * 60 + "<p>5 March 2026</p><p>March 5, 2026</p>", "2026-03-05"),
        ("<h1>T</h1>" + "<p>x</p>" * 60 + "<p>5 March 2026</p><p>March 6, 2026</p>", None),
        ("<h1>T</h1><span class='relativetime' title='2026-03-05 08:00:00Z'>two years ago</span>", "2026-03-05"),
        ("<script>x = {publishedAt: '2026-03-05', publishedAt: '2026-03-06'}</script>", None),
        ("<h1>T</h1><footer><time datetime='2020-01-01'>then</time></footer>", None),
        ("<h1>T</h1><p>© 5 March 2026</p>", None),
        (f"<h1>T</h1><p>{'x ' * 100}5 March 2026</p>", None),
    ],
)  # fmt: skip
def test_day_is_read_from_what_is_shown(body: str, expected: str | None) -> None:
    assert published(body=body) == expected


@pytest.mark.parametrize(
    ("language", "expected"),
    [("en-US", "2026-03-04"), ("en-GB", "2026-04-03"), ("de", "2026-04-03"), ("en", None), ("", None)],
)
def test_day_in_digits_is_read_in_the_page_s_language(language: str, expected: str | None) -> None:
    assert published(body="<h1>T</h1><p>03/04/2026</p>", root=f'<html lang="{language}">') == expected


DECLARED = '<meta property="article:published_time" content="{}">'


@pytest.mark.parametrize(
    ("declared", "url", "expected"),
    [
        ("2026-03-06T01:00:00Z", "https://h.example/2026/03/05/crane", "2026-03-05"),
        ("2026-03-05T08:00:00Z", "https://h.example/2026/03/05/crane", "2026-03-05T08:00:00+00:00"),
        ("", "https://h.example/2026/03/05/crane", "2026-03-05"),
        ("2026-03-06", "https://h.example/2026/crane", "2026-03-06"),
    ],
)
def test_day_in_the_address_is_believed_first(declared: str, url: str, expected: str) -> None:
    assert published(DECLARED.format(declared), url=url) == expected


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ("5 March 2023", "2023-03-05"),
        ("Updated 5 March 2027", "2026-03-05"),
        ("4 March 2026", "2026-03-05"),
        ("Joined 5 March 2003", "2026-03-05"),
    ],
)
def test_earlier_day_below_the_heading_is_believed_over_data(shown: str, expected: str) -> None:
    assert published(DECLARED.format("2026-03-05"), f"<h1>T</h1><p>{shown}</p>") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<h1>T</h1><p>Last updated: March 5, 2026</p>", "2026-03-05"),
        ("<h1>T</h1><p><b>Updated</b> <i>March 5, 2026</i></p>", "2026-03-05"),
        ("<p>Modified on 5 March 2026</p><h1>T</h1>", "2026-03-05"),
        ("<h1>T</h1><p>Posted March 1, 2026</p><p>Updated March 5, 2026</p>", "2026-03-05"),
        ("<h1>T</h1><p>Posted March 1, 2026</p>", None),
        ("<h1>T</h1><p>Updated cranes are better.</p>", None),
    ],
)
def test_day_of_the_last_change_is_read_from_what_is_shown(body: str, expected: str | None) -> None:
    assert facts(body=body, url=PLAIN).modified_at == expected


def test_day_of_the_last_change_in_data_goes_before_one_that_is_shown() -> None:
    head = '<meta property="article:modified_time" content="2026-03-04">'
    assert facts(head, "<h1>T</h1><p>Updated March 5, 2026</p>").modified_at == "2026-03-04"
