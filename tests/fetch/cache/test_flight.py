"""One piece of work for all who ask at the same time."""

import asyncio

import pytest

from entrepot.fetch.cache.flight import Flights
from tests.fetch.fetching import until


class _Work:
    """Counts its beginnings; ends when it may."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()
        self.was_cancelled = False

    async def __call__(self) -> int:
        self.begun += 1
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_cancelled = True
            raise
        return self.begun


def test_all_who_ask_at_once_get_one_result() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        asking = [asyncio.create_task(flights.run("key", work)) for _ in range(100)]
        await until(lambda: flights.joins == 99)
        work.may_end.set()
        results = await asyncio.gather(*asking)
        assert sorted(results) == [(1, False), *[(1, True)] * 99]

    asyncio.run(run())


def test_other_key_is_other_work() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        work.may_end.set()
        await asyncio.gather(flights.run("a", work), flights.run("b", work))
        assert work.begun == 2

    asyncio.run(run())


def test_work_is_done_again_when_nobody_waits_any_more() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        work.may_end.set()
        assert await flights.run("a", work) == (1, False)
        assert await flights.run("a", work) == (2, False)

    asyncio.run(run())


def test_failure_is_everybodys() -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    async def run() -> None:
        flights: Flights[str, int] = Flights()
        asking = [flights.run("key", fail) for _ in range(3)]
        results = await asyncio.gather(*asking, return_exceptions=True)
        assert [type(result) for result in results] == [ZeroDivisionError] * 3

    asyncio.run(run())


@pytest.mark.parametrize("leaving", [0, 1])
def test_who_is_cancelled_takes_nothing_from_the_other(leaving: int) -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        both = [asyncio.create_task(flights.run("key", work)) for _ in range(2)]
        await until(lambda: flights.joins == 1)
        both[leaving].cancel()
        await asyncio.wait([both[leaving]])
        work.may_end.set()
        assert (await both[1 - leaving])[0] == 1
        assert not work.was_cancelled

    asyncio.run(run())


def test_last_one_to_leave_ends_the_work() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        both = [asyncio.create_task(flights.run("key", work)) for _ in range(2)]
        await until(lambda: flights.joins == 1)
        for task in both:
            task.cancel()
        await asyncio.wait(both)
        assert work.was_cancelled

    asyncio.run(run())


def test_result_is_closed_once_after_all_have_had_it() -> None:
    async def run() -> None:
        closed: list[int] = []
        flights: Flights[str, int] = Flights(closed.append)
        work = _Work()
        both = [asyncio.create_task(flights.run("key", work, lambda result: result + 10)) for _ in range(2)]
        await until(lambda: flights.joins == 1)
        work.may_end.set()
        assert [result for result, _ in await asyncio.gather(*both)] == [11, 11]
        assert closed == [1]

    asyncio.run(run())


def test_result_that_nobody_takes_is_closed() -> None:
    async def run() -> None:
        closed: list[int] = []
        flights: Flights[str, int] = Flights(closed.append)

        async def stubborn() -> int:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                return 7
            return 0

        only = asyncio.create_task(flights.run("key", stubborn))
        await until(lambda: bool(flights._flights))
        await asyncio.sleep(0)
        only.cancel()
        await asyncio.wait([only])
        assert closed == [7]

    asyncio.run(run())


def test_closing_ends_all_work() -> None:
    async def run() -> None:
        flights: Flights[str, int] = Flights()
        work = _Work()
        asking = asyncio.create_task(flights.run("key", work))
        await until(lambda: work.begun == 1)
        await flights.aclose()
        await asyncio.wait([asking])
        assert asking.cancelled()

    asyncio.run(run())
