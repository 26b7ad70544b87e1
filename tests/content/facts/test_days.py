"""Days are read as pages write them, and what is no day of a page is none."""

import pytest

from entrepot.content.facts.days import address_day, day_in, is_days_before, read_date


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("March 5, 2026", "2026-03-05"),
        ("Updated: Sept. 3rd, 2025 by us", "2025-09-03"),
        ("MARCH 5 2026", "2026-03-05"),
        ("5 March 2026", "2026-03-05"),
        ("5th of March 2026", "2026-03-05"),
        ("5. März 2026", "2026-03-05"),
        ("le 1er août 2025", "2025-08-01"),
        ("5 de marzo de 2026", "2026-03-05"),
        ("5 maggio 2026", "2026-05-05"),
        ("19-Dec-2025", "2025-12-19"),
        ("2026-03-05T08:00", "2026-03-05"),
        ("2026/3/5", "2026-03-05"),
        ("2025年11月5日", "2025-11-05"),
        ("12/25/2025", "2025-12-25"),
        ("25.12.2025", "2025-12-25"),
        ("04.03.2025", "2025-03-04"),
        ("04/04/2025", "2025-04-04"),
        ("03/04/2025", None),
        ("31 February 2026", None),
        ("2026-13-40", None),
        ("9999-99-99", None),
        ("March 5, 1066", None),
        ("market 5, 2025", None),
        ("12026-03-05", None),
        ("soon", None),
        ("", None),
        ("20" * 100_000, None),
        ("2019 " * 100_000, None),
        ("March " * 100_000 + "2019", None),
    ],
)
def test_day_in_a_text(text: str, expected: str | None) -> None:
    assert day_in(text) == expected


@pytest.mark.parametrize(("is_month_first", "expected"), [(True, "2025-03-04"), (False, "2025-04-03")])
def test_day_in_digits_is_read_as_the_language_writes_it(is_month_first: bool, expected: str) -> None:
    assert day_in("03/04/2025", is_month_first=is_month_first) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://h.example/2026/03/05/crane", "2026-03-05"),
        ("https://h.example/news/2026-03-05-crane.html", "2026-03-05"),
        ("https://h.example/2026/march/05/", "2026-03-05"),
        ("https://h.example/2026/Mar/5", "2026-03-05"),
        ("https://h.example/2026/crane/05/", None),
        ("https://h.example/2026/13/05/", None),
        ("https://h.example/2026/crane", None),
        ("https://h.example/?day=/2026/03/05/", None),
        ("https://[broken/2026/03/05/", None),
        ("", None),
    ],
)
def test_day_in_an_address(url: str, expected: str | None) -> None:
    assert address_day(url) == expected


@pytest.mark.parametrize(
    "said",
    [
        "0001-01-01T00:00:00", "1970-01-01", "1970-01-01T00:00:00Z", "1900-01-01", "9999-12-31", "9999-99-99", "2026-02-30",
        "Thu, 01 Jan 1970 00:00:00 GMT", "x" * 1_000_000, "1" * 1_000_000, 20260301, None, ["2026-03-01"], {}, "\x00", "T:",
    ],
)  # fmt: skip
def test_what_is_no_date_is_none(said: object) -> None:
    assert read_date(said) is None


@pytest.mark.parametrize(
    ("day", "other", "expected"),
    [
        ("2026-03-01", "2026-03-03", True),
        ("2026-03-01", "2026-03-02T23:00:00+00:00", False),
        ("2026-03-03", "2026-03-01", False),
    ],
)
def test_days_next_to_each_other_may_be_one_in_another_zone(day: str, other: str, expected: bool) -> None:
    assert is_days_before(day, other) is expected
