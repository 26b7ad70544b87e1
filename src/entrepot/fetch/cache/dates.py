"""Dates as HTTP writes them (RFC 9110 section 5.6.7), read strictly, as seconds since the epoch. Pure."""

import re
from datetime import UTC, datetime

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = "Mon|Tue|Wed|Thu|Fri|Sat|Sun"
_LONG_DAYS = "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
_TIME = r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)"
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})"
_FORMS = (
    re.compile(rf"(?:{_DAYS}), (?P<day>\d\d) {_MONTH} (?P<year>\d{{4}}) {_TIME} GMT", re.ASCII),
    re.compile(rf"(?:{_LONG_DAYS}), (?P<day>\d\d)-{_MONTH}-(?P<year>\d\d) {_TIME} GMT", re.ASCII),
    re.compile(rf"(?:{_DAYS}) {_MONTH} (?P<day>[ \d]\d) {_TIME} (?P<year>\d{{4}})", re.ASCII),
)
_CENTURY_SEEN_FROM_NOW = 50


def parse_date(text: str | None, now: float) -> float | None:
    """Seconds since the epoch of a date in one of HTTP's three forms; None for anything else.

    `now` decides the century of two-digit years: none lies more than 50 years ahead.
    """
    for form in _FORMS:
        if match := form.fullmatch((text or "").strip(" \t")):
            return _seconds(match, now)
    return None


def _seconds(match: re.Match[str], now: float) -> float | None:
    year = int(match["year"])
    if len(match["year"]) == 2:
        this_year = datetime.fromtimestamp(now, UTC).year
        year += this_year // 100 * 100
        if year > this_year + _CENTURY_SEEN_FROM_NOW:
            year -= 100
    month = _MONTHS.index(match["month"]) + 1
    second = min(int(match["second"]), 59)  # a leap second
    try:
        at = datetime(
            year, month, int(match["day"]), int(match["hour"]), int(match["minute"]), second, tzinfo=UTC
        )
    except ValueError:
        return None
    return at.timestamp()
