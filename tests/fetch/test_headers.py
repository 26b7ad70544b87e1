"""Header fields: the multi-map of answers, and what a request may carry and where to."""

import pytest

from entrepot.errors import BadInput
from entrepot.fetch.headers import Headers, checked_headers, safe_across_origins, without_body

FIELDS = Headers(
    [("Set-Cookie", "a=s3cret"), ("X-One", "1"), ("set-cookie", "b"), ("Vary", "A, b"), ("vary", ",,C ")]
)


def test_names_match_in_any_case() -> None:
    assert FIELDS["x-ONE"] == FIELDS.get("X-one") == "1"
    assert "x-one" in FIELDS
    assert "x-two" not in FIELDS
    anything: object = 1
    assert anything not in FIELDS


def test_missing_field() -> None:
    assert FIELDS.get("X-Two") is None
    with pytest.raises(KeyError):
        FIELDS["X-Two"]


def test_repeated_field() -> None:
    assert FIELDS["Set-Cookie"] == "a=s3cret"
    assert FIELDS.get_all("SET-COOKIE") == ["a=s3cret", "b"]
    assert FIELDS.get_all("X-Two") == []


def test_names_come_once_in_their_order() -> None:
    assert list(FIELDS) == ["set-cookie", "x-one", "vary"]
    assert len(FIELDS) == 3
    assert len(Headers()) == 0


def test_list_is_read_over_all_its_lines() -> None:
    assert FIELDS.members("Vary") == ["a", "b", "c"]
    assert FIELDS.members("X-Two") == []


def test_picture_of_itself_holds_no_values() -> None:
    assert repr(FIELDS) == "Headers(set-cookie, x-one, vary)"


@pytest.mark.parametrize("value", ["", "a", "a b\tc", "caf\xe9", "x" * 8192, "a: b; c"])
def test_value_may_be_sent(value: str) -> None:
    assert checked_headers({"X-Any": value}) == {"X-Any": value}


@pytest.mark.parametrize(
    "value", ["a\r\nHost: b", "a\nb", "a\rb", "a\0b", "a\x7f", "\u2603", "x" * 8193, "a\x0bb"]
)
def test_value_may_not_be_sent(value: str) -> None:
    with pytest.raises(BadInput):
        checked_headers({"X-Any": value})


@pytest.mark.parametrize("name", ["", "a b", "a:b", "a\r\nb", "\xe9", "a(b)", "x" * 129, "a\0"])
def test_name_is_malformed(name: str) -> None:
    with pytest.raises(BadInput, match="name is not valid"):
        checked_headers({name: "a"})


@pytest.mark.parametrize(
    "name",
    ["Host", "host", "CONTENT-LENGTH", "Transfer-Encoding", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade",
     "Expect", "Accept-Encoding", "Proxy-Authorization", "proxy-anything"],
)  # fmt: skip
def test_field_belongs_to_the_client(name: str) -> None:
    with pytest.raises(BadInput, match="may not be set"):
        checked_headers({name: "a"})


def test_only_what_is_known_to_be_harmless_crosses_origins() -> None:
    harmless = {
        "Accept": "a",
        "accept-language": "b",
        "Range": "c",
        "If-Range": "d",
        "User-Agent": "e",
        "If-None-Match": "f",
    }
    secret = {"Authorization": "x", "Cookie": "x", "X-API-Key": "x", "Referer": "x", "Origin": "x", "X-Custom": "x",
              "Content-Type": "x", "Forwarded": "x"}  # fmt: skip
    assert safe_across_origins({**secret, **harmless}) == harmless


def test_request_that_lost_its_body_does_not_describe_one() -> None:
    kept = {"Accept": "a", "Authorization": "b"}
    described = {
        "Content-Type": "x",
        "content-encoding": "x",
        "Content-Language": "x",
        "Content-Location": "x",
    }
    assert without_body({**kept, **described}) == kept
