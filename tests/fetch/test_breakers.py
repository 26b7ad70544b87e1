"""The circuits of many hosts, kept in one process."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from entrepot.errors import CircuitOpen
from entrepot.fetch import breakers
from entrepot.fetch.breakers import LocalBreakers
from entrepot.fetch.circuit import BreakerPolicy, Phase, Verdict


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


async def fail(keeper: LocalBreakers, host: str, times: int) -> None:
    for _ in range(times):
        await keeper.admit(host)
        await keeper.settle(host, Verdict.FAILED)


def test_open_circuit_refuses_and_says_for_how_long() -> None:
    clock = Clock()
    keeper = LocalBreakers(BreakerPolicy(failures=2, pause_seconds=10), clock)

    async def check() -> None:
        await fail(keeper, "a:80", 2)
        clock.now = 2.5
        with pytest.raises(CircuitOpen) as caught:
            await keeper.admit("a:80")
        assert (caught.value.retry_after_seconds, caught.value.status) == (8, 503)
        await keeper.admit("b:80")  # another host is none of it
        assert keeper.phases() == {"a:80": Phase.OPEN}

    run(check())


def test_circuit_recovers() -> None:
    clock = Clock()
    keeper = LocalBreakers(BreakerPolicy(failures=1, pause_seconds=10), clock)

    async def check() -> None:
        await fail(keeper, "a:80", 1)
        clock.now = 11
        assert keeper.phases() == {"a:80": Phase.HALF_OPEN}
        await keeper.admit("a:80")
        with pytest.raises(CircuitOpen):
            await keeper.admit("a:80")
        await keeper.settle("a:80", Verdict.ALIVE)
        await keeper.admit("a:80")
        assert keeper.phases() == {}

    run(check())


def test_only_so_many_hosts_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breakers, "MAX_HOSTS", 2)
    keeper = LocalBreakers(BreakerPolicy(failures=1), Clock())

    async def check() -> None:
        for host in ("a:80", "b:80", "c:80"):
            await fail(keeper, host, 1)
        assert set(keeper.phases()) == {"b:80", "c:80"}

    run(check())
