"""The addresses in a sitemap (sitemaps.org): XML, an index of others, plain text, each also compressed (pure)."""

import gzip
import io
import zlib
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_BYTES = 50 * 1024**2
"""A sitemap's size at most, unpacked, as the protocol has it."""
MAX_ADDRESSES = 50_000
_MAX_ADDRESS = 8192
_PIECE_BYTES = 65536


@dataclass(slots=True)
class Sitemap:
    """What a sitemap lists: `pages`, and further `sitemaps`. One that is broken lists what could be read of it."""

    pages: list[str] = field(default_factory=list)
    sitemaps: list[str] = field(default_factory=list)


def read_sitemap(body: bytes) -> Sitemap:
    """What `body` lists, in order; nothing for what is no sitemap. Blocks for as long as unpacking and reading take."""
    plain = _unpacked(body) if body.startswith(b"\x1f\x8b") else body[:MAX_BYTES]
    if plain.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return _read_xml(plain)
    lines = plain.decode("utf-8", "replace").splitlines()
    addresses = [line.strip() for line in lines if line.strip().startswith(("http://", "https://"))]
    return Sitemap([address for address in addresses if len(address) <= _MAX_ADDRESS][:MAX_ADDRESSES])


def _unpacked(body: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(body)) as packed:
            return packed.read(MAX_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


class _Reader:
    """Collects the text of every `<loc>`, by what the element around it is."""

    def __init__(self) -> None:
        self.found = Sitemap()
        self._path: list[str] = []
        self._text: list[str] = []

    def start(self, name: str, _attributes: object) -> None:
        self._path.append(name.rpartition(":")[2].lower())
        self._text.clear()

    def end(self, _name: str) -> None:
        here = self._path[-2:]
        self._path.pop()
        if here[-1] != "loc" or len(here) < 2:
            return
        address = "".join(self._text).strip()
        into = {"url": self.found.pages, "sitemap": self.found.sitemaps}.get(here[0])
        if into is not None and 0 < len(address) <= _MAX_ADDRESS and len(into) < MAX_ADDRESSES:
            into.append(address)

    def text(self, data: str) -> None:
        if self._path and self._path[-1] == "loc" and len(self._text) < 64:
            self._text.append(data)


class _Refused(Exception):
    """The XML declares entities: no sitemap needs them, and bombs are made of them."""


def _read_xml(body: bytes) -> Sitemap:
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    parser.EntityDeclHandler = _refuse
    try:
        for start in range(0, len(body), _PIECE_BYTES):
            parser.Parse(body[start : start + _PIECE_BYTES], False)
        parser.Parse(b"", True)
    except (expat.ExpatError, ValueError, _Refused):  # what was read before it broke is as good as ever
        return reader.found
    return reader.found


def _refuse(*_declaration: object) -> None:
    raise _Refused
