"""How large an image is, from its first bytes alone: before anything decodes it, and fills the memory with it."""

import re
import struct

from lxml import etree

_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_MAX_SVG_BYTES = 2 * 1024 * 1024
_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"


def image_kind(data: bytes) -> str | None:
    """The extension of the kind of image: png, jpg, gif, webp, svg; None: none that can be printed."""
    head = data[:1024]
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if head.startswith(b"\xff\xd8\xff"):
        return "jpg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "gif"
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "webp"
    return "svg" if b"<svg" in head and head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<") else None


def pixels_of(data: bytes) -> int | None:
    """How many pixels decoding brings; 0 for a drawing (SVG); None: the bytes do not say, or are not to be decoded."""
    try:
        match image_kind(data):
            case "png":
                width, height = struct.unpack(">II", data[16:24])
            case "gif":
                width, height = struct.unpack("<HH", data[6:10])
            case "jpg":
                width, height = _jpeg_size(data)
            case "webp":
                width, height = _webp_size(data)
            case "svg":
                return 0 if _is_tame(data) else None
            case _:
                return None
    except (struct.error, IndexError, ValueError):
        return None
    return int(width) * int(height)


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """From the frame's header (ITU-T T.81, annex B)."""
    place = 2
    while True:
        marker, kind, length = struct.unpack(">BBH", data[place : place + 4])
        if marker != 0xFF:
            raise ValueError("no marker where one must be")
        if kind in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", data[place + 5 : place + 9])
            return width, height
        place += 1 if kind == 0xFF else 2 + length


def _webp_size(data: bytes) -> tuple[int, int]:
    """From the first chunk (RFC 9649): extended, lossless or lossy."""
    match data[12:16]:
        case b"VP8X":
            return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
        case b"VP8L":
            bits = int.from_bytes(data[21:25], "little")
            return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
        case _:
            width, height = struct.unpack("<HH", data[26:30])
            return width & 0x3FFF, height & 0x3FFF


def _is_tame(data: bytes) -> bool:
    """Whether a drawing cannot grow beyond its source: no entities, no copies of copies, not too large."""
    if len(data) > _MAX_SVG_BYTES or re.search(rb"<!(?:ENTITY|DOCTYPE[^>]*\[)", data, re.IGNORECASE):
        return False
    try:
        tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return False
    named = {element.get("id"): element for element in tree.iter() if element.get("id")}
    for use in tree.iter(f"{_SVG}use"):
        target = named.get((use.get("href") or use.get(_HREF) or "").removeprefix("#"))
        if target is not None and next(target.iter(f"{_SVG}use"), None) is not None:
            return False
    return True
