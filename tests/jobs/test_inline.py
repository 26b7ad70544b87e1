"""Jobs that run in this process behave as those of child processes do: progress, errors, cancelling, leaving, lanes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from entrepot.errors import UpstreamBusy, UpstreamNotFound
from entrepot.jobs.engines.embedded import EmbeddedEngine
from entrepot.jobs.inline import InlineNursery
from entrepot.jobs.run import JobRunner
from entrepot.jobs.state import JobState
from entrepot.jobs.work import Desk, Kind, Lane, Order, Outcome, Progress, Stage, lane_of
from tests.jobs.children import outcome_of
from tests.jobs.conftest import QUICK, TIMEOUTS, House, house, until


class Scripted:
    """Does what its order's `do` option says; counts those that it began and those that it cleaned up after."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.cleaned: list[str] = []
        self.gate = asyncio.Event()

    async def run(self, order: Order, desk: Desk) -> Outcome:
        self.begun.append(order.job_id)
        try:
            match order.options.get("do"):
                case "wait":
                    desk.progress(Progress(Stage.DOWNLOADING, 40.0))
                    desk.log("info", "half of it")
                    await self.gate.wait()
                case "fail":
                    raise UpstreamNotFound("Not there.")
                case "be busy":
                    raise UpstreamBusy
                case "raise":
                    raise RuntimeError("a secret of the house")
                case "fill the disk":
                    raise OSError(28, "No space left on device", "/a/secret/path")
            return outcome_of(order)
        finally:
            self.cleaned.append(order.job_id)


@asynccontextmanager
async def crawling(folder: Path, *, service_slots: int = 2) -> AsyncIterator[tuple[House, Scripted]]:
    """The department with crawls done in this process; its engine has a slot for processes, and is not started."""
    async with house(folder) as it:
        scripted = Scripted()
        nursery = InlineNursery(it.nursery, {Kind.CRAWL: scripted})
        timeouts = {**TIMEOUTS, Kind.CRAWL: 60.0}
        it.runner = JobRunner(it.ledger, it.hub, nursery, it.folders, timeouts=timeouts, pace=QUICK)
        it.engine = EmbeddedEngine(it.runner, slots=1, service_slots=service_slots)
        it.control._engine = it.engine
        try:
            yield it, scripted
        finally:
            await it.engine.close()


def test_kinds_in_the_service_have_a_lane_of_their_own() -> None:
    assert {kind for kind in Kind if lane_of(kind) is Lane.SERVICE} == {Kind.CRAWL, Kind.SCRAPE, Kind.WARM}


def test_job_is_done_in_this_process(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, scripted):
            job = await it.order("finish", kind=Kind.CRAWL)
            assert (await it.run_one()).state is JobState.COMPLETED
            assert scripted.begun == [job.id]
            assert it.publisher.published == [job.id]

    asyncio.run(story())


def test_other_jobs_are_done_by_children(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, scripted):
            await it.order("finish", kind=Kind.FILE)
            assert (await it.run_one()).state is JobState.COMPLETED
            assert scripted.begun == []

    asyncio.run(story())


def test_progress_and_log_are_written_while_it_runs(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, _):
            await it.engine.start()
            job = await it.order("wait", kind=Kind.CRAWL)
            await it.wait_for(job.id, lambda found: found.percent == 40.0)
            assert "half of it" in await it.log(job.id)

    asyncio.run(story())


def test_errors_are_those_of_any_job(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, _):
            found = {}
            for do in ("fail", "raise", "fill the disk", "be busy"):
                await it.order(do, kind=Kind.CRAWL, retries=0)
                found[do] = await it.run_one()
            assert {do: job.error_code for do, job in found.items()} == {
                "fail": "upstream-not-found",
                "raise": "job-crashed",
                "fill the disk": "storage-full",
                "be busy": "upstream-unavailable",
            }
            assert not any("secret" in (job.error_message or "") for job in found.values())

    asyncio.run(story())


def test_failure_that_may_pass_is_tried_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, _):
            await it.order("be busy", kind=Kind.CRAWL, retries=1)
            job = await it.run_one()
            assert (job.state, job.failures) == (JobState.QUEUED, 1)

    asyncio.run(story())


def test_canceled_job_has_cleaned_up_when_the_call_returns(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, scripted):
            await it.engine.start()
            job = await it.order("wait", kind=Kind.CRAWL)
            await it.wait_for(job.id, lambda found: found.percent == 40.0)
            await it.control.cancel(job.id, owner=None)
            assert scripted.cleaned == [job.id]
            assert it.folders.list() == []

    asyncio.run(story())


def test_job_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, scripted):
            await it.order("wait", kind=Kind.CRAWL, timeout_seconds=0.2)
            assert (await it.run_one()).error_code == "job-timeout"
            assert len(scripted.cleaned) == 1

    asyncio.run(story())


def test_leaving_gives_the_job_back(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path) as (it, scripted):
            await it.engine.start()
            job = await it.order("wait", kind=Kind.CRAWL)
            await it.reach(job.id, JobState.RUNNING)
            await it.engine.close()
            assert (await it.job(job.id)).state is JobState.QUEUED
            assert scripted.begun == scripted.cleaned

    asyncio.run(story())


def test_lanes_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def story() -> None:
        async with crawling(tmp_path, service_slots=2) as (it, scripted):
            await it.engine.start()
            crawls = [await it.order("wait", kind=Kind.CRAWL) for _ in range(4)]
            file = await it.order("finish", kind=Kind.FILE)
            await it.reach(file.id, JobState.COMPLETED)

            async def are_two_at_work() -> bool:
                return len(scripted.begun) == 2

            await until(are_two_at_work)
            scripted.gate.set()
            for crawl in crawls:
                await it.reach(crawl.id, JobState.COMPLETED)
            assert it.engine.statistics().slots == 3

    asyncio.run(story())


def test_waiting_crawls_do_not_age_the_owner_s_downloads(tmp_path: Path) -> None:
    """An owner's place in one lane has nothing to do with what waits in the other."""

    async def story() -> None:
        async with crawling(tmp_path) as (it, _):
            for _ in range(5):
                await it.order("finish", kind=Kind.CRAWL, owner="ann")
            await it.order("finish", kind=Kind.FILE, owner="bob")
            first = await it.order("finish", kind=Kind.FILE, owner="ann")
            assert first.start_tag == 0

    asyncio.run(story())
