"""A page's title: of what its data, its window and its headings say, what most likely is its title, without the site's name."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote, urlsplit

from lxml.html import HtmlElement

from entrepot.content.markup.tree import TextNode, text_runs

_SEPARATORS = re.compile(r"\s+[|–—·»:•-]\s+|\s*[|»•]\s*|:\s+")
_ENDS = re.compile(r"(?:\s[|–—·»:•-]|[|»•:])\s*$")
_WORD = re.compile(r"\w+")
_EDGES: Final = " |–—·»:•⋆-"
_MAX_LINE: Final = 2000
_MAX_SLUG: Final = 300
_STOPS: Final = frozenset(".!?:,")
_EXTENSIONS: Final = frozenset({"aspx", "htm", "html", "jsp", "php"})
_LONG_WORDS: Final = 12
"""So many words are a title for certain; more say nothing."""

_HEADINGS: Final = 3
"""The first headings of level one, of which one may be the title."""

WEIGHTS: Final = (0.5, 0.7, 1.2, 0.7, 0.3, 1.4, 0.5, 0.7)
"""What each of the traits is worth, as `bench.extraction.titles` learns it from pages whose title is known."""


@dataclass(frozen=True, slots=True)
class Titles:
    """What a page says its title is: by its data, the best first, by its window's title, and by its headings."""

    declared: tuple[str, ...] = ()
    window: str | None = None
    headings: tuple[str, ...] = ()
    site_name: str | None = None
    url: str = ""


def page_title(titles: Titles) -> str | None:
    """The likeliest of the titles, the first of equal ones; None where there is none."""
    found = candidates(titles)
    if not found:
        return None
    scores = [
        sum(weight * trait for weight, trait in zip(WEIGHTS, row, strict=True))
        for row in traits(titles, found)
    ]
    return found[scores.index(max(scores))]


def candidates(titles: Titles) -> list[str]:
    """The different titles there are, without the site's name, each in the words of the heading that says the same."""
    said = dict.fromkeys(plain for title in _all(titles) if (plain := _plain(title, titles)))
    owners = _owners(titles)
    spelled: dict[str, str] = {}
    for title in [*filter(_is_mixed, titles.headings[:_HEADINGS]), *said]:
        spelled.setdefault(letters(title), title)
    found = list(dict.fromkeys(spelled[key] for title in said if (key := letters(title))))
    return [title for title in found if letters(title) not in owners] or found


def traits(titles: Titles, found: list[str]) -> list[tuple[float, ...]]:
    """What speaks for and against each candidate, as numbers from 0 to 1."""
    declared = {letters(_plain(title, titles)) for title in titles.declared}
    window = letters(_plain(titles.window, titles)) if titles.window else None
    headings = list(dict.fromkeys(map(letters, titles.headings[:_HEADINGS])))
    words = [_words(title) for title in found]
    slug, depth = _slug(titles.url)
    rows: list[tuple[float, ...]] = []
    for place, title in enumerate(found):
        own = words[place]
        same = letters(title)
        is_first = same in headings[:1]
        others = (other for at, other in enumerate(words) if at != place)
        rows.append((
            float(is_first),
            float(same in declared),
            float(same == window),
            float(is_first and len(headings) == 1),
            max((len(own & other) / max(1, len(own | other)) for other in others), default=0.0),
            len(slug & own) / len(slug) if slug else 0.0,
            min(len(own), _LONG_WORDS) / _LONG_WORDS,
            float(is_first and depth > 1),
        ))  # fmt: skip
    return rows


def heading_line(element: HtmlElement) -> str:
    """What a heading says in one line: lines and labels in it are parted, and signs of links to it left out."""
    said = ""
    last = 0
    for node, run in text_runs(element):
        if _is_control(node, element):
            continue
        is_line = run != last or (node.is_tail and node.element.tag == "br")
        said += f" {node.text}" if is_line or _is_label(said, node.text) else node.text
        last = run
        if len(said) > _MAX_LINE:
            break
    return said.lstrip().rstrip(" \n¶#")


@lru_cache(maxsize=256)  # each title is compared with all others
def letters(text: str) -> str:
    """A text's letters and digits alone, to tell whether two say the same."""
    return "".join(filter(str.isalnum, text.casefold()))


def _is_control(node: TextNode, heading: HtmlElement) -> bool:
    """Whether a text in a heading is a button's, or an element's of the site's own making."""
    around = node.element.getparent() if node.is_tail else node.element
    while around is not None and around is not heading:
        if around.tag == "button" or "-" in around.tag:
            return True
        around = around.getparent()
    return False


def _is_label(before: str, text: str) -> bool:
    """Whether what goes before a text in an element of its own is another word, set apart by style alone."""
    return (
        text[0].isupper()
        and (before[-1:].islower() or before[-1:] in _STOPS)
        and before[-2:-1] not in ("", " ")
    )


def _all(titles: Titles) -> list[str]:
    """Every title there is; the window's alone is none where data declares one."""
    window = (titles.window,) if titles.window and not titles.declared else ()
    return [*titles.declared, *window, *titles.headings[:_HEADINGS]]


def _is_mixed(title: str) -> bool:
    return not title.isupper()


@lru_cache(maxsize=64)
def _plain(title: str, titles: Titles) -> str:
    """The title without the site's name, and without what stands around a heading or title that it repeats."""
    title = _without_site(title, _owners(titles))
    folded = title.casefold()
    for other in _all(titles):
        size, same = len(other), other.casefold()
        if folded.startswith(same) and _SEPARATORS.match(title, size):
            return other
        if 3 * size >= 2 * len(title) > 2 * size and folded.endswith(same) and _ENDS.search(title[:-size]):
            return other
    return title.strip(_EDGES)


@lru_cache(maxsize=8)
def _owners(titles: Titles) -> frozenset[str]:
    """What the site is called, in letters alone, by itself and by its address; on its first page that is the title."""
    try:
        parts = urlsplit(titles.url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return frozenset()
    if host and not parts.path.strip("/"):
        return frozenset()
    labels = host.split(".")
    return frozenset(letters(name) for name in (titles.site_name or "", host, *labels[-2:-1]) if name)


def _without_site(title: str, owners: frozenset[str]) -> str:
    """Takes the site's name off a title's end or start, where it stands apart."""
    cuts = list(_SEPARATORS.finditer(title))
    for cut in reversed(cuts):
        if letters(title[cut.end() :]) in owners:
            return title[: cut.start()].strip() or title
    for cut in cuts:
        if letters(title[: cut.start()]) in owners:
            return title[cut.end() :].strip() or title
    return title


def _slug(url: str) -> tuple[set[str], int]:
    """The words of the last part of an address's path, and how many parts that has."""
    try:
        path = urlsplit(url).path.strip("/")
    except ValueError:
        return set(), 0
    last = unquote(path[-_MAX_SLUG:].rpartition("/")[2]).replace("_", " ")
    return _words(last) - _EXTENSIONS, path.count("/") + 1 if path else 0


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))
