"""Runs the next job in a child process to its end, whatever engine asked for it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import closing
from datetime import datetime
from typing import Any, Protocol

from entrepot.errors import AppError, JobCrashed, StorageFull
from entrepot.jobs.attempt import Attempt, Stop
from entrepot.jobs.events import Hub
from entrepot.jobs.folders import WorkFolders
from entrepot.jobs.ledger import PASSING_TROUBLE, Ledger, Pace
from entrepot.jobs.messages import Message
from entrepot.jobs.records import Hold
from entrepot.jobs.state import GiveUp, Job, timeout_seconds
from entrepot.jobs.work import TASK, Kind, Lane, Order, Outcome
from entrepot.telemetry import get_logger

__all__ = ["TASK", "Child", "JobRunner", "Nursery"]

_log = get_logger("jobs")


class Child(Protocol):
    """A job's process, with everything that it has started."""

    is_orphan: bool
    """Whether it ended with the process that it came from, and so through no fault of its own."""

    def messages(self) -> AsyncIterator[Message]:
        """What it says, until it has ended."""

    async def kill(self) -> None:
        """Ends all of it; returns when it is gone. More than one may ask for it, also when it is gone already."""

    async def wait(self) -> int:
        """Its exit status; -N for signal N."""

    def close(self) -> None:
        """Ends listening to it."""


class Nursery(Protocol):
    """Where children come from."""

    async def spawn(self, task: str, payload: dict[str, Any]) -> Child: ...


