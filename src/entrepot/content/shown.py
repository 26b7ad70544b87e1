"""The author and the date as a page shows them to its readers, where its data says nothing of them."""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from lxml import etree
from lxml.html import HtmlElement

_SPACE = re.compile(r"\s+")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH: Final = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_MONTH_FIRST = re.compile(rf"\b{_MONTH}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+((?:19|20)\d\d)\b", re.IGNORECASE)
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?:\s+of)?[\s-]+{_MONTH},?[\s-]+((?:19|20)\d\d)\b", re.IGNORECASE
)
_YEAR_FIRST = re.compile(r"(?<!\d)((?:19|20)\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_IN_ADDRESS = re.compile(r"/((?:19|20)\d\d)[-/](\d{1,2})[-/](\d{1,2})(?=[-/_]|$)")

_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})[/.-](\d{1,2})[/.-]((?:19|20)\d\d)(?![\d/.-])")
_CLASSED = etree.XPath("descendant-or-self::*[@class]")
_BYLINE_CLASS = re.compile(r"[aA]uthor|[bB]yline|by-line|username|posted-by|creator-name")
_BYLINE_ADDRESS = re.compile(r"/author|/contributor|/members/|/profile/|/producers/|viewprofile")
_PUBLISHED = re.compile(
    r"(?:date_?published|publish(?:ed)?_?(?:at|date|on|time)|publication_?date)[\s\\\"'&quot;:]{1,24}((?:19|20)\d\d-\d\d-\d\d)",
    re.IGNORECASE,
)
_DATE_CLASS = re.compile(r"[dD]ate|publish|posted|meta|byline|time")
_SIDES = frozenset({"aside", "footer", "nav"})
_REPLIES = re.compile(r"\bcomments?\b|comment-|reply|related|sidebar|teaser", re.IGNORECASE)
_BY = re.compile(
    r"^(?:(?:written|posted|published|reported|started|created|words|story|text|article)\s+)?(?:by|von|par|por|di|door|af|av)\b[\s:]*"
    r"|^(?:authors?|contributors?|author\(s\))\s*:\s*",
    re.IGNORECASE,
)
_NAME = re.compile(
    r"[^\W\d_](?:[\w.'’()-]|(?<=[.\w)]) &)*(?:,? [(]?[^\W\d_](?:[\w.'’()-])*|, [A-Z][\w.-]*){0,5}"
)
_NICK = re.compile(r"[\w.-]{2,30}")
_AFTER_NAME = re.compile(
    r"\s*(?:[|•·–—/]|\b(?:on|in|for|at|updated|published|posted|last|contributor|editor|staff|senior|writer)\b|\d{1,2}[\s,/]|\d{4}"
    r"|\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b\.?\s*\d)",
    re.IGNORECASE,
)
_NOBODY: Final = frozenset(
    {"the author", "author", "authors", "admin", "administrator", "guest", "topic author", "anonymous"}
)
_MAX_BYLINE_CHARS: Final = 120
_MAX_BYLINES: Final = 40
_MAX_TIMES: Final = 3
_MAX_SCRIPT_CHARS: Final = 1_000_000
_MAX_NAME_CHARS: Final = 60
_MAX_LINES: Final = 30
_LEVELS: Final = 4
"""How far up from the heading its followers are looked for."""

_MAX_DATE_LINE_CHARS: Final = 160
_FIRST_YEAR: Final = 1990
_MONTHS_A_YEAR: Final = 12


def shown_author(tree: HtmlElement) -> str | None:
    """The name in the page's byline, as far as it can be told from what stands around it."""
    bylines = islice(filter(_is_main, filter(_is_byline, tree.iter(etree.Element))), _MAX_BYLINES)
    named = (name for element in bylines if (line := _line(element)) and (name := _named(line)))
    return next(named, None) or _signed(_lines_after_title(tree))


def _signed(lines: Iterable[str]) -> str | None:
    """The name in the first of the lines that begins with "by", or that follows such a word on its own."""
    is_next = False
    for line in lines:
        said = _BY.sub("", line, count=1)
        if (is_next or said != line) and (name := _name(said)):
            return name
        is_next = said != line and not said
    return None


def _named(line: str) -> str | None:
    """The name in what is a byline by its class or address."""
    said = _BY.sub("", line, count=1)
    return _name(said) or (said if _NICK.fullmatch(said) and said.lower() not in _NOBODY else None)


def shown_date(tree: HtmlElement, url: str) -> str | None:
    """The day (ISO 8601) that a `<time>`, the address, a piece named for it, a line near the title or a script gives."""
    said = (
        _times(filter(_is_main, tree.iter("time"))),
        [_address_date(url)],
        _lines(filter(_is_main, _dated(tree))),
        _lines_after_title(tree),
        _lines_before_title(tree),
        _scripted(tree),
        _times(filter(_is_no_side, tree.iter("time"))),
        _lines(filter(_is_no_side, _dated(tree))),
    )
    return next((day for texts in said for text in texts if (day := day_in(text))), None)


