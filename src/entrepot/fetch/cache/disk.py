"""The embedded store: a shelf on the local disk, worked in threads, whose troubles only mean that something is not cached."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ParamSpec, TypeVar

from entrepot.disk import disk_error
from entrepot.errors import AppError
from entrepot.fetch.cache.contract import Selection, StoredForm, Usage
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.shelf import Shelf
from entrepot.fetch.cache.spool import Body, Spool
from entrepot.telemetry import get_logger
from entrepot.threads import in_thread

P = ParamSpec("P")
T = TypeVar("T")
_log = get_logger("cache")
_MAX_FOUND = 2048


class DiskStore:
    """A CacheStore in a folder that belongs to this process alone."""

    def __init__(self, shelf: Shelf, spool: Spool, *, max_entry_bytes: int) -> None:
        self._shelf = shelf
        self._spool = spool
        self.max_entry_bytes = max_entry_bytes
        # What was found lately, so that it need not be read again; an entry that has been evicted since has no body.
        self._found: OrderedDict[str, Sequence[Entry]] = OrderedDict()
        self._changes = 0

    @staticmethod
    def open_at(
        folder: Path, spool: Spool, *, max_bytes: int, max_entries: int, max_entry_bytes: int
    ) -> "DiskStore":
        """Reads what is there; blocks. Raises StorageFull or OutOfOrder where the folder cannot be used."""
        try:
            shelf = Shelf(folder, max_bytes=max_bytes, max_entries=max_entries)
        except OSError as error:
            raise disk_error(error) from error
        return DiskStore(shelf, spool, max_entry_bytes=min(max_entry_bytes, max_bytes))

    async def find(self, key: str) -> Sequence[Entry]:
        known = self._found.get(key)
        if known is not None:
            self._found.move_to_end(key)
            return known
        nothing: list[Entry] = []
        if not self._shelf.has_key(key):
            return nothing
        changes = self._changes
        found = await self._tried(nothing, self._shelf.find, key)
        if found and changes == self._changes:
            self._found[key] = found
            if len(self._found) > _MAX_FOUND:
                self._found.popitem(last=False)
        return found

    async def open(self, entry: Entry) -> Body | None:
        try:
            body, is_there = await self._spool.fill(lambda path: self._shelf.link(entry.id, path))
        except AppError as error:
            _warn(error)
            return None
        if not is_there:
            self._forget(entry.key)
            body.close()
        return body if is_there else None

    async def put(self, entry: Entry, path: Path) -> bool:
        if entry.size_bytes > self.max_entry_bytes:
            return False
        try:
            return await self._tried(False, self._shelf.put, entry, path)
        finally:
            self._forget(entry.key)

    async def update(self, entry: Entry) -> None:
        try:
            await self._tried(None, self._shelf.update, entry)
        finally:
            self._forget(entry.key)

    async def find_form(self, entry_id: str, name: str) -> StoredForm | None:
        if not self._shelf.has_form(entry_id, name):
            return None
        return await self._tried(None, self._shelf.find_form, entry_id, name)

    async def put_form(self, entry_id: str, name: str, form: StoredForm) -> bool:
        if len(form.body) > self.max_entry_bytes:
            return False
        return await self._tried(False, self._shelf.put_form, entry_id, name, form)

    async def remove(self, selection: Selection) -> Sequence[str]:
        nothing: list[str] = []
        try:
            return await self._tried(nothing, self._shelf.remove, selection)
        finally:
            self._forget()

    async def discard(self, entry_id: str) -> None:
        try:
            await self._tried(None, self._shelf.discard, entry_id)
        finally:
            self._forget()

    async def usage(self) -> Usage:
        return await asyncio.to_thread(self._shelf.usage)

    async def aclose(self) -> None:
        await in_thread(self._shelf.close)

    def _forget(self, key: str | None = None) -> None:
        """What was found under a key, or under any, is to be read again."""
        self._changes += 1
        if key is None:
            self._found.clear()
        else:
            self._found.pop(key, None)

    async def _tried(self, otherwise: T, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the shelf gives; `otherwise` where the disk fails, which is said in the log and harms nobody."""
        try:
            return await in_thread(work, *args, **kwargs)
        except (OSError, ValueError, KeyError, TypeError) as error:
            _warn(error)
            return otherwise


def _warn(error: Exception) -> None:
    _log.warning("the cache's disk fails", reason=type(error).__name__, detail=str(error))
