"""One piece of work for everybody who asks for it at the same time."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True)
class _Flight(Generic[T]):
    task: asyncio.Task[T]
    passengers: int


class Flights(Generic[K, T]):
    """Runs at most one piece of work for each key; who asks while it runs gets its result, or its error, too.

    The work goes on as long as anybody waits for it: whoever is cancelled takes nothing from the others, the one who began
    it included. `close` is called for a result once all who waited have had it.
    """

    def __init__(self, close: Callable[[T], None] = lambda _result: None) -> None:
        self._close = close
        self._flights: dict[K, _Flight[T]] = {}
        self.joins = 0

    async def run(
        self, key: K, work: Callable[[], Awaitable[T]], take: Callable[[T], T] = lambda result: result
    ) -> tuple[T, bool]:
        """The result for this one (what `take` makes of it), and whether somebody else had begun the work."""
        flight = self._flights.get(key)
        has_joined = flight is not None
        if flight is None:
            flight = _Flight(asyncio.ensure_future(_awaited(work)), 0)
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _task: self._end(key))
        self.joins += has_joined
        flight.passengers += 1
        try:
            return take(await asyncio.shield(flight.task)), has_joined
        finally:
            flight.passengers -= 1
            if not flight.passengers:
                await self._leave(key, flight)

    async def aclose(self) -> None:
        """Ends what still runs."""
        tasks = [flight.task for flight in self._flights.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _end(self, key: K) -> None:
        self._flights.pop(key, None)

    async def _leave(self, key: K, flight: _Flight[T]) -> None:
        """The last one turns off the light: work that nobody waits for any more is cancelled and waited for."""
        if not flight.task.done():
            del self._flights[key]
            flight.task.cancel()
            await asyncio.wait([flight.task])
        if not flight.task.cancelled() and flight.task.exception() is None:
            self._close(flight.task.result())


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()
