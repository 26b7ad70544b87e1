"""A page's title: what its data says of it, as its heading words it, without the site's name."""

import re
from collections.abc import Iterable, Sequence

from lxml.html import HtmlElement

from entrepot.content.markup import text_runs

_SEPARATORS = re.compile(r"\s+[|–—·»:•-]\s+|\s*[|»•]\s*|:\s+")
_MAX_HEADLINE = 150
"""A title of more characters is a description, where the page has a shorter heading."""

_ALIKE = 0.4
"""Share of their words that a title and a heading have in common, from which on they say the same."""


def said_title(said: str, headings: Iterable[str], site_name: str | None) -> str:
    """The title that the page's data says, as the page's heading words it: data is often made for search engines."""
    said = _without_site(said, site_name)
    words = _words(said)
    for heading in headings:
        shown = _words(heading)
        if len(said) > _MAX_HEADLINE > len(heading) or _ALIKE * len(words | shown) <= len(words & shown):
            return heading
    return said


def shown_title(shown: str | None, headings: Sequence[str], site_name: str | None) -> str | None:
    """The heading that the window's title repeats, if it is not just the site's name at its end."""
    if not shown or not headings:
        return _without_site(shown, site_name) if shown else next(iter(headings), None)
    plain = shown.casefold()
    longest = max((heading for heading in headings if heading.casefold() in plain), key=len, default=None)
    if longest is None:
        return _without_site(shown, site_name)
    if 2 * len(longest) >= len(shown) or plain.startswith(longest.casefold()):
        return longest
    return _without_site(shown, longest)


def heading_line(element: HtmlElement) -> str:
    """What a heading says in one line: lines in it are parted, and signs of links to it left out."""
    pieces: list[str] = []
    last = 0
    for node, run in text_runs(element):
        is_parted = run != last or (node.is_tail and node.element.tag == "br")
        pieces += [" " if is_parted else "", node.text]
        last = run
    return "".join(pieces).rstrip(" \n¶#")


def _without_site(title: str, site_name: str | None) -> str:
    """Takes the site's name off a title's end or start, where it stands apart."""
    if not site_name:
        return title
    for cut in reversed(list(_SEPARATORS.finditer(title))):
        if _same(title[cut.end() :], site_name):
            return title[: cut.start()].strip() or title
    for cut in _SEPARATORS.finditer(title):
        if _same(title[: cut.start()], site_name):
            return title[cut.end() :].strip() or title
    return title


def _words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text.casefold()))


def _same(one: str, other: str) -> bool:
    return "".join(filter(str.isalnum, one.casefold())) == "".join(filter(str.isalnum, other.casefold()))
