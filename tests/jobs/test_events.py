"""Watching jobs: replay and live without gap or double, whoever is slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.database import Database, metadata
from entrepot.errors import JobNotFound, UpstreamBusy
from entrepot.jobs import history, records
from entrepot.jobs.events import Hub, Subscription
from entrepot.jobs.history import Event
from entrepot.jobs.records import News
from entrepot.jobs.schema import EventType
from entrepot.jobs.state import Job
from entrepot.jobs.work import Progress, Source, Stage
from tests.jobs.conftest import NOW, draft

SOURCE = Source(url="https://example.com/a", title="T")
SOON_SECONDS = 10.0


class Desk:
    """Changes jobs and announces it, as control and runner do."""

    def __init__(self, database: Database, hub: Hub) -> None:
        self.database = database
        self.hub = hub

    async def order(self, job_id: str = "job", owner: str = "ann") -> Job:
        job = await self.database.write(
            lambda c: records.insert_job(c, draft(owner=owner), job_id=job_id, now=NOW, once=None)
        )
        self.hub.announce()
        return job

    async def claim(self) -> Job:
        job = await self.database.write(lambda c: records.claim(c, worker="w", now=NOW, lease_until=NOW))
        assert job is not None
        self.hub.announce()
        return job

    async def progress(self, job: Job, percent: float) -> None:
        news = News(Progress(Stage.DOWNLOADING, percent))
        await self.database.write(
            lambda c: records.renew(c, job.id, job.fence, now=NOW, lease_until=NOW, news=news)
        )
        self.hub.announce()

    async def complete(self, job: Job) -> None:
        await self.database.write(
            lambda c: records.complete(c, job.id, job.fence, now=NOW, source=SOURCE, files=[])
        )
        self.hub.announce()

    async def release(self, job: Job) -> None:
        await self.database.write(lambda c: records.release(c, job.id, job.fence, now=NOW))
        self.hub.announce()

    async def run_through(self, job_id: str = "job", owner: str = "ann") -> None:
        await self.order(job_id, owner)
        await self.complete(await self.claim())

    async def caught_up(self) -> None:
        """Waits until everything committed has been handed out."""
        newest = await self.database.read(history.last_event_id)
        async with asyncio.timeout(SOON_SECONDS):
            while self.hub.last_id < newest:
                await asyncio.sleep(0.005)


@asynccontextmanager
async def desk(folder: Path) -> AsyncIterator[Desk]:
    database = Database(f"sqlite:///{folder / 'entrepot.db'}")
    metadata.create_all(database.engine)
    database.start()
    hub = Hub(database)
    await hub.start()
    try:
        yield Desk(database, hub)
    finally:
        await hub.close()
        await database.close()


async def read(events: Subscription, number: int) -> list[Event]:
    async with asyncio.timeout(SOON_SECONDS):
        return [await anext(events) for _ in range(number)]


async def read_all(events: Subscription) -> list[Event]:
    async with asyncio.timeout(SOON_SECONDS):
        return [event async for event in events]


def words(events: list[Event]) -> list[tuple[str, str]]:
    return [(event.type.value, event.data["status"]) for event in events]


def test_a_watcher_sees_the_present_at_once_and_then_everything_to_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(job_id="job", owner="ann") as events:
                assert words(await read(events, 1)) == [("status", "queued")]
                job = await it.claim()
                assert words(await read(events, 1)) == [("status", "running")]
                await it.progress(job, 50.0)
                assert (await read(events, 1))[0].data["progress"] == 50.0
                await it.complete(job)
                assert words(await read_all(events)) == [("status", "completed"), ("result", "completed")]

    asyncio.run(story())


def test_the_present_bears_the_id_of_the_newest_event(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            job = await it.claim()
            await it.progress(job, 30.0)
            async with it.hub.subscribe(job_id="job") as events:
                [present] = await read(events, 1)
            newest = await it.database.read(history.last_event_id)
            assert (present.id, present.type, present.data["progress"]) == (newest, EventType.STATUS, 30.0)

    asyncio.run(story())


def test_a_finished_job_tells_how_it_ended_and_the_stream_ends(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.run_through()
            async with it.hub.subscribe(job_id="job") as events:
                told = await read_all(events)
            assert words(told) == [("status", "completed"), ("result", "completed")]
            async with it.hub.subscribe(job_id="job", after_id=told[-1].id) as events:
                assert await read_all(events) == []

    asyncio.run(story())


@pytest.mark.parametrize("end", ["failed", "canceled"])
def test_the_stream_ends_with_whatever_ends_the_job(tmp_path: Path, end: str) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            job = await it.claim()
            async with it.hub.subscribe(job_id="job") as events:
                if end == "failed":
                    await it.database.write(
                        lambda c: records.fail(c, job.id, job.fence, now=NOW, error=UpstreamBusy())
                    )
                else:
                    await it.database.write(lambda c: records.cancel(c, job.id, owner=None, now=NOW))
                it.hub.announce()
                told = words(await read_all(events))
            assert told[1:] == [("status", end), ("error", end)][: 2 if end == "failed" else 1]

    asyncio.run(story())


def test_what_was_missed_is_replayed_and_goes_on_live(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(job_id="job") as events:
                [seen] = await read(events, 1)
            job = await it.claim()
            async with it.hub.subscribe(job_id="job", after_id=seen.id) as events:
                assert words(await read(events, 1)) == [("status", "running")]
                await it.complete(job)
                assert words(await read_all(events)) == [("status", "completed"), ("result", "completed")]

    asyncio.run(story())


def test_a_replay_passes_an_end_that_was_undone_by_a_retry(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            first = await it.order()
            await it.database.write(lambda c: records.cancel(c, first.id, owner=None, now=NOW))
            await it.database.write(
                lambda c: records.retry_by_hand(c, first.id, owner=None, now=NOW, limit=1)
            )
            await it.complete(await it.claim())
            async with it.hub.subscribe(job_id="job", after_id=1) as events:
                told = [status for _, status in words(await read_all(events))]
            assert told == ["canceled", "queued", "running", "completed", "completed"]

    asyncio.run(story())


def test_an_id_from_the_future_counts_as_none(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(job_id="job", after_id=10**9) as events:
                assert words(await read(events, 1)) == [("status", "queued")]
            async with it.hub.subscribe(owner="ann", after_id=10**9) as events:
                await it.claim()
                assert words(await read(events, 1)) == [("status", "running")]

    asyncio.run(story())


def test_an_unknown_or_foreign_job_cannot_be_watched(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            for job_id, owner in (("other", "ann"), ("job", "bob")):
                with pytest.raises(JobNotFound):
                    async with it.hub.subscribe(job_id=job_id, owner=owner):
                        pass
            assert it.hub._mailboxes == {}

    asyncio.run(story())


def test_an_owner_watches_all_of_their_own_jobs_and_no_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.run_through("before", "ann")
            async with it.hub.subscribe(owner="ann") as anns, it.hub.subscribe() as everyones:
                await it.run_through("one", "ann")
                await it.run_through("two", "bob")
                await it.run_through("three", "ann")
                assert {event.job_id for event in await read(anns, 8)} == {"one", "three"}
                assert [event.id for event in await read(everyones, 12)] == list(range(5, 17))
            async with it.hub.subscribe(owner="ann", after_id=0) as events:
                assert [event.id for event in await read(events, 12)] == [*range(1, 9), *range(13, 17)]

    asyncio.run(story())


def test_a_slow_watcher_gets_the_latest_progress_and_every_change(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(job_id="job") as events:
                job = await it.claim()
                for percent in range(1, 51):
                    await it.progress(job, float(percent))
                    await it.caught_up()
                told = await read(events, 3)
                assert words(told) == [("status", "queued"), ("status", "running"), ("progress", "running")]
                assert told[-1].data["progress"] == 50.0
                await it.progress(job, 60.0)
                await it.complete(job)
                await it.caught_up()
                assert words(await read_all(events)) == [("status", "completed"), ("result", "completed")]

    asyncio.run(story())


def test_a_watcher_that_sleeps_too_long_reads_on_from_the_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.jobs.events._MAILBOX_EVENTS", 10)
    monkeypatch.setattr("entrepot.jobs.events._PAGE", 7)

    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(owner="ann") as events:
                for _ in range(40):
                    await it.release(await it.claim())
                await it.caught_up()
                assert [event.id for event in await read(events, 80)] == list(range(2, 82))
                await it.claim()
                assert [event.id for event in await read(events, 1)] == [82]

    asyncio.run(story())


def test_a_cancelled_wait_loses_no_event(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(job_id="job") as events:
                await read(events, 1)
                with pytest.raises(TimeoutError):
                    await asyncio.wait_for(anext(events), timeout=0.01)
                await it.claim()
                assert words(await read(events, 1)) == [("status", "running")]

    asyncio.run(story())


def test_closing_the_hub_ends_every_stream(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(owner="ann") as events:
                waiting = asyncio.create_task(read_all(events))
                await asyncio.sleep(0)
                await it.hub.close()
                assert await waiting == []

    asyncio.run(story())


def test_ending_the_hub_ends_every_stream_and_every_later_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            async with it.hub.subscribe(owner="ann") as owners, it.hub.subscribe(job_id="job") as jobs:
                waiting = [asyncio.create_task(read_all(events)) for events in (owners, jobs)]
                await asyncio.sleep(0)
                it.hub.end()
                assert [words(told) for told in await asyncio.gather(*waiting)] == [
                    [],
                    [("status", "queued")],
                ]
            async with it.hub.subscribe(owner="ann") as events:
                assert await read_all(events) == []

    asyncio.run(story())


def test_a_watcher_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            for _ in range(3):
                async with it.hub.subscribe(job_id="job"), it.hub.subscribe(owner="ann"), it.hub.subscribe():
                    assert len(it.hub._mailboxes) == 3
            assert it.hub._mailboxes == {}

    asyncio.run(story())


def test_of_a_running_job_the_newest_progress_is_replayed_and_no_older(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            job = await it.claim()
            for percent in (10.0, 20.0, 30.0):
                await it.progress(job, percent)
            async with it.hub.subscribe(job_id="job", after_id=1) as events:
                told = await read(events, 2)
            assert words(told) == [("status", "running"), ("progress", "running")]
            assert told[-1].data["progress"] == 30.0

    asyncio.run(story())


def test_trouble_with_reading_is_survived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.jobs.events._RETRY_SECONDS", 0.01)

    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            await it.caught_up()
            async with it.hub.subscribe(owner="ann") as events:
                read_page, troubles = it.hub._read_page, [RuntimeError(), RuntimeError()]

                def troubled(connection: object) -> list[Event]:
                    if troubles:
                        raise troubles.pop()
                    return read_page(connection)  # type: ignore[arg-type]  # handed through as it came

                monkeypatch.setattr(it.hub, "_read_page", troubled)
                await it.claim()
                assert words(await read(events, 1)) == [("status", "running")]
                assert troubles == []

    asyncio.run(story())


def test_many_watchers_that_come_and_go_see_every_change_once_and_in_order(tmp_path: Path) -> None:
    """Each watcher hangs up after a few events, again and again, and comes back with the last id it saw."""
    jobs, watchers = 20, 12

    async def watch(it: Desk, patience: int) -> list[int]:
        seen: list[int] = []
        last = 0
        while len(seen) < 4 * jobs:
            async with it.hub.subscribe(owner="ann", after_id=last) as events:
                for _ in range(min(patience, 4 * jobs - len(seen))):
                    event = await anext(events)
                    last = event.id
                    if event.type is not EventType.PROGRESS:
                        seen.append(event.id)
        return seen

    async def work(it: Desk) -> None:
        for number in range(jobs):
            await it.order(f"job-{number}")
            job = await it.claim()
            await asyncio.gather(*(it.progress(job, percent) for percent in (10.0, 20.0, 30.0)))
            await it.complete(job)

    async def story() -> None:
        async with desk(tmp_path) as it, asyncio.timeout(60):
            watching = [asyncio.create_task(watch(it, 1 + number)) for number in range(watchers)]
            await work(it)
            seen = await asyncio.gather(*watching)
            everything = await it.database.read(lambda c: history.events_after(c, 0, limit=10_000))
            assert len(everything) == 4 * jobs
            assert all(ids == [event.id for event in everything] for ids in seen)

    asyncio.run(story())


def test_a_rescue_at_the_start_is_told(tmp_path: Path) -> None:
    async def story() -> None:
        async with desk(tmp_path) as it:
            await it.order()
            await it.claim()
            async with it.hub.subscribe(job_id="job") as events:
                await read(events, 1)
                later = NOW + timedelta(days=1)
                await it.database.write(lambda c: records.rescue(c, now=later, expired_at=later))
                it.hub.announce()
                assert words(await read(events, 1)) == [("status", "queued")]

    asyncio.run(story())
