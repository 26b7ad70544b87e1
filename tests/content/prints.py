"""Printing in tests: fragments in, what the pages say and show out; and small images made on the spot."""

import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import pypdfium2

from entrepot.content.document import Document, Metadata
from entrepot.content.formats.pdf import Print, render


def document(fragment: str, **said: str) -> Document:
    """A document that holds `fragment` and says `said` of itself."""
    return Document(Metadata(**said), fragment)


def printed(fragment: str, images: Mapping[str, bytes] | None = None, **said: str) -> Print:
    """The print of a fragment; `images` are what a fetcher would bring."""

    def fetch(addresses: Sequence[str]) -> dict[str, bytes]:
        return {address: (images or {})[address] for address in addresses if address in (images or {})}

    return render(document(fragment, **said), source_url="https://harbour.example/crane", images=fetch)


def pages_of(body: bytes) -> list[str]:
    """The text of each page, its white space collapsed and invisible breaks taken out."""
    opened = pypdfium2.PdfDocument(body)
    try:
        texts = [opened[number].get_textpage().get_text_range() for number in range(len(opened))]
    finally:
        opened.close()
    return [" ".join(re.sub("[\u200b\ufffe]", "", text).split()) for text in texts]


def text_of(fragment: str, **said: str) -> str:
    """All that the print of a fragment says."""
    return " ".join(pages_of(printed(fragment, None, **said).body))


def picture_count(body: bytes) -> int:
    """How many images the pages show."""
    opened = pypdfium2.PdfDocument(body)
    try:
        kinds: list[Any] = [each.type for page in opened for each in page.get_objects(max_depth=5)]
    finally:
        opened.close()
    return kinds.count(pypdfium2.raw.FPDF_PAGEOBJ_IMAGE)


def png(width: int = 8, height: int = 8, *, claimed: tuple[int, int] | None = None) -> bytes:
    """A grey PNG; `claimed` is the size that its header tells instead."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", *(claimed or (width, height)), 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
