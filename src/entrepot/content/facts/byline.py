"""The author as a page names them to its readers."""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from entrepot.content.facts.landmarks import Landmarks, is_for_author
from entrepot.content.facts.surroundings import Surroundings, is_main, is_no_comment, line_of

_BY = re.compile(
    r"^(?:(?:(?:this\s+)?(?:post|article|story)\s+(?:was\s+)?)?"
    r"(?:written|posted|published|reported|started|created|words|story|text|articles?)\s+)?"
    r"(?:by|von|par|por|di|door|af|av)\b[\s:]*"
    r"|^(?:authors?|contributors?|author\(s\)|thread starter)\s*(?::\s*|$)",
    re.IGNORECASE,
)
_SIGNED = re.compile(
    r"(?:(?:this\s+)?(?:post|article|story)\s+(?:was\s+)?)?(?:written|article)\s+by\b|authors?\s*(?::|$)",
    re.IGNORECASE,
)
"""What a line anywhere begins with that names the author; no mere "by", which goes before those of pictures too."""

_DAY_BEFORE = re.compile(r"^[^\W\d_]{3,9}\.? \d{1,2},? \d{4}\b\W*")
_NAME = re.compile(
    r"[^\W\d_](?:[\w.'’()-]|(?<=[.\w)]) &)*(?:,? [(]?[^\W\d_](?:[\w.'’()-])*|, [A-Z][\w.-]*){0,5}"
)
_NICK = re.compile(r"[\w.-]{3,30}")
_AFTER_NAME = re.compile(
    r"\s*(?:[|•·–—/<»]|\b(?:on|in|for|at|updated|published|posted|last|contributor|contributing|editor|staff|senior|writer)\b"
    r"|\d{1,2}[\s,/]|\d{4}"
    r"|\b(?:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\b\.?\s*\d)",
    re.IGNORECASE,
)
_AFTER_NICK = re.compile(r"\s+(?:on|at|in)\s.*|\s*[|•·–—<»].*", re.DOTALL)
_PARTICLES: Final = frozenset({
    "al", "and", "bin", "da", "de", "del", "della", "den", "der", "di", "dos", "du", "e", "el", "et", "i", "la", "le", "of",
    "och", "og", "ter", "the", "und", "van", "von", "y", "zu",
})  # fmt: skip
"""Words of names that are written small."""

PROGRAMS: Final = frozenset(
    {
        "admin",
        "administrator",
        "default",
        "none",
        "null",
        "root",
        "test",
        "undefined",
        "unknown",
        "user",
        "webmaster",
    }
)
"""What programs write in the place of a name, in lower case."""

_NOBODY: Final = PROGRAMS | {
    "about the author", "account", "all posts", "anonymous", "author", "authors", "contributor", "editor", "follow",
    "follow the author", "full bio", "guest", "hi my account", "home", "log in", "login", "meet the author", "member login",
    "members", "menu", "moderator", "more", "my account", "name", "our authors", "profile", "read more", "register", "share",
    "sign in", "sign up", "staff", "subscribe", "the author", "thread starter", "topic author", "username", "view",
    "view all posts", "view profile",
}  # fmt: skip
"""What stands in bylines and names nobody."""

_MAX_LINE_CHARS: Final = 120
_MAX_NAME_CHARS: Final = 60
_MAX_BYLINES: Final = 40


def shown_author(marks: Landmarks, around: Surroundings, url: str) -> str | None:
    """The name in the byline of the page at `url`, as far as it can be told from what stands around it."""
    host = _host(url)
    holders: list[HtmlElement] = []
    return (
        _first_name(filter(is_main, _kept(marks, host, holders)))
        or signed(around.after)
        or signed(around.before)
        or _first_name(filter(is_no_comment, holders))
        or _first_name(holder for holder in holders if holder.get("rel") == "author")
        or signed(_signatures(around.everywhere))
    )


def signed(lines: Iterable[str]) -> str | None:
    """The name in the first of the lines that begins with "by", or that follows such a word on its own."""
    is_next = False
    for line in lines:
        said = _BY.sub("", line, count=1)
        if (is_next or said != line) and (name := _name(said)):
            return name
        is_next = (said != line and not said) or (is_next and not any(map(str.isalnum, line)))
    return None


def _signatures(lines: Iterable[str]) -> Iterator[str]:
    """Lines anywhere that say who wrote the page, each with the one that follows it."""
    left = 0
    for line in lines:
        left = 2 if _SIGNED.match(line) else left - 1
        if left > 0:
            yield line


def _first_name(holders: Iterable[HtmlElement]) -> str | None:
    lines = filter(None, (line_of(holder, _MAX_LINE_CHARS) for holder in islice(holders, _MAX_BYLINES)))
    return next(filter(None, map(_named, lines)), None)


def _named(line: str) -> str | None:
    """The name in what is a byline by its class or address."""
    said = _BY.sub("", _DAY_BEFORE.sub("", line), count=1)
    nick = _AFTER_NICK.sub("", said)
    return _name(said) or (nick if _NICK.fullmatch(nick) and nick.lower() not in _NOBODY else None)


def _kept(marks: Landmarks, host: str, kept: list[HtmlElement]) -> Iterator[HtmlElement]:
    """Bylines of this site, kept for those who ask again: often the first will do."""
    for each in marks.bylines():
        if is_for_author(each) or not _is_foreign(each, host):
            kept.append(each)
            yield each


def _is_foreign(link: HtmlElement, host: str) -> bool:
    return link.get("rel") != "author" and _host(link.get("href") or "") not in ("", host)


def _host(address: str) -> str:
    try:
        return (urlsplit(address).hostname or "").removeprefix("www.")
    except ValueError:
        return "?"


def _name(said: str) -> str | None:
    """The name that a text begins with."""
    end = next((cut for cut in _AFTER_NAME.finditer(said) if " " in said[: cut.start()].strip()), None)
    name = (said[: end.start()] if end else said).strip(" ,;:|-–—")
    if len(name) > _MAX_NAME_CHARS:
        name = name.partition(",")[0]
    is_name = len(name) <= _MAX_NAME_CHARS and _NAME.fullmatch(name) and _is_capitalised(name)
    return name if is_name and name.lower() not in _NOBODY else None


def _is_capitalised(name: str) -> bool:
    """Whether these are several words, written as those of names are."""
    words = name.split()
    return len(words) > 1 and all(word in _PARTICLES or not word[0].islower() for word in words)
