"""Feeds in XML: RSS 0.9x, 1.0 and 2.0, and Atom (RFC 4287), read as one page of their entries."""

import re
from collections.abc import Iterator
from html import unescape

from lxml import etree

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import escape
from entrepot.content.documents.feed_page import MAX_ENTRIES, Entry, date_of, feed_page
from entrepot.content.documents.xml_source import attribute, child, children, local_name, parse_xml, text_of
from entrepot.content.encoding.charset import decode
from entrepot.content.markup.addresses import absolute
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, NoContent

_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
_TAG = re.compile(r"<(?:[a-zA-Z][^<>]*|/[a-zA-Z]+\s*)>")
_CONTENTS = ("encoded", "content", "description", "summary", "subtitle", "tagline")
_XHTML = "{http://www.w3.org/1999/xhtml}"


def read(page: Page, options: ContentOptions) -> Document:
    """The feed's title and entries. Raises DocumentBroken for what is no feed, NoContent for an empty one."""
    text = _DECLARATION.sub("", decode(page.body, page.content_type).lstrip("\ufeff \t\r\n"))
    root = parse_xml(text, recover=True)
    name = local_name(root).lower()
    if name not in ("rss", "rdf", "feed"):
        raise DocumentBroken("The file is no feed.")
    head = root if name == "feed" else next((each for each in root.iter("{*}channel", "channel")), root)
    found = [each for each in root.iter() if local_name(each) in ("item", "entry")]
    if not found and not text_of(child(head, "title")):
        raise NoContent("The feed has no entries.")
    base = _base(root, head, page.final_url)
    entries = [_entry(each) for each in found[:MAX_ENTRIES]]
    metadata = _metadata(head, base)
    markup = feed_page(metadata.title or "", metadata.description or "", entries, base)
    notice = Notice("truncated", f"Entries after the first {MAX_ENTRIES} are left out.")
    return assemble(markup, metadata, base, options, (notice,) if len(found) > MAX_ENTRIES else ())


def _base(root: etree._Element, head: etree._Element, address: str) -> str:
    said = attribute(root, "base") or attribute(head, "base")
    return (absolute(address, said) if said else None) or address


def _metadata(head: etree._Element, base: str) -> Metadata:
    image = child(head, "image", "url")
    logo = text_of(image) if image is not None else text_of(child(head, "logo"))
    site = _address(head)
    return Metadata(
        title=_plain(child(head, "title")) or None,
        description=next((said for name in ("description", "subtitle", "tagline") if (said := _plain(child(head, name)))), None),
        author=_author(head) or None,
        site_name=_plain(child(head, "title")) or None,
        modified_at=next((date for name in ("updated", "lastBuildDate", "pubDate", "date", "modified")
                          if (date := date_of(text_of(child(head, name))))), None),
        language=text_of(child(head, "language")) or attribute(head, "lang") or None,
        image=absolute(base, logo) if logo else None,
        canonical_url=absolute(base, site) if site else None,
    )  # fmt: skip


def _entry(entry: etree._Element) -> Entry:
    dates = ("pubDate", "published", "date", "issued", "updated", "modified", "created")
    return Entry(
        title=_plain(child(entry, "title")),
        address=_address(entry),
        date=next((date for name in dates if (date := date_of(text_of(child(entry, name))))), None),
        author=_author(entry),
        content=max((_html(each) for each in children(entry, *_CONTENTS)), key=len, default=""),
        media=tuple(_media(entry)),
    )


def _address(holder: etree._Element) -> str | None:
    """The page that the feed or the entry stands for: Atom's `alternate`, RSS's `link`, or an id that is an address."""
    links = [
        each for each in children(holder, "link") if (attribute(each, "rel") or "alternate") == "alternate"
    ]
    found = next(
        (said for each in links if (said := (attribute(each, "href") or text_of(each)).strip())), None
    )
    if found:
        return found
    named = text_of(child(holder, "guid")) or text_of(child(holder, "id"))
    is_address = attribute(child(holder, "guid"), "isPermaLink") != "false"
    return named if named.startswith(("http://", "https://")) and is_address else None


def _author(holder: etree._Element) -> str:
    names = []
    for each in children(holder, "author", "creator"):
        name = text_of(child(each, "name")) or (text_of(each) if len(each) == 0 else "")
        found = re.search(r"\(([^)]+)\)\s*$", name)  # RSS: an address, then the name in parentheses
        names.append(found.group(1) if found and "@" in name else name)
    return ", ".join(dict.fromkeys(filter(None, names)))


def _media(entry: etree._Element) -> Iterator[str]:
    for each in children(entry, "enclosure", "link"):
        said = attribute(each, "url") or attribute(each, "href")
        if said and (local_name(each) == "enclosure" or attribute(each, "rel") == "enclosure"):
            yield said


def _html(element: etree._Element) -> str:
    """A content as HTML: markup of its own, markup that was escaped, or plain text (RFC 4287, 3.1.1 and 4.1.3)."""
    if len(element):
        inner = "".join(etree.tostring(_bare(each), method="html", encoding="unicode") for each in element)
        return escape(element.text or "") + inner
    text = element.text or ""
    kind = (attribute(element, "type") or "").lower()
    if kind in ("text", "text/plain") and not _TAG.search(text):
        return "<p>" + "</p><p>".join(escape(part.strip()) for part in text.split("\n\n")) + "</p>"
    return text


def _bare(element: etree._Element) -> etree._Element:
    """The element in no namespace, as HTML's are written."""
    for each in element.iter():
        if isinstance(each.tag, str) and each.tag.startswith(_XHTML):
            each.tag = each.tag.removeprefix(_XHTML)
    etree.cleanup_namespaces(element)
    return element


def _plain(element: etree._Element | None) -> str:
    """A title or the like as plain text: markup in it and escapes of escapes are resolved."""
    said = text_of(element)
    return " ".join(unescape(_TAG.sub(" ", unescape(said))).split()) if "&" in said or "<" in said else said
