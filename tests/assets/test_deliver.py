"""How an asset leaves: which status and fields, and pieces that are the file's own bytes."""

import asyncio
import base64
import hashlib
import os
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from entrepot.assets.conditional import ByteRange
from entrepot.assets.deliver import MAX_PIECE_BYTES, PieceReader, plan_delivery, safe_media_type
from entrepot.assets.records import Asset, Version

Fields = Mapping[str, str]
NOW = datetime(2026, 6, 1, tzinfo=UTC)
CREATED = datetime(2026, 1, 1, 12, 0, 0, 500_000, tzinfo=UTC)
SHA256 = hashlib.sha256(b"0123456789").hexdigest()
VERSION = Version("v1", 1, SHA256, 10, "video/mp4", CREATED)
ASSET = Asset(
    "a1", 1, "ann", "talk.mp4", "video/mp4", False, "http://example.com/", CREATED, CREATED, VERSION, None
)  # fmt: skip
EMPTY = replace(ASSET, version=replace(VERSION, size_bytes=0))
ACTIVE = [
    "text/html",
    "text/html; charset=utf-7",
    "TEXT/HTML",
    "application/xhtml+xml",
    "image/svg+xml",
    "image/svg",
    "text/xml",
    "application/xml",
    "video/evil+xml",
    "text/javascript",
    "text/css",
    "multipart/x-mixed-replace",
    "message/rfc822",
    "application/x-shockwave-flash",
    "application/octet-stream",
    "",
    "nonsense",
    "text/html\r\nX-Evil: 1",
    "image/png\x00, text/html",
]
NONE: Fields = {}
PASSIVE = [
    "video/mp4",
    "audio/mpeg",
    "image/png",
    "text/plain",
    "text/markdown; charset=utf-8",
    "application/pdf",
]


def plan(
    asset: Asset = ASSET, method: str = "GET", fields: Fields = NONE, *, is_inline: bool = False
) -> tuple[int, dict[str, str], ByteRange | None]:
    delivery = plan_delivery(asset, method, fields, is_inline=is_inline, now=NOW)
    return delivery.status, dict(delivery.headers), delivery.part


def test_the_whole_bears_its_fields() -> None:
    digest = base64.b64encode(bytes.fromhex(SHA256)).decode()
    assert plan() == (
        200,
        {
            "ETag": f'"{SHA256}"',
            "Cache-Control": "private, no-cache",
            "Content-Type": "video/mp4",
            "Content-Length": "10",
            "Content-Disposition": 'attachment; filename="talk.mp4"',
            "Last-Modified": "Thu, 01 Jan 2026 12:00:00 GMT",
            "Accept-Ranges": "bytes",
            "Repr-Digest": f"sha-256=:{digest}:",
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        },
        ByteRange(0, 9),
    )


def test_a_part_bears_the_same_fields_and_its_place() -> None:
    _, whole, _ = plan()
    assert plan(fields={"range": "bytes=2-4"}) == (
        206,
        {**whole, "Content-Length": "3", "Content-Range": "bytes 2-4/10"},
        ByteRange(2, 4),
    )


@pytest.mark.parametrize("fields", [{}, {"range": "bytes=2-4"}])
def test_head_bears_the_fields_of_the_whole_and_sends_nothing(fields: dict[str, str]) -> None:
    assert plan(method="HEAD", fields=fields) == (200, plan()[1], None)


def test_a_known_version_is_not_sent_again() -> None:
    status, headers, part = plan(fields={"if-none-match": f'"{SHA256}"', "range": "bytes=0-1"})
    assert (status, part) == (304, None)
    assert headers == {"ETag": f'"{SHA256}"', "Cache-Control": "private, no-cache"}


@pytest.mark.parametrize("is_public", [True, False])
def test_a_failed_precondition_is_kept_by_no_cache(is_public: bool) -> None:
    status, headers, part = plan(replace(ASSET, is_public=is_public), fields={"if-match": '"other"'})
    assert (status, part) == (412, None)
    assert headers == {"ETag": f'"{SHA256}"'}


def test_a_range_beyond_the_end_tells_the_size() -> None:
    assert plan(fields={"range": "bytes=10-"}) == (
        416,
        {"Accept-Ranges": "bytes", "Content-Range": "bytes */10"},
        None,
    )


def test_public_assets_may_be_kept_by_shared_caches() -> None:
    public = replace(ASSET, is_public=True)
    for fields in (NONE, {"range": "bytes=0-1"}, {"if-none-match": f'"{SHA256}"'}):
        assert plan(public, fields=fields)[1]["Cache-Control"] == "public, s-maxage=3600, max-age=60"


def test_nothing_is_sent_of_an_empty_file() -> None:
    status, headers, part = plan(EMPTY)
    assert (status, headers["Content-Length"], part) == (200, "0", None)


