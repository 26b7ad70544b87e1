"""Temporary folders that do not outlive who made them: whoever is killed before clearing up has it done by the next."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def tent(ground: Path, prefix: str, users: Collection[int] = ()) -> Iterator[Path]:
    """A fresh folder in `ground`, locked (flock(2)) by this process; gone afterwards, as are those that `sweep` finds.

    Its owner may be changed to one of `users`.
    """
    sweep(ground, prefix, users)
    folder, held = _pitch(ground, prefix)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(held)


def sweep(ground: Path, prefix: str, users: Collection[int] = ()) -> None:
    """Removes the tents of that prefix, our own or `users`', that no process holds any more."""
    owners = {os.geteuid(), *users}
    for folder in ground.glob(f"{prefix}*"):
        with suppress(OSError):  # another sweeps it too, or it is no folder of ours
            if folder.lstat().st_uid in owners:
                _strike(folder)


def _strike(folder: Path) -> None:
    held = _lock(folder)
    try:
        shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(held)


def _pitch(ground: Path, prefix: str) -> tuple[Path, int]:
    """A new folder and the descriptor whose lock says that it is in use."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=ground))
        with suppress(FileNotFoundError, BlockingIOError):  # a sweeper was quicker than the lock
            return folder, _lock(folder)


def _lock(folder: Path) -> int:
    """Raises OSError where another holds it, or where it is not there any more."""
    with ExitStack() as on_failure:
        descriptor = os.open(folder, _FOLDER)
        on_failure.callback(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.lstat().st_ino != os.fstat(descriptor).st_ino:
            raise FileNotFoundError(folder)
        on_failure.pop_all()
        return descriptor
