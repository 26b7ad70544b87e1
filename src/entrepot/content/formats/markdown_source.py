"""Markdown as a source: shown as the document that it describes, with the facts in its front matter."""

import re

from lxml import etree
from markdown_it import MarkdownIt

from entrepot.content.document import Document, Metadata, Page, Verbatim
from entrepot.content.documents.assembly import assemble
from entrepot.content.encoding.charset import decode
from entrepot.content.markup.addresses import absolute
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent

_FRONT = re.compile(r"\A---[ \t]*\n(.*?\n)?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FACT = re.compile(r"^([A-Za-z_-]{1,40}):[ \t]+(\S.*?)[ \t]*$", re.MULTILINE)
_MAX_FRONT_CHARS = 20_000
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?")


def read(page: Page, options: ContentOptions) -> Document:
    """The document (CommonMark, tables, strikethrough). Its source stands for it in markdown where nothing in it is
    active, relative to its address, or unwanted. Raises NoContent, ValidationFailed for a selector that is none.
    """
    source = decode(page.body, page.content_type).replace("\r\n", "\n").replace("\x00", "\ufffd")
    front, text = _parted(source)
    if not text.strip():
        raise NoContent("The text is empty.")
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    markup = reader.render(text)
    facts = {name.lower(): value.strip("'\"") for name, value in _FACT.findall(front)}
    document = assemble(markup, _metadata(facts, markup), page.final_url, options)
    if _may_stand(markup, text, page.final_url, options):
        return Document(
            document.metadata, document.fragment, document.links, document.images, Verbatim(text, "markdown")
        )
    return document


def _parted(source: str) -> tuple[str, str]:
    found = _FRONT.match(source[:_MAX_FRONT_CHARS])
    return (found.group(1) or "", source[found.end() :]) if found else ("", source)


def _metadata(facts: dict[str, str], markup: str) -> Metadata:
    heading = re.search(r"<h1>(.*?)</h1>", markup, re.DOTALL)
    shown = re.sub(r"<[^>]*>", "", heading.group(1)) if heading else ""
    date = facts.get("date", "")
    return Metadata(
        title=facts.get("title") or " ".join(shown.split()) or None,
        description=facts.get("description") or facts.get("summary"),
        author=facts.get("author"),
        published_at=date if _DATE.fullmatch(date) else None,
        language=facts.get("lang") or facts.get("language"),
    )


def _may_stand(markup: str, text: str, address: str, options: ContentOptions) -> bool:
    """Whether the source says in markdown what the document does."""
    is_asked = options.selector or options.remove or options.links != "inline" or options.images != "keep"
    if is_asked or re.search(r"<[A-Za-z!/?]", text):
        return False
    root = etree.HTML(f"<div>{markup}</div>")
    said = [str(value) for value in root.xpath("//@href | //@src")] if root is not None else []
    return all(each.startswith(("mailto:", "tel:")) or absolute(address, each) == each for each in said)
