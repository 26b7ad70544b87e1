"""How an address is read out of a path."""

import pytest
from starlette.requests import Request

from entrepot.api.address import address_in


def _request(path: str, query: str) -> Request:
    return Request(
        {
            "type": "http",
            "method": "GET",
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [],
        }
    )


@pytest.mark.parametrize("prefix", ["/r/", "/"])
@pytest.mark.parametrize(
    ("written", "query", "expected"),
    [
        ("https://a.example/x", "", "https://a.example/x"),
        ("https://a.example/x", "q=1&r=a%20b", "https://a.example/x?q=1&r=a%20b"),
        ("https:/a.example/x", "", "https://a.example/x"),
        ("https:a.example/x", "", "https://a.example/x"),
        ("https:////a.example/x", "", "https://a.example/x"),
        ("HTTPS://a.example/X", "", "HTTPS://a.example/X"),
        ("https%3A%2F%2Fa.example%2Fx%3Fq%3D1", "", "https://a.example/x?q=1"),
        ("https%3a%2f%2fa.example%2fa%2520b", "", "https://a.example/a%20b"),
        ("a.example:8080/x", "", "https://a.example:8080/x"),
        ("https://a.example/a%2Fb%3Fc", "", "https://a.example/a%2Fb%3Fc"),
        ("https://a.example/http://b.example/", "", "https://a.example/http://b.example/"),
        ("https://a.example/r/x", "", "https://a.example/r/x"),
        ("ftp://a.example/x", "", "ftp://a.example/x"),
    ],
)
def test_address_is_read_as_the_caller_wrote_it(prefix: str, written: str, query: str, expected: str) -> None:
    assert address_in(_request(f"{prefix}{written}", query), prefix) == expected
