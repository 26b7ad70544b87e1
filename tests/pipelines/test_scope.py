"""Which pages belong to a crawl, and which addresses mean the same page."""

from typing import Any

import pytest

from entrepot.errors import BadInput
from entrepot.fetch.url import parse_url
from entrepot.pipelines.scope import CrawlRules, Patterns, Scope, page_key


def admits(start: str, url: str, depth: int = 1, landed: str | None = None, **rules: Any) -> bool:
    scope = Scope(CrawlRules(**rules), parse_url(start), parse_url(landed) if landed else None)
    return scope.admits(parse_url(url), depth)


@pytest.mark.parametrize(
    ("start", "url", "rules", "expected"),
    [
        ("https://a.example/", "https://a.example/b", {}, True),
        ("https://a.example/", "http://www.a.example/b", {}, True),
        ("https://a.example/", "https://a.example:8443/b", {}, False),
        ("https://a.example/", "https://b.example/", {}, False),
        ("https://a.example/", "https://b.example/", {"allow_external_links": True}, True),
        ("https://a.example/", "https://sub.a.example/", {}, False),
        ("https://a.example/", "https://sub.a.example/", {"allow_subdomains": True}, True),
        ("https://a.example/", "https://evila.example/", {"allow_subdomains": True}, False),
        ("https://a.example/docs", "https://a.example/docs/x", {}, True),
        ("https://a.example/docs", "https://a.example/blog", {}, False),
        ("https://a.example/docs", "https://a.example/blog", {"crawl_entire_domain": True}, True),
        ("https://a.example/docs/index.html", "https://a.example/docs/x", {}, True),
        ("https://a.example/docs/index.html", "https://a.example/blog", {}, False),
        ("https://a.example/", "https://a.example/p.PNG", {}, False),
        ("https://a.example/", "https://a.example/p.pdf", {}, True),
        ("https://a.example/", "https://a.example/b", {"include_paths": ("^/c",)}, False),
        ("https://a.example/", "https://a.example/c/d", {"include_paths": ("^/c",)}, True),
        ("https://a.example/", "https://a.example/c/d", {"exclude_paths": ("d$",)}, False),
        ("https://a.example/", "https://a.example/c?d=1", {"exclude_paths": ("d=1",)}, True),
        ("https://a.example/", "https://a.example/c?d=1", {"exclude_paths": ("d=1",), "regex_on_full_url": True}, False),
    ],
)  # fmt: skip
def test_scope_is_the_site_below_the_first_page(
    start: str, url: str, rules: dict[str, Any], expected: bool
) -> None:
    assert admits(start, url, **rules) is expected


@pytest.mark.parametrize(("depth", "expected"), [(0, True), (2, True), (3, False)])
def test_depth_is_bounded(depth: int, expected: bool) -> None:
    assert admits("https://a.example/", "https://a.example/b", depth, max_depth=2) is expected


def test_site_that_the_first_page_redirects_to_belongs_to_it() -> None:
    assert admits("https://a.example/", "https://b.example/x", landed="https://b.example/home")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/b", "http://a.example/b"),
        ("https://a.example/b", "https://www.a.example/b/"),
        ("https://a.example/", "https://a.example/index.html"),
        ("https://a.example/b/", "https://a.example/b/index.php"),
        ("https://a.example/b?x=1&y=2", "https://a.example/b?y=2&x=1"),
        ("https://a.example/b?x=1", "https://a.example/b?x=1&utm_source=mail&fbclid=abc"),
        ("https://a.example/b", "https://a.example/b#part"),
    ],
)
def test_similar_addresses_share_a_key(one: str, other: str) -> None:
    plain = {"ignore_query": False, "deduplicate_similar": True}
    assert page_key(parse_url(one), **plain) == page_key(parse_url(other), **plain)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/b", "https://a.example/c"),
        ("https://a.example/b?x=1", "https://a.example/b?x=2"),
        ("https://a.example/b", "https://a.example:8443/b"),
        ("https://a.example/B", "https://a.example/b"),
    ],
)
def test_other_pages_have_other_keys(one: str, other: str) -> None:
    plain = {"ignore_query": False, "deduplicate_similar": True}
    assert page_key(parse_url(one), **plain) != page_key(parse_url(other), **plain)


def test_exact_keys_tell_similar_addresses_apart() -> None:
    exact = {"ignore_query": False, "deduplicate_similar": False}
    assert page_key(parse_url("https://a.example/b"), **exact) != page_key(
        parse_url("https://a.example/b/"), **exact
    )


def test_query_may_be_ignored() -> None:
    keys = {
        page_key(parse_url(f"https://a.example/b{query}"), ignore_query=True, deduplicate_similar=False)
        for query in ("", "?x=1", "?y")
    }
    assert len(keys) == 1


@pytest.mark.parametrize(
    "pattern", ["(", "(?=a)", r"(a)\1", "a" * 1001, "((((a{100}){100}){100}){100})", "[[:nonsense:]]"]
)
def test_pattern_that_cannot_be_used_is_told(pattern: str) -> None:
    with pytest.raises(BadInput, match="pattern"):
        Patterns([pattern])


def test_hostile_pattern_takes_no_longer_than_another() -> None:
    assert not Patterns(["^(a+)+$", "(a|aa)*c", "(.*a){25}b"]).match("/" + "a" * 8000 + "!")


def test_rules_survive_being_written_down() -> None:
    rules = CrawlRules(limit=5, include_paths=("a",), delay_seconds=1.5)
    assert CrawlRules.from_dict(rules.as_dict()) == rules
