"""What robots.txt allows (RFC 9309)."""

import pytest

from entrepot.pipelines.robots import ALLOWS_ALL, FORBIDS_ALL, MAX_BYTES, read_robots

AGENT = "Entrepot/0.1 (+https://example.com)"


@pytest.mark.parametrize(
    ("rules", "target", "is_allowed"),
    [
        ("Disallow: /private", "/private/a", False),
        ("Disallow: /private", "/privately", False),
        ("Disallow: /private/", "/private", True),
        ("Disallow:", "/a", True),
        ("Disallow: /", "/", False),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Allow: /a/b\nDisallow: /a", "/a/c", False),
        ("Disallow: /a\nAllow: /a", "/a", True),
        ("Disallow: *.pdf$", "/x/y.pdf", False),
        ("Disallow: *.pdf$", "/x/y.pdf?a", True),
        ("Disallow: /*/b*/c", "/a/b1/c", False),
        ("Disallow: /*/b*/c", "/a/c/b", True),
        ("Disallow: /a$", "/a", False),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /*a*$", "/bab", False),
        ("Disallow: /aba*ba$", "/aba", True),
        ("Disallow: /*?", "/a?b=1", False),
        ("Disallow: /a%3cd.html", "/a%3Cd.html", False),
        ("Disallow: /%7Ejoe/", "/~joe/x", False),
        ("Disallow: /ä", "/%C3%A4", False),
        ("Disallow: private", "/private", False),
    ],
)
def test_longest_rule_decides(rules: str, target: str, is_allowed: bool) -> None:
    assert read_robots(f"User-agent: *\n{rules}".encode(), AGENT).allows(target) is is_allowed


@pytest.mark.parametrize(
    ("text", "is_allowed"),
    [
        ("User-agent: entrepot\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: *\nDisallow: /\n\nUser-agent: EntrePot\nAllow: /", True),
        ("User-agent: other\nUser-agent: entrepot\nDisallow: /", False),
        ("User-agent: other\nDisallow: /\nUser-agent: entrepot\nDisallow: /b", True),
        (
            "User-agent: entrepot\nDisallow: /b\nUser-agent: x\nDisallow:\nUser-agent: entrepot\nDisallow: /",
            False,
        ),
        ("User-agent: entrepot\n\nUser-agent: *\nDisallow: /", False),
        ("User-agent: entrepot\nSitemap: /s.xml\nDisallow: /", False),
        ("Disallow: /", True),
        ("\ufeffUser-Agent : * # all\r\nDISALLOW : / # nothing", False),
        ("User-agent: entrepotbot\nDisallow: /", True),
        ("User-agent: entrepot/2.0\nDisallow: /", False),
        ("<html>nothing of the kind</html>", True),
        ("", True),
    ],
)
def test_groups_that_name_us_count_and_else_those_for_all(text: str, is_allowed: bool) -> None:
    assert read_robots(text.encode(), AGENT).allows("/a") is is_allowed


def test_group_for_us_replaces_that_for_all() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /a\n\nUser-agent: entrepot\nDisallow: /b", AGENT)
    assert (robots.allows("/a"), robots.allows("/b")) == (True, False)


@pytest.mark.parametrize(
    ("value", "delay_seconds"),
    [("2", 2.0), ("0.5", 0.5), ("99999", 300.0), ("soon", None), ("-1", None), ("1e9", None)],
)
def test_delay_is_read_and_bounded(value: str, delay_seconds: float | None) -> None:
    assert read_robots(f"User-agent: *\nCrawl-delay: {value}".encode(), AGENT).delay_seconds == delay_seconds


def test_sitemaps_are_listed_wherever_they_stand() -> None:
    text = b"Sitemap: https://a.example/1.xml\nUser-agent: x\nDisallow: /\nsitemap: https://a.example/2.xml"
    assert read_robots(text, AGENT).sitemaps == ("https://a.example/1.xml", "https://a.example/2.xml")


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    text = b"User-agent: *\nDisallow: /a\n" + b"#" * MAX_BYTES + b"\nDisallow: /b"
    robots = read_robots(text, AGENT)
    assert (robots.allows("/a"), robots.allows("/b")) == (False, True)


def test_hostile_pattern_does_not_take_for_ever() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /" + b"*a" * 400 + b"b$", AGENT)
    assert robots.allows("/" + "a" * 8000)


def test_all_and_nothing() -> None:
    assert ALLOWS_ALL.allows("/a?b")
    assert not FORBIDS_ALL.allows("/")
