"""Preconditions and ranges as RFC 9110 has them, by its own tables."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.assets.conditional import (
    ByteRange,
    Decision,
    Representation,
    decide,
    parse_ranges,
)
from entrepot.dates import http_date

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
MODIFIED = datetime(2026, 1, 1, 12, 0, 0, 999_000, tzinfo=UTC)
SAME, BEFORE, AFTER = (http_date(MODIFIED + timedelta(seconds=seconds)) for seconds in (0, -1, 1))
ETAG = '"abc"'
THERE = Representation(ETAG, MODIFIED, 1000)
FIRST_VERSION = Representation(ETAG, MODIFIED, 1000, is_date_strong=True)
EMPTY = Representation(ETAG, MODIFIED, 0)


def status(method: str, headers: dict[str, str], representation: Representation = THERE) -> int:
    return decide(method, headers, representation, NOW).status


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
def test_without_conditions_the_whole_is_answered(method: str) -> None:
    assert decide(method, {}, THERE, NOW) == Decision(200)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ETAG, 200),
        ("*", 200),
        (" \t* ", 200),
        ('"other", "abc"', 200),
        (' ,, "other" ,\t"abc",', 200),
        ('"a,b", "abc"', 200),
        ('"other"', 412),
        ('W/"abc"', 412),
        ('W/"other", "abc"', 200),
        ("abc", 412),
        ('"abc', 412),
        ('"abc" "other"', 412),
        ('w/"abc", "abc"', 412),
        ("", 412),
        ("*, *", 412),
    ],
)
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_if_match_compares_strongly(value: str, expected: int, method: str) -> None:
    assert status(method, {"if-match": value}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(SAME, 200), (AFTER, 200), (BEFORE, 412), ("yesterday", 200), ("", 200)],
)
def test_if_unmodified_since_counts_whole_seconds_and_ignores_what_is_no_date(
    value: str, expected: int
) -> None:
    assert status("GET", {"if-unmodified-since": value}) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (ETAG, 304),
        ("*", 304),
        ('W/"abc"', 304),
        ('"x", W/"abc", "y"', 304),
        ('"other"', 200),
        ('W/"other"', 200),
        ("abc", 200),
        ("", 200),
        ('"abc" nonsense', 200),
    ],
)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_if_none_match_compares_weakly(value: str, expected: int, method: str) -> None:
    assert status(method, {"if-none-match": value}) == expected


@pytest.mark.parametrize(("value", "expected"), [(ETAG, 412), ("*", 412), ('"other"', 200)])
def test_if_none_match_of_a_method_that_changes_something_fails(value: str, expected: int) -> None:
    assert status("PUT", {"if-none-match": value}) == expected


@pytest.mark.parametrize(
    ("method", "value", "expected"),
    [
        ("GET", SAME, 304),
        ("HEAD", SAME, 304),
        ("GET", AFTER, 304),
        ("GET", BEFORE, 200),
        ("PUT", SAME, 200),
        ("GET", "whenever", 200),
    ],
)
def test_if_modified_since_is_for_reading_only(method: str, value: str, expected: int) -> None:
    assert status(method, {"if-modified-since": value}) == expected


PRECEDENCE = {
    "a tag that holds outranks a date that does not": (
        {"if-match": ETAG, "if-unmodified-since": BEFORE},
        200,
    ),
    "a tag that fails outranks a date that holds": ({"if-match": '"x"', "if-unmodified-since": AFTER}, 412),
    "If-Match fails before If-None-Match is asked": ({"if-match": '"x"', "if-none-match": ETAG}, 412),
    "If-None-Match is asked after If-Match": ({"if-match": ETAG, "if-none-match": ETAG}, 304),
    "an old date fails before If-None-Match": ({"if-unmodified-since": BEFORE, "if-none-match": ETAG}, 412),
    "If-None-Match that differs outranks If-Modified-Since": (
        {"if-none-match": '"x"', "if-modified-since": AFTER},
        200,
    ),
    "If-None-Match that matches outranks If-Modified-Since": (
        {"if-none-match": ETAG, "if-modified-since": BEFORE},
        304,
    ),
    "a malformed If-None-Match still outranks": ({"if-none-match": "x", "if-modified-since": AFTER}, 200),
    "304 comes before ranges": ({"if-none-match": ETAG, "range": "bytes=0-1"}, 304),
    "412 comes before 416": ({"if-match": '"x"', "range": "bytes=9999-"}, 412),
    "If-Range alone does nothing": ({"if-range": '"x"'}, 200),
    "If-Range keeps the range": ({"if-range": ETAG, "range": "bytes=0-1"}, 206),
    "If-Range drops the range, also one that cannot be satisfied": (
        {"if-range": '"x"', "range": "bytes=9999-"},
        200,
    ),
    "a range that cannot be satisfied": ({"if-match": ETAG, "if-range": ETAG, "range": "bytes=9999-"}, 416),
}


@pytest.mark.parametrize("name", PRECEDENCE)
def test_the_order_is_that_of_section_13_2_2(name: str) -> None:
    headers, expected = PRECEDENCE[name]
    assert status("GET", headers) == expected


@pytest.mark.parametrize("method", ["HEAD", "POST"])
def test_only_get_knows_ranges(method: str) -> None:
    assert decide(method, {"range": "bytes=0-1"}, THERE, NOW) == Decision(200)


@pytest.mark.parametrize(
    ("validator", "representation", "expected"),
    [
        (ETAG, THERE, 206),
        ('W/"abc"', THERE, 200),
        ('"other"', THERE, 200),
        ("*", THERE, 200),
        ("", THERE, 200),
        (SAME, THERE, 200),
        (SAME, FIRST_VERSION, 206),
        (AFTER, FIRST_VERSION, 200),
        (BEFORE, FIRST_VERSION, 200),
        ("nonsense", FIRST_VERSION, 200),
    ],
)
def test_if_range_wants_the_very_representation(
    validator: str, representation: Representation, expected: int
) -> None:
    assert status("GET", {"range": "bytes=0-1", "if-range": validator}, representation) == expected


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-999", 0, 999),
        ("bytes=0-", 0, 999),
        ("bytes=500-", 500, 999),
        ("bytes=999-", 999, 999),
        ("bytes=10-99999", 10, 999),
        ("bytes=10-99999999999999999999999999", 10, 999),
        ("bytes=-1", 999, 999),
        ("bytes=-1000", 0, 999),
        ("bytes=-5000", 0, 999),
        ("BYTES=1-2", 1, 2),
        ("bytes= 1-2 ,", 1, 2),
        ("bytes=007-08", 7, 8),
        ("bytes=2-3,5000-", 2, 3),
    ],
)
def test_a_single_range_is_sent(value: str, first: int, last: int) -> None:
    decision = decide("GET", {"range": value}, THERE, NOW)
    assert (decision.status, decision.ranges) == (206, (ByteRange(first, last),))
    assert decision.headers == {"Content-Range": f"bytes {first}-{last}/1000"}


@pytest.mark.parametrize(
    "value", ["bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-", "bytes=2000-,-0"]
)
def test_a_range_beyond_the_end_is_told_the_size(value: str) -> None:
    expected = Decision(416, headers={"Content-Range": "bytes */1000"})
    assert decide("GET", {"range": value}, THERE, NOW) == expected


@pytest.mark.parametrize(
    "value",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=a-b",
        "bytes=2-1",
        "bytes=0-1,-",
        "bytes=0-1,5-4",
        "bytes=1",
        "bytes=1-2-3",
        "bytes =0-1",
        "bytes=0x1-2",
        "bytes=+1-2",
        "bytes=١-٢",
        "seconds=0-1",
        "0-1",
        "bytes=" + ",".join(["0-1"] * 17),
    ],
)
def test_a_range_that_is_malformed_or_of_another_unit_is_ignored(value: str) -> None:
    assert decide("GET", {"range": value}, THERE, NOW) == Decision(200)


@pytest.mark.parametrize("value", ["bytes=0-1,5-6", "bytes=0-1,-1", "bytes=0-10,5-15"])
def test_several_ranges_are_answered_by_the_whole(value: str) -> None:
    assert decide("GET", {"range": value}, THERE, NOW) == Decision(200)


def test_several_ranges_are_parsed_in_the_order_asked_for() -> None:
    assert parse_ranges("bytes=5-6, 0-1 ,2000-,-1", 1000) == (
        ByteRange(5, 6),
        ByteRange(0, 1),
        ByteRange(999, 999),
    )


@pytest.mark.parametrize(("value", "expected"), [("bytes=0-", 416), ("bytes=0-0", 416), ("bytes=-1", 200)])
def test_of_nothing_there_is_no_range(value: str, expected: int) -> None:
    assert status("GET", {"range": value}, EMPTY) == expected


@given(
    size=st.integers(0, 10**12),
    first=st.none() | st.integers(0, 10**13),
    last=st.none() | st.integers(0, 10**13),
)
def test_a_range_never_leaves_the_content(size: int, first: int | None, last: int | None) -> None:
    text = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    for part in parse_ranges(text, size) or ():
        assert 0 <= part.first <= part.last + 1 <= size
        assert part.size_bytes == part.last - part.first + 1


@given(st.text(alphabet="bytes=-,0123456789 \t;\x00é", max_size=60))
def test_no_range_field_breaks_the_decision(text: str) -> None:
    assert status("GET", {"range": text}) in (200, 206, 416)


@given(st.text(max_size=60))
def test_no_condition_breaks_the_decision(text: str) -> None:
    names = ("if-match", "if-unmodified-since", "if-none-match", "if-modified-since", "if-range")
    for name in names:
        assert status("GET", {name: text, "range": "bytes=0-1"}) in (200, 206, 304, 412)
