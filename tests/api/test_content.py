"""How the content door reads an address out of a path, and what it takes for active."""

import pytest
from starlette.requests import Request

from entrepot.api.address import address_in
from entrepot.api.content_answer import may_run


def _request(path: str, query: str = "") -> Request:
    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": f"/r/{path}".encode(),
        "query_string": query.encode(),
        "headers": [],
    }
    return Request(scope)


@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("https://a.example/x", "", "https://a.example/x"),
        ("http://a.example:8080/x/", "", "http://a.example:8080/x/"),
        ("https://a.example/x", "q=1&r=a%20b", "https://a.example/x?q=1&r=a%20b"),
        ("https:/a.example/x", "", "https://a.example/x"),
        ("https:a.example/x", "", "https://a.example/x"),
        ("HTTPS://a.example/X", "", "HTTPS://a.example/X"),
        ("https%3A%2F%2Fa.example%2Fx%3Fq%3D1", "", "https://a.example/x?q=1"),
        ("https%3a%2f%2fa.example%2fa%2520b", "", "https://a.example/a%20b"),
        ("a.example/x", "", "https://a.example/x"),
        ("a.example:8080/x", "", "https://a.example:8080/x"),
        ("a.example/x", "url=http://b.example/", "https://a.example/x?url=http://b.example/"),
        ("https://a.example/a%2Fb%3Fc", "", "https://a.example/a%2Fb%3Fc"),
        ("https://a.example/http://b.example/", "", "https://a.example/http://b.example/"),
        ("https://a.example/r/x", "", "https://a.example/r/x"),
        ("ftp://a.example/x", "", "ftp://a.example/x"),
        ("https:////a.example/x", "", "https://a.example/x"),
    ],
)
def test_address_is_read_as_the_caller_wrote_it(path: str, query: str, expected: str) -> None:
    assert address_in(_request(path, query), "/r/") == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/html; charset=utf-8", True),
        ("image/svg+xml", True),
        ("application/xhtml+xml", True),
        ("text/xml", True),
        ("application/pdf", True),
        ("application/octet-stream", True),
        ("text/javascript", True),
        ("", True),
        ("nonsense", True),
        ("image/png", False),
        ("video/mp4", False),
        ("audio/mpeg", False),
        ("text/plain; charset=utf-8", False),
        ("font/woff2", False),
    ],
)
def test_only_what_surely_does_not_run_is_let_out_of_the_sandbox(media_type: str, expected: bool) -> None:
    assert may_run(media_type) is expected
