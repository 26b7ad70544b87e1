"""The engine in the serving process: slots, naps, leaving, and no job lost or done twice."""

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from entrepot.errors import DatabaseUnavailable, StorageFull
from entrepot.jobs import records
from entrepot.jobs.ledger import Pace
from entrepot.jobs.state import JobState
from tests.jobs.conftest import House, house, until
from tests.jobs.test_run import attempts_of, is_alive


async def until_all_completed(it: House, number: int) -> None:
    async def are_completed() -> bool:
        return (await it.counts())[JobState.COMPLETED] == number

    async with asyncio.timeout(60):
        while not await are_completed():
            await asyncio.sleep(0.05)


async def until_idle(it: House) -> None:
    """A job's row tells its end a moment before its runner is done with it."""

    async def is_idle() -> bool:
        return it.runner.running == ()

    await until(is_idle)


def test_no_more_jobs_run_at_once_than_there_are_slots(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=3) as it:
            await it.engine.start()
            for _ in range(9):
                await it.order("work_for", options={"seconds": 0.05})
            most = 0

            async def are_completed() -> bool:
                nonlocal most
                counts = await it.counts()
                most = max(most, counts[JobState.RUNNING], it.engine.statistics().running)
                return counts[JobState.COMPLETED] == 9

            await until(are_completed)
            assert most == 3
            assert it.engine.statistics().slots == 3

    asyncio.run(story())


def test_an_idle_engine_wakes_for_a_new_job_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.engine.start()
            await asyncio.sleep(0.1)
            started = asyncio.get_running_loop().time()
            job = await it.order("finish")
            await it.reach(job.id, JobState.COMPLETED)
            assert asyncio.get_running_loop().time() - started < 2.0

    asyncio.run(story())


def test_a_job_that_is_due_later_wakes_the_engine_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.engine.start()
            job = await it.order("resume", retries=1)  # fails once, then waits a second
            done = await it.reach(job.id, JobState.COMPLETED)
            assert done.finished_at is not None
            assert (done.attempts, done.failures) == (2, 1)
            assert (done.finished_at - done.created_at).total_seconds() >= 1.0

    asyncio.run(story())


def test_a_crashed_child_is_run_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.engine.start()
            job = await it.order("die_at_first", retries=2)
            done = await it.reach(job.id, JobState.COMPLETED)
            assert [fence for fence, _ in attempts_of(tmp_path, job.id)] == [1, 2]
            assert (done.failures, done.rescues) == (1, 0)

    asyncio.run(story())


def test_a_warm_parent_that_is_killed_costs_no_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=3) as it:
            await it.engine.start()
            jobs = [await it.order("work_for", options={"seconds": 0.3}, retries=0) for _ in range(5)]
            for job in jobs[:3]:
                await it.wait_for(job.id, lambda job: job.percent == 10.0)
            assert it.nursery.pid is not None
            os.kill(it.nursery.pid, signal.SIGKILL)
            await until_all_completed(it, 5)
            assert sorted(it.publisher.published) == sorted(job.id for job in jobs)
            assert it.folders.list() == []

    asyncio.run(story())


def test_a_retry_by_hand_waits_for_the_end_of_what_was_canceled(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.engine.start()
            job = await it.order("half_and_ignore_signals")
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            canceling = asyncio.create_task(it.control.cancel(job.id, owner=None))
            await it.reach(job.id, JobState.CANCELED)
            await it.control.retry(job.id, owner=None)
            await canceling
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            (first, old_pid), (second, new_pid) = attempts_of(tmp_path, job.id)
            assert (first, second) == (1, 2)
            assert not is_alive(old_pid)
            assert is_alive(new_pid)
            assert [path.parent.name for path in it.partial_files()] == [f"{job.id}.2"]
            await it.control.cancel(job.id, owner=None)

    asyncio.run(story())


def test_closing_gives_running_jobs_back_within_five_seconds(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=2) as it:
            await it.engine.start()
            jobs = [await it.order("half") for _ in range(3)]
            for job in jobs[:2]:
                await it.wait_for(job.id, lambda job: job.percent == 50.0)
            started = asyncio.get_running_loop().time()
            await it.engine.close()
            assert asyncio.get_running_loop().time() - started < 5.0
            assert (await it.counts())[JobState.QUEUED] == 3
            for job in jobs[:2]:
                after = await it.job(job.id)
                assert (after.failures, after.rescues, after.attempts) == (0, 0, 1)
                assert not any(is_alive(pid) for _, pid in attempts_of(tmp_path, job.id))

    asyncio.run(story())


def test_a_restart_after_closing_goes_on_where_it_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=1) as it:
            await it.engine.start()
            job = await it.order("work_for", options={"seconds": 1.0})
            await it.wait_for(job.id, lambda job: job.percent == 10.0)
        async with house(tmp_path, slots=1) as it:
            await it.sweeper.recover()
            await it.engine.start()
            done = await it.reach(job.id, JobState.COMPLETED)
            assert (done.attempts, done.rescues, done.failures) == (2, 0, 0)
            assert it.folders.list() == []

    asyncio.run(story())


