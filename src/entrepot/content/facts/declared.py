"""What a page's data declares: JSON-LD, microdata and meta tags, each read once."""

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Final

from lxml.html import HtmlElement

from entrepot.content.facts.landmarks import Landmarks
from entrepot.content.facts.structured import Node, names_of, types_of

_MAX_CHARS: Final = 20_000
"""So much is read of any one value."""

_MAX_CONTENTS: Final = 20
_MAX_ITEM_TEXTS: Final = 50
_MAX_TRIED: Final = 400
_REPLIES: Final = frozenset({"Answer", "Comment", "Review", "UserReview"})
_READ_ITEMS: Final = frozenset({"headline", "author", "datePublished", "dateCreated", "dateModified"})
_BYLINE_LABEL = re.compile(r"(?:written|posted|published)\s+by", re.IGNORECASE)
_RELATIONS: Final = frozenset({"canonical", "image_src"})
_LABELS: Final = ("twitter:label1", "twitter:label2")


class Declared:
    """The data of one page; the first of several values speaks."""

    def __init__(self, marks: Landmarks, nodes: Sequence[Node]) -> None:
        self.nodes = nodes
        self._meta = _meta_tags(marks.metas)
        self._links = _links(marks.links)
        self._marks = marks

    def linked(self, key: str) -> str | None:
        """A fact of the JSON-LD nodes that describe a work or the page, the main one's first."""
        said = (value for node in self.nodes if isinstance(value := node.get(key), str) and value.strip())
        return next((value[:_MAX_CHARS] for value in said), None)

    def named(self, *names: str) -> str | None:
        """The content of the first of these meta tags that has one."""
        return next((self._meta[name][0] for name in names if name in self._meta), None)

    def every(self, *names: str) -> list[str]:
        """All contents of the first of these meta tags that has one, up to a limit."""
        return next((self._meta[name] for name in names if name in self._meta), [])

    def link(self, relation: str) -> str | None:
        """Where the first `<link>` of this relation leads."""
        return self._links.get(relation)

    def item(self, prop: str) -> str | None:
        """A microdata property's value."""
        return self._items.get(prop)

    @cached_property
    def _items(self) -> dict[str, str]:
        return _microdata(self._marks.items)

    def authors(self) -> list[str]:
        """The names of the first JSON-LD node that has authors, who may be named in nodes of their own."""
        people = {
            key: node for node in self.nodes if isinstance(key := node.get("@id"), str) and node.get("name")
        }
        said = (names_of(node["author"], people) for node in self.nodes if node.get("author"))
        return next(filter(None, said), [])

    def signature(self) -> str | None:
        """Who wrote the page by the labels of its cards, which many blogs have."""
        for label in _LABELS:
            if _BYLINE_LABEL.fullmatch(self.named(label) or ""):
                return self.named(label.replace("label", "data"))
        return None

    def publisher(self) -> str | None:
        """The name of who publishes the page."""
        said = (names_of(node["publisher"]) for node in self.nodes if node.get("publisher"))
        return next((names[0] for names in said if names), None)

    def website(self) -> str | None:
        """The name of the site that the page is of."""
        said = (node.get("name") for node in self.nodes if "WebSite" in types_of(node))
        return next((name[:_MAX_CHARS] for name in said if isinstance(name, str)), None)


def _meta_tags(tags: Sequence[HtmlElement]) -> dict[str, list[str]]:
    """The first contents of each `<meta>`, by its lower-case name, property or http-equiv."""
    found: dict[str, list[str]] = {}
    for tag in tags:
        content = (tag.get("content") or "").strip()
        if content and (name := tag.get("property") or tag.get("name") or tag.get("http-equiv")):
            contents = found.setdefault(name.strip().lower(), [])
            if len(contents) < _MAX_CONTENTS:
                contents.append(content[:_MAX_CHARS])
    return found


def _links(links: Sequence[HtmlElement]) -> dict[str, str]:
    """The first address of each relation that is used here."""
    found: dict[str, str] = {}
    for link in links:
        if address := link.get("href"):
            for relation in _RELATIONS.intersection((link.get("rel") or "").lower().split()):
                found.setdefault(relation, address)
    return found


def _microdata(items: Sequence[HtmlElement]) -> dict[str, str]:
    """The first value of each microdata property that is used here."""
    found: dict[str, str] = {}
    tried = 0
    for element in items:
        for prop in _READ_ITEMS.intersection(element.get("itemprop").split()).difference(found):
            tried += 1
            if not _is_of_reply(element) and (value := _item_value(element)):
                found[prop] = value
        if tried > _MAX_TRIED:
            break
    return found


def _is_of_reply(element: HtmlElement) -> bool:
    """Whether a property is that of what others wrote to the page's own work."""
    item = next((around for around in element.iterancestors() if around.get("itemtype")), None)
    return item is not None and item.get("itemtype").rsplit("/", 1)[-1] in _REPLIES


def _item_value(element: HtmlElement) -> str | None:
    name = element.find('.//*[@itemprop="name"]')
    shown = element if name is None else name
    said = shown.get("content") or shown.get("datetime") or _short_text(shown)
    return said.strip()[:_MAX_CHARS] or None


def _short_text(element: HtmlElement) -> str:
    return "".join(text for text, _ in zip(element.itertext(), range(_MAX_ITEM_TEXTS), strict=False))
