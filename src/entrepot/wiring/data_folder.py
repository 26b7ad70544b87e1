"""The data folder: what lies where, and the lock that only one service holds."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from entrepot.errors import DataFolderInUse, DataFolderUnusable


@dataclass(frozen=True, slots=True)
class DataFolder:
    """The places in the folder `root`, which is absolute."""

    root: Path

    @property
    def work(self) -> Path:
        """The folders of running jobs."""
        return self.root / "work"

    @property
    def spool(self) -> Path:
        """Bodies on their way through a converter."""
        return self.root / "spool"

    @property
    def scratch(self) -> Path:
        """What converters put aside while they work."""
        return self.root / "scratch"

    @property
    def cache(self) -> Path:
        """Content that was fetched lately."""
        return self.root / "cache"

    @property
    def library(self) -> Path:
        """Hard links with names for people."""
        return self.root / "library"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Makes the folder and holds its lock. Raises DataFolderUnusable, or DataFolderInUse when another has it."""
        descriptor = self._open()
        try:
            _lock(descriptor, self.root)
            yield
        finally:
            os.close(descriptor)

    def _open(self) -> int:
        try:
            for path in (self.root, self.work, self.spool, self.scratch, self.cache, self.library):
                path.mkdir(mode=0o700, parents=True, exist_ok=True)
            return os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DataFolderUnusable(
                f"The data folder {self.root} cannot be used: {error.strerror}."
            ) from error


def _lock(descriptor: int, root: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise DataFolderInUse(f"Another Entrepôt is using {root}.") from error
