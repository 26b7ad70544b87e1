"""Content codings undone piece by piece: gzip, deflate, br and zstd, in bounded steps, under a cap, to the very end.

RFC 9110 section 8.4; RFC 1952 (gzip), 1950 and 1951 (deflate), 7932 (brotli), 8878 and 9659 (zstd). No step makes more than about `STEP_BYTES` of output,
so that a bomb costs no more memory than a page.
"""

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import brotli  # type: ignore[import-untyped]  # the package ships no types
import zstandard

from entrepot.errors import ContentTooLarge, UpstreamBroken, UpstreamFailure

ACCEPTED = "gzip, deflate, br, zstd"
STEP_BYTES = 256 * 1024

_MAX_CODINGS = 2
_MAX_RATIO = 400  # of sizes, past _RATIO_FROM_BYTES: no page is that empty, every bomb is
_RATIO_FROM_BYTES = 4 * 1024 * 1024

# Registered codings that we cannot undo. Unregistered words (`utf-8`, `none`, `aws-chunked`) name no coding: browsers
# take such a body as it is, and so do we.
_UNSUPPORTED = frozenset({"compress", "x-compress", "dcb", "dcz", "exi", "pack200-gzip"})
_GZIP_TYPES = frozenset(
    {"application/gzip", "application/x-gzip", "application/x-gunzip", "application/gzipped"}
)


class Decoder(Protocol):
    """Undoes one coding, or several."""

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What `data` decodes to, in steps. Raises UpstreamBroken when it is malformed."""

    def finish(self) -> None:
        """Raises UpstreamBroken when the coded stream has not come to its own end."""


def decoder_for(codings: Sequence[str], content_type: str = "") -> Decoder | None:
    """What undoes `codings`, in the order in which `Content-Encoding` lists them; None when nothing is to be undone.

    A gzip file that a server labels as gzip-coded as well stays the file that it is, as in browsers.
    Raises UpstreamFailure for codings that cannot be undone here.
    """
    if any(coding in _UNSUPPORTED for coding in codings):
        raise UpstreamFailure("The origin uses a content coding that was not offered.")
    known = [coding for coding in codings if coding in _CODINGS]
    if len(known) > _MAX_CODINGS:
        raise UpstreamFailure("The origin stacks too many content codings.")
    if not known or (known in (["gzip"], ["x-gzip"]) and _media_type(content_type) in _GZIP_TYPES):
        return None
    return _Chain([_CODINGS[coding]() for coding in reversed(known)])


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


class _Chain:
    """Several decoders one behind the other, and the cap on how much the data may grow."""

    def __init__(self, decoders: Sequence[Decoder]) -> None:
        self._decoders = decoders
        self._in_bytes = 0
        self._out_bytes = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        self._in_bytes += len(data)
        for piece in self._through(data, 0):
            self._out_bytes += len(piece)
            if self._out_bytes > max(_RATIO_FROM_BYTES, _MAX_RATIO * self._in_bytes):
                raise ContentTooLarge("The content expands beyond all measure when it is decompressed.")
            yield piece

    def _through(self, data: bytes, index: int) -> Iterator[bytes]:
        if index == len(self._decoders):
            yield data
            return
        for piece in self._decoders[index].feed(data):
            yield from self._through(piece, index + 1)

    def finish(self) -> None:
        if self._in_bytes:  # an empty body bears its label without having been coded
            for decoder in self._decoders:
                decoder.finish()


class _Gzip:
    """gzip, of one or several members. What follows the last member is no part of the content: browsers drop it too."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
        self._has_trailer = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._has_trailer:
            yield from _inflated(self._inflate, data)
            if not self._inflate.eof:
                return
            data = self._inflate.unused_data
            if data[:1] == b"\x1f":
                self._inflate = zlib.decompressobj(16 + zlib.MAX_WBITS)
            else:
                self._has_trailer = bool(data)

    def finish(self) -> None:
        if not self._inflate.eof:
            raise UpstreamBroken("The origin's compressed body is cut off.")


