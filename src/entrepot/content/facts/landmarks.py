"""The elements of a page that tell facts by their tags, names, links and attributes, found in as few walks as will do."""

import re
from collections.abc import Iterator
from functools import cached_property, lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

_BYLINE = re.compile(r"uthor(?!i)|yline|by-line|[sS]er-?[nN]ame|posted-by|attribution|creator-name")
_DATE = re.compile(r"[dD]ate|publish|posted|meta|byline|time|author(?!i)")
_AUTHOR_ADDRESS = re.compile(r"/author(?!i)|/contributor|/members/|/profile/|/producers/|viewprofile")
_TIMES: Final = frozenset({"local-time", "relative-time", "time", "time-ago"})
_MAX_EACH: Final = 400
_MAX_NAMES_CHARS: Final = 300
"""So much of an element's classes is read: no page that means well has more."""


class Landmarks:
    """A page's telling elements, each kind in the page's order."""

    def __init__(self, tree: HtmlElement) -> None:
        self._tree = tree
        self.metas: list[HtmlElement] = []
        self.links: list[HtmlElement] = []
        self.bases: list[HtmlElement] = []
        self.headings: list[HtmlElement] = []
        kinds = {"meta": self.metas, "link": self.links, "base": self.bases, "h1": self.headings}
        for element in tree.iter(*kinds):
            kinds[element.tag].append(element)

    @property
    def items(self) -> list[HtmlElement]:
        """What has microdata."""
        return self._marked[0]

    @property
    def times(self) -> list[HtmlElement]:
        """What is a time by its tag, up to a limit."""
        return self._marked[1][:_MAX_EACH]

    def bylines(self) -> Iterator[HtmlElement]:
        """What is named for an author or links to one, up to a limit."""
        found = (
            each
            for each, names in self._marked[2]
            if (names and _names_author(names)) or (each.tag == "a" and _leads_to_author(each))
        )
        return islice(found, _MAX_EACH)

    def dated(self) -> Iterator[HtmlElement]:
        """What is named for a date, up to a limit."""
        return islice((each for each, names in self._marked[2] if names and _is_for_date(names)), _MAX_EACH)

    @cached_property
    def _marked(self) -> tuple[list[HtmlElement], list[HtmlElement], list[tuple[HtmlElement, str | None]]]:
        """Elements with microdata, times, and links and elements with classes: most pages' data leaves them unread."""
        items: list[HtmlElement] = []
        times: list[HtmlElement] = []
        named: list[tuple[HtmlElement, str | None]] = []
        for element in self._tree.iter(etree.Element):
            tag = element.tag
            if (names := element.get("class")) or tag == "a":
                named.append((element, names))
            if tag in _TIMES:
                times.append(element)
            if element.get("itemprop"):
                items.append(element)
        return items, times, named


def is_for_author(element: HtmlElement) -> bool:
    """Whether an element is named for an author."""
    names = element.get("class")
    return names is not None and _names_author(names)


def _leads_to_author(link: HtmlElement) -> bool:
    return link.get("rel") == "author" or _AUTHOR_ADDRESS.search(link.get("href") or "") is not None


@lru_cache(maxsize=4096)  # a page gives the same names to many elements
def _names_author(names: str) -> bool:
    return _BYLINE.search(names, 0, _MAX_NAMES_CHARS) is not None


@lru_cache(maxsize=4096)
def _is_for_date(names: str) -> bool:
    return _DATE.search(names, 0, _MAX_NAMES_CHARS) is not None
