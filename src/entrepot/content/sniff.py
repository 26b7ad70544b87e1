"""What kind of bytes a source really is, by its signature and by what it was declared to be."""

import re

from entrepot.content.encoding.charset import decode, is_utf16

_TEXTS = ("text/", "application/json", "application/xml", "application/xhtml+xml", "image/svg+xml")
SNIFFED_BYTES = 4096
"""How many of the first bytes are worth giving to `media_type_of`."""

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})
ACTIVE_TYPES = HTML_TYPES | {"image/svg+xml", "text/xml", "application/xml", "multipart/related", "message/rfc822",
                             "text/xsl", "application/mathml+xml"}  # fmt: skip
"""Types that a browser may run scripts of."""

PDF, EPUB, OLE = "application/pdf", "application/epub+zip", "application/x-ole-storage"
_OFFICE = "application/vnd.openxmlformats-officedocument"
OFFICE_FOLDERS = {
    "word": f"{_OFFICE}.wordprocessingml.document",
    "xl": f"{_OFFICE}.spreadsheetml.sheet",
    "ppt": f"{_OFFICE}.presentationml.presentation",
}
"""The folder that tells the three kinds of OOXML packages apart."""

_OPEN_TYPES = frozenset(
    f"application/vnd.oasis.opendocument.{kind}"
    for kind in ("text", "text-template", "spreadsheet", "presentation", "graphics", "formula")
)
ZIP_TYPES = _OPEN_TYPES | set(OFFICE_FOLDERS.values()) | {
    "application/zip", "application/x-zip-compressed", EPUB, f"{_OFFICE}.wordprocessingml.template",
    f"{_OFFICE}.spreadsheetml.template", f"{_OFFICE}.presentationml.template", f"{_OFFICE}.presentationml.slideshow",
    "application/vnd.ms-word.document.macroenabled.12", "application/vnd.ms-excel.sheet.macroenabled.12",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12",
}  # fmt: skip
"""Types whose bytes are a ZIP file."""

OLD_OFFICE_TYPES = frozenset(
    {"application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"}
)
_SIGNED = ZIP_TYPES | OLD_OFFICE_TYPES | {
    PDF, "application/x-pdf", "application/rtf", "image/png", "image/jpeg", "image/gif", "image/webp",
}  # fmt: skip
"""Types whose bytes bear a signature: without one, a declaration as such is wrong."""

_MARKUP_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
_UNKNOWN = frozenset({"", "unknown/unknown", "application/unknown", "*/*", "application/octet-stream",
                      "binary/octet-stream"})  # fmt: skip
