"""Books (EPUB 2 and 3): the chapters in the order of their spine, with the book's title, authors and date."""

import posixpath
from urllib.parse import unquote

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.archive import Archive
from entrepot.content.documents.assembly import of_fragment
from entrepot.content.documents.blocks import picture
from entrepot.content.documents.xml_source import attribute, child, children, local_name, parse_xml, text_of
from entrepot.content.encoding.charset import decode
from entrepot.content.markup.clean import clean, drop_hidden
from entrepot.content.markup.selection import select
from entrepot.content.markup.tree import parse_html
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, DocumentEncrypted, NoContent

_MAX_CHAPTERS = 2000
_MAX_CHARS = 20_000_000
_FONT_METHODS = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")
_PAGES = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml"})


def read(page: Page, options: ContentOptions) -> Document:
    """The whole book; `main` leaves out its list of contents. A caller's selectors work on each chapter.

    Raises DocumentBroken, DocumentTooLarge, DocumentEncrypted where it is protected, NoContent, ValidationFailed.
    """
    archive = Archive(page.body)
    _refuse_protected(archive)
    root = child(parse_xml(archive.read("META-INF/container.xml")), "rootfiles", "rootfile")
    described = attribute(root, "full-path")
    if not described:
        raise DocumentBroken("The book does not say where its list of parts is.")
    package = parse_xml(archive.read(described))
    chapters: list[str] = []
    size, is_cut = 0, False
    for name in _spine(package, posixpath.dirname(described), with_contents=options.extract == "full"):
        if name not in archive:
            continue
        if size > _MAX_CHARS or len(chapters) >= _MAX_CHAPTERS:
            is_cut = True
            break
        chapters.append(_chapter(archive.read(name), page.final_url, options))
        size += len(chapters[-1])
    if options.selector and not any(chapters):
        raise NoContent("Nothing in the book fits the selector.")
    notices = (Notice("truncated", "The book is long; its last chapters are left out."),) if is_cut else ()
    return of_fragment("\n".join(filter(None, chapters)), _metadata(package), notices)


def _refuse_protected(archive: Archive) -> None:
    """Raises DocumentEncrypted where more than fonts is encrypted (OCF 3.3, 4.2.6.3.2)."""
    if "META-INF/encryption.xml" not in archive:
        return
    methods = parse_xml(archive.read("META-INF/encryption.xml"), recover=True).iter("{*}EncryptionMethod")
    if any(attribute(each, "Algorithm") not in _FONT_METHODS for each in methods):
        raise DocumentEncrypted("The book is protected and can only be read with its licence.")


def _spine(package: etree._Element, folder: str, *, with_contents: bool) -> list[str]:
    """The names of the chapters' files in order (EPUB 3.3, 5.7)."""
    manifest = child(package, "manifest")
    items = (
        {attribute(each, "id"): each for each in children(manifest, "item")} if manifest is not None else {}
    )
    spine = child(package, "spine")
    found = []
    for reference in children(spine, "itemref") if spine is not None else ():
        item = items.get(attribute(reference, "idref"))
        if item is None or attribute(item, "media-type") not in _PAGES:
            continue
        if not with_contents and "nav" in (attribute(item, "properties") or "").split():
            continue
        found.append(posixpath.normpath(posixpath.join(folder, unquote(attribute(item, "href") or ""))))
    return found


def _chapter(body: bytes, address: str, options: ContentOptions) -> str:
    """One chapter as clean HTML. Links within the book lead nowhere and go; so do pictures, but for what they say."""
    text = _as_html(body)
    try:
        tree = (
            select(text, options.selector, options.remove)
            if options.selector or options.remove
            else parse_html(text)
        )
    except NoContent:  # in this chapter; others may have what the selector fits
        return ""
    drop_hidden(tree)
    for link in tree.iter("a"):
        if not (link.get("href") or "").strip().lower().startswith(("http:", "https:", "mailto:")):
            link.attrib.pop("href", None)
    _describe_pictures(tree, keep=options.images == "keep")
    return clean(tree, address, links=options.links != "none", images=False)


def _as_html(body: bytes) -> str:
    """A chapter's XHTML as HTML, for in HTML an empty element of XML (`<title/>`) would not end."""
    try:
        root = parse_xml(body)
    except DocumentBroken:
        return decode(body, "application/xhtml+xml")
    for each in root.iter():
        if isinstance(each.tag, str):
            each.tag = local_name(each)
    etree.cleanup_namespaces(root)
    return str(etree.tostring(root, method="html", encoding="unicode"))


def _describe_pictures(tree: HtmlElement, *, keep: bool) -> None:
    for image in list(tree.iter("img")):
        said = picture(image.get("alt")) if keep else ""
        image.tail = f"{said}{image.tail or ''}" if said else image.tail
        image.drop_tree()


def _metadata(package: etree._Element) -> Metadata:
    """The book's Dublin Core facts (EPUB 3.3, 5.5)."""
    holder = child(package, "metadata")
    said: dict[str, list[str]] = {}
    for each in holder.iter() if holder is not None else ():
        if isinstance(each.tag, str) and text_of(each):
            key = attribute(each, "property") if local_name(each) == "meta" else local_name(each)
            said.setdefault(key or "", []).append(text_of(each))
    first = {name: values[0] for name, values in said.items()}
    return Metadata(
        title=first.get("title"),
        description=first.get("description"),
        author=", ".join(dict.fromkeys(said.get("creator", []))) or None,
        site_name=first.get("publisher"),
        published_at=first.get("date"),
        modified_at=first.get("dcterms:modified"),
        language=first.get("language"),
    )
