"""Two stores as one: a near one of this process, and a far one that all processes share."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

from entrepot.fetch.cache.contract import CacheStore, Selection, StoredForm, Usage
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.spool import Body, Spool, link_or_copy
from entrepot.telemetry import get_logger

_log = get_logger("cache")
_MAX_WAITING = 256  # writes; more are not made at all: the far store then misses them


class TwoLevels:
    """A CacheStore of a near and a far one; what only the far one has is copied into the near one when it is used.

    Write-through: who stores waits for both. Write-behind: for the near one alone, and a bounded queue feeds the far one.
    """

    def __init__(
        self,
        near: CacheStore,
        far: CacheStore,
        spool: Spool,
        *,
        is_write_behind: bool,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._near = near
        self._far = far
        self._spool = spool
        self._is_write_behind = is_write_behind
        self._clock = clock
        self._queue: asyncio.Queue[Callable[[], Awaitable[object]]] = asyncio.Queue(_MAX_WAITING)
        self._writer: asyncio.Task[None] | None = None
        self._gone: set[str] = set()  # discarded here, and not yet there
        self.dropped_writes = 0

    @property
    def max_entry_bytes(self) -> int:
        """The largest body that either level keeps."""
        return max(self._near.max_entry_bytes, self._far.max_entry_bytes)

    async def find(self, key: str) -> Sequence[Entry]:
        """What is near, and where nothing of that is fresh, also what is far: another process may have asked anew."""
        near = await self._near.find(key)
        if any(entry.fresh_until > self._clock() for entry in near):
            return near
        far = {entry.id: entry for entry in await self._far.find(key) if entry.id not in self._gone}
        for entry in near:
            other = far.get(entry.id)
            if other is None or other.answer.responded_at <= entry.answer.responded_at:
                far[entry.id] = entry
        return list(far.values())

    async def open(self, entry: Entry) -> Body | None:
        near = await self._near.open(entry)
        if near is not None or entry.id in self._gone:
            return near
        far = await self._far.open(entry)
        if far is not None:
            await self._near.put(entry, far.path)
        return far

    async def put(self, entry: Entry, path: Path) -> bool:
        is_near = await self._near.put(entry, path)
        if entry.size_bytes > self._far.max_entry_bytes:
            return is_near
        if not self._is_write_behind:
            return await self._far.put(entry, path) or is_near
        held, _ = await self._spool.fill(partial(link_or_copy, path))

        async def write() -> None:
            try:
                await self._far.put(entry, held.path)
            finally:
                held.close()

        if not self._later(write):
            held.close()
        return is_near

    async def update(self, entry: Entry) -> None:
        await self._near.update(entry)
        await self._write(lambda: self._far.update(entry))

    async def find_form(self, entry_id: str, name: str) -> StoredForm | None:
        near = await self._near.find_form(entry_id, name)
        if near is not None:
            return near
        far = await self._far.find_form(entry_id, name)
        if far is not None:
            await self._near.put_form(entry_id, name, far)
        return far

    async def put_form(self, entry_id: str, name: str, form: StoredForm) -> bool:
        is_near = await self._near.put_form(entry_id, name, form)
        is_far = await self._write(lambda: self._far.put_form(entry_id, name, form))
        return bool(is_far) or is_near

    async def remove(self, selection: Selection) -> Sequence[str]:
        """From both at once: what waits to be written is written first, so that nothing removed comes back."""
        await self._queue.join()
        near, far = await self._near.remove(selection), await self._far.remove(selection)
        return list(dict.fromkeys([*near, *far]))

    async def discard(self, entry_id: str) -> None:
        await self._near.discard(entry_id)
        self._gone.add(entry_id)

        async def write() -> None:
            await self._far.discard(entry_id)
            self._gone.discard(entry_id)

        if not self._is_write_behind or not self._later(write):
            await write()

    async def usage(self) -> Usage:
        """The near one's: it is what this process has to keep room for."""
        return await self._near.usage()

    async def far_usage(self) -> Usage:
        """What the far store holds for all processes."""
        return await self._far.usage()

    async def aclose(self) -> None:
        """Writes what still waits, and closes both."""
        await self._queue.join()
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.wait([self._writer])
        await self._near.aclose()
        await self._far.aclose()

    async def _write(self, work: Callable[[], Awaitable[object]]) -> object:
        """Does it now, or puts it into the queue; None when it is not done yet or will not be."""
        if not self._is_write_behind:
            return await work()
        self._later(work)
        return None

    def _later(self, work: Callable[[], Awaitable[object]]) -> bool:
        try:
            self._queue.put_nowait(work)
        except asyncio.QueueFull:
            self.dropped_writes += 1
            return False
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_waiting())
        return True

    async def _write_waiting(self) -> None:
        while True:
            work = await self._queue.get()
            try:
                await work()
            except Exception as error:  # one write that fails may not keep all others from being made
                _log.error("a write behind failed", exc_info=error)
            finally:
                self._queue.task_done()
