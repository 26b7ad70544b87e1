"""Whose turn it is: so many requests to one host at once, first come first served, so many in all, and not too quickly."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.errors import HostBusy


@dataclass(frozen=True, slots=True)
class Politeness:
    """`per_host` and `in_all` are requests at once; `interval_seconds` lies at least between two beginnings at one host."""

    per_host: int = 16
    in_all: int = 256
    interval_seconds: float = 0.0


@dataclass(slots=True)
class _Queue:
    """One host's: free places, and how many hold or wait for one."""

    places: asyncio.Semaphore
    users: int = 0
    next_at: float = 0.0


class Turns:
    """Hands out turns within one event loop."""

    def __init__(self, politeness: Politeness, clock: Callable[[], float]) -> None:
        """`clock` gives the event loop's seconds, or others that run as fast."""
        self._politeness = politeness
        self._clock = clock
        self._all = asyncio.Semaphore(politeness.in_all)
        self._queues: dict[str, _Queue] = {}

    @property
    def running(self) -> int:
        """Turns being held or waited for."""
        return sum(queue.users for queue in self._queues.values())

    @asynccontextmanager
    async def turn(self, host: str, wait_seconds: float) -> AsyncIterator[None]:
        """Waits for a place at `host`, for the interval, then for one of all places; holds them for the block.

        In this order, so that those who wait at a slow host take no place from the others. Raises HostBusy when it takes
        longer than `wait_seconds`.
        """
        queue = self._enter(host)
        try:
            await self._take_places(queue, wait_seconds)
            try:
                yield
            finally:
                self._all.release()
                queue.places.release()
        finally:
            self._leave(host, queue)

    async def _take_places(self, queue: _Queue, wait_seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, wait_seconds)):
                await queue.places.acquire()
                try:
                    await self._keep_distance(queue)
                    await self._all.acquire()
                except BaseException:
                    queue.places.release()
                    raise
        except TimeoutError as error:
            raise HostBusy from error

    async def _keep_distance(self, queue: _Queue) -> None:
        if not self._politeness.interval_seconds:
            return
        now = self._clock()
        begins_at = max(now, queue.next_at)
        queue.next_at = begins_at + self._politeness.interval_seconds
        if begins_at > now:
            await asyncio.sleep(begins_at - now)

    def _enter(self, host: str) -> _Queue:
        queue = self._queues.get(host)
        if queue is None:
            queue = self._queues[host] = _Queue(asyncio.Semaphore(self._politeness.per_host))
        queue.users += 1
        return queue

    def _leave(self, host: str, queue: _Queue) -> None:
        queue.users -= 1
        if queue.users == 0 and queue.next_at <= self._clock():
            del self._queues[host]
        elif queue.users == 0:
            asyncio.get_running_loop().call_later(queue.next_at - self._clock(), self._forget, host, queue)

    def _forget(self, host: str, queue: _Queue) -> None:
        """Drops a host that was remembered for its interval alone."""
        if queue.users == 0 and self._queues.get(host) is queue and queue.next_at <= self._clock():
            del self._queues[host]
