"""The disk store's journal: one line for each thing that happened, read again from its start after any crash.

A line is a checksum, what the index needs, and after a tab the entry's facts, which stay on the disk.
"""

import json
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_OPENED = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
_PIECE_BYTES = 4 * 1024 * 1024
_CHECKSUM_CHARACTERS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line's facts lie in the journal, in bytes."""

    offset: int
    size_bytes: int


class Journal:
    """Lines in the file at `path`. Calls block, raise OSError, and come from one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor = os.open(path, _OPENED, 0o600)
        self._end = 0
        self.lines = 0

    def replay(self) -> Iterator[tuple[dict[str, Any], Place]]:
        """Every line that is whole, in order; what a crash left at the end is cut off. To be run out before appending."""
        whole = 0
        for offset, line in self._read_lines():
            whole = offset + len(line)
            found = _parsed(line)
            if found is not None:
                self.lines += 1
                told, facts_bytes = found
                yield told, Place(offset + len(line) - 1 - facts_bytes, facts_bytes)
        os.ftruncate(self._descriptor, whole)
        self._end = whole

    def append(self, told: Mapping[str, Any], facts: bytes = b"") -> Place:
        """Writes one line. Nothing of it stays when this raises."""
        line = _written(told, facts)
        try:
            written = os.pwrite(self._descriptor, line, self._end)
            if written < len(line):
                os.pwrite(self._descriptor, line[written:], self._end + written)
        except OSError:
            os.ftruncate(self._descriptor, self._end)
            raise
        self._end += len(line)
        self.lines += 1
        return Place(self._end - 1 - len(facts), len(facts))

    def read(self, place: Place) -> bytes:
        """The facts that lie there."""
        return os.pread(self._descriptor, place.size_bytes, place.offset)

    def rewrite(self, live: Iterable[tuple[Mapping[str, Any], Place | None]]) -> list[Place]:
        """Writes a new journal of these lines, with the facts that lie at the places given, and takes it for the old one.

        The old one stays when this raises. Returns where the facts lie now.
        """
        aside = self._path.with_suffix(".new")
        aside.unlink(missing_ok=True)
        fresh = Journal(aside)
        try:
            places = [fresh.append(told, self.read(place) if place else b"") for told, place in live]
            os.fsync(fresh._descriptor)
            aside.replace(self._path)
        except BaseException:
            os.close(fresh._descriptor)
            aside.unlink(missing_ok=True)
            raise
        os.close(self._descriptor)
        self._descriptor, self._end, self.lines = fresh._descriptor, fresh._end, fresh.lines
        return places

    def close(self) -> None:
        os.close(self._descriptor)

    def _read_lines(self) -> Iterator[tuple[int, bytes]]:
        """Every line that has an end, with the offset of its beginning."""
        offset, rest = 0, b""
        while piece := os.pread(self._descriptor, _PIECE_BYTES, offset + len(rest)):
            rest += piece
            *lines, rest = rest.split(b"\n")
            for line in lines:
                yield offset, line + b"\n"
                offset += len(line) + 1


def _written(told: Mapping[str, Any], facts: bytes) -> bytes:
    rest = json.dumps(told, separators=(",", ":")).encode() + b"\t" + facts
    return b"%08x %s\n" % (zlib.crc32(rest), rest)


def _parsed(line: bytes) -> tuple[dict[str, Any], int] | None:
    """What the index needs and how many bytes of facts follow; None for a damaged line."""
    rest = line[_CHECKSUM_CHARACTERS + 1 : -1]
    if b"%08x" % zlib.crc32(rest) != line[:_CHECKSUM_CHARACTERS]:
        return None
    told, _, facts = rest.partition(b"\t")
    found: dict[str, Any] = json.loads(told)
    return found, len(facts)
