"""A file on its way in: its bytes, their running hash, and the facts that allow another attempt to go on with it."""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

from entrepot.disk import translated_disk_errors
from entrepot.fetch.segments import Span

_FILE = "partial"
_SIDECAR = "partial.json"
_PIECE = 1024 * 1024
_CATCH_UP_BYTES = 32 * _PIECE
_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, slots=True)
class Facts:
    """What an origin said of the bytes. `etag` is strong, with its quotes; `place` is where they came from, without a query."""

    etag: str
    total_bytes: int | None
    place: str


class Partial:
    """One attempt's file, open and locked: no other process writes to it. Made by `take_partial`.

    `facts` None: it cannot be resumed. `size_bytes` are there in all, `prefix_bytes` of them without a gap from the start, and
    hashed. The two differ only while pieces arrive out of order (`write_at`). All methods block.
    """

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path = path
        self.facts: Facts | None = None
        self.size_bytes = 0
        self.prefix_bytes = 0
        self._islands: dict[int, int] = {}  # what is there behind the prefix: ends by starts
        self._descriptor = descriptor
        self._hash = hashlib.sha256()
        self._buffer = BytesIO()

    @property
    def sha256(self) -> str:
        """Lower-case hex of the prefix."""
        return self._hash.hexdigest()

    def begin(self, facts: Facts | None) -> None:
        """Empties the file for new bytes of which `facts` is known. Raises StorageFull."""
        with translated_disk_errors():
            self._sidecar.unlink(missing_ok=True)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            self.size_bytes = self.prefix_bytes = 0
            self._hash, self.facts = hashlib.sha256(), facts
            self._islands.clear()
            if facts is not None:
                self._write_sidecar(facts)

    def resume(self, facts: Facts, missing: Sequence[Span] = ()) -> None:
        """Takes what is in the file, but for `missing`, for a part of what `facts` tell, and hashes its beginning.

        A file that has all its bytes gives up the last one: so the origin has to confirm the rest.
        """
        size = os.fstat(self._descriptor).st_size
        if size == facts.total_bytes and not missing:
            size -= 1
            os.ftruncate(self._descriptor, size)
        prefix = missing[0][0] if missing else size
        self.facts = facts
        self._hash_up_to(prefix)
        ends = [*(start for start, _ in missing[1:]), facts.total_bytes or size]
        islands = [(span[1], end) for span, end in zip(missing, ends, strict=False)]
        self._islands = {start: end for start, end in islands if start < end <= size}
        self.size_bytes = prefix + sum(end - start for start, end in self._islands.items())
        os.lseek(self._descriptor, prefix, os.SEEK_SET)

    @property
    def missing(self) -> list[Span]:
        """What is not there of a file whose length is known, in order."""
        total = self.facts.total_bytes if self.facts and self.facts.total_bytes else self.size_bytes
        edges = [
            self.prefix_bytes,
            *(edge for island in sorted(self._islands.items()) for edge in island),
            total,
        ]
        return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]

    @property
    def is_spread(self) -> bool:
        """Whether there is anything behind a gap."""
        return bool(self._islands)

    def write(self, pieces: Sequence[bytes]) -> None:
        """Appends and hashes. Raises StorageFull; then the file holds an unknown part of the pieces.

        The pieces are gathered in a buffer that stays: one call each to write and to hash, both without the
        interpreter's lock, and no new memory.
        """
        size = self._gather(pieces)
        with self._buffer.getbuffer() as whole, whole[:size] as gathered:
            with translated_disk_errors():
                _write_all(self._descriptor, gathered)
            self._hash.update(gathered)
        self.size_bytes += size
        self.prefix_bytes += size

    def write_at(self, offset: int, pieces: Sequence[bytes]) -> None:
        """Puts pieces in their place, where nothing is yet, and hashes what has become part of the beginning.

        Raises StorageFull; then the pieces do not count as being there.
        """
        size = self._gather(pieces)
        with self._buffer.getbuffer() as whole, whole[:size] as gathered:
            with translated_disk_errors():
                _write_all_at(self._descriptor, gathered, offset)
            if offset == self.prefix_bytes:
                self._hash.update(gathered)
                self.prefix_bytes += size
            else:
                self._note_island(offset, offset + size)
        self.size_bytes += size
        self._follow_islands(_CATCH_UP_BYTES)

    def record(self) -> None:
        """Notes durably what is missing, for another attempt; what is written later is then fetched again."""
        if self.facts is not None:
            with translated_disk_errors():
                self._write_sidecar(self.facts, self.missing)

    def close_ranks(self) -> None:
        """Goes back to writing at the end: hashes what is there without a gap, and gives up what lies behind one."""
        self._follow_islands(None)
        with translated_disk_errors():
            os.ftruncate(self._descriptor, self.prefix_bytes)
            os.lseek(self._descriptor, self.prefix_bytes, os.SEEK_SET)
            self._islands.clear()
            self.size_bytes = self.prefix_bytes
            if self.facts is not None:
                self._write_sidecar(self.facts)

    def _gather(self, pieces: Sequence[bytes]) -> int:
        """Puts the pieces side by side in the buffer; how many bytes they are."""
        self._buffer.seek(0)
        self._buffer.writelines(pieces)
        return self._buffer.tell()

    def _note_island(self, start: int, end: int) -> None:
        for known, known_end in self._islands.items():
            if known_end == start:
                self._islands[known] = end
                return
        self._islands[start] = end

    def _follow_islands(self, at_most_bytes: int | None) -> None:
        """Hashes on through what the beginning has reached, so many bytes at a time lest the writing wait."""
        while (end := self._islands.get(self.prefix_bytes)) is not None:
            start = self.prefix_bytes
            stop = end if at_most_bytes is None else min(end, start + at_most_bytes)
            with translated_disk_errors():
                self._hash_up_to(stop)
            del self._islands[start]
            if stop < end:
                self._islands[stop] = end
                return

    def _hash_up_to(self, stop: int) -> None:
        buffer = memoryview(bytearray(_PIECE))
        while self.prefix_bytes < stop:
            wanted = buffer[: min(_PIECE, stop - self.prefix_bytes)]
            count = os.preadv(self._descriptor, [wanted], self.prefix_bytes)
            if not count:
                raise FileNotFoundError(errno.ENODATA, "the partial file is shorter than it was")
            self._hash.update(wanted[:count])
            self.prefix_bytes += count

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

    def _write_sidecar(self, facts: Facts, missing: Sequence[Span] = ()) -> None:
        """Whole or not at all: written aside and renamed before the first byte that it speaks of."""
        aside = self._sidecar.with_suffix(".new")
        aside.write_text(json.dumps({**asdict(facts), "boot_id": _boot_id(), "missing": missing}))
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
    told = _read_sidecar(older / _SIDECAR)
    if told is None:
        return None
    facts, missing = told
    if not _is_worth(older / _FILE, facts):
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
        partial.resume(facts, missing)
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


def _read_sidecar(sidecar: Path) -> tuple[Facts, list[Span]] | None:
    """The facts, and the spans that are missing where the bytes did not arrive in order."""
    try:
        told = json.loads(sidecar.read_text())
        boot_id = told.pop("boot_id")
        missing = [(int(start), int(end)) for start, end in told.pop("missing", [])]
        facts = Facts(**told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    edges = [edge for span in missing for edge in span]
    is_sane = edges == sorted(set(edges)) and (not edges or edges[-1] <= (facts.total_bytes or 0))
    return (facts, missing) if is_sane and boot_id and boot_id == _boot_id() else None


def _boot_id() -> str:
    try:
        return _BOOT_ID.read_text().strip()
    except OSError:
        return ""


def _write_all_at(descriptor: int, content: memoryview, offset: int) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(descriptor, content[written:], offset + written)


def _write_all(descriptor: int, content: memoryview) -> None:
    written = 0
    while written < len(content):
        written += os.write(descriptor, content[written:])
