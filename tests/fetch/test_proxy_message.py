"""Heads as the guard proxy reads and rewrites them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import BadInput, UpstreamBroken
from entrepot.fetch.proxy_message import (
    MAX_FIELDS,
    RequestHead,
    body_bytes,
    parse_request_head,
    rewrite_response,
    write_request,
)
from entrepot.fetch.url import parse_url


def test_request_head_is_read() -> None:
    head = parse_request_head(
        b"GET http://a.org/?b HTTP/1.1\r\nHost: a.org\r\nX-Two:  b\tc \r\nx-two:\r\nX-Raw: \xe9"
    )
    assert (head.method, head.target) == ("GET", "http://a.org/?b")
    assert head.fields == (("Host", "a.org"), ("X-Two", "b\tc"), ("x-two", ""), ("X-Raw", "\xe9"))
    assert head.values("x-two") == ["b\tc", ""]


def test_request_head_without_fields() -> None:
    assert parse_request_head(b"CONNECT a.org:443 HTTP/1.0") == RequestHead("CONNECT", "a.org:443", ())


@pytest.mark.parametrize(
    "data",
    [b"", b"GET", b"GET / HTTP/2", b"GET / HTTP/1.2", b"GET / HTTP/1.1 ", b"GET  / HTTP/1.1", b"GET / x HTTP/1.1",
     b"GET /\xe9 HTTP/1.1", b"GET /\0 HTTP/1.1", b"G(T / HTTP/1.1", b" GET / HTTP/1.1", b"GET / HTTP/1.1\nHost: a",
     b"GET /" + b"a" * 9000 + b" HTTP/1.1", b"GET / HTTP/1.1\r\nno colon", b"GET / HTTP/1.1\r\nA : b",
     b"GET / HTTP/1.1\r\n folded: a", b"GET / HTTP/1.1\r\nA: b\r\n c", b"GET / HTTP/1.1\r\nA: b\nC: d",
     b"GET / HTTP/1.1\r\nA: \0", b"GET / HTTP/1.1\r\nA: b\rC: d", b"GET / HTTP/1.1\r\n: b", b"GET / HTTP/1.1\r\n",
     b"GET / HTTP/1.1" + b"\r\nA: b" * (MAX_FIELDS + 1)],
)  # fmt: skip
def test_odd_request_head_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        parse_request_head(data)


def _head(*fields: tuple[str, str], method: str = "POST", target: str = "http://a.org/") -> RequestHead:
    return RequestHead(method, target, fields)


@pytest.mark.parametrize(
    ("fields", "size"), [([], 0), ([("Content-Length", "12")], 12), ([("content-length", "0")], 0)]
)
def test_size_of_the_body(fields: list[tuple[str, str]], size: int) -> None:
    assert body_bytes(_head(*fields)) == size


@pytest.mark.parametrize(
    "fields",
    [[("Transfer-Encoding", "chunked")], [("Transfer-Encoding", "")], [("Content-Length", "1"), ("content-length", "1")],
     [("Content-Length", "1, 1")], [("Content-Length", "-1")], [("Content-Length", "+1")], [("Content-Length", "")],
     [("Content-Length", "0x1")], [("Content-Length", "9" * 19)], [("Content-Length", "\xb2")]],
)  # fmt: skip
def test_body_of_unclear_size_is_refused(fields: list[tuple[str, str]]) -> None:
    with pytest.raises(BadInput):
        body_bytes(_head(*fields))


def test_request_is_written_for_the_origin() -> None:
    head = _head(
        ("Host", "evil.example"), ("Accept", "*/*"), ("Proxy-Authorization", "Basic x"), ("Proxy-Connection", "Keep-Alive"),
        ("Connection", "X-Hop, close"), ("X-Hop", "1"), ("Keep-Alive", "5"), ("TE", "trailers"), ("Expect", "100-continue"),
        ("Upgrade", "h2c"), ("HTTP2-Settings", "x"), ("Trailer", "x"), ("Cookie", "caf\xe9"),
        method="GET", target="http://A.org:8080/%7Ea/../b?c=%20#d",
    )  # fmt: skip
    assert write_request(head, parse_url("http://A.org:8080/")) == (
        b"GET /%7Ea/../b?c=%20 HTTP/1.1\r\nHost: a.org:8080\r\nAccept: */*\r\nCookie: caf\xe9\r\nConnection: close\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("target", "sent"),
    [("http://a.org", "/"), ("http://a.org?b", "/?b"), ("http://a.org/?", "/?"), ("http://a.org#b", "/"),
     ("HTTP://a.org/b/./c", "/b/./c"), ("http:a", "/x"), ("http://a.org/http://b.org/", "/http://b.org/")],
)  # fmt: skip
def test_path_is_sent_as_written(target: str, sent: str) -> None:
    request = write_request(_head(target=target), parse_url("http://a.org/x"))
    assert request.split(b" ")[1].decode() == sent


def test_answer_is_handed_on_without_this_hops_fields() -> None:
    status, head = rewrite_response(
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive,\r\n x\r\nKeep-Alive: 5\r\nUpgrade: h2c\r\n"
        b"Proxy-Authenticate: Basic\r\nX-Entrepot-Refusal: a-lie\r\nTransfer-Encoding: chunked\r\nX-Folded: a\r\n b"
    )
    assert status == 200
    assert head == (
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nX-Folded: a\r\n b\r\nConnection: close\r\n\r\n"
    )


def test_answer_with_bare_line_feeds_is_understood() -> None:
    assert rewrite_response(b"HTTP/1.0 404\nA: b") == (
        404,
        b"HTTP/1.0 404\r\nA: b\r\nConnection: close\r\n\r\n",
    )


@pytest.mark.parametrize(
    "data", [b"", b"SSH-2.0-x", b"HTTP/2 200", b"HTTP/1.1 20", b"HTTP/1.1 099 x", b"<html>", b"ICY 200 OK"]
)
def test_what_is_no_answer_is_refused(data: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        rewrite_response(data)


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from([b"", b"GET http://a.org/ HTTP/1.1\r\n"]))
def test_no_request_head_slips_a_line_through(data: bytes, start: bytes) -> None:
    """What is sent on has as many lines as there are fields, whatever bytes came."""
    try:
        head = parse_request_head(start + data)
    except BadInput:
        return
    sent = write_request(head, parse_url("http://a.org/"))
    assert len(sent.split(b"\r\n")) <= len(head.fields) + 5
    assert sent.count(b"\n") == sent.count(b"\r\n") == sent.count(b"\r")
