"""Markdown (CommonMark with GFM's tables, strikethrough, tasks and footnotes), rendered from a document's HTML."""

import re

from lxml.html import HtmlElement

from entrepot.content.commonmark.blocks import Blocks
from entrepot.content.commonmark.inline import Inline
from entrepot.content.commonmark.notes import Footnotes, References
from entrepot.content.document import Document, Verbatim
from entrepot.content.markup.clean import reading_tree
from entrepot.content.markup.tree import BLOCKS
from entrepot.content.options import LinkMode

_FENCE = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)


def render(document: Document, links: LinkMode = "inline") -> str:
    """The document's content as markdown, its links in the line or, with `end`, as references."""
    if document.verbatim is not None:
        return _as_is(document.verbatim)
    tree = reading_tree(document.fragment)
    references = References() if links == "end" else None
    inline = Inline(Footnotes.of(tree), references, has_maths=_has_maths(tree))
    lines = Blocks(inline, _holders(tree)).lines(tree)
    if references is not None and references.numbers:
        lines += ["", *references.lines()]
    return "\n".join(lines).strip() + "\n"


def _as_is(source: Verbatim) -> str:
    """Prose is markdown already; code goes into a fence longer than any in it."""
    if not source.language:
        return source.text
    fence = "`" * (1 + max((len(found) for found in _FENCE.findall(source.text)), default=2))
    return f"{fence}{source.language}\n{source.text.rstrip()}\n{fence}\n"


def _has_maths(tree: HtmlElement) -> bool:
    return any(code.get("class") == "language-math" for code in tree.iter("code"))


def _holders(tree: HtmlElement) -> frozenset[HtmlElement]:
    """Elements of a line that hold blocks, as a link around a heading does."""
    found: set[HtmlElement] = set()
    for block in tree.iter(*BLOCKS):
        parent = block.getparent()
        while parent is not None and parent.tag not in BLOCKS and parent not in found:
            found.add(parent)
            parent = parent.getparent()
    return frozenset(found)
