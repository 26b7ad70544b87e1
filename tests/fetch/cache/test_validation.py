"""Conditional requests, what a 304 changes, and what unsafe methods make invalid."""

import pytest

from entrepot.fetch.cache.fields import kept_fields, updated_fields
from entrepot.fetch.cache.policy import Answer
from entrepot.fetch.cache.validation import conditions, invalidated_urls
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import parse_url

URL = parse_url("https://example.com/a/b")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], {}),
        ([("ETag", 'W/"1"')], {"If-None-Match": 'W/"1"'}),
        ([("Last-Modified", "x")], {"If-Modified-Since": "x"}),
        ([("ETag", '"1"'), ("Last-Modified", "x")], {"If-None-Match": '"1"', "If-Modified-Since": "x"}),
    ],
)
def test_stored_validators_make_the_conditions(
    lines: list[tuple[str, str]], expected: dict[str, str]
) -> None:
    assert conditions(Answer(200, Headers(lines), 0, 0)) == expected


@pytest.mark.parametrize(
    "name",
    [
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
        "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade",
    ],
)  # fmt: skip
def test_connections_own_fields_are_not_kept(name: str) -> None:
    assert kept_fields(Headers([(name, "x"), ("Kept", "y")]), is_shared=False).lines() == [("Kept", "y")]


@pytest.mark.parametrize(
    ("line", "shared", "private"),
    [
        (("Connection", "a, B"), {"c"}, {"c"}),
        (("Cache-Control", 'no-cache="a, b"'), {"cache-control", "c"}, {"cache-control", "c"}),
        (("Cache-Control", 'private="a"'), {"cache-control", "b", "c"}, {"cache-control", "a", "b", "c"}),
    ],
)
def test_named_fields_are_not_kept(line: tuple[str, str], shared: set[str], private: set[str]) -> None:
    headers = Headers([line, ("A", "1"), ("B", "2"), ("C", "3")])
    assert set(kept_fields(headers, is_shared=True)) == shared
    assert set(kept_fields(headers, is_shared=False)) == private


def test_304_updates_what_it_names_and_leaves_the_rest() -> None:
    stored = Headers([("A", "1"), ("A", "2"), ("B", "1"), ("Age", "50"), ("Date", "old")])
    found = updated_fields(stored, Headers([("a", "9"), ("Date", "new")]), is_shared=True)
    assert found.lines() == [("B", "1"), ("a", "9"), ("Date", "new")]


@pytest.mark.parametrize(
    "name", ["Content-Encoding", "Content-Length", "Content-MD5", "Content-Range", "ETag"]
)
def test_304_does_not_change_what_describes_the_body(name: str) -> None:
    found = updated_fields(Headers([(name, "old")]), Headers([(name, "new")]), is_shared=True)
    assert found.lines() == [(name, "old")]


@pytest.mark.parametrize(
    ("method", "status", "expected"),
    [
        ("POST", 200, True), ("PUT", 204, True), ("DELETE", 302, True), ("M-SEARCH", 200, True),
        ("POST", 404, False), ("POST", 500, False), ("GET", 200, False), ("HEAD", 200, False), ("OPTIONS", 200, False),
    ],
)  # fmt: skip
def test_unsafe_methods_that_succeed_make_their_url_invalid(method: str, status: int, expected: bool) -> None:
    assert (URL in invalidated_urls(method, URL, status, Headers())) is expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("/c", ["https://example.com/c"]),
        ("c", ["https://example.com/a/c"]),
        ("https://example.com/d", ["https://example.com/d"]),
        ("https://elsewhere.com/d", []),
        ("http://example.com/d", []),
        ("ftp://example.com/", []),
        ("http://[", []),
    ],
)
@pytest.mark.parametrize("name", ["Location", "Content-Location"])
def test_named_urls_of_the_same_origin_are_invalid_too(
    name: str, reference: str, expected: list[str]
) -> None:
    found = invalidated_urls("POST", URL, 200, Headers([(name, reference)]))
    assert [str(url) for url in found[1:]] == expected
