"""ZIP files are opened within limits that are checked before anything is unpacked."""

import struct
import zlib

import pytest

from entrepot.content.documents.archive import MAX_MEMBERS, Archive
from entrepot.errors import DocumentBroken, DocumentEncrypted, DocumentTooLarge
from tests.content.written import zipped

MIB = 1024**2


def test_members_are_read_by_name() -> None:
    archive = Archive(zipped({"a.txt": "one", "b/c.txt": "two"}))
    assert (archive.names, archive.read("b/c.txt"), "a.txt" in archive) == (
        ("a.txt", "b/c.txt"),
        b"two",
        True,
    )


def test_missing_member_is_named() -> None:
    with pytest.raises(DocumentBroken, match="nowhere"):
        Archive(zipped({"a": "x"})).read("nowhere.xml")


@pytest.mark.parametrize(
    "body", [b"", b"PK", b"PK\x03\x04" + b"\0" * 60, b"<html>", b"PK\x05\x06" + b"\xff" * 18]
)
def test_what_is_no_archive_is_refused(body: bytes) -> None:
    with pytest.raises((DocumentBroken, DocumentTooLarge)):
        Archive(body)


def test_bomb_is_refused_unopened() -> None:
    body = zipped({"word/document.xml": b"0" * (64 * MIB)})
    assert len(body) < MIB
    with pytest.raises(DocumentTooLarge):
        Archive(body)


def test_many_members_are_refused() -> None:
    with pytest.raises(DocumentTooLarge):
        Archive(zipped({str(at): b"" for at in range(MAX_MEMBERS + 1)}))


def test_overlapping_members_count_each_time() -> None:
    data = zlib.compress(b"0" * (20 * MIB), 9)[2:-4]
    crc = zlib.crc32(b"0" * (20 * MIB))
    local = (
        struct.pack("<4s5H3L2H", b"PK\x03\x04", 20, 0, 8, 0, 0, crc, len(data), 20 * MIB, 1, 0) + b"a" + data
    )
    entries = b"".join(
        struct.pack(
            "<4s6H3L5H2L", b"PK\x01\x02", 20, 20, 0, 8, 0, 0, crc, len(data), 20 * MIB, 1, 0, 0, 0, 0, 0, 0
        )
        + name
        for name in (bytes([at]) for at in range(65, 125))
    )
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 60, 60, len(entries), len(local), 0)
    with pytest.raises(DocumentTooLarge):
        Archive(local + entries + end)


def test_member_that_lies_about_its_size_is_refused() -> None:
    body = bytearray(zipped({"a": b"0" * 5000}))
    at = body.index(b"PK\x01\x02")
    struct.pack_into("<L", body, at + 24, 10)
    archive = Archive(bytes(body))
    with pytest.raises((DocumentBroken, DocumentTooLarge)):
        archive.read("a")


def test_encrypted_member_asks_for_its_password() -> None:
    body = bytearray(zipped({"a": b"secret"}))
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        body[body.index(mark) + offset] |= 1
    with pytest.raises(DocumentEncrypted):
        Archive(bytes(body)).read("a")


def test_unusual_packing_is_refused() -> None:
    body = bytearray(zipped({"a": b"words " * 100}))
    struct.pack_into("<H", body, body.index(b"PK\x01\x02") + 10, 14)
    with pytest.raises(DocumentBroken):
        Archive(bytes(body)).read("a")
