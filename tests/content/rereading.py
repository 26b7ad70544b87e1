"""Markdown read back by an independent CommonMark reader, so that tests compare what a reader will see."""

from lxml.html import HtmlElement, fragment_fromstring
from markdown_it import MarkdownIt

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def reread(markdown: str) -> HtmlElement:
    """The tree that GFM makes of `markdown`, under one `<div>`."""
    return fragment_fromstring(_READER.render(markdown), create_parent="div")


def seen(markdown: str) -> str:
    """The text that a reader of `markdown` sees, on one line."""
    return " ".join("".join(reread(markdown).itertext()).split())


def outline(markdown: str) -> list[str]:
    """The tags of `markdown`'s elements in order."""
    return [str(element.tag) for element in reread(markdown).iterdescendants()]
