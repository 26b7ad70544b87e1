"""What the sweeper puts right."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.errors import DatabaseUnavailable
from entrepot.jobs import records
from entrepot.jobs.ledger import utc_now
from entrepot.jobs.records import Once
from entrepot.jobs.state import JobState
from tests.jobs.conftest import House, draft, house


async def claim_and_vanish(it: House, *, lease_seconds: float) -> None:
    now = utc_now()
    until = now + timedelta(seconds=lease_seconds)
    await it.database.write(lambda c: records.claim(c, worker="gone", now=now, lease_until=until))


def test_at_the_start_every_running_job_goes_back_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("finish")
            await claim_and_vanish(it, lease_seconds=3600)
            await it.sweeper.recover()
            assert (await it.job(job.id)).state is JobState.QUEUED
            assert (await it.run_one()).state is JobState.COMPLETED

    asyncio.run(story())


def test_only_an_expired_lease_is_swept(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            expired, valid = await it.order("finish"), await it.order("finish")
            await claim_and_vanish(it, lease_seconds=-1)
            await claim_and_vanish(it, lease_seconds=3600)
            await it.sweeper.sweep()
            assert (await it.job(expired.id)).state is JobState.QUEUED
            assert (await it.job(valid.id)).state is JobState.RUNNING

    asyncio.run(story())


def test_a_job_that_runs_here_is_spared_however_old_its_lease(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            job = await it.order("half")
            running = asyncio.create_task(it.run_one())
            await it.wait_for(job.id, lambda job: job.percent == 50.0)
            rescued = await it.sweeper._rescue(expired_at=utc_now() + timedelta(days=1))
            assert rescued == []
            await it.control.cancel(job.id, owner=None)
            await running

    asyncio.run(story())


def test_the_sweeper_sweeps_by_itself_and_outlives_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.jobs.sweep._TICK_SECONDS", 0.01)
    monkeypatch.setattr("entrepot.jobs.sweep._HOUSEKEEPING_SECONDS", 0.0)

    async def story() -> None:
        async with house(tmp_path) as it:
            rescue, troubles = records.rescue, [DatabaseUnavailable(), RuntimeError()]

            def troubled(*args: object, **kwargs: object) -> object:
                if troubles:
                    raise troubles.pop()
                return rescue(*args, **kwargs)  # type: ignore[arg-type]  # handed through as they came

            monkeypatch.setattr(records, "rescue", troubled)
            job = await it.order("finish")
            await claim_and_vanish(it, lease_seconds=-1)
            await it.engine.start()
            await it.sweeper.start()
            await it.reach(job.id, JobState.COMPLETED)
            await it.sweeper.close()
            assert troubles == []

    asyncio.run(story())


def test_folders_of_finished_and_unknown_jobs_go_and_those_of_waiting_ones_stay(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            waiting, canceled, stranger = await it.order("finish"), await it.order("finish"), uuid.uuid4()
            await it.control.cancel(canceled.id, owner=None)
            for name in (f"{waiting.id}.1", f"{canceled.id}.1", f"{stranger}.1", "something-else"):
                (it.work / name).mkdir(parents=True)
                (it.work / name / "partial").touch()
            await it.sweeper.keep_house()
            assert {path.name for path in it.work.iterdir()} == {f"{waiting.id}.1", "something-else"}

    asyncio.run(story())


def test_old_keys_are_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with house(tmp_path) as it:
            old, new = Once("old", "hash"), Once("new", "hash")
            now = utc_now()
            for once, age_hours in ((old, 25), (new, 23)):
                made = now - timedelta(hours=age_hours)
                await it.database.write(
                    lambda c, once=once, made=made: records.insert_job(  # type: ignore[misc]  # bound at once
                        c, draft(), job_id=once.key, now=made, once=once
                    )
                )
            await it.sweeper.keep_house()
            assert (await it.control.initiate(draft(), once=new)).id == "new"
            assert (await it.control.initiate(draft(), once=old)).id != "old"

    asyncio.run(story())
