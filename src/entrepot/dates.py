"""Dates as HTTP and JSON write them. Pure."""

import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_FORMS = tuple(
    re.compile(form, re.ASCII)
    for form in (
        rf"(?:{'|'.join(_DAYS)}), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT",
        rf"(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT",
        rf"(?:{'|'.join(_DAYS)}) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})",
    )
)
_YEARS_SEEN_FROM_NOW = 50


def parse_http_date(text: str, now: datetime) -> datetime | None:
    """An HTTP-date in any of its three forms (RFC 9110 §5.6.7), strictly; None when it is none of them.

    `now` decides the century of two-digit years: none lies more than 50 years ahead.
    """
    match = next((found for form in _FORMS if (found := form.fullmatch(text))), None)
    if match is None:
        return None
    year = _full_year(int(match["year"]), now) if len(match["year"]) == 2 else int(match["year"])
    second = min(int(match["second"]), 59) if match["second"] == "60" else int(match["second"])
    try:
        return datetime(
            year, _MONTHS.index(match["month"]) + 1, int(match["day"]), int(match["hour"]), int(match["minute"]),
            second, tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        return None


def http_date(moment: datetime) -> str:
    """The preferred form of an HTTP-date (§5.6.7), in English whatever the locale."""
    utc = moment.astimezone(UTC)
    return f"{_DAYS[utc.weekday()]}, {utc.day:02d} {_MONTHS[utc.month - 1]} {utc.year:04d} {utc:%H:%M:%S} GMT"


def rfc3339(moment: datetime) -> str:
    """The moment in UTC, to the second, as JSON tells it: `2026-11-21T09:30:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _full_year(two_digits: int, now: datetime) -> int:
    """RFC 850's year: the one that is not more than 50 years ahead (§5.6.7)."""
    year = now.year - now.year % 100 + two_digits
    return year - 100 if year > now.year + _YEARS_SEEN_FROM_NOW else year