@pytest.mark.parametrize(("number", "status"), [(1, 206), (2, 200)])
def test_only_a_first_versions_date_is_strong_enough_to_resume_by(number: int, status: int) -> None:
    asset = replace(ASSET, version=replace(VERSION, number=number))
    fields = {"range": "bytes=1-", "if-range": "Thu, 01 Jan 2026 12:00:00 GMT"}
    assert plan(asset, fields=fields)[0] == status


@pytest.mark.parametrize("content_type", ACTIVE)
@pytest.mark.parametrize("is_inline", [True, False])
def test_what_may_run_scripts_is_saved_and_sandboxed(content_type: str, is_inline: bool) -> None:
    _, headers, _ = plan(replace(ASSET, content_type=content_type), is_inline=is_inline)
    assert headers["Content-Disposition"].startswith("attachment;")
    assert headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"].isprintable()


@pytest.mark.parametrize("content_type", PASSIVE)
def test_what_cannot_run_scripts_may_be_shown_to_our_own_page(content_type: str) -> None:
    _, headers, _ = plan(replace(ASSET, content_type=content_type), is_inline=True)
    assert headers["Content-Disposition"].startswith("inline;")
    assert headers["X-Frame-Options"] == "SAMEORIGIN"
    assert headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("content_type", PASSIVE)
def test_without_being_asked_nothing_is_shown(content_type: str) -> None:
    _, headers, _ = plan(replace(ASSET, content_type=content_type))
    assert headers["Content-Disposition"].startswith("attachment;")


def test_a_hostile_name_adds_no_field() -> None:
    hostile = replace(ASSET, filename='a"\r\nSet-Cookie: x=1\r\n\r\n<script>.mp4')
    _, headers, _ = plan(hostile)
    assert set(headers) == set(plan()[1])
    assert all(value.isascii() and value.isprintable() for value in headers.values())


@pytest.mark.parametrize(
    ("given_type", "safe"),
    [
        ("video/mp4", "video/mp4"),
        ("Video/MP4 ", "video/mp4"),
        ("text/html;charset=UTF-8", "text/html; charset=utf-8"),
        ('text/plain; format=flowed; charset="latin-1"', "text/plain; charset=latin-1"),
        ("text/plain; boundary=x", "text/plain"),
        ("text/plain;", "text/plain"),
        ("text/plain; charset=\r\nX: y", "text/plain"),
        ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.text"),
        ("text", "application/octet-stream"),
        ("text/", "application/octet-stream"),
        ("*/*", "application/octet-stream"),
        ("text/html, text/plain", "application/octet-stream"),
        ("téxt/plain", "application/octet-stream"),
        ("", "application/octet-stream"),
    ],
)
def test_a_media_type_is_a_type_with_at_most_a_charset(given_type: str, safe: str) -> None:
    assert safe_media_type(given_type) == safe


@pytest.fixture
def content(tmp_path: Path) -> Path:
    path = tmp_path / "content"
    path.write_bytes(os.urandom(MAX_PIECE_BYTES * 2 + 100))
    return path


def read_all(path: Path, piece_bytes: int) -> bytes:
    async def run() -> bytes:
        reader, pieces, offset = PieceReader(), [], 0
        with path.open("rb", buffering=0) as file:
            while piece := await reader.read(file.fileno(), offset, piece_bytes):
                assert len(piece) <= min(piece_bytes, MAX_PIECE_BYTES)
                pieces.append(piece)
                offset += len(piece)
        return b"".join(pieces)

    return asyncio.run(run())


@pytest.mark.parametrize("piece_bytes", [65_537, MAX_PIECE_BYTES, MAX_PIECE_BYTES * 10])
def test_pieces_are_the_file(content: Path, piece_bytes: int) -> None:
    assert read_all(content, piece_bytes) == content.read_bytes()


def test_what_the_disk_must_fetch_is_read_in_a_thread(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def not_in_memory(*_args: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr(os, "preadv", not_in_memory)
    assert read_all(content, MAX_PIECE_BYTES) == content.read_bytes()


def test_readers_at_once_do_not_mix_their_pieces(tmp_path: Path) -> None:
    async def read_slowly(reader: PieceReader, letter: bytes) -> bytes:
        path = tmp_path / letter.decode()
        path.write_bytes(letter * 300_000)
        pieces, offset = [], 0
        with path.open("rb", buffering=0) as file:
            while piece := await reader.read(file.fileno(), offset, 10_000):
                pieces.append(piece)
                offset += len(piece)
                await asyncio.sleep(0)
        return b"".join(pieces)

    async def run() -> list[bytes]:
        reader = PieceReader()
        return await asyncio.gather(*(read_slowly(reader, letter) for letter in (b"a", b"b", b"c")))

    assert asyncio.run(run()) == [letter * 300_000 for letter in (b"a", b"b", b"c")]