class JobRunner:
    """Runs jobs, one child process each; for one event loop."""

    def __init__(
        self,
        ledger: Ledger,
        hub: Hub,
        nursery: Nursery,
        folders: WorkFolders,
        *,
        timeouts: Mapping[Kind, float],
        pace: Pace,
    ) -> None:
        self._ledger = ledger
        self._hub = hub
        self._nursery = nursery
        self._folders = folders
        self._timeouts = timeouts
        self._pace = pace
        self._attempts: dict[tuple[str, int], Attempt] = {}
        self._claiming = asyncio.Lock()
        self._is_leaving = False

    @property
    def running(self) -> tuple[Job, ...]:
        """The jobs that run here now, as they were claimed."""
        return tuple(attempt.job for attempt in self._attempts.values())

    async def run_next(self) -> bool:
        """Claims the next runnable job and runs it to its end; False when there is none."""
        attempt = await self.claim()
        if attempt is None:
            return False
        await self.run(attempt)
        return True

    async def next_run_at(self, lane: Lane | None = None) -> datetime | None:
        """When the earliest queued job of `lane` (None: of any) may run; None when nothing is queued."""
        return await self._ledger.next_run_at(lane)

    async def claim(self, lane: Lane | None = None) -> Attempt | None:
        """Takes the next runnable job of `lane` (None: of any); `run` has to follow.

        Raises DatabaseUnavailable, StorageFull.
        """
        async with self._claiming:  # `stop` waits here, so that no job lies between its row and our list
            job = await self._ledger.claim(lane)
            if job is None:
                return None
            attempt = Attempt(job)
            self._attempts[job.id, job.fence] = attempt
        if self._is_leaving:
            attempt.end(Stop.LEAVING)
        self._hub.announce()
        return attempt

    async def run(self, attempt: Attempt) -> None:
        """Runs a claimed job to its end. When cancelled it kills the child; the job's lease then expires."""
        job = attempt.job
        try:
            await self._end_older(job)
            await self._conclude(attempt, await self._attend(attempt))
        except Exception as error:  # the job is rescued when its lease expires; the slot has to live on
            _log.error("an attempt was abandoned", job_id=job.id, fence=job.fence, exc_info=error)
        finally:
            del self._attempts[job.id, job.fence]
            attempt.is_over.set()
            self._hub.announce()

    async def stop(self, job_id: str, fence: int) -> None:
        """Ends what runs of a canceled job up to this attempt; returns once processes and folders are gone."""
        async with self._claiming:
            attempts = [a for a in self._attempts.values() if a.job.id == job_id and a.job.fence <= fence]
        for attempt in attempts:
            attempt.end(Stop.CANCELED)
        for attempt in attempts:
            await attempt.is_over.wait()
        await asyncio.to_thread(self._folders.remove, job_id, fence)

    def leave(self) -> None:
        """Ends all attempts and gives their jobs back to the queue; `run` returns when that is done."""
        self._is_leaving = True
        self._ledger.leave()
        for attempt in self._attempts.values():
            attempt.end(Stop.LEAVING)

    async def _end_older(self, job: Job) -> None:
        """An attempt that lost its lease here must be dead before the next one touches its folder."""
        for other in list(self._attempts.values()):
            if other.job.id == job.id and other.job.fence < job.fence:
                other.end(Stop.LOST)
                await other.is_over.wait()

    # --- while the child works ----------------------------------------------------------------------------------------

    async def _attend(self, attempt: Attempt) -> Outcome | AppError | Stop:
        """Runs the child until it is done or has to end; afterwards nothing of it is left running."""
        if attempt.stop is not None:
            return attempt.stop
        try:
            child = await self._spawn(attempt.job)
            return attempt.verdict(await self._accompany(attempt, child))
        except AppError as error:
            return error
        except Exception as error:
            _log.error("a job's process could not be run", job_id=attempt.job.id, exc_info=error)
            return JobCrashed("The job's process could not be run.")

    async def _spawn(self, job: Job) -> Child:
        folder, earlier = await asyncio.to_thread(self._folders.open, job.id, job.fence)
        order = Order(job.id, job.fence, job.kind, job.url, job.options, folder, earlier)
        spawning = asyncio.ensure_future(self._nursery.spawn(TASK, order.as_dict()))
        try:
            return await asyncio.shield(spawning)
        except asyncio.CancelledError:
            child = await spawning  # nobody else knows of it
            await child.kill()
            child.close()
            raise

    async def _accompany(self, attempt: Attempt, child: Child) -> int:
        keeper = asyncio.create_task(self._keep(attempt, child), name=f"keep {attempt.job.id}")
        with closing(child):
            try:
                await self._listen(attempt, child)
            finally:
                keeper.cancel()
                await asyncio.wait([keeper])
                await child.kill()
            status = await child.wait()
        if child.is_orphan:
            attempt.end(Stop.ORPHANED)
        return status

    async def _listen(self, attempt: Attempt, child: Child) -> None:
        async for message in child.messages():
            if attempt.ending is None:
                attempt.take(message, at=self._ledger.clock())
            if attempt.ending is not None:
                await child.kill()  # it has said how it ended; whatever it still does is not wanted

    async def _keep(self, attempt: Attempt, child: Child) -> None:
        """Renews the lease and writes news until the attempt has to end; then kills the child."""
        try:
            await self._renew_until_stopped(attempt)
        finally:
            await child.kill()

    async def _renew_until_stopped(self, attempt: Attempt) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        while not await attempt.is_stopped_within(self._pace.report_seconds):
            deadline = started + timeout_seconds(attempt.job.timeout_seconds, attempt.kind, self._timeouts)
            await attempt.stirs_within(min(self._pace.heartbeat_seconds, deadline - loop.time()))
            if loop.time() >= deadline:
                attempt.end(Stop.TIMED_OUT)
            await self._renew(attempt)

    async def _renew(self, attempt: Attempt) -> None:
        news = attempt.take_news()
        try:
            hold = await self._ledger.renew(attempt.job, news)
        except PASSING_TROUBLE as error:
            _log.warning("a lease could not be renewed", job_id=attempt.job.id, code=error.code)
            attempt.give_back(news)
            return
        self._hub.announce()
        if hold is not Hold.HELD:
            attempt.end(Stop.CANCELED if hold is Hold.CANCELED else Stop.LOST)

    # --- when the child has ended -------------------------------------------------------------------------------------

    async def _conclude(self, attempt: Attempt, verdict: Outcome | AppError | Stop) -> None:
        match verdict:
            case Outcome():
                await self._complete(attempt, verdict)
            case AppError():
                await self._fail(attempt, verdict)
            case Stop.CANCELED:
                await self._sweep(attempt.job)
            case Stop.ORPHANED:
                await self._ledger.rescue(attempt.job, attempt.take_news())
            case Stop.LOST:
                _log.warning("a job was taken over", job_id=attempt.job.id, fence=attempt.job.fence)
            case _:
                await self._ledger.release(attempt.job, attempt.take_news())

    async def _complete(self, attempt: Attempt, outcome: Outcome) -> None:
        """The work folder goes first, so that whoever sees `completed` sees no partial file."""
        await self._sweep(attempt.job)
        try:
            follow_up = await self._ledger.complete(attempt.job, outcome, attempt.take_news())
        except AppError as error:
            await self._fail(attempt, error)
            return
        except Exception as error:
            _log.error("an outcome could not be recorded", job_id=attempt.job.id, exc_info=error)
            await self._fail(attempt, JobCrashed("The job's result could not be recorded."))
            return
        if follow_up is not None:
            self._hub.announce()
            await follow_up()

    async def _fail(self, attempt: Attempt, error: AppError) -> None:
        """On a full disk the work folder goes too, though another attempt could use it: it may be what fills the disk."""
        decision = self._ledger.decide(attempt.job, error)
        if isinstance(decision, GiveUp) or isinstance(error, StorageFull):
            await self._sweep(attempt.job)
        await self._ledger.fail(attempt.job, error, decision, attempt.take_news())

    async def _sweep(self, job: Job) -> None:
        await asyncio.to_thread(self._folders.remove, job.id, job.fence)