def _times(holders: Iterable[HtmlElement]) -> Iterator[str]:
    return (f"{holder.get('datetime') or ''} {_line(holder) or ''}" for holder in islice(holders, _MAX_TIMES))


def _lines(holders: Iterable[HtmlElement]) -> Iterator[str]:
    return filter(None, map(_line, islice(holders, _MAX_BYLINES)))


def _scripted(tree: HtmlElement) -> Iterator[str]:
    """Days that data for scripts names as those of publication."""
    for script in tree.iter("script"):
        text = (script.text or "")[:_MAX_SCRIPT_CHARS]
        if "ublish" in text and (found := _PUBLISHED.search(text)):
            yield found[1]


def day_in(text: str) -> str | None:
    """The first day that a short text names, as ISO 8601; of days in digits those alone that can be but one."""
    if found := _YEAR_FIRST.search(text):
        return _day(found[1], found[2], found[3])
    if found := _MONTH_FIRST.search(text):
        return _day(found[3], _month(found[1]), found[2])
    if found := _DAY_FIRST.search(text):
        return _day(found[3], _month(found[2]), found[1])
    if (found := _NUMERIC.search(text)) and max(int(found[1]), int(found[2])) > _MONTHS_A_YEAR:
        return _day(found[3], found[1], found[2]) or _day(found[3], found[2], found[1])
    return None


def _day(year: str, month: str, day: str) -> str | None:
    try:
        found = date(int(year), int(month), int(day))
    except ValueError:
        return None
    return found.isoformat() if found.year >= _FIRST_YEAR else None


def _month(name: str) -> str:
    return str(_MONTHS.index(name[:3].lower()) + 1)


def _address_date(url: str) -> str:
    try:
        found = _IN_ADDRESS.search(urlsplit(url).path)
    except ValueError:
        return ""
    return "-".join(found.groups()) if found else ""


def _is_byline(element: HtmlElement) -> bool:
    names = element.get("class")
    if names and _names_byline(names):
        return True
    return element.get("rel") == "author" or (
        element.tag == "a" and _BYLINE_ADDRESS.search(element.get("href") or "") is not None
    )


@lru_cache(maxsize=4096)  # a page gives the same names to many elements
def _names_byline(names: str) -> bool:
    return _BYLINE_CLASS.search(names) is not None


def _dated(tree: HtmlElement) -> Iterator[HtmlElement]:
    """Elements that are named for a date, looked for when the first is asked for."""
    yield from (element for element in _CLASSED(tree) if _names_date(element.get("class")))


@lru_cache(maxsize=4096)
def _names_date(names: str) -> bool:
    return _DATE_CLASS.search(names) is not None


@lru_cache(maxsize=4096)
def _names_replies(names: str) -> bool:
    return _REPLIES.search(names) is not None


def _is_main(element: HtmlElement) -> bool:
    """Whether an element stands neither beside the content nor in what others wrote to it."""
    for around in element.iterancestors():
        if around.tag in _SIDES or ((names := around.get("class")) and _names_replies(names)):
            return around.tag in ("body", "html")
    return True


def _is_no_side(element: HtmlElement) -> bool:
    return next(element.iterancestors(*_SIDES), None) is None


def _line(element: HtmlElement) -> str | None:
    """What an element says, where it is short."""
    pieces: list[str] = []
    size = 0
    for text in element.itertext():
        pieces.append(text)
        size += len(text.strip())
        if size > _MAX_BYLINE_CHARS:
            return None
    return _SPACE.sub(" ", " ".join(pieces)).strip() or None


def _lines_after_title(tree: HtmlElement) -> Iterator[str]:
    """Short texts that follow the page's heading, in order."""
    yield from _texts(_beside_title(tree, is_before=False))


def _lines_before_title(tree: HtmlElement) -> Iterator[str]:
    """Short texts that go before the page's heading, the nearest pieces first."""
    yield from _texts(_beside_title(tree, is_before=True))


def _beside_title(tree: HtmlElement, *, is_before: bool) -> Iterator[HtmlElement]:
    heading = next(tree.iter("h1"), None)
    if heading is not None:
        for holder in [heading, *heading.iterancestors()][:_LEVELS]:
            if holder.tag != "body":
                yield from holder.itersiblings(preceding=is_before)


def _texts(elements: Iterable[HtmlElement]) -> Iterator[str]:
    left = _MAX_LINES
    for element in elements:
        for text in element.itertext():
            if left <= 0:
                return
            if plain := _SPACE.sub(" ", text).strip():
                left -= 1
                if len(plain) <= _MAX_DATE_LINE_CHARS:
                    yield plain


def _name(said: str) -> str | None:
    """The name that a text begins with."""
    end = _AFTER_NAME.search(said)
    name = (said[: end.start()] if end else said).strip(" ,;:|-–—")
    is_name = (
        len(name) <= _MAX_NAME_CHARS and _NAME.fullmatch(name) and " " in name and any(map(str.isupper, name))
    )
    return name if is_name and name.lower() not in _NOBODY else None
