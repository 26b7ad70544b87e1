"""Bodies as files that stay for as long as somebody holds them, each alone in a folder of its own."""

import asyncio
import os
import shutil
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from entrepot.disk import translated_disk_errors
from entrepot.threads import in_thread

T = TypeVar("T")


class Holds:
    """How many hold a file, and what to do when nobody does any more."""

    __slots__ = ("count", "on_release")

    def __init__(self, on_release: Callable[[], None]) -> None:
        self.count = 0
        self.on_release = on_release


class Body:
    """One hold on a file that nobody changes. Every hold is closed; with the last one the file goes."""

    def __init__(self, path: Path, holds: Holds) -> None:
        self.path = path
        self._holds = holds
        self._holds.count += 1
        self._is_closed = False

    def share(self) -> "Body":
        """Another hold on the same file."""
        return Body(self.path, self._holds)

    def close(self) -> None:
        """Lets go of the file; more than once does no harm."""
        if self._is_closed:
            return
        self._is_closed = True
        self._holds.count -= 1
        if not self._holds.count:
            self._holds.on_release()


class Spool:
    """Folders for single bodies in `folder`, which is its own. Removing them happens in threads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._removals: set[asyncio.Future[None]] = set()

    def prepare(self) -> None:
        """Makes the folder and removes what an earlier run left there; blocks. Raises StorageFull, OutOfOrder."""
        with translated_disk_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for path in self._folder.iterdir():
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink(missing_ok=True)

    def make(self) -> Body:
        """The path of a file to be, alone in a new folder; at once, since a folder costs less than a thread's turn.

        To be called, and its result closed, in the event loop. Raises StorageFull, OutOfOrder.
        """
        path = self._folder / uuid.uuid4().hex / "source"
        with translated_disk_errors():
            path.parent.mkdir(mode=0o700)
        return Body(path, Holds(lambda: self._remove(path)))

    async def fill(self, write: Callable[[Path], T]) -> tuple[Body, T]:
        """A new file that `write` makes, in a thread, at the path that it is given; and what `write` returned.

        The path lies alone in a folder of its own. To be called, and its result closed, in the event loop. Nothing stays
        when this raises, or is cancelled: StorageFull, OutOfOrder, and what `write` raises.
        """
        path = self._folder / uuid.uuid4().hex / "source"
        try:
            written = await in_thread(_written, path, write)
        except BaseException:
            self._remove(path)
            raise
        return Body(path, Holds(lambda: self._remove(path))), written

    async def settle(self) -> None:
        """Returns once everything that nobody holds any more has gone."""
        while self._removals:
            await asyncio.wait(self._removals)

    def _remove(self, path: Path) -> None:
        removal = asyncio.get_running_loop().run_in_executor(None, _drop, path)
        self._removals.add(removal)
        removal.add_done_callback(self._removals.discard)


def link_or_copy(source: Path, target: Path) -> None:
    """Gives the file a second name, or copies it where the file system has no links. Raises OSError."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        shutil.copyfile(source, target, follow_symlinks=False)


def _written(path: Path, write: Callable[[Path], T]) -> T:
    with translated_disk_errors():
        path.parent.mkdir(mode=0o700)
        return write(path)


def _drop(path: Path) -> None:
    """Removes a file with its folder."""
    try:
        path.unlink(missing_ok=True)
        path.parent.rmdir()
    except OSError:  # something else lies there too
        shutil.rmtree(path.parent, ignore_errors=True)
