"""Days and times as pages write them, in digits, in words and in addresses, read into ISO 8601 (pure)."""

import re
from collections.abc import Callable
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar
from urllib.parse import urlsplit

_T = TypeVar("_T")
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar januari janvier janv enero ene gennaio gen janeiro",
            "feb february februar februari février févr fév fevrier febrero febbraio fevereiro fev",
            "mar march märz mrz maerz maart mrt mars marzo março marco",
            "apr april avril avr abril abr aprile",
            "may mai mayo maggio mag maio mei maj",
            "jun june juni juin junio giugno giu junho",
            "jul july juli juillet juil julio luglio lug julho",
            "aug august augustus augusti août aout agosto ago",
            "sep sept september septembre septiembre settembre set setembro",
            "oct october oktober okt octobre octubre ottobre ott outubro out",
            "nov november novembre noviembre novembro",
            "dec december dezember dez décembre déc decembre diciembre dic dicembre dezembro",
        ),
        start=1,
    )
    for name in names.split()
}
_YEAR: Final = r"((?:19|20)\d\d)"
_WORD: Final = r"([^\W\d_]{3,10})\.?"
_YEAR_FIRST = re.compile(rf"(?<!\d){_YEAR}(?:[-/.]|年\s?)(\d{{1,2}})(?:[-/.]|月\s?)(\d{{1,2}})(?!\d)")
_MONTH_FIRST = re.compile(rf"(?<![^\W_]){_WORD}\s{{1,3}}(\d{{1,2}})(?:st|nd|rd|th)?,?\s{{1,3}}{_YEAR}\b")
_DAY_FIRST = re.compile(
    rf"(?<!\w)(\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?(?:\s(?:of|de))?[\s-]{{1,3}}{_WORD},?(?:\sde)?[\s-]{{1,3}}{_YEAR}\b"
)
_NUMERIC = re.compile(rf"(?<![\d/.-])(\d{{1,2}})([/.-])(\d{{1,2}})\2{_YEAR}(?![\d/-]|\.\d)")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[-/](\d{1,2}|[a-z]{3,9})[-/](\d{1,2})(?=[-/_]|$)", re.IGNORECASE)
_FIRST_YEAR: Final = 1990
"""Before it there were no pages: an earlier day is what the text is about."""

_DECLARED_YEARS: Final = range(1500, 2100)
_UNSET: Final = frozenset({date(1970, 1, 1), date(1969, 12, 31), date(1900, 1, 1)})
"""Days that programs give where none was set."""

_ZONES_APART_DAYS: Final = 2
_MONTHS_A_YEAR: Final = 12
_MAX_DATE_CHARS: Final = 60


def day_in(text: str, *, is_month_first: bool | None = None) -> str | None:
    """The first day that a short text names, as ISO 8601; years in four digits alone.

    A day in digits that can be two days is told by `is_month_first`, and none where that is None.
    """
    if "20" not in text and "19" not in text:
        return None
    if found := _YEAR_FIRST.search(text):
        return _day(found[1], int(found[2]), found[3])
    for found in _MONTH_FIRST.finditer(text):
        if month := _MONTHS.get(found[1].lower()):
            return _day(found[3], month, found[2])
    for found in _DAY_FIRST.finditer(text):
        if month := _MONTHS.get(found[2].lower()):
            return _day(found[3], month, found[1])
    found = _NUMERIC.search(text)
    return _numeric_day(found[1], found[3], found[4], found[2], is_month_first) if found else None


def address_day(url: str) -> str | None:
    """The day in the path of an address, as many sites have it for what they publish."""
    try:
        found = _IN_ADDRESS.search(urlsplit(url).path)
    except ValueError:
        return None
    if not found:
        return None
    month = int(found[2]) if found[2].isdecimal() else _MONTHS.get(found[2].lower(), 0)
    return _day(found[1], month, found[3])


def read_date(value: object) -> str | None:
    """A date or time that data gives, as ISO 8601; None for what is none. A time without a zone stays without one."""
    if not isinstance(value, str) or not (said := value.strip()[:_MAX_DATE_CHARS]):
        return None
    parsed = internet_moment(said) or mail_moment(said)
    if parsed is None:
        return day_in(said)
    if parsed.year not in _DECLARED_YEARS or parsed.date() in _UNSET:
        return None
    has_time = "T" in said.upper() or ":" in said
    return parsed.isoformat() if has_time else parsed.date().isoformat()


def internet_moment(text: str) -> datetime | None:
    """A date or time as RFC 3339 and ISO 8601 have it; None for what is none."""
    return _guess(lambda: datetime.fromisoformat(text))


def mail_moment(text: str) -> datetime | None:
    """A date as RFC 5322 has it; None for what is none."""
    return _guess(lambda: parsedate_to_datetime(text))


def is_days_before(day: str, other: str) -> bool:
    """Whether a day is at least two days before another date or time: less is a matter of the clock's zone."""
    return (date.fromisoformat(other[:10]) - date.fromisoformat(day[:10])).days >= _ZONES_APART_DAYS


def _numeric_day(one: str, two: str, year: str, sign: str, is_month_first: bool | None) -> str | None:
    """Above twelve only a day can be; points stand where the day goes first."""
    if max(int(one), int(two)) > _MONTHS_A_YEAR:
        return _day(year, int(one), two) or _day(year, int(two), one)
    if sign == "." or is_month_first is False or one == two:
        return _day(year, int(two), one)
    return _day(year, int(one), two) if is_month_first else None


def _day(year: str, month: int, day: str) -> str | None:
    try:
        found = date(int(year), month, int(day))
    except ValueError:
        return None
    return found.isoformat() if found.year >= _FIRST_YEAR else None


def _guess(read: Callable[[], _T]) -> _T | None:
    """What a lenient reader of foreign text makes of it; None where it gives up."""
    try:
        return read()
    except (ValueError, TypeError, LookupError, OverflowError, AttributeError):
        return None
