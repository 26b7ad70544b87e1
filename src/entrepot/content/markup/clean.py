"""A page's tree made clean and safe: nothing hidden, nothing active, every address absolute."""

import re

import nh3
from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from entrepot.content.markup.addresses import (
    Addresses,
    drop_heading_anchors,
    keep_places,
    mend_citations,
    mend_links,
)
from entrepot.content.markup.embeds import mend_boxes, mend_embeds
from entrepot.content.markup.footnotes import mend_footnotes
from entrepot.content.markup.maths import mend_maths
from entrepot.content.markup.pictures import mend_images, rescue_noscript_images
from entrepot.content.markup.preformatted import mend_code
from entrepot.content.markup.tables import mend_tables
from entrepot.content.markup.tree import BLOCKS, UNREAD

_TAGS = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var",
})  # fmt: skip
_ATTRIBUTES = {
    "*": {"lang", "dir", "id"}, "a": {"href", "title", "rel", "role"}, "img": {"src", "alt", "title", "width", "height"},
    "code": {"class"}, "td": {"colspan", "rowspan", "align"}, "th": {"colspan", "rowspan", "scope", "align"},
    "ol": {"start", "reversed"}, "li": {"value"}, "time": {"datetime"}, "blockquote": {"cite"}, "q": {"cite"},
    "abbr": {"title"}, "section": {"role"},
}  # fmt: skip
_DROPPED = (
    "applet", "audio", "area", "base", "button", "canvas", "datalist", "dialog", "embed", "frame", "frameset", "head",
    "iframe", "input", "link", "map", "meta", "meter", "noframes", "noscript", "object", "optgroup", "option", "param",
    "progress", "script", "select", "source", "style", "svg", "template", "textarea", "title", "track", "video", "annotation",
)  # fmt: skip
_HIDDEN = etree.XPath("descendant::*/@hidden/.. | descendant::*/@aria-hidden/.. | descendant::*/@style/..")
_TEXT = etree.XPath("string()")
_HIDING_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_MAX_HIDDEN_SHARE = 0.3
"""What hides more of the page's text than this is shown by a script later on, and is the page."""

_MIN_FALLBACK_CHARS = 200
"""What `<noscript>` says in fewer is that scripts are needed."""

_CODE_CLASS = re.compile(r"language-[\w+#.-]{1,40}")
_PARTS = frozenset({
    "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot", "caption", "summary", "figcaption",
})  # fmt: skip
_WHOLE_BLOCKS = BLOCKS - _PARTS
"""Blocks that stand apart by themselves, whatever is around them."""


def drop_hidden(tree: HtmlElement) -> None:
    """Takes out what the page hides from its readers, and scripts that hold no data."""
    reveal(tree)
    hidden = [element for element in _HIDDEN(tree) if _is_hidden(element)]
    if not hidden:
        return
    most = _MAX_HIDDEN_SHARE * _read_size(tree)
    for element in hidden:
        if element.getparent() is not None and _text_size(element) <= most:
            element.drop_tree()


def reveal(tree: HtmlElement) -> None:
    """Makes the page what a reader without scripts has, and takes out scripts that hold no data; what is hidden stays."""
    mend_maths(tree)
    rescue_noscript_images(tree)
    _reveal_fallback(tree)
    for script in list(tree.iter("script")):
        if script.get("type") != "application/ld+json" and script.getparent() is not None:
            script.drop_tree()
    etree.strip_elements(tree, "style", "template", "noscript", with_tail=False)


def clean(tree: HtmlElement, base: str, *, links: bool = True, images: bool = True) -> str:
    """The safe HTML of what `tree`, a revealed page, holds; `base` is what its addresses refer to. Changes `tree`."""
    page = base.partition("#")[0]
    addresses = Addresses(base)
    if links:
        mend_embeds(tree, base)
    if images:
        mend_images(tree, base)
    else:
        etree.strip_elements(tree, "img", "picture", with_tail=False)
    mend_boxes(tree)
    _drop_unread(tree)
    mend_code(tree)
    mend_tables(tree)
    mend_citations(tree, addresses)
    drop_heading_anchors(tree)
    mend_footnotes(tree, page)
    if not links:
        _unlink(tree)
    keep_places(tree, page, _TAGS)
    mend_links(tree, addresses)
    _unwrap(tree)
    body = tree.find("body")
    return str(_CLEANER.clean(_inner(tree if body is None else body))).strip()