@pytest.mark.parametrize("error", [DatabaseUnavailable(), StorageFull(), RuntimeError("a bug")])
def test_trouble_with_the_database_does_not_end_the_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr("entrepot.jobs.engines.embedded._TROUBLE_PAUSE_SECONDS", 0.01)

    async def story() -> None:
        async with house(tmp_path) as it:
            claim, troubles = records.claim, [error] * 3

            def troubled(*args: object, **kwargs: object) -> object:
                if troubles:
                    raise troubles.pop()
                return claim(*args, **kwargs)  # type: ignore[arg-type]  # handed through as they came

            monkeypatch.setattr(records, "claim", troubled)
            await it.engine.start()
            job = await it.order("finish")
            await it.reach(job.id, JobState.COMPLETED)
            assert troubles == []

    asyncio.run(story())


def test_cancel_of_every_one_of_many_jobs_leaves_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=4) as it:
            await it.engine.start()
            jobs = [await it.order("half") for _ in range(8)]
            for job in jobs[:4]:
                await it.wait_for(job.id, lambda job: job.percent == 50.0)
            loop = asyncio.get_running_loop()
            started = loop.time()
            await asyncio.gather(*(it.control.cancel(job.id, owner=None) for job in reversed(jobs)))
            assert loop.time() - started < 2.0
            assert (await it.counts())[JobState.CANCELED] == 8
            assert it.folders.list() == []
            for job in jobs:
                assert not any(is_alive(pid) for _, pid in attempts_of(tmp_path, job.id))

    asyncio.run(story())


def test_forty_jobs_are_done_exactly_once_while_runners_are_shot(tmp_path: Path) -> None:
    """Runner tasks are cancelled at random moments; their jobs' leases expire, and others take over."""
    chance = random.Random(7)
    pace = Pace(lease_seconds=0.6, heartbeat_seconds=0.1, report_seconds=0.02)

    async def shoot(it: House) -> int:
        shots = 0
        while shots < 12:
            await asyncio.sleep(chance.uniform(0.02, 0.15))
            targets = sorted(it.engine._dispatchers[0].tasks, key=lambda task: task.get_name())
            if targets:
                chance.choice(targets).cancel()
                shots += 1
        return shots

    async def rescue(it: House) -> None:
        while True:
            await it.sweeper.sweep()
            await asyncio.sleep(0.1)

    async def story() -> None:
        async with house(tmp_path, slots=4, pace=pace) as it:
            jobs = [await it.order("work_for", options={"seconds": 0.05}) for _ in range(40)]
            await it.engine.start()
            rescuing = asyncio.create_task(rescue(it))
            assert await shoot(it) == 12
            await until_all_completed(it, 40)
            rescuing.cancel()
            assert sorted(it.publisher.published) == sorted(job.id for job in jobs)
            assert it.folders.list() == []
            await until_idle(it)
            after = [await it.job(job.id) for job in jobs]
            assert sum(job.rescues for job in after) >= 1
            assert all(job.failures == 0 for job in after)

    asyncio.run(story())


def test_a_house_that_vanishes_loses_no_job(tmp_path: Path) -> None:
    """The runner's tasks and its database go without a word; a new house on the same files finishes everything."""

    async def story() -> None:
        async with house(tmp_path, slots=3) as it:
            await it.engine.start()
            jobs = [await it.order("work_for", options={"seconds": 0.4}) for _ in range(6)]
            for job in jobs[:3]:
                await it.wait_for(job.id, lambda job: job.percent == 10.0)
            for task in list(it.engine._dispatchers[0].tasks):
                task.cancel()
            await asyncio.wait(it.engine._dispatchers[0].tasks)
            assert (await it.counts())[JobState.RUNNING] >= 3
            it.engine._dispatchers[0].tasks.clear()
        first = list(it.publisher.published)
        async with house(tmp_path, slots=3) as it:
            await it.sweeper.recover()
            assert (await it.counts())[JobState.RUNNING] == 0
            await it.engine.start()
            await until_all_completed(it, 6)
            assert sorted([*first, *it.publisher.published]) == sorted(job.id for job in jobs)
            assert it.folders.list() == []

    asyncio.run(story())


def test_a_lone_owner_is_served_before_another_ones_crowd(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, slots=1) as it:
            for _ in range(120):
                await it.order("finish")
            job = await it.order("finish", owner="bob")
            assert (await it.run_one()).owner == "ann"
            assert (await it.run_one()).id == job.id

    asyncio.run(story())
