"""The page's title above its main content, for formats that have no other place for it."""

import re
from dataclasses import replace
from html import escape, unescape

from entrepot.content.document import Document

_HEADING = re.compile(r"<h([1-6])[^>]*>(.*?)</h\1>", re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SIGNS = re.compile(r"[\W_]+")


def with_headline(document: Document) -> Document:
    """The document with its title as a heading, where its content is a page's main content and has no such heading.

    What counts as the content of a page begins below its title, often with a byline between the two.
    """
    title = document.metadata.title
    if document.kind is None or not title or _has_heading(document.fragment, title):
        return document
    return replace(document, fragment=f"<h1>{escape(title, quote=False)}</h1>{document.fragment}")


def _has_heading(fragment: str, title: str) -> bool:
    """Whether there is a heading of level one, which is the content's own title, or another that says the page's."""
    wanted = _letters(title)
    found = ((match[1], _letters(unescape(_TAG.sub("", match[2])))) for match in _HEADING.finditer(fragment))
    return any(said and (level == "1" or said == wanted) for level, said in found)


def _letters(text: str) -> str:
    return _SIGNS.sub("", text.casefold())
