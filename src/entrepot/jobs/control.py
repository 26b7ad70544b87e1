"""What people may do with jobs: order, look, cancel, retry; and what they ask of the engine that runs them."""

import asyncio
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from entrepot.database import Database
from entrepot.errors import BadInput
from entrepot.jobs import history, records
from entrepot.jobs.events import Hub
from entrepot.jobs.ledger import utc_now
from entrepot.jobs.records import Once, Search
from entrepot.jobs.state import Draft, Job, JobFile, JobState
from entrepot.telemetry import get_logger

MAX_PAGE = 200
_STOP_SECONDS = 2.0
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_log = get_logger("jobs")


@dataclass(frozen=True, slots=True)
class EngineStatistics:
    """How busy an engine is. `slots` is how many jobs it runs at once, None when it cannot say."""

    name: str
    slots: int | None
    running: int


class Engine(Protocol):
    """What runs jobs. It finds them in the tables by itself; these calls only tell it when to look."""

    def wake(self) -> None:
        """A job may have become runnable; returns at once."""

    async def stop(self, job_id: str, fence: int) -> None:
        """Ends what still runs of a canceled job, up to this attempt; returns when nothing of it is left."""

    async def start(self) -> None: ...

    async def close(self) -> None:
        """Gives running jobs back to the queue and ends, within seconds."""

    def statistics(self) -> EngineStatistics: ...


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list of jobs; `next_cursor` asks for the next one, None at the end."""

    items: tuple[Job, ...]
    next_cursor: str | None


class JobControl:
    """The jobs of all owners. An `owner` of None may see and do everything; others find only their own."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        engine: Engine,
        *,
        manual_retries: int,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._hub = hub
        self._engine = engine
        self._manual_retries = manual_retries
        self._clock = clock

    async def initiate(self, draft: Draft, *, once: Once | None = None) -> Job:
        """Makes a job; the same key with the same body gives the same job, as it was first answered.

        Raises IdempotencyKeyReused when the key came with another body.
        """
        insert = partial(
            records.insert_job, draft=draft, job_id=str(uuid.uuid4()), now=self._clock(), once=once
        )
        job = await self._database.write(insert)
        self._tell()
        return job

    async def repeated(self, owner: str, once: Once | None) -> Job | None:
        """The first answer to an order that comes again; None for a new one. Raises IdempotencyKeyReused."""
        if once is None:
            return None
        return await self._database.read(partial(records.known_answer, owner=owner, once=once))

    async def get(self, job_id: str, *, owner: str | None) -> Job:
        """The job as it stands. Raises JobNotFound."""
        return await self._database.read(partial(records.get, job_id=job_id, owner=owner))

    async def files(self, job_ids: Iterable[str]) -> dict[str, tuple[JobFile, ...]]:
        """The files of each of these jobs, which the caller has looked up before."""
        return await self._database.read(partial(history.files_of, job_ids=list(job_ids)))

    async def find(self, search: Search, *, cursor: str | None = None, limit: int = 50) -> Page:
        """The jobs that `search` describes, newest first, at most `limit` ≤ 200. Raises BadInput for a foreign cursor."""
        wanted = max(1, min(limit, MAX_PAGE))
        before = None if cursor is None else _read_cursor(cursor)
        find = partial(records.find, search=search, before=before, limit=wanted + 1)
        found = await self._database.read(find)
        items = tuple(found[:wanted])
        return Page(items, _cursor_after(items[-1]) if len(found) > wanted else None)

    async def counts(self, *, owner: str | None) -> dict[JobState, int]:
        """How many jobs stand in each state."""
        return await self._database.read(partial(records.count_by_state, owner=owner))

    async def logs(
        self, job_id: str, *, owner: str | None, after: int = 0, limit: int = 1000
    ) -> list[history.NumberedLine]:
        """The job's log lines after the `after`-th. Raises JobNotFound."""
        await self.get(job_id, owner=owner)
        return await self._database.read(partial(history.logs_after, job_id=job_id, after=after, limit=limit))

    async def cancel(self, job_id: str, *, owner: str | None) -> Job:
        """Cancels a job; when this returns its processes and partial files are gone.

        Raises JobNotFound, and JobFinished when it is too late.
        """
        job = await self._database.write(
            partial(records.cancel, job_id=job_id, owner=owner, now=self._clock())
        )
        self._hub.announce()
        await self._stop(job)
        return job

    async def retry(self, job_id: str, *, owner: str | None) -> Job:
        """Sends a failed or canceled job round again, under the same id. Raises JobNotFound, RetryRefused."""
        limit = self._manual_retries
        retry = partial(records.retry_by_hand, job_id=job_id, owner=owner, now=self._clock(), limit=limit)
        job = await self._database.write(retry)
        self._tell()
        return job

    async def _stop(self, job: Job) -> None:
        stopping = asyncio.ensure_future(self._engine.stop(job.id, job.fence))
        done, _ = await asyncio.wait([stopping], timeout=_STOP_SECONDS)
        if not done:
            _log.warning("a canceled job is slow to stop", job_id=job.id)
            stopping.add_done_callback(_note_failure)
            return
        await stopping

    def _tell(self) -> None:
        self._hub.announce()
        self._engine.wake()


def _note_failure(stopping: "asyncio.Future[None]") -> None:
    if not stopping.cancelled() and (error := stopping.exception()) is not None:
        _log.error("a canceled job could not be stopped", exc_info=error)


def _cursor_after(job: Job) -> str:
    milliseconds = (job.created_at - _EPOCH) // timedelta(milliseconds=1)
    return urlsafe_b64encode(f"{milliseconds}.{job.id}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str) -> tuple[datetime, str]:
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        milliseconds, job_id = urlsafe_b64decode(padded.encode("ascii")).decode("ascii").split(".", 1)
        return _EPOCH + timedelta(milliseconds=int(milliseconds)), job_id
    except (ValueError, OverflowError) as error:
        raise BadInput("The cursor is not one of ours.") from error
