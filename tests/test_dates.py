"""Dates in HTTP's three forms, what is none, and how JSON tells them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.dates import http_date, parse_http_date, rfc3339

NOW = datetime(2026, 11, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_all_three_forms_of_a_date_are_read(text: str) -> None:
    assert parse_http_date(text, NOW) == datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)


@pytest.mark.parametrize(
    ("two_digits", "year"), [("26", 2026), ("76", 2076), ("77", 1977), ("99", 1999), ("00", 2000)]
)
def test_two_digits_mean_the_year_within_fifty_to_come(two_digits: str, year: int) -> None:
    found = parse_http_date(f"Friday, 01-Jan-{two_digits} 00:00:00 GMT", NOW)
    assert found is not None
    assert found.year == year


def test_a_leap_second_is_the_second_before() -> None:
    expected = datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 31 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, ٠٦ Nov 1994 08:49:37 GMT",
        "1994-11-06T08:49:37Z",
        "-1",
        "now",
        "Sun 06 Nov 1994 08:49:37 GMT",
        "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov ١٩٩٤ 08:49:37 GMT",
    ],
)
def test_what_is_no_date_is_none(text: str) -> None:
    assert parse_http_date(text, NOW) is None


def test_a_date_is_written_in_gmt_whatever_its_zone() -> None:
    moment = datetime(1994, 11, 6, 10, 49, 37, 123, tzinfo=timezone(timedelta(hours=2)))
    assert http_date(moment) == "Sun, 06 Nov 1994 08:49:37 GMT"


@given(st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.just(UTC)))  # noqa: DTZ001 - the zone is beside
def test_a_date_that_was_written_is_read_back(moment: datetime) -> None:
    assert parse_http_date(http_date(moment), NOW) == moment.replace(microsecond=0)


def test_json_tells_the_moment_in_utc_to_the_second() -> None:
    moment = datetime(1994, 11, 6, 10, 49, 37, 123, tzinfo=timezone(timedelta(hours=2)))
    assert rfc3339(moment) == "1994-11-06T08:49:37Z"
