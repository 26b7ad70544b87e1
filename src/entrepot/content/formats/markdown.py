"""Markdown (CommonMark with GFM tables and strikethrough), rendered from a document's HTML."""

import re

from html_to_markdown import ConversionOptions, PreprocessingOptions, convert
from html_to_markdown.exceptions import ConversionError
from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.clean import fragment_tree
from entrepot.content.document import Document, Verbatim
from entrepot.content.options import LinkMode
from entrepot.content.superscript import spell_scripts
from entrepot.errors import ConversionFailed

_FENCE = re.compile(r"^ {0,3}(`{3,})", re.MULTILINE)

_SIGNS = str.maketrans({"&": "&amp;", "<": "&lt;", "`": "&#96;", "*": "&#42;"})
_ADDRESS_SIGNS = str.maketrans({"<": "%3C", ">": "%3E", "`": "%60"})
_REFERENCE_SIGNS = _ADDRESS_SIGNS | str.maketrans({"(": "%28", ")": "%29"})


def render(document: Document, links: LinkMode = "inline") -> str:
    """The document's content as markdown, its links in the line or, with `end`, as references. Raises ConversionFailed."""
    if document.verbatim is not None:
        return _as_is(document.verbatim)
    tree = fragment_tree(document.fragment)
    spell_scripts(tree)
    for line_end in tree.xpath(".//ul/br | .//ol/br"):
        line_end.drop_tree()  # between items they say nothing, and some make the converter panic
    _disarm(tree, as_references=links == "end")
    try:
        found = convert(etree.tostring(tree, method="html", encoding="unicode"), _options(links))
    except ConversionError as error:
        raise ConversionFailed("The page could not be converted to markdown.") from error
    return (found.content or "").strip() + "\n"


def _disarm(tree: HtmlElement, *, as_references: bool) -> None:
    """Makes words and addresses in attributes say nothing in markdown, where the converter writes them as they are.

    A reference's address may hold parentheses only in pairs (CommonMark §4.7).
    """
    for element in tree.iter("a", "img"):
        if said := element.get("alt"):
            element.set("alt", " ".join(said.split()).translate(_SIGNS))
        if "<" in (title := element.attrib.pop("title", "")):
            title = ""  # titles take no references, so that markup in one could not be made harmless
        if title:
            element.set("title", " ".join(title.split()))
        name = "href" if element.tag == "a" else "src"
        if address := element.get(name):
            element.set(name, address.translate(_REFERENCE_SIGNS if as_references else _ADDRESS_SIGNS))


def _as_is(source: Verbatim) -> str:
    """Prose is markdown already; code goes into a fence longer than any in it."""
    if not source.language:
        return source.text
    fence = "`" * (1 + max((len(found) for found in _FENCE.findall(source.text)), default=2))
    return f"{fence}{source.language}\n{source.text.rstrip()}\n{fence}\n"


def _options(links: LinkMode) -> ConversionOptions:
    return ConversionOptions(
        bullets="-",
        escape_asterisks=True,
        escape_underscores=True,
        escape_misc=True,
        autolinks=False,
        expand_abbreviations=False,
        include_blockquote_citations=False,
        br_in_tables=True,
        keep_inline_images_in=[
            "a",
            "p",
            "li",
            "td",
            "th",
            "span",
            "em",
            "strong",
            "h1",
            "h2",
            "h3",
            "h4",
            "h5",
            "h6",
        ],
        highlight_style="none",
        newline_style="backslash",
        extract_metadata=False,
        hidden_content="all",
        link_style="reference" if links == "end" else "inline",
        max_depth=1024,
        preprocessing=PreprocessingOptions(enabled=False),
    )
