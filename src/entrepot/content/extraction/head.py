"""What a page says of itself besides its text, as far as it tells which lines are its content and what kind it is."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from entrepot.content.extraction.vocabulary import parts_of
from entrepot.content.facts.structured import Node, types_of

_SIGNS = re.compile(r"[\W_]+")
_YEAR = re.compile(r"/20\d\d/")
_DIGIT = re.compile(r"\d")
_BODY_KEYS = ("articleBody", "text", "reviewBody")
_MIN_BODY_CHARS = 200
_MAX_TYPED_NODES = 20


@dataclass(frozen=True, slots=True)
class Head:
    """`title` as it was made out, `shown_title` as `<title>` has it; `tokens` describe address, types and root's names."""

    title: str | None = None
    shown_title: str | None = None
    description: str | None = None
    body: str | None = None
    tokens: frozenset[str] = frozenset()


def head_of(
    tree: HtmlElement, url: str, nodes: Iterable[Node], title: str | None, description: str | None
) -> Head:
    """The head of the page at `url`, `nodes` being its JSON-LD."""
    known = list(nodes)
    return Head(
        title=title,
        shown_title=" ".join((tree.findtext(".//title") or "").split()),
        description=description,
        body=article_body(known),
        tokens=frozenset((*_type_tokens(tree, known), *_address_tokens(url), *_root_tokens(tree))),
    )


def article_body(nodes: Iterable[Node]) -> str | None:
    """The text of the page's work, where its JSON-LD holds it."""
    said = (node.get(key) for node in nodes for key in _BODY_KEYS)
    return next((text for text in said if isinstance(text, str) and len(text) > _MIN_BODY_CHARS), None)


def letters(text: str) -> str:
    """What is left of a text for comparing it: small letters and digits."""
    return _SIGNS.sub("", text.lower())


def _type_tokens(tree: HtmlElement, nodes: list[Node]) -> Iterable[str]:
    for node in nodes[:_MAX_TYPED_NODES]:
        for name in types_of(node):
            yield f"j {name}"
    for meta in tree.iterfind('.//meta[@property="og:type"]'):
        yield f"o {(meta.get('content') or '').lower()}"


def _address_tokens(url: str) -> Iterable[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return
    yield from (f"u {piece}" for piece in parts_of(parts.path).pieces)
    segments = [segment for segment in parts.path.split("/") if segment]
    yield f"ud {min(len(segments), 5)}"
    if segments:
        yield f"uh {min(segments[-1].count('-'), 6)}"
        yield f"ul {_DIGIT.search(segments[-1]) is not None}"
    if parts.query:
        yield "u?"
    if _YEAR.search(parts.path):
        yield "udate"
    for label in (parts.hostname or "").split(".")[:-1]:
        yield from (f"h {piece}" for piece in parts_of(label).pieces)


def _root_tokens(tree: HtmlElement) -> Iterable[str]:
    for element in (tree, tree.find("body")):
        if element is not None:
            names = f"{element.get('class') or ''} {element.get('id') or ''}"
            yield from (f"b {piece}" for piece in parts_of(names).pieces)
