"""ZIP files that strangers send, opened within limits: documents of office programs and books are such files."""

import io
import struct
import zipfile
import zlib

from entrepot.errors import DocumentBroken, DocumentEncrypted, DocumentTooLarge

MAX_MEMBERS = 10_000
MAX_MEMBER_BYTES = 192 * 1024**2
MAX_TOTAL_BYTES = 512 * 1024**2
MAX_RATIO = 250
"""What the members may grow to, as a multiple of the file, once they are over `_FREE_BYTES`; DEFLATE can reach 1032."""

_FREE_BYTES = 8 * 1024**2
_MAX_DIRECTORY_BYTES = 4 * 1024**2
_END, _END64, _LOCATOR64 = b"PK\x05\x06", b"PK\x06\x06", b"PK\x06\x07"
_END_BYTES, _END64_BYTES, _LOCATOR64_BYTES = 22, 56, 20
_MAX_COMMENT_BYTES = 65535
_METHODS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Archive:
    """The members of a ZIP file. All its sizes are checked before the first byte is unpacked."""

    def __init__(self, body: bytes) -> None:
        """Raises DocumentBroken for what is no ZIP file, DocumentTooLarge for a bomb."""
        _check_directory(body)
        try:
            self._file = zipfile.ZipFile(io.BytesIO(body))
        except (zipfile.BadZipFile, RuntimeError, ValueError, struct.error, OSError) as error:
            raise DocumentBroken("The file is no whole ZIP archive.") from error
        self._members = {member.filename: member for member in self._file.infolist()}
        _check_sizes(self._file.infolist(), len(body))

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._members)

    def __contains__(self, name: object) -> bool:
        return name in self._members

    def read(self, name: str) -> bytes:
        """The bytes of a member. Raises DocumentBroken where it is missing or damaged, DocumentEncrypted."""
        member = self._members.get(name)
        if member is None:
            raise DocumentBroken(f"The document lacks its part {name[:100]!r}.")
        if member.flag_bits & 1:
            raise DocumentEncrypted
        if member.compress_type not in _METHODS:
            raise DocumentBroken("The document is packed in a way that documents are not.")
        try:
            with self._file.open(member) as content:
                found = content.read(member.file_size + 1)
        except (zipfile.BadZipFile, zlib.error, RuntimeError, ValueError,
                EOFError, struct.error, OSError) as error:  # fmt: skip
            raise DocumentBroken("A part of the document is damaged.") from error
        if len(found) > member.file_size:
            raise DocumentTooLarge("A part of the document is larger than it says.")
        return found


def _check_directory(body: bytes) -> None:
    """Refuses a directory that would take much memory to read (APPNOTE.TXT 4.3.14 and 4.3.16)."""
    at = body.rfind(_END, max(0, len(body) - _END_BYTES - _MAX_COMMENT_BYTES))
    if at < 0 or at + _END_BYTES > len(body):
        raise DocumentBroken("The file is no whole ZIP archive.")
    entries, size = struct.unpack_from("<HI", body, at + 10)
    large = at - _LOCATOR64_BYTES - _END64_BYTES
    if large >= 0 and body.startswith(_LOCATOR64, at - _LOCATOR64_BYTES) and body.startswith(_END64, large):
        entries, size = struct.unpack_from("<QQ", body, large + 32)
    if entries > MAX_MEMBERS or size > _MAX_DIRECTORY_BYTES:
        raise DocumentTooLarge(f"The document has over {MAX_MEMBERS} parts.")


def _check_sizes(members: list[zipfile.ZipInfo], body_bytes: int) -> None:
    total = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS:
        raise DocumentTooLarge(f"The document has over {MAX_MEMBERS} parts.")
    if total > MAX_TOTAL_BYTES or any(member.file_size > MAX_MEMBER_BYTES for member in members):
        raise DocumentTooLarge(f"Unpacked, the document would take {total} bytes.")
    if total > _FREE_BYTES and total > MAX_RATIO * body_bytes:
        raise DocumentTooLarge(f"The document's {body_bytes} bytes would unpack to {total}.")
