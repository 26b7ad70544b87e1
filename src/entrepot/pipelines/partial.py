"""A file on its way in: its bytes, their running hash, and the facts that allow another attempt to go on with it."""

import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

from entrepot.errors import translated_disk_errors

_FILE = "partial"
_SIDECAR = "partial.json"
_PIECE = 1024 * 1024
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an origin said of the bytes. `etag` is strong, with its quotes; `place` is where they came from, without a query."""

    etag: str
    total_bytes: int | None
    place: str


class Partial:
    """One attempt's file, open and locked: no other process writes to it. Made by `take_partial`.

    `facts` None: it cannot be resumed. All methods block.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.facts: Facts | None = None
        self.size_bytes = 0
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._buffer = BytesIO()

    @property
    def sha256(self) -> str:
        """Lower-case hex of what is in the file now."""
        return self._hash.hexdigest()

    def begin(self, facts: Facts | None) -> None:
        """Empties the file for new bytes of which `facts` is known. Raises StorageFull."""
        with translated_disk_errors():
            self._sidecar.unlink(missing_ok=True)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self.size_bytes, self._hash, self.facts = 0, hashlib.sha256(), facts
            if facts is not None:
                self._write_sidecar(facts)

    def resume(self, facts: Facts) -> None:
        """Takes what is in the file for the beginning of what `facts` tell, and hashes it.

        A file that has all its bytes gives up the last one: so the origin has to confirm the rest.
        """
        size = os.fstat(self._descriptor).st_size
        if size == facts.total_bytes:
            size -= 1
            os.ftruncate(self._descriptor, size)
        buffer = memoryview(bytearray(_PIECE))
        while count := os.readv(self._descriptor, [buffer]):
            self._hash.update(buffer[:count])
            self.size_bytes += count
        self.facts = facts

    def write(self, pieces: Sequence[bytes]) -> None:
        """Appends and hashes. Raises StorageFull; then the file holds an unknown part of the pieces.

        The pieces are gathered in a buffer that stays: one call each to write and to hash, both without the
        interpreter's lock, and no new memory.
        """
        self._buffer.seek(0)
        self._buffer.writelines(pieces)
        size = self._buffer.tell()
        with self._buffer.getbuffer() as whole, whole[:size] as gathered:
            with translated_disk_errors():
                _write_all(self._descriptor, gathered)
            self._hash.update(gathered)
        self.size_bytes += size

    def discard(self) -> None:
        """Removes the file and its facts; nothing of it can be resumed."""
        self._sidecar.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Releases the file, which stays where it is."""
        os.close(self._descriptor)

    @property
    def _sidecar(self) -> Path:
        return self.path.with_name(_SIDECAR)

    def _write_sidecar(self, facts: Facts) -> None:
        """Whole or not at all: written aside and renamed before the first byte that it speaks of."""
        aside = self._sidecar.with_suffix(".new")
        aside.write_text(json.dumps({**asdict(facts), "boot_id": _boot_id()}))
        aside.replace(self._sidecar)


def take_partial(folder: Path, earlier: Sequence[Path]) -> Partial:
    """The file to fetch into `folder`: the newest of the `earlier` attempts' that can be resumed, else an empty one.

    A file that another process still has, or that was written before the machine last started (its bytes may not have
    reached the disk), is left alone.
    """
    for older in reversed(earlier):
        if (resumed := _take_over(older, folder)) is not None:
            return resumed
    path = folder / _FILE
    with translated_disk_errors():
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    return Partial(path, descriptor)


def _take_over(older: Path, folder: Path) -> Partial | None:
    facts = _read_facts(older / _SIDECAR)
    if facts is None or not _is_worth(older / _FILE, facts):
        return None
    try:
        descriptor = os.open(older / _FILE, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    partial = Partial(folder / _FILE, descriptor)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(descriptor).st_nlink != 1:
            raise FileExistsError  # killed while it was being stored: it is a blob already, and blobs never change
        (older / _FILE).rename(partial.path)
        (older / _SIDECAR).rename(partial.path.with_name(_SIDECAR))
        partial.resume(facts)
    except OSError:  # another process has it, or it is of no use: this attempt starts anew
        partial.close()
        if not (older / _FILE).exists():
            partial.discard()
        return None
    return partial


def _is_worth(path: Path, facts: Facts) -> bool:
    """Whether there is a beginning: more than the byte that a whole file gives up, no more than there can be."""
    try:
        size = path.lstat().st_size
    except OSError:
        return False
    return 1 < size <= (facts.total_bytes or size)


def _read_facts(sidecar: Path) -> Facts | None:
    try:
        told = json.loads(sidecar.read_text())
        boot_id = told.pop("boot_id")
        facts = Facts(**told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return facts if boot_id and boot_id == _boot_id() else None


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _write_all(descriptor: int, content: memoryview) -> None:
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])