def fragment_tree(fragment: str) -> HtmlElement:
    """A fragment of HTML as a tree, under one `<div>`."""
    return fragment_fromstring(fragment, create_parent="div")


def reading_tree(fragment: str) -> etree._Element:
    """The same for those who only read it, in half the time: its elements know nothing of HTML."""
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    tree = etree.fromstring(f"<html><body><div>{fragment}</div></body></html>".encode(), parser)
    return tree[0][0]


def _is_hidden(element: HtmlElement) -> bool:
    hidden = element.get("hidden")
    if element.get("aria-hidden") == "true" or (hidden is not None and hidden != "until-found"):
        return True
    return bool(_HIDING_STYLE.search(element.get("style") or ""))


def _drop_unread(tree: HtmlElement) -> None:
    for element in list(tree.iter(*_DROPPED)):
        if element is not tree and element.getparent() is not None:
            element.drop_tree()


def _unlink(tree: HtmlElement) -> None:
    """Leaves the words of links; what refers to notes stays."""
    for link in tree.iter("a"):
        if link.get("role") != "doc-noteref":
            link.tag = "x-link"
    etree.strip_tags(tree, "x-link")


def _unwrap(tree: HtmlElement) -> None:
    """Takes away the tags that do not stay; of blocks whose words would run into others' a plain block is left."""
    odd: set[str] = set()
    _mend_lists(tree)
    for element in tree.iter(etree.Element):
        tag = element.tag
        if tag == "section":
            if element.get("role") != "doc-endnotes":
                element.tag = "div" if _holds_words(element) else "x-block"
        elif tag not in _TAGS and tag not in ("html", "body"):
            if tag in BLOCKS and _holds_words(element):
                element.attrib.clear()
                element.tag = "div"
            else:
                odd.add(tag)
    etree.strip_tags(tree, "x-block", *odd)


def _mend_lists(tree: HtmlElement) -> None:
    """Makes lists of what holds items alone and is none, and of menus."""
    for item in tree.iter("li"):
        holder = item.getparent()
        if holder is None or holder.tag in ("ol", "ul", "body") or item.getprevious() is not None:
            continue
        around = holder.getparent()
        if holder.tag in ("menu", "dir") or (
            (around is None or around.tag not in ("ol", "ul")) and all(child.tag == "li" for child in holder)
        ):
            holder.tag = "ul"


def _holds_words(element: HtmlElement) -> bool:
    """Whether more than blocks stands in a block."""
    if element.text and not element.text.isspace():
        return True
    return any(
        child.tag not in _WHOLE_BLOCKS or (child.tail and not child.tail.isspace()) for child in element
    )


def _reveal_fallback(tree: HtmlElement) -> None:
    """Makes plain blocks of `<noscript>` where it holds the page for readers without scripts."""
    holders = [
        holder for holder in tree.iter("noscript") if next(holder.iterancestors("body"), None) is not None
    ]
    said = sum(map(_text_size, holders))
    if said >= _MIN_FALLBACK_CHARS and said > _read_size(tree):
        for holder in holders:
            holder.tag = "div"


def _read_size(tree: HtmlElement) -> int:
    """How many characters a reader sees in `tree`."""
    unread = sum(
        _text_size(element)
        for element in tree.iter(*UNREAD)
        if next(element.iterancestors(*UNREAD), None) is None
    )
    return _text_size(tree) - unread


def _text_size(element: HtmlElement) -> int:
    return len(" ".join(_TEXT(element).split()))


def _inner(element: HtmlElement) -> str:
    children = (etree.tostring(child, method="html", encoding="unicode") for child in element)
    return (element.text or "").replace("&", "&amp;").replace("<", "&lt;") + "".join(children)


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "code" and name == "class":
        found = _CODE_CLASS.search(value)
        return found.group() if found else None
    if name == "role":
        return value if value in ("doc-noteref", "doc-endnotes") else None
    if name == "align":
        return value if value in ("left", "center", "right") else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    clean_content_tags={"script", "style", "title", "textarea"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)
