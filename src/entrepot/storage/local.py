"""Blobs as files: `blobs/ab/cd/<sha256>`, read-only, written aside and linked into place when they are whole and durable.

Any number of processes store at once. Power may fail and processes may be killed between any two steps: a blob's name
appears after its bytes are on the disk, and what was being written lies in `blobs/incoming` until it is swept.
"""

import contextlib
import errno
import fcntl
import hashlib
import os
import re
import stat
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from entrepot.disk import disk_error, translated_disk_errors
from entrepot.errors import AssetNotFound, OutOfOrder
from entrepot.storage.contract import Blob

_PIECE_BYTES = 1024 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_CANNOT_LINK = frozenset({errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})
_WRITE_ASIDE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC  # a planted pipe must not hold us up


class LocalStore:
    """A BlobStore in the folder `root`. Nothing is made on the disk before the first blob."""

    def __init__(self, root: Path) -> None:
        self._blobs = root.absolute() / "blobs"
        self._incoming = self._blobs / "incoming"

    def adopt(self, path: Path, *, sha256: str | None = None) -> Blob:
        """Takes over the file at `path` without copying it, where the file system allows.

        A file with several names is copied, since whoever holds another name could still change it. The source stays
        when this raises: StorageFull, OutOfOrder (not a regular file, or the disk fails).
        """
        if sha256 is not None:
            _require_sha256(sha256)
        with translated_disk_errors(), open(path, "rb", opener=_open_plainly) as source:
            facts = os.fstat(source.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise OutOfOrder("What was to be stored is not a regular file.")
            if facts.st_nlink != 1 or not self._can_take(facts):
                blob = self.write(source)
            else:
                digest = sha256 or hashlib.file_digest(source, "sha256").hexdigest()
                _seal(source.fileno())
                blob = Blob(digest, os.fstat(source.fileno()).st_size)
                self._place(path, blob)
            path.unlink(missing_ok=True)
            return blob

    def write(self, content: BinaryIO) -> Blob:
        """Stores what `content` yields, hashed while it is written. Nothing stays when it raises."""
        with translated_disk_errors(), self._aside() as (path, target):
            digest = hashlib.sha256()
            size_bytes = 0
            while piece := content.read(_PIECE_BYTES):
                digest.update(piece)
                _write_whole(target, piece)
                size_bytes += len(piece)
            _seal(target)
            blob = Blob(digest.hexdigest(), size_bytes)
            self._place(path, blob)
            return blob

    def open(self, sha256: str) -> BinaryIO:
        """The blob, open for reading, unbuffered. Raises AssetNotFound when it is not there."""
        try:
            return open(self.path(sha256), "rb", buffering=0, opener=_open_plainly)
        except FileNotFoundError:
            raise AssetNotFound("The content of this asset has gone.") from None
        except OSError as error:
            raise disk_error(error) from error

    def path(self, sha256: str) -> Path:
        """Where the blob lies, whether it exists or not. Raises AssetNotFound for what is no SHA-256 in hex."""
        _require_sha256(sha256)
        return self._blobs / sha256[:2] / sha256[2:4] / sha256

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def keep(self, sha256: str) -> bool:
        """Restarts the grace period; False when the blob is not there."""
        path = self.path(sha256)
        if not path.exists():
            return False
        with translated_disk_errors(), self._lock(fcntl.LOCK_SH):
            return _touch(path)

    def idle(self, since: datetime) -> Iterator[str]:
        """The blobs that were neither stored nor kept after `since`."""
        latest = since.timestamp()
        for path in self._blobs.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _SHA256.fullmatch(path.name) and _is_idle(path, latest):
                yield path.name

    def discard(self, sha256: str, *, idle_since: datetime) -> bool:
        """Removes the blob unless it was stored or kept after `idle_since`; returns whether it has gone."""
        path = self.path(sha256)
        if not path.exists():
            return True
        with translated_disk_errors(), self._lock(fcntl.LOCK_EX):
            if not _is_idle(path, idle_since.timestamp()):
                return not path.exists()
            path.unlink(missing_ok=True)
            return True

    def delete(self, sha256: str) -> None:
        """Removes a blob at once; one that is not there is no error."""
        path = self.path(sha256)
        if path.exists():
            with translated_disk_errors(), self._lock(fcntl.LOCK_EX):
                path.unlink(missing_ok=True)

    def sweep_incoming(self, *, older_than_seconds: float = 0.0) -> int:
        """Removes what killed processes left half-written; returns how many files went.

        With 0 everything goes, which is right only while nobody stores: at start.
        """
        latest = time.time() - older_than_seconds
        removed = 0
        with translated_disk_errors():
            for path in self._incoming.glob("*"):
                if older_than_seconds == 0 or _is_idle(path, latest):
                    path.unlink(missing_ok=True)
                    removed += 1
        return removed

    @contextlib.contextmanager
    def _aside(self) -> Iterator[tuple[Path, int]]:
        """A new file of our own, open for writing; its name has gone afterwards, whatever happened."""
        self._incoming.mkdir(parents=True, exist_ok=True)
        path = self._incoming / uuid.uuid4().hex
        descriptor = os.open(path, _WRITE_ASIDE, 0o600)
        try:
            yield path, descriptor
        finally:
            os.close(descriptor)
            path.unlink(missing_ok=True)

    def _can_take(self, facts: os.stat_result) -> bool:
        self._incoming.mkdir(parents=True, exist_ok=True)
        return facts.st_dev == self._incoming.stat().st_dev

    def _place(self, source: Path, blob: Blob) -> None:
        """Gives the sealed file its name as a blob; a blob that is there already stays, its grace period restarts."""
        target = self.path(blob.sha256)
        target.parent.mkdir(parents=True, exist_ok=True)
        with self._lock(fcntl.LOCK_SH):
            _touch(source)
            _give_name(source, target, blob.size_bytes)
        for folder in (target.parent, target.parent.parent, self._blobs, self._blobs.parent):
            _sync_folder(folder)

    @contextlib.contextmanager
    def _lock(self, kind: int) -> Iterator[None]:
        """Shared by those that store, exclusive for whoever removes: judging a blob's age and removing it are one step."""
        descriptor = os.open(
            self._blobs / "lock", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)


def _give_name(source: Path, target: Path, size_bytes: int) -> None:
    """Links, since a rename would replace the blob that others have open or linked; renames where links are unknown."""
    try:
        os.link(source, target, follow_symlinks=False)
    except FileExistsError:
        if target.lstat().st_size == size_bytes:
            _touch(target)
        else:  # the disk has damaged it, for it was whole when it got its name
            source.replace(target)
    except OSError as error:
        if error.errno not in _CANNOT_LINK:
            raise
        source.replace(target)


def _seal(descriptor: int) -> None:
    """Makes the file read-only and its bytes durable."""
    os.fchmod(descriptor, 0o444)
    os.fsync(descriptor)


def _write_whole(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _touch(path: Path) -> bool:
    try:
        os.utime(path, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _is_idle(path: Path, latest: float) -> bool:
    """Whether the file exists and was last touched at `latest` (seconds since the epoch) or before."""
    try:
        return path.lstat().st_mtime <= latest
    except FileNotFoundError:
        return False


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _open_plainly(path: str, _flags: int) -> int:
    return os.open(path, _READ)


def _require_sha256(text: str) -> None:
    if not _SHA256.fullmatch(text):
        raise AssetNotFound("There is no content under this checksum.")