class _Deflate:
    """deflate: the zlib format, or the bare stream that some servers send under its name."""

    def __init__(self) -> None:
        self._start = b""
        self._inflate: zlib._Decompress | None = None

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            self._start += data
            if len(self._start) < 2:
                return
            data = self._start
            has_header = data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0  # RFC 1950 section 2.2
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS)
        if not self._inflate.eof:
            yield from _inflated(self._inflate, data)

    def finish(self) -> None:
        if self._inflate is None or not self._inflate.eof:
            raise UpstreamBroken("The origin's compressed body is cut off.")


def _inflated(inflate: "zlib._Decompress", data: bytes) -> Iterator[bytes]:
    while True:
        try:
            piece = inflate.decompress(data, STEP_BYTES)
        except zlib.error as error:
            raise UpstreamBroken("The origin's compressed body is malformed.") from error
        if piece:
            yield piece
        data = inflate.unconsumed_tail
        if inflate.eof or (not data and len(piece) < STEP_BYTES):
            return


class _Brotli:
    """br. Bytes after its end are malformed, since the library does not tell where in a piece they begin."""

    def __init__(self) -> None:
        self._decompressor = brotli.Decompressor()

    def feed(self, data: bytes) -> Iterator[bytes]:
        piece = self._step(data)
        yield piece
        # A full step may have more behind it even when the decompressor says that it can accept more data.
        while len(piece) >= STEP_BYTES or not self._decompressor.can_accept_more_data():
            piece = self._step(b"")
            yield piece

    def _step(self, data: bytes) -> bytes:
        if self._decompressor.is_finished():
            if data:
                raise UpstreamBroken("The origin's compressed body goes on after its end.")
            return b""
        try:
            piece: bytes = self._decompressor.process(data, output_buffer_limit=STEP_BYTES)
        except brotli.error as error:
            raise UpstreamBroken("The origin's compressed body is malformed.") from error
        return piece

    def finish(self) -> None:
        if not self._decompressor.is_finished():
            raise UpstreamBroken("The origin's compressed body is cut off.")


class _Zstd:
    """zstd, of one or several frames. The library gives all that its input makes at once, so the input goes in by crumbs.

    Four bytes can make a block of 128 KiB, so that a crumb makes 2 MiB at the most. The window is at most 8 MiB, which is all
    that RFC 9659 lets servers use.
    """

    _CRUMB_BYTES = 64
    _WINDOW_BYTES = 8 * 1024 * 1024

    def __init__(self) -> None:
        self._frame = self._new_frame()
        self._is_between = False

    def _new_frame(self) -> "zstandard.ZstdDecompressionObj":
        return zstandard.ZstdDecompressor(max_window_size=self._WINDOW_BYTES).decompressobj()

    def feed(self, data: bytes) -> Iterator[bytes]:
        view = memoryview(data)
        for start in range(0, len(view), self._CRUMB_BYTES):
            crumb = bytes(view[start : start + self._CRUMB_BYTES])
            while crumb:
                piece, crumb = self._step(crumb)
                for offset in range(0, len(piece), STEP_BYTES):
                    yield piece[offset : offset + STEP_BYTES]

    def _step(self, crumb: bytes) -> tuple[bytes, bytes]:
        """What a crumb decodes to, and what of it belongs to the next frame."""
        if self._is_between:
            self._frame, self._is_between = self._new_frame(), False
        try:
            piece = self._frame.decompress(crumb)
        except zstandard.ZstdError as error:
            raise UpstreamBroken("The origin's compressed body is malformed.") from error
        if not self._frame.eof:
            return piece, b""
        self._is_between = True
        return piece, self._frame.unused_data

    def finish(self) -> None:
        if not self._is_between:
            raise UpstreamBroken("The origin's compressed body is cut off.")


_CODINGS: dict[str, Callable[[], Decoder]] = {
    "gzip": _Gzip,
    "x-gzip": _Gzip,
    "deflate": _Deflate,
    "br": _Brotli,
    "zstd": _Zstd,
}
