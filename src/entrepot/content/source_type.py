"""What a whole source is: the sniffer's word on its first bytes, then a look at its parts and at its address."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from entrepot.content.document import Page
from entrepot.content.documents.archive import Archive
from entrepot.content.encoding.charset import decode
from entrepot.content.sniff import (
    EPUB,
    FEED_TYPES,
    HTML_TYPES,
    OFFICE_FOLDERS,
    OLE,
    SNIFFED_BYTES,
    ZIP_TYPES,
    media_type_of,
)
from entrepot.errors import ConversionUnsupported, DocumentBroken, DocumentEncrypted

_PAGE_START = re.compile(r"\s*(?:<!--.*?-->\s*)*(?:<!doctype\s+html|<html[\s>])", re.IGNORECASE | re.DOTALL)
_JSON_FEED = re.compile(rb'"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/version\\?/')
_BY_EXTENSION = {
    ".csv": "text/csv", ".tsv": "text/tab-separated-values", ".tab": "text/tab-separated-values",
    ".md": "text/markdown", ".markdown": "text/markdown", ".mdown": "text/markdown", ".mkd": "text/markdown",
}  # fmt: skip
_PLAIN_ARCHIVES = frozenset({"application/zip", "application/x-zip-compressed"})
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_OLD_OFFICE = (("WordDocument", "Word"), ("Workbook", "Excel"), ("PowerPoint Document", "PowerPoint"))


def source_type(page: Page) -> str:
    """The media type that says which reader takes `page`.

    Raises DocumentBroken and DocumentTooLarge for what is packed in a bad archive, DocumentEncrypted for an encrypted
    office document, and ConversionUnsupported for the office formats of before 2007.
    """
    said = media_type_of(page.body[:SNIFFED_BYTES], page.content_type)
    if said in ZIP_TYPES and page.body.startswith(b"PK"):
        return _packed_type(page.body, said)
    if said == OLE:
        raise _refusal_of(page.body)
    if said == "text/plain":
        return _plain_type(page)
    if said == "application/json" and _JSON_FEED.search(page.body[:SNIFFED_BYTES]):
        return "application/feed+json"
    return said


def _packed_type(body: bytes, said: str) -> str:
    """What an archive's own members make of it, whatever it is called."""
    try:
        archive = Archive(body)
    except DocumentBroken:
        if said in _PLAIN_ARCHIVES:
            return said
        raise
    if "mimetype" in archive:
        found = archive.read("mimetype")[:100].decode("ascii", "replace").strip().lower()
        if found in ZIP_TYPES:
            return found
    if "META-INF/container.xml" in archive:
        return EPUB
    if "[Content_Types].xml" in archive:
        folders = {name.partition("/")[0].lower() for name in archive.names}
        return next((kind for folder, kind in OFFICE_FOLDERS.items() if folder in folders), said)
    return "application/zip"


def _plain_type(page: Page) -> str:
    """Text that is called plain: whole pages and feeds are what they are, the rest what the address says."""
    head = page.body[:SNIFFED_BYTES]
    found = media_type_of(head, None)
    if found in FEED_TYPES or (found in HTML_TYPES and _PAGE_START.match(decode(head, page.content_type))):
        return found
    return _BY_EXTENSION.get(_extension(page.final_url), "text/plain")


def _extension(address: str) -> str:
    try:
        return PurePosixPath(unquote(urlsplit(address).path)).suffix.lower()
    except ValueError:
        return ""


def _refusal_of(body: bytes) -> DocumentEncrypted | ConversionUnsupported:
    """Why a compound file is not read: since 2007 it only wraps documents that are encrypted (MS-OFFCRYPTO 2.3)."""
    if _ENCRYPTED_PACKAGE in body:
        return DocumentEncrypted()
    name = next((name for stream, name in _OLD_OFFICE if stream.encode("utf-16-le") in body), "office")
    return ConversionUnsupported(
        f"The {name} format of before 2007 is not read; saved in the newer one (DOCX, XLSX, PPTX), it is."
    )
