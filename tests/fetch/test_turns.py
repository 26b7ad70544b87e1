"""Turns at hosts: how many at once, in which order, at what distance."""

import asyncio
from collections.abc import Coroutine
from itertools import pairwise
from typing import Any

import pytest

from entrepot.errors import HostBusy
from entrepot.fetch.turns import Politeness, Turns


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def new_turns(**politeness: Any) -> Turns:
    return Turns(Politeness(**politeness), asyncio.get_running_loop().time)


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class Visitors:
    """Tasks that take a turn and hold it until they are told to go."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.inside: list[str] = []
        self._exits: dict[str, asyncio.Event] = {}
        self._tasks: list[asyncio.Task[None]] = []

    def come(self, name: str, host: str, wait_seconds: float = 60) -> None:
        self._exits[name] = asyncio.Event()
        self._tasks.append(asyncio.create_task(self._visit(name, host, wait_seconds)))

    async def _visit(self, name: str, host: str, wait_seconds: float) -> None:
        async with self.turns.turn(host, wait_seconds):
            self.inside.append(name)
            await self._exits[name].wait()
            self.inside.remove(name)

    async def leave(self, name: str) -> None:
        self._exits[name].set()
        await settle()

    async def all_leave(self) -> None:
        for event in self._exits.values():
            event.set()
        await asyncio.gather(*self._tasks)


def test_turns_at_a_host_are_limited_and_in_order() -> None:
    async def check() -> None:
        visitors = Visitors(new_turns(per_host=2))
        for name in "abcd":
            visitors.come(name, "host:80")
        await settle()
        assert visitors.inside == ["a", "b"]
        await visitors.leave("a")
        assert visitors.inside == ["b", "c"]
        await visitors.leave("b")
        assert visitors.inside == ["c", "d"]
        await visitors.all_leave()
        assert visitors.turns.running == 0

    run(check())


def test_crowd_at_one_host_does_not_keep_others_out() -> None:
    async def check() -> None:
        visitors = Visitors(new_turns(per_host=1, in_all=2))
        for name in "abc":
            visitors.come(name, "busy:80")
        visitors.come("z", "idle:80")
        await settle()
        assert visitors.inside == ["a", "z"]
        await visitors.all_leave()

    run(check())


def test_places_in_all_are_limited() -> None:
    async def check() -> None:
        visitors = Visitors(new_turns(in_all=2))
        for name in "abc":
            visitors.come(name, f"{name}:80")
        await settle()
        assert visitors.inside == ["a", "b"]
        await visitors.leave("a")
        assert visitors.inside == ["b", "c"]
        await visitors.all_leave()

    run(check())


@pytest.mark.parametrize("politeness", [{"per_host": 1}, {"in_all": 1}], ids=str)
def test_waiting_comes_to_an_end(politeness: dict[str, int]) -> None:
    async def check() -> None:
        turns = new_turns(**politeness)
        async with turns.turn("a:80", 1):
            with pytest.raises(HostBusy):
                async with turns.turn("a:80", 0.02):
                    raise AssertionError
        async with turns.turn("a:80", 0.02):
            assert turns.running == 1
        assert turns.running == 0

    run(check())


def test_cancelled_waiter_leaves_no_trace() -> None:
    async def check() -> None:
        turns = new_turns(per_host=1)
        visitors = Visitors(turns)
        visitors.come("a", "h:80")
        await settle()
        waiting = asyncio.create_task(turns.turn("h:80", 60).__aenter__())
        await settle()
        waiting.cancel()
        await asyncio.wait([waiting])
        await visitors.all_leave()
        assert turns.running == 0
        async with turns.turn("h:80", 0.02):
            pass

    run(check())


def test_beginnings_at_one_host_keep_their_distance() -> None:
    async def check() -> None:
        loop = asyncio.get_running_loop()
        turns = new_turns(interval_seconds=0.03)
        begun: list[float] = []

        async def visit(host: str) -> None:
            async with turns.turn(host, 60):
                begun.append(loop.time())

        await asyncio.gather(*(visit("a:80") for _ in range(3)))
        assert all(later - earlier >= 0.025 for earlier, later in pairwise(begun))
        last = loop.time()
        await visit("b:80")
        assert begun[-1] - last < 0.025  # another host is not kept waiting

    run(check())