_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,64}/[a-z0-9!#$&^_.+-]{1,64}")

_SIGNATURES: tuple[tuple[int, bytes, str], ...] = (
    (0, b"%PDF-", "application/pdf"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBPVP", "image/webp"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (0, b"\x00\x00\x01\x00", "image/x-icon"),
    (6, b"\x00\x00\x00\x00\x36\x00\x00\x00", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (0, b"{\\rtf", "application/rtf"),
    (0, b"%!PS-Adobe-", "application/postscript"),
    (0, b"PK\x03\x04", "application/zip"),
    (0, b"\x1f\x8b\x08", "application/gzip"),
    (0, b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (0, b"Rar!\x1a\x07", "application/vnd.rar"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
    (0, b"OggS\x00", "application/ogg"),
    (0, b"ID3", "audio/mpeg"),
    (0, b"fLaC", "audio/flac"),
    (8, b"WAVE", "audio/wav"),
    (4, b"ftyp", "video/mp4"),
    (0, b"wOFF", "font/woff"),
    (0, b"wOF2", "font/woff2"),
    (0, b"\x00asm", "application/wasm"),
)
_JUNK_BYTES = 1024
"""What readers of PDF skip before its signature (ISO 32000-1, annex H.3, note 13)."""

_COMMENT = r"(?><!--.*?-->)"
_HTML_START = re.compile(
    rf"\s*(?:{_COMMENT}\s*)*<(?:!doctype html|html|head|script|iframe|h1|div|font|table|a|style|title|b|body|br|p|meta"
    r"|link|main|article|section)[\s/>]",
    re.IGNORECASE | re.DOTALL,
)
_XML_START = re.compile(r"\s*<\?xml\s", re.IGNORECASE)
_PROLOGUE = rf"(?>\s+|<\?.*?\?>|{_COMMENT}|<!doctype[^>\[]*(?:\[.*?\])?\s*>)*"
_ROOT = re.compile(rf"{_PROLOGUE}<([A-Za-z_][\w.:-]*)", re.IGNORECASE | re.DOTALL)
_JSON_START = re.compile(r"\s*(?:\{\s*(?:\"|\})|\[\s*(?:[\[{\"\]]|-?\d|true|false|null))")
_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def media_type_of(head: bytes, declared: str | None) -> str:
    """The media type (lower case, no parameters) of a source that begins with `head` and was declared as `declared`.

    After WHATWG MIME Sniffing: a declared type is believed unless it is missing or says nothing, but plain text must
    not be binary, and XML is looked into for XHTML and feeds. Beyond it, a signature of a binary format is believed
    over a declared text type, since origins that call a PDF `text/html` are common and a wrong guess costs little here;
    and what was declared as a document or an image but is text, an error page for instance, is that text.
    """
    said = essence(declared)
    signed = _signature_of(head)
    if said in _SIGNED:
        return _signed_type_of(head, said, signed)
    if said in _UNKNOWN:
        return signed or _text_type_of(head)
    if signed and (said in HTML_TYPES or said.startswith("text/") or _are_images(said, signed)):
        return signed
    if said == "text/plain" and _is_binary(head):
        return "application/octet-stream"
    return _markup_type_of(head, said) if said in _MARKUP_TYPES else said


def is_text(media_type: str) -> bool:
    """Whether what bears this type is meant to be read as text, parameters or not."""
    return essence(media_type).startswith(_TEXTS)


def essence(content_type: str | None) -> str:
    """The `type/subtype` of a Content-Type header in lower case; empty when there is none that can be read."""
    said = (content_type or "").partition(";")[0].strip().lower()
    return said if _TYPE.fullmatch(said) else ""


def is_active(media_type: str) -> bool:
    """Whether a browser may run what the type holds, so that it must be sandboxed."""
    return media_type in ACTIVE_TYPES or media_type.endswith("+xml")


def _are_images(said: str, signed: str) -> bool:
    return said.startswith("image/") and signed.startswith("image/")


def _signature_of(head: bytes) -> str | None:
    found = next((kind for at, mark, kind in _SIGNATURES if head.startswith(mark, at)), None)
    return _packed_type_of(head) if found == "application/zip" else found


def _packed_type_of(head: bytes) -> str:
    """What a ZIP file holds, as far as its first members' names tell (ODF 1.3 part 2, 3.3; EPUB OCF 3.3, 4.3)."""
    if head[30:38] == b"mimetype":
        said = head[38:138].partition(b"PK")[0].decode("ascii", "replace").strip()
        return said if said in ZIP_TYPES else "application/zip"
    if b"[Content_Types].xml" in head or b"_rels/.rels" in head:
        found = (kind for folder, kind in OFFICE_FOLDERS.items() if f"{folder}/".encode() in head)
        return next(found, "application/zip")
    return "application/zip"


def _signed_type_of(head: bytes, said: str, signed: str | None) -> str:
    if signed == "application/zip" and said in ZIP_TYPES:
        return said
    if signed:
        return signed
    if said in (PDF, "application/x-pdf") and b"%PDF-" in head[:_JUNK_BYTES]:
        return PDF
    return said if _is_binary(head) or not head.strip() else _text_type_of(head)


def _text_type_of(head: bytes) -> str:
    if _is_binary(head):
        return "application/octet-stream"
    text = decode(head)
    if _HTML_START.match(text):
        return "text/html"
    if _XML_START.match(text):
        return _markup_type_of(head, "application/xml")
    if _JSON_START.match(text):
        return "application/json"
    return _markup_type_of(head, "text/plain")


def _markup_type_of(head: bytes, said: str) -> str:
    """Tells feeds and XHTML from other XML by the root element."""
    found = _ROOT.match(decode(head[:SNIFFED_BYTES]))
    root = found.group(1).lower() if found else ""
    if root in ("rss", "rdf:rdf"):
        return "application/rss+xml"
    if root in ("feed", "atom:feed"):
        return "application/atom+xml"
    if root == "html" and said != "text/html":
        return "application/xhtml+xml"
    return "image/svg+xml" if root == "svg" and said != "text/html" else said


def _is_binary(head: bytes) -> bool:
    return _BINARY.search(head) is not None and not is_utf16(head)
