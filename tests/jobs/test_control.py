"""What people may do with jobs, through the one door that the API uses."""

import asyncio
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot.database import Database, metadata
from entrepot.errors import BadInput, IdempotencyKeyReused, JobFinished, JobNotFound, RetryRefused
from entrepot.jobs import records
from entrepot.jobs.control import EngineStatistics, JobControl
from entrepot.jobs.events import Hub
from entrepot.jobs.records import News, Once, Search
from entrepot.jobs.state import JobState
from entrepot.jobs.work import LogLine
from tests.jobs.conftest import NOW, draft


class StillEngine:
    """An engine that runs nothing and notes what it was told."""

    def __init__(self) -> None:
        self.woken = 0
        self.stopped: list[tuple[str, int]] = []
        self.may_stop = asyncio.Event()
        self.may_stop.set()
        self.trouble: Exception | None = None

    def wake(self) -> None:
        self.woken += 1

    async def stop(self, job_id: str, fence: int) -> None:
        await self.may_stop.wait()
        if self.trouble is not None:
            raise self.trouble
        self.stopped.append((job_id, fence))

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def statistics(self) -> EngineStatistics:
        return EngineStatistics("still", None, 0)


class Office:
    """A control over a real database and a still engine."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(f"sqlite:///{folder / 'entrepot.db'}")
        self.engine = StillEngine()
        self.control = JobControl(
            self.database, Hub(self.database), self.engine, manual_retries=1, clock=lambda: NOW
        )

    async def __aenter__(self) -> "Office":
        metadata.create_all(self.database.engine)
        self.database.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.database.close()


def test_a_job_gets_a_random_id_and_the_engine_hears_of_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            assert uuid.UUID(job.id).version == 4
            assert it.engine.woken == 1
            assert await it.control.get(job.id, owner="ann") == job

    asyncio.run(story())


def test_many_at_once_with_one_key_make_one_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            once = Once("key", "hash")
            jobs = await asyncio.gather(*(it.control.initiate(draft(), once=once) for _ in range(50)))
            assert all(job == jobs[0] for job in jobs)
            assert (await it.control.counts(owner=None))[JobState.QUEUED] == 1

    asyncio.run(story())


def test_of_two_bodies_with_one_key_the_first_wins(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            both = await asyncio.gather(
                it.control.initiate(draft(), once=Once("key", "one")),
                it.control.initiate(draft(), once=Once("key", "two")),
                return_exceptions=True,
            )
            assert isinstance(both[1], IdempotencyKeyReused)
            assert not isinstance(both[0], BaseException)
            assert (await it.control.counts(owner=None))[JobState.QUEUED] == 1

    asyncio.run(story())


def test_a_key_holds_over_a_crash(tmp_path: Path) -> None:
    async def story() -> None:
        once = Once("key", "hash")
        async with Office(tmp_path) as it:
            first = await it.control.initiate(draft(), once=once)
        async with Office(tmp_path) as it:
            assert await it.control.initiate(draft(), once=once) == first

    asyncio.run(story())


def test_cancel_has_the_engine_end_what_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            await it.database.write(lambda c: records.claim(c, worker="w", now=NOW, lease_until=NOW))
            canceled = await it.control.cancel(job.id, owner="ann")
            assert (canceled.state, it.engine.stopped) == (JobState.CANCELED, [(job.id, 1)])
            with pytest.raises(JobFinished):
                await it.control.cancel(job.id, owner="ann")

    asyncio.run(story())


@pytest.mark.parametrize("act", ["cancel", "retry", "get"])
@pytest.mark.parametrize("whose", ["another's", "nobody's"])
def test_a_job_that_is_not_ones_own_is_unknown_and_stays_as_it_is(
    tmp_path: Path, act: str, whose: str
) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft(owner="ann"))
            if act == "retry":
                await it.control.cancel(job.id, owner="ann")
            before, stopped = await it.control.get(job.id, owner=None), list(it.engine.stopped)
            with pytest.raises(JobNotFound):
                await getattr(it.control, act)(job.id if whose == "another's" else "unheard-of", owner="bob")
            assert await it.control.get(job.id, owner=None) == before
            assert it.engine.stopped == stopped

    asyncio.run(story())


@pytest.mark.parametrize("act", ["cancel", "retry"])
def test_of_many_who_ask_at_once_one_is_obeyed(tmp_path: Path, act: str) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            if act == "retry":
                await it.control.cancel(job.id, owner="ann")
            asked = [getattr(it.control, act)(job.id, owner="ann") for _ in range(10)]
            answers = await asyncio.gather(*asked, return_exceptions=True)
            refusals = [answer for answer in answers if isinstance(answer, JobFinished | RetryRefused)]
            assert len(refusals) == 9
            assert (await it.control.get(job.id, owner="ann")).manual_retries == (act == "retry")

    asyncio.run(story())


def test_a_person_may_retry_only_so_often(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            await it.control.cancel(job.id, owner="ann")
            await it.control.retry(job.id, owner="ann")
            await it.control.cancel(job.id, owner="ann")
            with pytest.raises(RetryRefused, match="retried 1 times"):
                await it.control.retry(job.id, owner="ann")
            assert (await it.control.get(job.id, owner="ann")).state is JobState.CANCELED

    asyncio.run(story())


def test_a_key_belongs_to_its_owner(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            once = Once("key", "hash")
            anns = await it.control.initiate(draft(owner="ann"), once=once)
            bobs = await it.control.initiate(draft(owner="bob"), once=once)
            assert anns.id != bobs.id
            assert await it.control.repeated("ann", once) == anns
            assert await it.control.repeated("eve", once) is None
            assert await it.control.repeated("ann", None) is None

    asyncio.run(story())


def test_a_repeated_order_is_answered_as_at_first_whatever_became_of_the_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            once = Once("key", "hash")
            first = await it.control.initiate(draft(), once=once)
            await it.control.cancel(first.id, owner="ann")
            assert await it.control.initiate(draft(), once=once) == first
            assert (await it.control.counts(owner=None))[JobState.CANCELED] == 1
            assert (await it.control.counts(owner=None))[JobState.QUEUED] == 0

    asyncio.run(story())


def test_counts_are_an_owners_own(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            for owner in ("ann", "ann", "bob"):
                await it.control.initiate(draft(owner=owner))
            assert (await it.control.counts(owner="ann"))[JobState.QUEUED] == 2
            assert (await it.control.counts(owner="eve"))[JobState.QUEUED] == 0

    asyncio.run(story())


def test_cancel_does_not_wait_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.jobs.control._STOP_SECONDS", 0.05)

    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            it.engine.may_stop.clear()
            it.engine.trouble = RuntimeError("stuck")
            assert (await it.control.cancel(job.id, owner="ann")).state is JobState.CANCELED
            it.engine.may_stop.set()
            await asyncio.sleep(0)

    asyncio.run(story())


def test_a_retry_wakes_the_engine(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            await it.control.cancel(job.id, owner="ann")
            again = await it.control.retry(job.id, owner="ann")
            assert (again.state, again.manual_retries, it.engine.woken) == (JobState.QUEUED, 1, 2)

    asyncio.run(story())


def test_a_list_is_walked_by_its_cursor(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            made = {(await it.control.initiate(draft())).id for _ in range(7)}
            await it.control.initiate(draft(owner="bob"))
            seen: list[str] = []
            cursor = None
            while True:
                page = await it.control.find(Search(owner="ann"), cursor=cursor, limit=3)
                seen += [job.id for job in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    break
            assert sorted(seen) == sorted(made)
            assert len(seen) == 7

    asyncio.run(story())


def test_a_page_is_never_longer_than_two_hundred(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            await asyncio.gather(*(it.control.initiate(draft()) for _ in range(201)))
            page = await it.control.find(Search(), limit=10_000)
            assert (len(page.items), page.next_cursor is None) == (200, False)
            assert len((await it.control.find(Search(), limit=0)).items) == 1

    asyncio.run(story())


@pytest.mark.parametrize("cursor", ["", "x", "é", "MTIz", "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTkuYQ", "eC5h"])
def test_a_foreign_cursor_is_bad_input(tmp_path: Path, cursor: str) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            with pytest.raises(BadInput, match="cursor"):
                await it.control.find(Search(), cursor=cursor)

    asyncio.run(story())


def test_a_log_is_read_on_from_where_one_was(tmp_path: Path) -> None:
    async def story() -> None:
        async with Office(tmp_path) as it:
            job = await it.control.initiate(draft())
            await it.database.write(lambda c: records.claim(c, worker="w", now=NOW, lease_until=NOW))
            news = News(logs=tuple(LogLine(NOW, "info", f"line {number}") for number in range(5)))
            until = NOW + timedelta(seconds=30)
            await it.database.write(
                lambda c: records.renew(c, job.id, 1, now=NOW, lease_until=until, news=news)
            )
            lines = await it.control.logs(job.id, owner="ann", after=2, limit=2)
            assert [(line.seq, line.line.message) for line in lines] == [(3, "line 1"), (4, "line 2")]
            with pytest.raises(JobNotFound):
                await it.control.logs(job.id, owner="bob")

    asyncio.run(story())
