"""HTML as a tree: parsed within bounds of depth, and read text node by text node."""

import re
from collections.abc import Iterator
from html import escape
from typing import Any, Final, NamedTuple

from lxml import etree
from lxml.html import HtmlElement
from resiliparse.parse.html import DOMContext, HTMLTree, NodeType, traverse_dom

MAX_DEPTH: Final = 200
"""Elements nested deeper are flattened: libxml2 drops what lies deeper than 2048, recursive readers fail sooner."""

BLOCKS: Final = frozenset({
    "address", "article", "aside", "blockquote", "body", "button", "canvas", "caption", "center", "dd", "details", "dialog",
    "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6",
    "header", "hgroup", "hr", "html", "legend", "li", "main", "menu", "nav", "ol", "optgroup", "option", "p", "pre",
    "search", "section", "select", "summary", "table", "tbody", "td", "template", "textarea", "tfoot", "th", "thead", "tr",
    "ul", "video",
})  # fmt: skip
"""Elements that begin and end a line of text."""

UNREAD: Final = frozenset({"head", "noscript", "script", "style", "template", "title"})
"""Elements whose text no reader sees."""

_DEPTHS: Final = (MAX_DEPTH - 10, 20, 2)
"""Depths to flatten to, one after the other: elements nested wrongly nest anew when they are read again."""

VOID: Final = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
)

# What XML cannot hold, and so libxml2 would refuse or end the document at.
_FORBIDDEN: Final = bytes({*range(0x20), 0x7F} - {0x09, 0x0A, 0x0D})
_NO_CHARACTERS: Final = ("\ufffe", "\uffff")
# Empty elements that libxml2 does not know as such: it would put what follows into them.
_ENDLESS = re.compile(r'<((bgsound|keygen|source|track|wbr)(?: [^\s"<>=]+(?:="[^"]*")?)*)>')
# Frames are not empty elements: one that is written as such would hold the rest of the page as its text.
_FRAME_END: Final = "/></noscript>"
_OPEN_FRAME = re.compile(r"(<iframe[^<>]*)/>(?=</noscript>)")
_OUT_OF_RESOURCES: Final = etree.ErrorTypes.ERR_RESOURCE_LIMIT
_ONE_CLASS: Final = etree.ElementDefaultClassLookup(element=HtmlElement)
_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 2)})")


class TextNode(NamedTuple):
    """A text that a reader sees: an element's own first text, or the tail that follows it."""

    element: HtmlElement
    is_tail: bool

    @property
    def text(self) -> str:
        return (self.element.tail if self.is_tail else self.element.text) or ""

    @text.setter
    def text(self, value: str | None) -> None:
        if self.is_tail:
            self.element.tail = value
        else:
            self.element.text = value


def parse_html(text: str) -> HtmlElement:
    """The document's root. Anything is a document; what nests over MAX_DEPTH is flattened into its ancestor."""
    return tree_of(read_html(text))


def read_html(text: str) -> HTMLTree:
    """The document as browsers parse it that run scripts: the frame of a counter ends with the fallback it stands in."""
    if _FRAME_END in text:
        text = _OPEN_FRAME.sub(r"\1></iframe>", text)
    return HTMLTree.parse(text)


def tree_of(page: HTMLTree) -> HtmlElement:
    """The root of a document that was parsed as browsers parse it: libxml2 alone takes broken markup otherwise."""
    tree, is_whole = _read(str(page))
    for depth in _DEPTHS:
        if is_whole and not _TOO_DEEP(tree):
            break
        tree, is_whole = _read(_flattened(page, depth))
    return tree


def text_runs(tree: HtmlElement) -> Iterator[tuple[TextNode, int]]:
    """Every text that is not blank and that a reader sees, in order, with the number of its run.

    Texts that no block's edge parts are one run: a line of the page.
    """
    run = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        is_block = element.tag in BLOCKS
        run += is_block
        if event == "start":
            if not _is_unread(element) and _has_text(element.text):
                yield TextNode(element, is_tail=False), run
        elif _has_text(element.tail) and element is not tree and not _is_unread(element.getparent()):
            yield TextNode(element, is_tail=True), run


def _read(text: str) -> tuple[HtmlElement, bool]:
    """The tree, and whether libxml2 took all of the text."""
    parser = _parser()
    ended = _ENDLESS.sub(r"<\1></\2>", text)
    for noncharacter in _NO_CHARACTERS:
        if noncharacter in ended:  # a search is nearly free, a replacement is not, even of nothing
            ended = ended.replace(noncharacter, "")
    cleaned = ended.encode("utf-8", "ignore").translate(None, _FORBIDDEN)
    tree = etree.fromstring(cleaned, parser)
    if tree is None:
        return etree.fromstring(b"<html><body></body></html>", _parser()), True
    return tree, not any(entry.type == _OUT_OF_RESOURCES for entry in parser.error_log)


def _parser() -> etree.HTMLParser:
    """A parser whose elements are all of one class: a class by tag is looked up slowly, element by element."""
    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True)
    parser.set_element_class_lookup(_ONE_CLASS)
    return parser


def _is_unread(element: HtmlElement) -> bool:
    return element.tag in UNREAD


def _has_text(text: str | None) -> bool:
    return bool(text) and not str(text).isspace()


def _flattened(page: HTMLTree, depth: int) -> str:
    """The document with the tags of what lies deeper than `depth` left out and its text kept."""
    pieces: list[str] = []
    document = page.document
    assert document is not None

    def open_tag(context: DOMContext) -> None:
        node: Any = context.node  # an element or a text, as its type says
        if node.type == NodeType.TEXT:
            is_raw = node.parent is not None and node.parent.tag in ("script", "style")
            pieces.append(node.text if is_raw else escape(node.text, quote=False))
        elif node.type == NodeType.ELEMENT:
            pieces.append(_start_tag(node) if context.depth <= depth else " ")

    def close_tag(context: DOMContext) -> None:
        node: Any = context.node
        if node.type == NodeType.ELEMENT and node.tag not in VOID:
            pieces.append(f"</{node.tag}>" if context.depth <= depth else " ")

    traverse_dom(document, open_tag, close_tag)
    return "".join(pieces)


def _start_tag(node: Any) -> str:
    attributes = "".join(f' {name}="{escape(node[name] or "")}"' for name in node.attrs)
    return f"<{node.tag}{attributes}>"
