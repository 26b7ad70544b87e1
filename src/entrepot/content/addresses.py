"""Addresses in a page's tree: made absolute, those that lead nowhere left out, places that are led to kept."""

import re

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.metadata import absolute

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
