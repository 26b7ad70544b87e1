"""Fenced workers that stand ready: each sees one party's sources, and nothing of it outlives its work."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import JobCrashed, JobTimeout, MediaNotFound, OutOfOrder
from entrepot.processes.nursery import Nursery
from entrepot.processes.workshop import Workshop
from tests.acceptance.service import descendants
from tests.fetch.fetching import until
from tests.processes.conftest import nursery_of
from tests.processes.pulse import alive

Order = Callable[..., Awaitable[dict[str, Any]]]


@asynccontextmanager
async def workshop(
    folder: Path, *, ready: int = 0, rehearsal: str = ""
) -> AsyncIterator[tuple[Order, Workshop, Nursery]]:
    """A workshop whose orders read `source` and write a file of their own; the nursery it lives in."""
    scratch = folder / "scratch"
    scratch.mkdir()
    (folder / "source").write_text("quay")
    async with nursery_of(folder, "tests.processes.trades:tasks") as nursery:
        shop = Workshop(nursery, "workshop", {"folder": str(scratch), "ready": ready, "rehearsal": rehearsal})
        numbers = iter(range(1000))

        async def order(deed: str = "", party: str = "a", seconds: float = 20, **more: Any) -> dict[str, Any]:
            target = folder / f"target{next(numbers)}"
            found = await shop.do(
                "plain",
                party,
                {"deed": deed, **more},
                source=folder / "source",
                target=target,
                timeout_seconds=seconds,
            )
            return {**found, "said": target.read_text()}

        try:
            yield order, shop, nursery
        finally:
            await shop.close()


async def signed_in(folder: Path, name: str) -> list[int]:
    """The workers that have left their pid in their scratch folder, once there is one."""

    def found() -> list[int]:
        return [int(path.read_text()) for path in (folder / "scratch").glob(f"*/{name}.pid")]

    await until(lambda: bool(found()))
    return found()


def run(folder: Path, story: Callable[[Order, Workshop, Nursery], Awaitable[None]], **settings: Any) -> None:
    async def tell() -> None:
        async with workshop(folder, **settings) as parts:
            await story(*parts)

    asyncio.run(tell())


@pytest.mark.parametrize("ready", [0, 2])
def test_work_reads_its_source_and_writes_its_target(tmp_path: Path, ready: int) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        assert (await order())["said"] == "QUAY"

    run(tmp_path, story, ready=ready)


def test_a_party_meets_the_same_worker_again(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        assert (await order(party="a"))["pid"] == (await order(party="a"))["pid"]

    run(tmp_path, story)


def test_no_worker_sees_sources_of_two_parties(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        pids = [(await order(party=party))["pid"] for party in "abcabc"]
        assert pids[:3] == pids[3:]
        assert len(set(pids)) == 3

    run(tmp_path, story, ready=1)


def test_who_stands_ready_has_rehearsed(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        parties = (str(number) for number in range(100))
        assert not (await order(party=next(parties)))["has_rehearsed"]  # there was no time yet
        async with asyncio.timeout(20):
            while not (await order(party=next(parties)))["has_rehearsed"]:
                await asyncio.sleep(0.05)

    run(tmp_path, story, ready=1, rehearsal="works")


def test_work_is_done_even_if_rehearsals_fail(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        found = [await order(party=party) for party in "abc"]
        assert [one["said"] for one in found] == ["QUAY"] * 3

    run(tmp_path, story, ready=2, rehearsal="fails")


def test_orders_at_once_are_worked_on_beside_each_other(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        found = await asyncio.gather(*(order() for _ in range(6)))
        assert [one["said"] for one in found] == ["QUAY"] * 6

    run(tmp_path, story)


def test_a_worker_reaches_nothing_but_its_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("a secret")

    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        spied = [str(tmp_path / "secret"), str(tmp_path / "source"), "/etc/passwd"]
        assert (await order(spy=spied))["reach"] == []

    run(tmp_path, story)


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("raises", MediaNotFound),
        ("crashes", JobCrashed),
        ("exits", JobCrashed),
        ("memory", JobCrashed),
        ("unexpected", JobCrashed),
        ("loops", JobTimeout),
    ],
)
def test_a_failure_is_told_and_harms_no_other(tmp_path: Path, deed: str, error: type[Exception]) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        with pytest.raises(error) as caught:
            await order(deed)
        assert "secret" not in str(caught.value)
        assert (await order())["said"] == "QUAY"

    run(tmp_path, story)


def test_work_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        with pytest.raises(JobTimeout):
            await order("waits", seconds=0.2)
        await until(lambda: not list((tmp_path / "scratch").iterdir()))  # with the worker goes its folder

    run(tmp_path, story)


def test_cancelled_work_is_ended(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        waiting = asyncio.ensure_future(order("waits"))
        pids = await signed_in(tmp_path, "waiting")
        waiting.cancel()
        await until(lambda: not alive(pids))
        assert (await order())["said"] == "QUAY"

    run(tmp_path, story)


def test_what_a_worker_prints_never_holds_it_up(tmp_path: Path) -> None:
    async def story(order: Order, _shop: Workshop, _nursery: Nursery) -> None:
        assert (await order("prints"))["said"] == "QUAY"

    run(tmp_path, story)


def test_nothing_lives_on_when_the_workshop_closes(tmp_path: Path) -> None:
    async def story(order: Order, shop: Workshop, nursery: Nursery) -> None:
        await order("leaves a process")
        strays = await signed_in(tmp_path, "stray")
        await shop.close()
        assert alive(strays) == []
        assert list((tmp_path / "scratch").iterdir()) == []
        assert descendants(nursery.pid or 0) == [nursery.pid]

    run(tmp_path, story, ready=2)


def test_a_foreman_that_dies_fails_its_work_and_is_replaced(tmp_path: Path) -> None:
    async def story(order: Order, shop: Workshop, _nursery: Nursery) -> None:
        waiting = asyncio.ensure_future(order("waits"))
        await signed_in(tmp_path, "waiting")
        assert shop._foreman is not None
        await shop._foreman.kill()
        with pytest.raises(OutOfOrder):
            await waiting
        assert (await order())["said"] == "QUAY"

    run(tmp_path, story)
