"""The day of publication as a page shows it to its readers, where its data does not say it."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice, pairwise
from typing import Final

from lxml.html import HtmlElement

from entrepot.content.facts.days import day_in
from entrepot.content.facts.landmarks import Landmarks
from entrepot.content.facts.surroundings import Surroundings, is_main, is_no_side, line_of

_IN_SCRIPT = re.compile(
    r"ubli(?:sh(?:ed)?_?(?:[aA]t|[dD]ate|[oO]n|[tT]ime)?|cation_?[dD]ate)[\s\\\"'&quot;:]{1,24}((?:19|20)\d\d-\d\d-\d\d)"
)
_OTHER_DAY = re.compile(r"joined|member since|registered|join date|birth|copyright|©", re.IGNORECASE)
"""Words of lines whose day is not that of the content."""

_TOLD = re.compile(
    r"\b(?:posted|published|updated|written|reviewed|modified|added|started|created|date|by|on)\b|\d:\d\d|»",
    re.IGNORECASE,
)
"""Words and signs of lines that tell when something was written."""

_UPDATED = re.compile(
    r"(?:page |last |article |content )*(?:updated|modified|revised|edited)\b", re.IGNORECASE
)
_DAY_ATTRIBUTES: Final = ("title", "data-date", "data-datetime", "data-timestamp", "data-time")
_MAX_NAMED: Final = 40
_MAX_TIMES: Final = 3
_MAX_LONE_CHARS: Final = 30
_MAX_SCRIPTED: Final = 50
_MAX_SCRIPT_CHARS: Final = 1_000_000
_MAX_LINE_CHARS: Final = 120


def day_near(around: Surroundings, *, is_month_first: bool | None = None) -> str | None:
    """The first day that the lines just after the heading name."""
    return _first_day(around.nearest, is_month_first)


def updated_day(around: Surroundings, *, is_month_first: bool | None = None) -> str | None:
    """The day of the last change that the lines around the heading name, in the line or in the next."""
    lines = [*around.nearest, "", *around.before]
    told = (f"{line} {after}" for line, after in pairwise([*lines, ""]) if _UPDATED.match(line))
    return _first_day((text[:_MAX_LINE_CHARS] for text in told), is_month_first)


def shown_day(
    tree: HtmlElement, marks: Landmarks, around: Surroundings, *, is_month_first: bool | None = None
) -> str | None:
    """The day (ISO 8601) that a line near the heading, a `<time>`, a piece named for it, a script or a line gives."""
    said: tuple[Callable[[], Iterable[str]], ...] = (
        lambda: around.nearest,
        lambda: _times_of(filter(is_main, marks.times)),
        lambda: around.after,
        lambda: around.before,
        lambda: _lines_of(filter(is_main, marks.dated())),
        lambda: _scripted(tree),
        lambda: _times_of(filter(is_no_side, marks.times)),
        lambda: _lines_of(filter(is_no_side, marks.dated())),
        lambda: _told(around.everywhere),
        lambda: _lone(around.everywhere, is_month_first),
    )
    return next((day for texts in said if (day := _first_day(texts(), is_month_first))), None)


def _first_day(lines: Iterable[str], is_month_first: bool | None) -> str | None:
    days = (day_in(line, is_month_first=is_month_first) for line in lines if not _OTHER_DAY.search(line))
    return next(filter(None, days), None)


def _times_of(holders: Iterable[HtmlElement]) -> Iterator[str]:
    for holder in islice(holders, _MAX_TIMES):
        yield f"{(holder.get('datetime') or '')[:_MAX_LINE_CHARS]} {line_of(holder, _MAX_LINE_CHARS) or ''}"


def _lines_of(holders: Iterable[HtmlElement]) -> Iterator[str]:
    """What elements say in their attributes, where a text like "two years ago" leaves the day to them, and in their text."""
    for holder in islice(holders, _MAX_NAMED):
        for name in _DAY_ATTRIBUTES:
            yield (holder.get(name) or "")[:_MAX_LINE_CHARS]
        yield line_of(holder, _MAX_LINE_CHARS) or ""


def _scripted(tree: HtmlElement) -> Iterator[str]:
    """The day that data for scripts names as that of publication, where it names but one: lists have one for each piece."""
    texts = (script.text or "" for script in tree.iter("script"))
    found = (match[1] for text in texts for match in _IN_SCRIPT.finditer(text, 0, _MAX_SCRIPT_CHARS))
    days = set(islice(found, _MAX_SCRIPTED))
    return iter(days if len(days) == 1 else ())


def _told(lines: Iterable[str]) -> Iterator[str]:
    """Short lines anywhere that tell when something was written."""
    return (line for line in lines if ("20" in line or "19" in line) and _TOLD.search(line))


def _lone(lines: Iterable[str], is_month_first: bool | None) -> Iterator[str]:
    """The day that lines of little else name anywhere, where they name but one."""
    short = (line for line in lines if len(line) <= _MAX_LONE_CHARS and not _OTHER_DAY.search(line))
    days = {day for line in short if (day := day_in(line, is_month_first=is_month_first))}
    return iter(days if len(days) == 1 else ())
