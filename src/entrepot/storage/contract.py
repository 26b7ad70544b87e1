"""What every store of bytes can do: keep a blob under its SHA-256, for ever the same, and give it back."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that never change. `sha256` is lower-case hex and names them."""

    sha256: str
    size_bytes: int


class BlobStore(Protocol):
    """Keeps blobs. All calls block: they belong in a job's process or a thread.

    Every call that writes may raise StorageFull; a reader never sees half a blob, and a blob that was returned survives
    power loss. A blob that nothing refers to yet is safe for a grace period, which `adopt`, `write` and `keep` restart.
    """

    def adopt(self, path: Path, *, sha256: str | None = None) -> Blob:
        """Takes over the finished file at `path` (same file system; it is gone afterwards).

        `sha256` is the hash if the caller computed it while writing; otherwise the file is read once.
        """

    def write(self, content: BinaryIO) -> Blob:
        """Stores what `content` yields, hashed while it is written."""

    def open(self, sha256: str) -> BinaryIO:
        """The blob, open for reading. Raises AssetNotFound when it is not there."""

    def path(self, sha256: str) -> Path:
        """Where the blob lies, whether it exists or not."""

    def exists(self, sha256: str) -> bool: ...

    def keep(self, sha256: str) -> bool:
        """Restarts the blob's grace period; False when it is not there."""

    def idle(self, since: datetime) -> Iterator[str]:
        """The blobs that were neither stored nor kept after `since`, in no particular order."""

    def discard(self, sha256: str, *, idle_since: datetime) -> bool:
        """Removes a blob unless it was stored or kept after `idle_since`. Returns whether it has gone.

        Decided in one step with respect to every other process that stores the same bytes.
        """

    def delete(self, sha256: str) -> None:
        """Removes a blob at once; one that is not there is no error."""
