"""Addresses in a page's tree: made absolute, those that lead nowhere left out, places that are led to kept."""

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urljoin, urlsplit

from lxml import etree
from lxml.html import HtmlElement

_SPACE = re.compile(r"\s+")
# Addresses that joining leaves as they are, and paths that only a host is missing from: most of a page's, and joining is slow.
_WHOLE_ADDRESS = re.compile(r"(https?://[A-Za-z0-9.-]+(?::[0-9]+)?)(?:/[\w/%~!$&'()*+,=:@.-]*)?", re.ASCII)
_ROOTED_PATH = re.compile(r"(?!.*/\.)/(?!/)[\w/%~!$&'()*+,=:@.-]*(?:\?[\w/%~!$&'()*+,=:@.-]+)?", re.ASCII)
_BREAKS = re.compile(r"[\t\n\r]")
"""Browsers drop these from addresses, so that a scheme may be written with them."""

_UNFIT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+(?::\d+)?/(?:(?!/\.)[\w/.~!$&'()*+,;=:@%?-])*(?:#[\w.~!$&'()*+,;=:@%?/-]*)?",
    re.ASCII,
)
_PLACE = re.compile(r"[^\s\"'<>&`]{1,200}")
_ANCHOR_WORDS = frozenset(
    {"", "#", "¶", "§", "🔗", "permalink", "permanent link", "link to this heading", "anchor", "link"}
)
_HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6")


class Addresses:
    """Resolves a page's addresses, each once."""

    def __init__(self, base: str) -> None:
        self._base = base
        self._known: dict[str, str | None] = {}

    def absolute(self, said: str) -> str | None:
        """`said` as an absolute http or https address; None where it is none."""
        if said not in self._known:
            self._known[said] = said if _PLAIN.fullmatch(said) else absolute(self._base, said)
        return self._known[said]


def base_of(bases: Iterable[HtmlElement], url: str) -> str:
    """What relative addresses refer to in the page at `url`, which has these `<base>` elements (HTML §2.4.3)."""
    said = next((address for base in bases if (address := base.get("href")) is not None), None)
    return (absolute(url, said) if said is not None else None) or url


def absolute(base: str, reference: str) -> str | None:
    """`reference` as an absolute http or https address; None where it is none."""
    plain = reference.strip()
    if _WHOLE_ADDRESS.fullmatch(plain):
        return plain
    if _ROOTED_PATH.fullmatch(plain) and (origin := _origin(base)):
        return origin + plain
    plain = _BREAKS.sub("", plain)
    if _UNFIT.search(plain):
        return None
    try:
        joined = urljoin(base, _SPACE.sub("%20", plain))
        parts = urlsplit(joined)
    except ValueError:
        return None
    return joined if parts.scheme in ("http", "https") and parts.netloc else None


@lru_cache(maxsize=64)
def _origin(base: str) -> str | None:
    """Scheme and host of a base that rooted paths can just follow."""
    found = _WHOLE_ADDRESS.fullmatch(base)
    return found[1] if found else None


def mend_links(tree: HtmlElement, addresses: Addresses) -> None:
    """Makes links absolute; what leads nowhere is words only."""
    for link in tree.iter("a"):
        href = (link.get("href") or "").strip()
        if href[:7].lower() == "mailto:" or href[:4].lower() == "tel:":
            continue
        target = addresses.absolute(href) if href else None
        if target:
            link.set("href", target)
        elif "href" in link.attrib:
            del link.attrib["href"]


def mend_citations(tree: HtmlElement, addresses: Addresses) -> None:
    """Makes the sources of quotations absolute."""
    for quotation in tree.iter("blockquote", "q"):
        if said := quotation.attrib.pop("cite", None):
            target = addresses.absolute(str(said))
            if target:
                quotation.set("cite", target)


def drop_heading_anchors(tree: HtmlElement) -> None:
    """Takes out of headings the signs that only link to themselves."""
    for heading in tree.iter(*_HEADINGS):
        for link in list(heading.iter("a")):
            is_own = (link.get("href") or "").strip().startswith("#")
            if (
                is_own
                and "".join(link.itertext()).strip().lower() in _ANCHOR_WORDS
                and link.find(".//img") is None
            ):
                link.drop_tree()


def keep_places(tree: HtmlElement, page: str, kept: frozenset[str]) -> None:
    """Leaves the identifiers of places that a link within the content leads to, on elements of the tags `kept`, and no others."""
    wanted = {
        place
        for link in _LINKS_TO_PLACES(tree)
        if (said := (link.get("href") or "").strip().partition("#"))[2] and said[0] in ("", page)
        and _PLACE.fullmatch(place := said[2])
    }  # fmt: skip
    if wanted:
        for anchor in tree.iter("a"):
            if (name := anchor.attrib.pop("name", None)) in wanted and "id" not in anchor.attrib:
                anchor.set("id", str(name))
    for element in _IDENTIFIED(tree):
        place = element.attrib.pop("id")
        if place not in wanted:
            continue
        wanted.discard(place)  # the first of that name is the one (HTML §7.4.6.4)
        holder = element
        while holder is not None and holder.tag not in kept:
            holder = holder.getparent()
        if holder is not None and (holder is element or "id" not in holder.attrib):
            holder.set("id", place)


_LINKS_TO_PLACES = etree.XPath("descendant::a[contains(@href, '#')]")
_IDENTIFIED = etree.XPath("descendant::*[@id]")
