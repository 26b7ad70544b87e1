"""Heads read line by line: the final answer's, its framing checked, its size bounded."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import UpstreamBroken
from entrepot.fetch.head import MAX_HEAD_BYTES, Head, HeadReader


def read(*lines: bytes) -> Head | None:
    """What the lines, each without its end, amount to."""
    reader = HeadReader()
    for line in lines:
        reader.feed(line + b"\r\n")
    return reader.head


def whole(*lines: bytes) -> Head:
    head = read(*lines, b"")
    assert head is not None
    return head


@pytest.mark.parametrize(
    ("line", "status", "version"),
    [(b"HTTP/1.1 200 OK", 200, 11), (b"HTTP/1.0 404 Not Found", 404, 10), (b"HTTP/2 204", 204, 20),
     (b"HTTP/3 200 ", 200, 30), (b"HTTP/1.1 999 \xff\xfe", 999, 11)],
)  # fmt: skip
def test_status_line(line: bytes, status: int, version: int) -> None:
    head = whole(line)
    assert (head.status, head.http_version, len(head.headers)) == (status, version, 0)


def test_head_is_there_only_when_it_is_whole() -> None:
    assert read(b"HTTP/1.1 200 OK", b"Content-Length: 5") is None


def test_interim_answers_are_passed_over() -> None:
    head = whole(
        b"HTTP/1.1 103 Early Hints",
        b"Link: a",
        b"",
        b"HTTP/1.1 100 Continue",
        b"",
        b"HTTP/1.1 200 OK",
        b"X: y",
    )
    assert (head.status, dict(head.headers)) == (200, {"x": "y"})


@pytest.mark.parametrize(
    ("line", "value"),
    [(b"X: a", "a"), (b"x:a", "a"), (b"X: \t a b \t", "a b"), (b"X:", ""), (b"X: a: b", "a: b"),
     (b"X: caf\xc3\xa9", "caf\xe9"), (b"X: caf\xe9", "caf\xe9"), (b"X: \xe2\x98\x83", "\u2603")],
)  # fmt: skip
def test_field(line: bytes, value: str) -> None:
    assert whole(b"HTTP/1.1 200 OK", line).headers["X"] == value


@pytest.mark.parametrize(
    "line", [b"no colon", b": no name", b"X Y: a", b"X : a", b"\xc3\xa9: a", b"X\x00: a"]
)
def test_line_that_is_no_field_is_left_out(line: bytes) -> None:
    assert dict(whole(b"HTTP/1.1 200 OK", line, b"Y: b").headers) == {"y": "b"}


@pytest.mark.parametrize(
    ("lines", "value"),
    [
        ([b"X: a", b" b"], "a b"),
        ([b"X: a", b"\tb", b"  c"], "a b c"),
        ([b"X:", b" b"], "b"),
        ([b"X: a", b" "], "a"),
    ],
)
def test_folded_lines_are_joined(lines: list[bytes], value: str) -> None:
    assert whole(b"HTTP/1.1 200 OK", *lines).headers["X"] == value


def test_folded_line_without_a_field_is_left_out() -> None:
    assert len(whole(b"HTTP/1.1 200 OK", b" folded").headers) == 0


def test_trailers_are_not_used() -> None:
    assert dict(whole(b"HTTP/1.1 200 OK", b"X: a", b"", b"X: b", b"Y: c").headers) == {"x": "a"}


def test_unasked_upgrade_is_refused() -> None:
    with pytest.raises(UpstreamBroken):
        read(b"HTTP/1.1 101 Switching Protocols", b"")


def test_size_is_counted_over_everything() -> None:
    reader = HeadReader()
    for line in (b"HTTP/1.1 103 Early Hints\r\n", b"\r\n", b"HTTP/1.1 200 OK\r\n", b"\r\n"):
        reader.feed(line)
    with pytest.raises(UpstreamBroken, match="too large"):
        reader.feed(b"X: " + b"a" * MAX_HEAD_BYTES)


def test_empty_head_is_none() -> None:
    assert read(b"", b"X: y", b"") is None


@pytest.mark.parametrize(
    ("lengths", "length"),
    [([], None), ([b"5"], 5), ([b"5", b"5"], 5), ([b"5, 5"], 5), ([b"0"], 0), ([b"9" * 18], int("9" * 18))],
)
def test_content_length(lengths: list[bytes], length: int | None) -> None:
    head = whole(b"HTTP/1.1 200 OK", *(b"Content-Length: " + value for value in lengths))
    assert head.content_length == length


@pytest.mark.parametrize("lengths", [[b"5", b"6"], [b"5, 6"], [b"-5"], [b"+5"], [b"5x"], [b"0x5"], [b"5.0"], [b"9" * 19],
                                     ["\u0665".encode()]])  # fmt: skip
def test_contradictory_length_is_refused(lengths: list[bytes]) -> None:
    with pytest.raises(UpstreamBroken):
        whole(b"HTTP/1.1 200 OK", *(b"Content-Length: " + value for value in lengths))


def test_transfer_coding_overrides_the_length() -> None:
    assert (
        whole(b"HTTP/1.1 200 OK", b"Content-Length: 5", b"Transfer-Encoding: chunked").content_length is None
    )


@pytest.mark.parametrize(
    ("lines", "method", "is_delimited"),
    [([b"HTTP/1.1 200 OK"], "GET", False), ([b"HTTP/1.1 200 OK"], "HEAD", True), ([b"HTTP/1.1 204 No"], "GET", True),
     ([b"HTTP/1.1 304 Not"], "GET", True), ([b"HTTP/2 200"], "GET", True), ([b"HTTP/3 200"], "GET", True),
     ([b"HTTP/1.1 200 OK", b"Content-Length: 0"], "GET", True),
     ([b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip, Chunked"], "GET", True),
     ([b"HTTP/1.1 200 OK", b"Transfer-Encoding: gzip"], "GET", False),
     ([b"HTTP/1.0 200 OK", b"Content-Length: 5", b"Transfer-Encoding: gzip"], "GET", False)],
)  # fmt: skip
def test_end_of_the_body_is_marked(lines: list[bytes], method: str, is_delimited: bool) -> None:
    assert whole(*lines).is_delimited(method) is is_delimited


@settings(deadline=None)
@given(st.lists(st.binary(max_size=40), max_size=12))
def test_whatever_comes_is_a_head_or_broken(lines: list[bytes]) -> None:
    try:
        head = read(b"HTTP/1.1 200 OK", *lines, b"")
    except UpstreamBroken:
        return
    assert head is None or head.content_length is None or head.content_length >= 0
