"""A page's tree made clean and safe: nothing hidden, nothing active, every address absolute."""

import re
from typing import Literal

import nh3
from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring

from entrepot.content.markup import text_runs
from entrepot.content.metadata import absolute
from entrepot.content.pictures import mend_images, rescue_noscript_images
from entrepot.content.preformatted import mend_code, mend_tables

LinkMode = Literal["inline", "end", "none"]
ImageMode = Literal["keep", "drop"]

_TAGS = frozenset({
    "a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "cite", "code", "col", "colgroup", "dd", "del", "details",
    "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins",
    "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp", "small", "strike", "strong", "sub",
    "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var",
})  # fmt: skip
_ATTRIBUTES = {
    "*": {"lang", "dir"}, "a": {"href", "title", "rel"}, "img": {"src", "alt", "title", "width", "height"},
    "code": {"class"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan", "scope"}, "ol": {"start", "reversed"},
    "li": {"value"}, "time": {"datetime"}, "blockquote": {"cite"}, "q": {"cite"}, "abbr": {"title"},
}  # fmt: skip
_DROPPED = frozenset({
    "applet", "audio", "area", "base", "button", "canvas", "datalist", "dialog", "embed", "frame", "frameset", "head",
    "iframe", "input", "link", "map", "meta", "meter", "noframes", "noscript", "object", "optgroup", "option", "param",
    "progress", "script", "select", "source", "style", "svg", "template", "textarea", "title", "track", "video", "annotation",
})  # fmt: skip
_HIDDEN = etree.XPath(
    "//*[@hidden or @aria-hidden='true' or contains(translate(@style, 'DISPLAYNOE ', 'displaynoe'), 'display:none')"
    " or contains(translate(@style, 'VISBLTYHDEN ', 'visbltyhden'), 'visibility:hidden')]"
)
_MAX_HIDDEN_SHARE = 0.3
"""What hides more of the page's text than this is shown by a script later on, and is the page."""

_MIN_FALLBACK_CHARS = 200
"""What `<noscript>` says in fewer is that scripts are needed."""

_CODE_CLASS = re.compile(r"language-[\w+#.-]{1,40}")


def drop_hidden(tree: HtmlElement) -> None:
    """Takes out what the page hides from its readers, and scripts that hold no data."""
    rescue_noscript_images(tree)
    _reveal_fallback(tree)
    for script in tree.xpath(
        "//script[not(@type='application/ld+json')] | //style | //template | //noscript"
    ):
        script.drop_tree()
    whole = _read_size(tree)
    for element in _HIDDEN(tree):
        if element.getparent() is not None and _text_size(element) <= _MAX_HIDDEN_SHARE * whole:
            element.drop_tree()


def clean(tree: HtmlElement, base: str, *, links: bool = True, images: bool = True) -> str:
    """The safe HTML of what `tree` holds; `base` is what its addresses refer to. Changes `tree`."""
    mend_math(tree)
    mend_images(tree, base) if images else _drop(tree, "img", "picture")
    for element in list(tree.iter(*_DROPPED)):
        if element is not tree and element.getparent() is not None:
            element.drop_tree()
    mend_code(tree)
    mend_tables(tree)
    _mend_citations(tree, base)
    _mend_links(tree, base) if links else etree.strip_tags(tree, "a")
    body = tree.find("body")
    markup = _CLEANER.clean(_inner(tree if body is None else body))
    # Again, since what lost its wrapper may now lie where browsers would not leave it: a heading in a heading.
    return _CLEANER.clean(markup).strip()


def fragment_tree(fragment: str) -> HtmlElement:
    """A fragment of HTML as a tree, under one `<div>`."""
    return fragment_fromstring(fragment, create_parent="div")


def mend_math(tree: HtmlElement) -> None:
    """Turns formulas that carry their TeX source into code of the language `math`, framed by `$` where in a line."""
    for formula in list(tree.iter("math")):
        source = formula.get("alttext") or next(
            (note.text for note in formula.iter("annotation") if "tex" in (note.get("encoding") or "")), None
        )
        if source and formula.getparent() is not None:
            _replace_formula(formula, source.strip(), is_block=formula.get("display") == "block")


def _replace_formula(formula: HtmlElement, source: str, *, is_block: bool) -> None:
    code = etree.Element("code")
    code.text = source
    if is_block:
        code.set("class", "language-math")
        holder = etree.Element("pre")
        holder.append(code)
    else:
        holder = etree.Element("span")
        holder.text, code.tail = "$", "$"
        holder.append(code)
    holder.tail = formula.tail
    formula.getparent().replace(formula, holder)


def _mend_citations(tree: HtmlElement, base: str) -> None:
    for quotation in tree.iter("blockquote", "q"):
        if said := quotation.attrib.pop("cite", None):
            target = absolute(base, said)
            if target:
                quotation.set("cite", target)


def _mend_links(tree: HtmlElement, base: str) -> None:
    for link in tree.iter("a"):
        href = (link.get("href") or "").strip()
        if href.lower().startswith(("mailto:", "tel:")):
            continue
        target = absolute(base, href) if href else None
        if target:
            link.set("href", target)
        else:
            link.attrib.pop("href", None)


def _reveal_fallback(tree: HtmlElement) -> None:
    """Makes plain blocks of `<noscript>` where it holds the page for readers without scripts."""
    holders = tree.xpath("//body//noscript")
    said = sum(map(_read_size, holders))
    if said >= _MIN_FALLBACK_CHARS and said > _read_size(tree) - said:
        for holder in holders:
            holder.tag = "div"


def _read_size(tree: HtmlElement) -> int:
    return sum(len(node.text.strip()) for node, _ in text_runs(tree))


def _drop(tree: HtmlElement, *tags: str) -> None:
    for element in list(tree.iter(*tags)):
        element.drop_tree()


def _text_size(element: HtmlElement) -> int:
    return sum(len(text.strip()) for text in element.itertext())


def _inner(element: HtmlElement) -> str:
    children = (etree.tostring(child, method="html", encoding="unicode") for child in element)
    return (element.text or "").replace("&", "&amp;").replace("<", "&lt;") + "".join(children)


def _keep_attribute(tag: str, name: str, value: str) -> str | None:
    if tag == "code" and name == "class":
        found = _CODE_CLASS.search(value)
        return found.group() if found else None
    return value


_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep_attribute,
    clean_content_tags={"script", "style", "title", "textarea"},
    url_schemes={"http", "https", "mailto", "tel"},
    link_rel=None,
)
