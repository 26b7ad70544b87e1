"""Writes down what becomes of a running job: claim, lease and news, and its end, each in one transaction."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeVar

from sqlalchemy import Connection

from entrepot.database import Database
from entrepot.errors import AppError, DatabaseUnavailable, StorageFull
from entrepot.jobs import records
from entrepot.jobs.records import Hold, News
from entrepot.jobs.state import GiveUp, Job, JobFile, Retry, after_failure
from entrepot.jobs.work import Lane, Outcome
from entrepot.telemetry import get_logger

T = TypeVar("T")

Publish = Callable[[Connection, Job, Outcome], Sequence[JobFile]]
"""Makes assets of an outcome, inside the transaction that ends the job; runs in the database's thread."""
AfterCommit = Callable[[Job, Sequence[JobFile]], Awaitable[None]]
"""What follows once a job is completed for good; a failure of it is logged and changes nothing."""

PASSING_TROUBLE = (DatabaseUnavailable, StorageFull)
"""What a database may answer today and not tomorrow."""
_LEAVING_PATIENCE_SECONDS = 2.0
_log = get_logger("jobs")


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things happen around a running job, in seconds."""

    lease_seconds: float = 30.0
    heartbeat_seconds: float = 10.0
    report_seconds: float = 0.5
    """Progress and logs are written at most this often."""
    patience_seconds: float = 10.0
    """How long a result waits for a database that cannot take it, before it counts as a failure."""


class Ledger:
    """The writing half of a worker. After each call the row says so durably, or the call raised."""

    def __init__(
        self,
        database: Database,
        *,
        worker: str,
        publish: Publish,
        after_commit: AfterCommit,
        pace: Pace,
        clock: Callable[[], datetime] = utc_now,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._database = database
        self._worker = worker
        self._publish = publish
        self._after_commit = after_commit
        self._pace = pace
        self._chance = chance
        self.clock = clock
        self._is_leaving = False

    def leave(self) -> None:
        """From now on, waits for a troubled database only briefly; the next start rescues what was not written."""
        self._is_leaving = True

    async def claim(self, lane: Lane | None = None) -> Job | None:
        """Takes the next runnable job of `lane` under a lease. Raises DatabaseUnavailable, StorageFull."""
        now = self.clock()
        until = self._lease_from(now)
        claim = partial(records.claim, worker=self._worker, now=now, lease_until=until, lane=lane)
        return await self._database.write(claim)

    async def renew(self, job: Job, news: News) -> Hold:
        """Prolongs the lease and writes `news`. Raises DatabaseUnavailable, StorageFull."""
        return await self._database.write(partial(self._write_news, job, news))

    async def next_run_at(self, lane: Lane | None = None) -> datetime | None:
        """When the earliest queued job of `lane` may run; None when nothing is queued."""
        return await self._database.read(partial(records.next_run_at, lane=lane))

    async def complete(self, job: Job, outcome: Outcome, news: News) -> Callable[[], Awaitable[None]] | None:
        """Ends `job` well and gives back what has to follow; None when it is no longer ours.

        Raises whatever publishing raised, and DatabaseUnavailable or StorageFull when patience has ended.
        """
        write = partial(self._write_outcome, job, outcome, news)
        written = await self._settle(write, patience_seconds=self._pace.patience_seconds)
        return None if written is None else partial(self._follow_up, *written)

    def decide(self, job: Job, error: AppError) -> Retry | GiveUp:
        """What is to follow a failure."""
        return after_failure(job, error, now=self.clock(), random=self._chance)

    async def fail(self, job: Job, error: AppError, decision: Retry | GiveUp, news: News) -> None:
        """Records a failure, however long the database needs: until then the job counts as running."""
        if isinstance(decision, Retry):
            record = partial(records.postpone, run_at=decision.run_at, error=error)
        else:
            record = partial(records.fail, error=error)
        await self._settle(partial(self._write_end, job, record, news))

    async def release(self, job: Job, news: News) -> None:
        """Gives `job` back to the queue, without blame."""
        write = partial(self._write_end, job, records.release, news)
        await self._settle(write, patience_seconds=_LEAVING_PATIENCE_SECONDS)

    async def rescue(self, job: Job, news: News) -> None:
        """Gives `job`, whose process was taken from it, back to the queue; not for ever."""
        await self._settle(partial(self._write_end, job, records.rescue_one, news))

    def _write_news(self, job: Job, news: News, connection: Connection) -> Hold:
        now = self.clock()
        until = self._lease_from(now)
        return records.renew(connection, job.id, job.fence, now=now, lease_until=until, news=news)

    def _write_outcome(
        self, job: Job, outcome: Outcome, news: News, connection: Connection
    ) -> tuple[Job, Sequence[JobFile]] | None:
        if self._write_news(job, news, connection) is not Hold.HELD:
            return None
        files = self._publish(connection, job, outcome)
        now, source = self.clock(), outcome.source
        completed = records.complete(connection, job.id, job.fence, now=now, source=source, files=files)
        return None if completed is None else (completed, files)

    def _write_end(
        self, job: Job, record: Callable[..., Job | None], news: News, connection: Connection
    ) -> Job | None:
        self._write_news(job, news, connection)
        return record(connection, job.id, job.fence, now=self.clock())

    async def _follow_up(self, job: Job, files: Sequence[JobFile]) -> None:
        try:
            await self._after_commit(job, files)
        except Exception as error:  # the job is completed and stays so
            _log.error("what follows a completed job failed", job_id=job.id, exc_info=error)

    async def _settle(
        self, transaction: Callable[[Connection], T], *, patience_seconds: float | None = None
    ) -> T:
        """Writes what must not be forgotten, again and again while the database is in trouble."""
        loop = asyncio.get_running_loop()
        started, pause_seconds = loop.time(), 0.1
        while True:
            try:
                return await self._database.write(transaction)
            except PASSING_TROUBLE as error:
                waited_seconds = loop.time() - started
                if self._is_out_of_patience(waited_seconds, patience_seconds):
                    raise
                _log.warning("the end of a job could not be recorded yet", code=error.code)
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 2, 5.0)

    def _is_out_of_patience(self, waited_seconds: float, patience_seconds: float | None) -> bool:
        if self._is_leaving:
            return waited_seconds >= _LEAVING_PATIENCE_SECONDS
        return patience_seconds is not None and waited_seconds >= patience_seconds

    def _lease_from(self, now: datetime) -> datetime:
        return now + timedelta(seconds=self._pace.lease_seconds)
