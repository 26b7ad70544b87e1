"""The nursery: children within milliseconds, whatever befalls the warm parent, and none left over."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from entrepot.errors import OutOfOrder
from entrepot.processes.channel import BrokenMessage
from entrepot.processes.nursery import Nursery
from tests.processes.conftest import first_message, lingering, nursery_of
from tests.processes.pulse import alive, is_alive, wait_for, wait_for_pids

RELATIVES = ("group", "session", "orphan", "program")


async def replaced(nursery: Nursery, old: int | None) -> int:
    """The pid of the warm parent that follows `old`."""
    async with asyncio.timeout(10):
        while nursery.pid in (None, old):
            await asyncio.sleep(0.005)
    assert nursery.pid is not None
    return nursery.pid


def kill_warm_parent(nursery: Nursery, number: signal.Signals = signal.SIGKILL) -> int:
    pid = nursery.pid
    assert pid is not None
    os.kill(pid, number)
    return pid


# --- having children --------------------------------------------------------------------------------------------------


def test_many_children_at_once_are_each_their_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            children = await asyncio.gather(*(nursery.spawn("echo", {"n": n}) for n in range(50)))
            heard = await asyncio.gather(*(first_message(child) for child in children))
            assert [message["n"] for message in heard] == list(range(50))
            assert len({child.pid for child in children}) == 50

    asyncio.run(story())


def test_an_unknown_task_is_a_mistake(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            with pytest.raises(ValueError, match="unheard-of"):
                await nursery.spawn("unheard-of", {})

    asyncio.run(story())


def test_a_payload_too_large_is_refused_before_a_child_is_made(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            with pytest.raises(BrokenMessage):
                await nursery.spawn("echo", {"text": "x" * (4 * 1024 * 1024)})
            assert (await first_message(await nursery.spawn("echo", {"n": 1}))) == {"n": 1}

    asyncio.run(story())


def test_a_large_payload_arrives(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            text = "x" * (4 * 1024 * 1024 - 100)
            assert (await first_message(await nursery.spawn("echo", {"text": text})))["text"] == text

    asyncio.run(story())


@pytest.mark.parametrize("steps", range(4))
def test_a_spawn_that_is_cancelled_leaves_no_child(tmp_path: Path, steps: int) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            warm_parent = kill_warm_parent(nursery, signal.SIGSTOP)  # so that the child is not born meanwhile
            spawning = asyncio.create_task(nursery.spawn("linger", {}))
            for _ in range(steps):
                await asyncio.sleep(0)
            spawning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await spawning
            os.kill(warm_parent, signal.SIGCONT)
            assert await first_message(await nursery.spawn("echo", {"n": 1})) == {"n": 1}
            await asyncio.to_thread(
                wait_for,
                lambda: len(_children_of(warm_parent)) == 1,
                "the end of all but the one that echoes",
            )

    asyncio.run(story())


def _children_of(parent: int | None) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(path.read_text().rpartition(") ")[2].split()[1]) == parent:
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


# --- the end of a warm parent -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_warm_parent_that_dies_takes_its_children_along_and_is_replaced(
    tmp_path: Path, number: signal.Signals
) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, pids = await lingering(nursery)
            old = kill_warm_parent(nursery, number)
            assert await child.wait() == -signal.SIGKILL
            assert [message async for message in child.messages()] == []
            assert alive(pids) == []
            assert await replaced(nursery, old) != old
            assert (await first_message(await nursery.spawn("echo", {"n": 1}))) == {"n": 1}

    asyncio.run(story())


def test_relatives_of_a_child_go_with_a_dying_warm_parent(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, pids = await lingering(nursery, "group", "program")
            kill_warm_parent(nursery)
            assert await child.wait() == -signal.SIGKILL
            assert alive(pids) == []

    asyncio.run(story())


def test_a_child_asked_for_while_the_warm_parent_is_replaced_is_waited_for(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            for _ in range(3):
                kill_warm_parent(nursery)
                children = await asyncio.gather(*(nursery.spawn("echo", {"n": n}) for n in range(5)))
                assert [(await first_message(child))["n"] for child in children] == list(range(5))

    asyncio.run(story())


def test_a_child_of_an_older_warm_parent_can_still_be_killed(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, _ = await lingering(nursery)
            kill_warm_parent(nursery)
            await child.kill()
            assert await child.wait() == -signal.SIGKILL

    asyncio.run(story())


def test_a_replacement_that_fails_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path, "tests.processes.tasks:tasks_once") as nursery:
            kill_warm_parent(nursery)
            assert (await first_message(await nursery.spawn("echo", {"n": 1}))) == {"n": 1}
            assert (tmp_path / "starts").read_text() == "xxxx"

    asyncio.run(story())


def test_a_stopped_warm_parent_does_not_keep_the_nursery_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.processes.generation._BURIAL_SECONDS", 0.2)

    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            _, pids = await lingering(nursery)
            warm_parent = kill_warm_parent(nursery, signal.SIGSTOP)
            await nursery.close()
            assert alive([warm_parent, *pids]) == []

    asyncio.run(story())


def test_a_terminals_interrupt_is_for_the_service_to_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            pid = kill_warm_parent(nursery, signal.SIGINT)
            assert (await first_message(await nursery.spawn("echo", {"n": 1}))) == {"n": 1}
            assert nursery.pid == pid

    asyncio.run(story())


# --- the end of the nursery -------------------------------------------------------------------------------------------


def test_closing_ends_everyone(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, pids = await lingering(nursery, *RELATIVES)
            warm_parent = nursery.pid
            assert warm_parent is not None
            started = time.monotonic()
            await nursery.close()
            assert time.monotonic() - started < 3
            assert alive([warm_parent, *pids]) == []
            assert await child.wait() == -signal.SIGKILL
            assert nursery.pid is None

    asyncio.run(story())


def test_a_closed_nursery_has_no_children(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            await nursery.close()
            with pytest.raises(OutOfOrder, match="not running"):
                await nursery.spawn("echo", {})

    asyncio.run(story())


def test_closing_twice_is_closing_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            await asyncio.gather(nursery.close(), nursery.close())

    asyncio.run(story())


def test_closing_while_the_warm_parent_is_replaced_leaves_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            old = kill_warm_parent(nursery)
            new = await replaced(nursery, old)
            await nursery.close()
            assert alive([old, new]) == []

    asyncio.run(story())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nobody_outlives_the_service(tmp_path: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "tests.processes.service", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as service:
        assert service.stdout is not None
        warm_parent = int(service.stdout.readline())
        pids = [warm_parent, *wait_for_pids(tmp_path, 10)]
        assert alive(pids) == pids
        service.send_signal(number)
        service.wait(10)
    wait_for(lambda: not alive(pids), "the end of all")


# --- when there is none -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["raises", "dies"])
def test_a_warm_parent_that_cannot_be_had_is_told(why: str) -> None:
    async def story() -> None:
        nursery = Nursery("tests.processes.tasks:no_tasks", why)
        with pytest.raises(OutOfOrder, match="could not be started"):
            await nursery.start()
        assert nursery.pid is None
        with pytest.raises(OutOfOrder):
            await nursery.spawn("echo", {})
        await nursery.close()

    asyncio.run(story())


def test_a_warm_parent_that_takes_too_long_is_given_up() -> None:
    async def story() -> None:
        nursery = Nursery("tests.processes.tasks:no_tasks", "hangs", warm_timeout_seconds=0.5)
        started = time.monotonic()
        with pytest.raises(OutOfOrder, match="in time"):
            await nursery.start()
        assert time.monotonic() - started < 3
        await nursery.close()

    asyncio.run(story())


def test_a_start_that_is_cancelled_leaves_no_warm_parent() -> None:
    async def story() -> None:
        nursery = Nursery("tests.processes.tasks:no_tasks", "hangs")
        starting = asyncio.create_task(nursery.start())
        async with asyncio.timeout(5):
            while nursery.pid is None:
                await asyncio.sleep(0)
        warm_parent, started = nursery.pid, time.monotonic()
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
        assert not is_alive(warm_parent)
        assert time.monotonic() - started < 3

    asyncio.run(story())


def test_a_thread_in_the_warm_parent_is_told_of(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path, "tests.processes.tasks:tasks_with_a_thread"):
            pass

    asyncio.run(story())
    assert "threads" in "".join(capfd.readouterr())
