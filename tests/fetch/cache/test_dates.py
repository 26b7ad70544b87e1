"""Dates in HTTP's three forms, and what is none."""

import pytest

from entrepot.fetch.cache.dates import parse_date

NOW = 1_800_000_000.0  # January 2027
SUNDAY = 784111777.0  # the date that RFC 9110 gives as its example


@pytest.mark.parametrize(
    "text",
    ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"],
)
def test_three_forms_mean_the_same(text: str) -> None:
    assert parse_date(text, NOW) == SUNDAY


@pytest.mark.parametrize(
    "text",
    [
        None, "", "0", "-1", "now", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0100",
        "Sun, 6 Nov 1994 08:49:37 GMT", "Sun 06 Nov 1994 08:49:37 GMT", "Sun, 06  Nov 1994 08:49:37 GMT",
        "Sun, 06-Nov-1994 08:49:37 GMT", "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Nov 1994 08.49.37 GMT", "sun, 06 nov 1994 08:49:37 gmt", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT", "Sun, 06 Nov ١٩٩٤ 08:49:37 GMT",
    ],
)  # fmt: skip
def test_anything_else_is_none(text: str | None) -> None:
    assert parse_date(text, NOW) is None


def test_leap_second_is_understood() -> None:
    assert parse_date("Sat, 31 Dec 2016 23:59:60 GMT", NOW) == parse_date(
        "Sat, 31 Dec 2016 23:59:59 GMT", NOW
    )


@pytest.mark.parametrize(("text", "year"), [("77", 2077), ("78", 1978), ("27", 2027), ("94", 1994)])
def test_two_digit_year_lies_at_most_fifty_years_ahead(text: str, year: int) -> None:
    found = parse_date(f"Friday, 01-Jan-{text} 00:00:00 GMT", NOW)
    assert found == parse_date(f"Fri, 01 Jan {year} 00:00:00 GMT", NOW)
