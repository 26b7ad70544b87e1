"""What kind of bytes a source really is, by its signature and by what it was declared to be."""

import re

from entrepot.content.charset import decode

SNIFFED_BYTES = 4096
"""How many of the first bytes are worth giving to `media_type_of`."""

HTML_TYPES = frozenset({"text/html", "application/xhtml+xml"})
FEED_TYPES = frozenset({"application/rss+xml", "application/atom+xml"})
ACTIVE_TYPES = HTML_TYPES | {"image/svg+xml", "text/xml", "application/xml", "multipart/related", "message/rfc822",
                             "text/xsl", "application/mathml+xml"}  # fmt: skip
"""Types that a browser may run scripts of."""

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
    over a declared text type, since origins that call a PDF `text/html` are common and a wrong guess costs little here.
    """
    said = essence(declared)
    signed = _signature_of(head)
    if said in _UNKNOWN:
        return signed or _text_type_of(head)
    if said in HTML_TYPES or said.startswith("text/"):
        if signed:
            return signed
        if said == "text/plain" and _is_binary(head):
            return "application/octet-stream"
    if said in ("text/xml", "application/xml", "text/html"):
        return _markup_type_of(head, said)
    if said.startswith("image/") and signed and signed.startswith("image/"):
        return signed
    return said


def essence(content_type: str | None) -> str:
    """The `type/subtype` of a Content-Type header in lower case; empty when there is none that can be read."""
    said = (content_type or "").partition(";")[0].strip().lower()
    return said if _TYPE.fullmatch(said) else ""


def is_active(media_type: str) -> bool:
    """Whether a browser may run what the type holds, so that it must be sandboxed."""
    return media_type in ACTIVE_TYPES or media_type.endswith("+xml")


def _signature_of(head: bytes) -> str | None:
    return next((kind for at, mark, kind in _SIGNATURES if head.startswith(mark, at)), None)


def _text_type_of(head: bytes) -> str:
    if _is_binary(head):
        return "application/octet-stream"
    text = decode(head)
    if _HTML_START.match(text):
        return "text/html"
    if _XML_START.match(text):
        return _markup_type_of(head, "application/xml")
    return "application/json" if _JSON_START.match(text) else "text/plain"


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
    has_mark = head.startswith((b"\xff\xfe", b"\xfe\xff"))
    return not has_mark and _BINARY.search(head) is not None
