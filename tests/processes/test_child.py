"""One child of the nursery: what it is, what it says, and how it ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.processes.channel import BrokenMessage
from tests.processes.conftest import first_message, lingering, nursery_of
from tests.processes.pulse import alive, wait_for, wait_for_pids

KILL_SECONDS = 1.0
RELATIVES = ("group", "session", "orphan", "program")


def test_a_child_hears_and_is_heard(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("echo", {"payload": "é\n"})
            messages = child.messages()
            assert await anext(messages) == {"payload": "é\n"}
            await child.send({"n": 1})
            assert await anext(messages) == {"n": 1}
            await child.send({})
            assert [message async for message in messages] == []
            assert await child.wait() == 0

    asyncio.run(story())


def test_a_child_is_forked_from_the_warm_parent_into_a_session_of_its_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("introduce", {})
            seen = await first_message(child)
            assert seen["pid"] == seen["session"] == seen["group"] == child.pid
            assert seen["parent"] == nursery.pid
            assert seen["handlers"] == [True, True, True]

    asyncio.run(story())


def test_a_child_has_its_channel_and_nothing_else_open(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            others = [await lingering(nursery, name=name) for name in ("one", "two")]
            seen = (await first_message(await nursery.spawn("introduce", {})))["descriptors"]
            leading_somewhere = [
                target for number, target in seen.items() if int(number) > 2 and target != "/dev/null"
            ]
            assert len([target for target in leading_somewhere if target.startswith("socket:")]) == 1
            assert len([target for target in leading_somewhere if not target.startswith("/proc")]) == 1
            assert others

    asyncio.run(story())


@pytest.mark.parametrize("name", ["ENTREPOT_SECRET_KEY", "AWS_SECRET_ACCESS_KEY", "HTTPS_PROXY", "no_proxy"])
def test_a_child_inherits_no_secret_and_no_proxy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "x")

    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            seen = await first_message(await nursery.spawn("introduce", {}))
            assert name not in seen["environment"]
            assert "PATH" in seen["environment"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("task", "payload", "status"),
    [
        ("nothing", {}, 0),
        ("leave", {"status": 3}, 3),
        ("raise", {}, 1),
        ("die", {"signal": signal.SIGKILL}, -9),
        ("die", {"signal": signal.SIGTERM}, -15),
        ("die", {"signal": signal.SIGSEGV}, -11),
    ],
)
def test_a_childs_end_is_told(tmp_path: Path, task: str, payload: dict[str, Any], status: int) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn(task, payload)
            assert [message async for message in child.messages()] == []
            assert await child.wait() == status

    asyncio.run(story())


def test_what_a_child_said_before_its_end_is_heard_after_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("chatter", {"number": 50})
            assert await child.wait() == 0
            assert [message["number"] async for message in child.messages()] == list(range(50))

    asyncio.run(story())


def test_a_child_that_talks_faster_than_it_is_heard_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("chatter", {"number": 5000})
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(child.wait(), 0.3)
            assert [message["number"] async for message in child.messages()] == list(range(5000))

    asyncio.run(story())


@pytest.mark.parametrize(("text", "times"), [("nonsense\n", 1), ("[]\n", 1), ("x" * 1024, 5000)])
def test_a_child_that_talks_nonsense_is_killed(tmp_path: Path, text: str, times: int) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("babble", {"text": text, "times": times})
            assert [message async for message in child.messages()] == [{"fine": True}]
            assert await child.wait() == -signal.SIGKILL

    asyncio.run(story())


def test_a_message_too_long_for_a_child_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("echo", {})
            with pytest.raises(BrokenMessage):
                await child.send({"text": "x" * (4 * 1024 * 1024)})
            await child.kill()

    asyncio.run(story())


def test_one_who_has_ended_hears_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("nothing", {})
            await child.wait()
            await child.send({"n": 1})

    asyncio.run(story())


def test_a_kill_ends_all_that_belongs_to_the_child_whatever_it_ignores(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, pids = await lingering(nursery, *RELATIVES)
            assert len(alive(pids)) == 5
            started = time.monotonic()
            await child.kill()
            assert time.monotonic() - started < KILL_SECONDS
            assert alive(pids) == []
            assert await child.wait() == -signal.SIGKILL

    asyncio.run(story())


def test_a_child_that_leaves_takes_all_that_belongs_to_it_along(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("linger", {"relatives": RELATIVES, "leaves": True})
            pids = (await first_message(child))["pids"]
            assert await child.wait() == 0
            assert alive(pids) == []

    asyncio.run(story())


def test_a_kill_spares_the_other_children(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            spared, _ = await lingering(nursery, name="spared")
            other = await nursery.spawn("echo", {})
            await (await nursery.spawn("linger", {"relatives": RELATIVES, "name": "killed"})).kill()
            assert alive([spared.pid, other.pid]) == [spared.pid, other.pid]

    asyncio.run(story())


def test_a_kill_reaches_a_program_behind_a_fence(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("fenced", {})
            pids = await asyncio.to_thread(wait_for_pids, tmp_path, 3)
            assert len(alive(pids)) == 3
            await child.kill()
            assert alive(pids) == []

    asyncio.run(story())


def test_a_kill_before_the_child_has_come_to_itself_is_a_kill(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            for _ in range(20):
                child = await nursery.spawn("linger", {})
                await child.kill()
                assert await child.wait() == -signal.SIGKILL
                assert alive([child.pid]) == []

    asyncio.run(story())


@pytest.mark.parametrize("times", [1, 5])
def test_a_kill_after_the_end_changes_nothing(tmp_path: Path, times: int) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("leave", {"status": 3})
            await child.wait()
            await asyncio.gather(*(child.kill() for _ in range(times)))
            assert await child.wait() == 3

    asyncio.run(story())


def test_a_stopped_child_can_be_killed(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child, _ = await lingering(nursery)
            os.kill(child.pid, signal.SIGSTOP)
            await child.kill()
            assert alive([child.pid]) == []

    asyncio.run(story())


def test_a_listener_that_is_cancelled_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            child = await nursery.spawn("echo", {"n": 0})
            assert await first_message(child) == {"n": 0}
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(first_message(child), 0.02)
            await child.send({"n": 1})
            assert await first_message(child) == {"n": 1}

    asyncio.run(story())


def _zombies_of(parent: int | None) -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, father = path.read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if state == "Z" and int(father) == parent:
            found.append(int(path.parent.name))
    return found


def test_no_zombie_is_left(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            children = [await nursery.spawn("nothing", {}) for _ in range(10)]
            await asyncio.gather(*(child.wait() for child in children))
            none: Callable[[], bool] = lambda: not _zombies_of(nursery.pid)  # noqa: E731 - a condition
            await asyncio.to_thread(wait_for, none, "the reaping")

    asyncio.run(story())
