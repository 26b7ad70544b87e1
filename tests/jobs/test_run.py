"""One job from its claim to its end, with real child processes and a real database."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import DatabaseUnavailable, StorageFull
from entrepot.jobs import records
from entrepot.jobs.ledger import Pace
from entrepot.jobs.schema import jobs
from entrepot.jobs.state import JobState
from entrepot.jobs.work import Kind
from tests.jobs.conftest import QUICK, House, house, until


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def attempts_of(folder: Path, job_id: str) -> list[tuple[int, int]]:
    """Fence and pid of every attempt whose pipeline began."""
    record = folder / f"ran.{job_id}"
    if not record.exists():
        return []
    return [(int(fence), int(pid)) for fence, pid in map(str.split, record.read_text().splitlines())]


def test_a_job_is_completed_with_its_files_and_leaves_nothing_behind(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            ordered = await it.order("work_for", options={"seconds": 0.05, "title": "T"})
            job = await it.run_one()
            assert (job.state, job.percent, job.title, job.stage) == (JobState.COMPLETED, 100.0, "T", None)
            assert [file.name for file in (await it.control.files([job.id]))[job.id]] == ["a.bin"]
            assert it.publisher.published == it.publisher.followed_up == [ordered.id]
            assert it.folders.list() == []
            assert it.runner.running == ()
            assert not await it.runner.run_next()

    asyncio.run(story())


def test_what_the_child_says_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("tell", kind=Kind.AUTO)
            job = await it.run_one()
            assert (job.kind, job.requested_kind, job.downloaded_bytes) == (Kind.MEDIA, Kind.AUTO, 25)
            assert (await it.log(job.id))[1:-1] == ["a first line", "a \ufffd[31mred\ufffd line"]

    asyncio.run(story())


def test_progress_is_seen_while_the_job_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            running = asyncio.create_task(it.run_one())
            seen = await it.wait_for(job.id, lambda job: job.percent == 50.0)
            assert (seen.state, seen.stage, seen.title) == ("running", "downloading", "Half a thing")
            await it.control.cancel(job.id, owner=None)
            await running

    asyncio.run(story())


@pytest.mark.parametrize(
    ("do", "code", "says"),
    [
        ("find_nothing", "media-not-found", "Nothing here."),
        ("raise", "job-crashed", "unexpected error"),
        ("die", "job-crashed", "signal 9"),
        ("leave", "job-crashed", "status 3"),
        ("fill_the_disk", "storage-full", "no room"),
    ],
)
def test_a_failed_job_says_why_and_leaves_nothing_behind(
    tmp_path: Path, do: str, code: str, says: str
) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order(do)
            job = await it.run_one()
            assert (job.state, job.error_code, job.failures) == (JobState.FAILED, code, 1)
            assert says in (job.error_message or "")
            assert "secret" not in (job.error_message or "")
            assert it.folders.list() == []
            assert it.publisher.published == []

    asyncio.run(story())


def test_nonsense_from_a_child_is_a_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.jobs.run.TASK", "nonsense")

    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("finish")
            job = await it.run_one()
            assert (job.state, job.error_code) == (JobState.FAILED, "job-crashed")
            assert "unreadable" in (job.error_message or "")

    asyncio.run(story())


def test_a_retried_failure_waits_keeps_its_folder_and_can_resume(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            ordered = await it.order("resume", retries=1)
            job = await it.run_one()
            assert (job.state, job.failures, job.error_code) == ("queued", 1, "upstream-unavailable")
            assert 0.5 < (job.run_at - job.updated_at).total_seconds() <= 2.0
            assert [path.parent.name for path in it.partial_files()] == [f"{ordered.id}.1"]
            assert not await it.runner.run_next()
            await it.database.write(lambda c: c.execute(jobs.update().values(run_at=ordered.created_at)))
            job = await it.run_one()
            assert (job.state, job.attempts, job.error_code) == (JobState.COMPLETED, 2, None)
            begun, failed, *later = await it.log(job.id)
            assert begun == "Attempt 1 begins."
            assert failed.startswith("The origin is busy. (upstream-unavailable) Trying again in ")
            assert later == ["Attempt 2 begins.", "found half", "Completed: 1 file(s), 21 bytes."]
            assert it.folders.list() == []

    asyncio.run(story())


def test_an_origins_wish_for_patience_is_granted(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("be_busy", retries=1, options={"retry_after": 77})
            job = await it.run_one()
            assert 76.5 < (job.run_at - job.updated_at).total_seconds() <= 77.0

    asyncio.run(story())


@pytest.mark.parametrize("by", ["wish", "kind"])
def test_a_job_that_takes_too_long_is_killed(tmp_path: Path, by: str) -> None:
    async def story() -> None:
        timeouts = {Kind.FILE: 0.2 if by == "kind" else 60.0}
        async with house(tmp_path, timeouts=timeouts) as it:
            await it.order("half", timeout_seconds=0.2 if by == "wish" else None)
            job = await it.run_one()
            assert (job.state, job.error_code) == (JobState.FAILED, "job-timeout")
            assert not is_alive(attempts_of(tmp_path, job.id)[0][1])
            assert it.folders.list() == []

    asyncio.run(story())


@pytest.mark.parametrize("do", ["half_with_a_grandchild", "half_and_ignore_signals", "half_with_ffmpeg"])
def test_cancel_ends_processes_and_folders_within_two_seconds(tmp_path: Path, do: str) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order(do)
            running = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            grandchild = int((tmp_path / "grandchild").read_text())
            assert is_alive(grandchild)
            started = asyncio.get_running_loop().time()
            canceled = await it.control.cancel(job.id, owner=None)
            assert asyncio.get_running_loop().time() - started < 2.0
            assert canceled.state is JobState.CANCELED
            assert not is_alive(attempts_of(tmp_path, job.id)[0][1])
            assert not is_alive(grandchild)
            assert it.folders.list() == []
            assert (await running).state is JobState.CANCELED
            assert it.publisher.published == []

    asyncio.run(story())


def test_a_job_canceled_while_it_is_claimed_never_starts(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            claiming = asyncio.create_task(it.runner.claim())
            await it.reach(job.id, JobState.RUNNING)
            canceling = asyncio.create_task(it.control.cancel(job.id, owner=None))
            attempt = await claiming
            await it.reach(job.id, JobState.CANCELED)
            assert attempt is not None
            await it.runner.run(attempt)
            await canceling
            assert it.folders.list() == []
            assert attempts_of(tmp_path, job.id) == []

    asyncio.run(story())


def test_canceling_a_job_that_waits_for_its_retry_removes_its_partial_file(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("be_busy", retries=3)
            job = await it.run_one()
            assert len(it.partial_files()) == 1
            await it.control.cancel(job.id, owner=None)
            assert it.folders.list() == []

    asyncio.run(story())


def test_an_attempt_whose_lease_was_taken_stops_and_leaves_everything_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            running = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            await it.database.write(lambda c: records.rescue(c, now=job.created_at, expired_at=None))
            after = await running
            assert (after.state, after.rescues, after.failures) == (JobState.QUEUED, 1, 0)
            assert [path.name for path in it.partial_files()] == ["partial"]

    asyncio.run(story())


def test_the_next_attempt_waits_until_the_one_before_is_dead(tmp_path: Path) -> None:
    async def story() -> None:
        slow = Pace(lease_seconds=30.0, heartbeat_seconds=20.0, report_seconds=0.02)
        async with house(tmp_path, pace=slow) as it:
            job = await it.order("half")
            first = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            await it.database.write(lambda c: records.rescue(c, now=job.created_at, expired_at=None))
            second = asyncio.create_task(it.run_one())

            async def has_begun_again() -> bool:
                return len(attempts_of(tmp_path, job.id)) == 2

            await until(has_begun_again)
            (_, old_pid), (_, new_pid) = attempts_of(tmp_path, job.id)
            assert not is_alive(old_pid)
            assert is_alive(new_pid)
            await it.control.cancel(job.id, owner=None)
            await asyncio.gather(first, second)
            assert it.folders.list() == []

    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "code"),
    [(StorageFull(), "storage-full"), (RuntimeError("a secret"), "job-crashed")],
)
def test_an_outcome_that_cannot_be_published_fails_the_job(
    tmp_path: Path, error: Exception, code: str
) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            it.publisher.raising = [error] * 100
            await it.order("finish")
            job = await it.run_one()
            assert (job.state, job.error_code) == (JobState.FAILED, code)
            assert "secret" not in (job.error_message or "")
            assert it.publisher.followed_up == []

    asyncio.run(story())


def test_a_passing_trouble_at_the_end_loses_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            it.publisher.raising = [DatabaseUnavailable(), StorageFull()]
            await it.order("finish")
            job = await it.run_one()
            assert (job.state, job.failures) == (JobState.COMPLETED, 0)
            assert it.publisher.published == [job.id]

    asyncio.run(story())


def test_a_failure_is_recorded_once_the_database_can_take_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("find_nothing")
            fail, refusals = records.fail, [1, 2, 3]

            def reluctant(*args: Any, **kwargs: Any) -> Any:
                if refusals:
                    refusals.pop()
                    raise StorageFull
                return fail(*args, **kwargs)

            monkeypatch.setattr(records, "fail", reluctant)
            job = await it.run_one()
            assert refusals == []
            assert (job.state, job.error_code, job.failures) == (JobState.FAILED, "media-not-found", 1)

    asyncio.run(story())


def test_a_lease_survives_a_passing_trouble(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            renew, refusals = records.renew, [1, 2, 3]

            def reluctant(*args: Any, **kwargs: Any) -> Any:
                if refusals:
                    refusals.pop()
                    raise DatabaseUnavailable
                return renew(*args, **kwargs)

            monkeypatch.setattr(records, "renew", reluctant)
            running = asyncio.create_task(it.run_one())
            seen = await it.wait_for(job.id, lambda job: job.percent == 50.0)
            assert (refusals, seen.title) == ([], "Half a thing")
            await it.control.cancel(job.id, owner=None)
            await running

    asyncio.run(story())


def test_a_follow_up_that_fails_changes_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            it.publisher.follow_up_raising = [RuntimeError("no link")]
            await it.order("finish")
            assert (await it.run_one()).state is JobState.COMPLETED

    asyncio.run(story())


def test_a_log_is_bounded(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            await it.order("babble")
            job = await it.run_one()
            assert job.state is JobState.COMPLETED
            lines = await it.control.logs(job.id, owner=None, limit=100_000)
            assert 0 < len(lines) <= 5001

    asyncio.run(story())


def test_a_runner_that_leaves_gives_its_jobs_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            running = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            it.runner.leave()
            after = await running
            assert (after.state, after.failures, after.rescues) == (JobState.QUEUED, 0, 0)
            assert [path.name for path in it.partial_files()] == ["partial"]
            assert not is_alive(attempts_of(tmp_path, job.id)[0][1])

    asyncio.run(story())


@pytest.mark.parametrize("when", ["spawning", "running"])
def test_a_cancelled_runner_leaves_no_child(tmp_path: Path, when: str) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            running = asyncio.create_task(it.run_one())
            if when == "spawning":
                await _until_spawning(it, job.id)
            else:
                await it.wait_for(job.id, lambda job: job.percent == 50.0)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            assert (await it.job(job.id)).state is JobState.RUNNING  # until its lease expires
            assert not any(is_alive(pid) for _, pid in attempts_of(tmp_path, job.id))
            assert it.runner.running == ()

    asyncio.run(story())


async def _until_spawning(it: House, job_id: str) -> None:
    async def has_folder() -> bool:
        return bool(it.folders.list(job_id))

    await until(has_folder)


def test_the_nursery_may_die_under_a_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path, pace=QUICK) as it:
            job = await it.order("half", retries=0)
            running = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            assert it.nursery.pid is not None
            os.kill(it.nursery.pid, 9)
            after = await running
            assert (after.state, after.failures, after.rescues) == (JobState.QUEUED, 0, 1)
            await it.control.cancel(job.id, owner=None)
            await it.order("finish")
            assert (await it.run_one()).state is JobState.COMPLETED

    asyncio.run(story())
