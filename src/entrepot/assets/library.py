"""The `library/` tree: the current version of each asset under a name that people and media servers read.

A place is a hard link to the blob: no second copy, and the store's bytes stay as they are. Where the file system cannot
link (another device, no hard links) it is a symbolic link. A file that somebody else put there is never replaced or
removed. No folder on the way may be a symbolic link, except the library itself.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from entrepot.storage.contract import BlobStore

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_CANNOT_LINK = frozenset({errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS})


class PlaceTaken(Exception):
    """A file that is not ours lies where a link should be; another name will do."""


class Library:
    """Links under `root`, by relative paths that `assets.names.clean_path` made. All calls block."""

    def __init__(self, root: Path, store: BlobStore) -> None:
        self._root = root.absolute()
        self._store = store

    def place(self, path: str, sha256: str, *, replacing: Collection[str] = ()) -> None:
        """Makes `path` name the blob `sha256`, at once and for good; doing it again changes nothing.

        What is there is replaced only if it is one of the blobs `replacing`. Raises PlaceTaken, and OSError where the
        disk will not have it (full, or a file or symbolic link where a folder should be).
        """
        *folders, name = path.split("/")
        with self._folder(folders, is_made=True) as folder:
            if not _is_there(folder, name):
                self._link_new(folder, name, sha256)
            elif not self._is_one_of(folder, name, [sha256]):
                if not self._is_one_of(folder, name, replacing):
                    raise PlaceTaken(path)
                self._replace(folder, name, sha256)

    def remove(self, path: str, blobs: Collection[str]) -> None:
        """Removes `path` if it names one of `blobs`, and the folders that this empties."""
        *folders, name = path.split("/")
        with suppress(FileNotFoundError), self._folder(folders, is_made=False) as folder:
            if self._is_one_of(folder, name, blobs):
                os.unlink(name, dir_fd=folder)
        self._prune(folders)

    @contextmanager
    def _folder(self, parts: list[str], *, is_made: bool) -> Iterator[int]:
        if is_made:
            self._root.mkdir(parents=True, exist_ok=True)
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in parts:
                if is_made:
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=folder)
                inner = os.open(part, _FOLDER, dir_fd=folder)
                os.close(folder)
                folder = inner
            yield folder
        finally:
            os.close(folder)

    def _link_new(self, folder: int, name: str, sha256: str) -> None:
        blob = self._store.path(sha256)
        try:
            os.link(blob, name, dst_dir_fd=folder, follow_symlinks=False)
        except FileExistsError:
            raise PlaceTaken(name) from None
        except OSError as error:
            if error.errno not in _CANNOT_LINK:
                raise
            os.symlink(blob, name, dir_fd=folder)

    def _replace(self, folder: int, name: str, sha256: str) -> None:
        """By a link beside it and a rename, so that the name is never absent. Its name is foreseeable: a retry clears it."""
        beside = f".{hashlib.sha256(name.encode()).hexdigest()[:32]}.entrepot"
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)
        self._link_new(folder, beside, sha256)
        os.rename(beside, name, src_dir_fd=folder, dst_dir_fd=folder)

    def _is_one_of(self, folder: int, name: str, blobs: Collection[str]) -> bool:
        try:
            facts = os.lstat(name, dir_fd=folder)
        except FileNotFoundError:
            return False
        paths = [self._store.path(sha256) for sha256 in blobs]
        if stat.S_ISLNK(facts.st_mode):
            return Path(os.readlink(name, dir_fd=folder)) in paths
        return any(_is_same_file(facts, path) for path in paths)

    def _prune(self, folders: list[str]) -> None:
        for depth in range(len(folders) - 1, -1, -1):
            try:
                with self._folder(folders[:depth], is_made=False) as parent:
                    os.rmdir(folders[depth], dir_fd=parent)
            except OSError:  # not empty, not there, or not ours to remove: all mean that it stays
                return


def _is_there(folder: int, name: str) -> bool:
    try:
        os.lstat(name, dir_fd=folder)
    except FileNotFoundError:
        return False
    return True


def _is_same_file(facts: os.stat_result, path: Path) -> bool:
    try:
        return os.path.samestat(facts, path.lstat())
    except FileNotFoundError:
        return False
