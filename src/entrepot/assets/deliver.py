"""How an asset's bytes leave: status and header fields decided without I/O, and the bytes read piece by piece."""

import asyncio
import base64
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from entrepot.assets.conditional import ByteRange, Representation, decide
from entrepot.assets.disposition import content_disposition
from entrepot.assets.records import Asset
from entrepot.dates import http_date

MAX_PIECE_BYTES = 96 * 1024
"""Larger pieces are no faster, and from 128 KiB on the C library's heap grows to twice of what waits for slow readers."""

_PUBLIC = "public, s-maxage=3600, max-age=60"
_PRIVATE = "private, no-cache"
_SANDBOX = "sandbox; default-src 'none'"
_UNKNOWN_TYPE = "application/octet-stream"
_WORD = r"[A-Za-z0-9!#$&^_.+-]+"
_MEDIA_TYPE = re.compile(
    rf'\s*(?P<type>{_WORD}/{_WORD})\s*(?:;.*?\bcharset="?(?P<charset>{_WORD})"?.*|;.*)?', re.DOTALL
)
_SAFE_TYPE = re.compile(
    r"(?:video|audio|image)/(?!.*(?:svg|xml))[^/]+|text/plain|text/markdown|application/pdf"
)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An answer: `part` is what of the content to send; None: nothing."""

    status: int
    headers: Mapping[str, str]
    part: ByteRange | None


def plan_delivery(
    asset: Asset, method: str, headers: Mapping[str, str], *, is_inline: bool, now: datetime
) -> Delivery:
    """The answer to GET or HEAD of the asset's current version; `headers` as `conditional.decide` wants them.

    With `is_inline` a browser may show the content, if it is of a kind that cannot run scripts.
    """
    version = asset.version
    decision = decide(method, headers, representation_of(asset), now)
    validators = {"ETag": etag_of(asset), "Cache-Control": _PUBLIC if asset.is_public else _PRIVATE}
    if decision.status == 304:
        return Delivery(304, validators, None)
    if (
        decision.status == 412
    ):  # without the lifetime, or a shared cache could give it to those who set no condition
        return Delivery(412, {"ETag": etag_of(asset)}, None)
    if decision.status == 416:
        return Delivery(416, {"Accept-Ranges": "bytes", **decision.headers}, None)
    whole = ByteRange(0, version.size_bytes - 1)
    part = decision.ranges[0] if decision.ranges else whole
    sent = {
        **validators,
        **_content_fields(asset, is_inline=is_inline),
        **decision.headers,
        "Content-Length": str(part.size_bytes),
    }
    return Delivery(decision.status, sent, part if method == "GET" and part.size_bytes else None)


def representation_of(asset: Asset) -> Representation:
    """A first version's date is strong: no earlier bytes can have borne it."""
    version = asset.version
    return Representation(
        etag_of(asset), version.created_at, version.size_bytes, is_date_strong=version.number == 1
    )


def etag_of(asset: Asset) -> str:
    """The strong, quoted entity tag: the bytes' SHA-256 in hex."""
    return f'"{asset.version.sha256}"'


def safe_media_type(text: str) -> str:
    """`text` as `type/subtype` with at most a charset; what is malformed becomes application/octet-stream."""
    match = _MEDIA_TYPE.fullmatch(text)
    if match is None:
        return _UNKNOWN_TYPE
    charset = f"; charset={match['charset'].lower()}" if match["charset"] else ""
    return f"{match['type'].lower()}{charset}"


def _content_fields(asset: Asset, *, is_inline: bool) -> dict[str, str]:
    media_type = safe_media_type(asset.content_type)
    is_safe = _SAFE_TYPE.fullmatch(media_type.partition(";")[0]) is not None
    kind: Literal["inline", "attachment"] = "inline" if is_inline and is_safe else "attachment"
    digest = base64.b64encode(bytes.fromhex(asset.version.sha256)).decode()
    fields = {
        "Content-Type": media_type,
        "Content-Disposition": content_disposition(kind, asset.filename),
        "Last-Modified": http_date(asset.version.created_at),
        "Accept-Ranges": "bytes",
        "Repr-Digest": f"sha-256=:{digest}:",  # RFC 9530 §3
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "no-referrer",
    }
    if not is_safe:
        fields["Content-Security-Policy"] = _SANDBOX
    if kind == "inline":
        fields["X-Frame-Options"] = "SAMEORIGIN"  # our own page shows documents in a frame
    return fields


class PieceReader:
    """Reads pieces of files for one event loop: what lies in memory at once, what the disk must fetch in a thread."""

    def __init__(self) -> None:
        self._buffer = bytearray(
            MAX_PIECE_BYTES
        )  # one for all: it is filled and copied without a pause between

    async def read(self, descriptor: int, offset: int, size_bytes: int) -> bytes:
        """Up to `size_bytes` (at most MAX_PIECE_BYTES) from `offset`; nothing at the end of the file."""
        view = memoryview(self._buffer)[: min(size_bytes, MAX_PIECE_BYTES)]
        try:
            count = os.preadv(descriptor, [view], offset, os.RWF_NOWAIT)
        except OSError:  # not in memory, or a file system that cannot tell
            return await asyncio.to_thread(os.pread, descriptor, len(view), offset)
        return bytes(view[:count])
