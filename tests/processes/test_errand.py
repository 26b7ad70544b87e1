"""One question to a child, and its answer."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import ConversionFailed, JobCrashed, JobTimeout, MediaNotFound, OutOfOrder
from entrepot.processes.errand import ask
from entrepot.processes.nursery import Nursery
from tests.processes.conftest import nursery_of
from tests.processes.pulse import alive, wait_for_pids


async def question(
    nursery: Nursery, how: str, *, timeout_seconds: float = 20, **payload: Any
) -> dict[str, Any]:
    return await ask(nursery, "answer", {"how": how, **payload}, timeout_seconds=timeout_seconds)


def test_a_question_is_answered(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            assert await question(nursery, "well", number=21) == {"doubled": 42}

    asyncio.run(story())


def test_many_questions_at_once_get_each_their_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            answers = await asyncio.gather(*(question(nursery, "well", number=n) for n in range(20)))
            assert [answer["doubled"] for answer in answers] == [2 * n for n in range(20)]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("how", "kind"),
    [
        ("not found", MediaNotFound),
        ("unexpected", JobCrashed),
        ("memory", ConversionFailed),
        ("silently", JobCrashed),
        ("by a signal", JobCrashed),
    ],
)
def test_every_failure_is_told_and_tells_no_secret(tmp_path: Path, how: str, kind: type[Exception]) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            with pytest.raises(kind) as caught:
                await question(nursery, how)
            assert "secret" not in str(caught.value)

    asyncio.run(story())


@pytest.mark.parametrize(
    "said",
    [{}, {"result": None}, {"result": 1}, {"result": []}, {"error": None}, {"error": 1},
     {"error": {"code": [], "extra": 1}}, {"error": {"extra": {"detail": 1}}}],
)  # fmt: skip
def test_a_senseless_answer_is_a_crash(tmp_path: Path, said: dict[str, Any]) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            with pytest.raises(JobCrashed):
                await ask(nursery, "echo", said, timeout_seconds=20)

    asyncio.run(story())


@pytest.mark.parametrize("ending", ["too late", "cancelled"])
def test_a_question_that_is_given_up_leaves_no_child(tmp_path: Path, ending: str) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            limit = 0.5 if ending == "too late" else 60
            asking = asyncio.create_task(question(nursery, "late", timeout_seconds=limit))
            pids = await asyncio.to_thread(wait_for_pids, tmp_path, 1)
            if ending == "cancelled":
                asking.cancel()
            with pytest.raises(JobTimeout if ending == "too late" else asyncio.CancelledError):
                await asking
            assert alive(pids) == []

    asyncio.run(story())


def test_one_who_has_answered_is_gone(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            assert await question(nursery, "and stays", number=1) == {"doubled": 2}
            assert alive(wait_for_pids(tmp_path, 1)) == []

    asyncio.run(story())


def test_without_a_nursery_there_is_no_answer(tmp_path: Path) -> None:
    async def story() -> None:
        async with nursery_of(tmp_path) as nursery:
            await nursery.close()
            with pytest.raises(OutOfOrder):
                await question(nursery, "well", number=1)

    asyncio.run(story())
