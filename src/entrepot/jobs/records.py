"""The jobs' table and every query on it; a change of state and its event are always one transaction.

Functions that a worker calls take the job's `fence` and change a row only while that job runs under that very fence.
None then means that the job is no longer the caller's, who has to stop and leave everything alone.
"""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, literal, or_, select, tuple_, update

from entrepot.errors import AppError, IdempotencyKeyReused, JobCrashed, JobFinished, JobNotFound, RetryRefused
from entrepot.jobs import history, queueing
from entrepot.jobs.schema import idempotency_keys, is_in, jobs
from entrepot.jobs.state import (
    MAX_RESCUES,
    Draft,
    Job,
    JobFile,
    JobState,
    as_created,
    may_retry_by_hand,
    new_job,
    sources_of,
)
from entrepot.jobs.work import Kind, Lane, LogLine, Progress, Source


class Hold(Enum):
    """Whether a running job is still its worker's."""

    HELD = "held"
    CANCELED = "canceled"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class News:
    """What a running job has said since the last time."""

    progress: Progress | None = None
    kind: Kind | None = None
    source: Source | None = None
    logs: tuple[LogLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Once:
    """An idempotency key and the hash of the body that came with it."""

    key: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Search:
    """Which jobs to list; None matches all. `text` is looked for in URL and title."""

    owner: str | None = None
    state: JobState | None = None
    kind: Kind | None = None
    user_id: str | None = None
    parent_id: str | None = None
    text: str | None = None


# --- making and finding -----------------------------------------------------------------------------------------------


def insert_job(connection: Connection, draft: Draft, *, job_id: str, now: datetime, once: Once | None) -> Job:
    """Makes a queued job, or gives the first answer again when `once` is known. Raises IdempotencyKeyReused."""
    if once is not None and (known := known_answer(connection, draft.owner, once)) is not None:
        return known
    start_tag = queueing.take_tag(connection, draft.owner, queueing.line_of(draft.kind, draft.priority))
    row = asdict(new_job(draft, job_id=job_id, start_tag=start_tag, now=now))
    job = Job(**connection.execute(insert(jobs).values(**row).returning(jobs)).mappings().one())
    if once is not None:
        key = {"owner": draft.owner, **asdict(once), "job_id": job_id, "created_at": now}
        connection.execute(insert(idempotency_keys).values(**key))
    history.tell_state(connection, job)
    return job


def known_answer(connection: Connection, owner: str, once: Once) -> Job | None:
    """The job that this key has made, as it was first answered; None: none yet. Raises IdempotencyKeyReused."""
    query = select(idempotency_keys.c.body_hash, idempotency_keys.c.job_id)
    query = query.where(idempotency_keys.c.owner == owner, idempotency_keys.c.key == once.key)
    known = connection.execute(query).one_or_none()
    if known is None:
        return None
    if known.body_hash != once.body_hash:
        raise IdempotencyKeyReused
    return as_created(get(connection, known.job_id, owner=owner))


def get(connection: Connection, job_id: str, *, owner: str | None) -> Job:
    """The job. Raises JobNotFound, also when it belongs to another owner."""
    query = select(jobs).where(jobs.c.id == job_id)
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        raise JobNotFound
    return Job(**row)


def find(
    connection: Connection, search: Search, *, before: tuple[datetime, str] | None, limit: int
) -> list[Job]:
    """The jobs that `search` describes, newest first, that come after the (created_at, id) `before`."""
    query = select(jobs).order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    query = query.where(*_conditions(search))
    if before is not None:
        query = query.where(tuple_(jobs.c.created_at, jobs.c.id) < before)
    return [Job(**row) for row in connection.execute(query).mappings()]


def _conditions(search: Search) -> list[ColumnElement[bool]]:
    wanted = {
        jobs.c.owner: search.owner,
        jobs.c.state: search.state,
        jobs.c.kind: search.kind,
        jobs.c.user_id: search.user_id,
        jobs.c.parent_id: search.parent_id,
    }
    conditions: list[ColumnElement[bool]] = [
        column == value for column, value in wanted.items() if value is not None
    ]
    if search.text:
        in_url = jobs.c.url.icontains(search.text, autoescape=True)
        conditions.append(or_(in_url, jobs.c.title.icontains(search.text, autoescape=True)))
    return conditions


def count_by_state(connection: Connection, *, owner: str | None = None) -> dict[JobState, int]:
    """How many jobs stand in each state, of one owner or of all."""
    query = select(jobs.c.state, func.count()).group_by(jobs.c.state)
    if owner is not None:
        query = query.where(jobs.c.owner == owner)
    return dict.fromkeys(JobState, 0) | {row[0]: row[1] for row in connection.execute(query)}


def states_of(connection: Connection, job_ids: Collection[str]) -> dict[str, tuple[JobState, int]]:
    """State and fence of those jobs that exist."""
    query = select(jobs.c.id, jobs.c.state, jobs.c.fence).where(jobs.c.id.in_(job_ids))
    return {row.id: (row.state, row.fence) for row in connection.execute(query)}


def next_run_at(connection: Connection, lane: Lane | None = None) -> datetime | None:
    """When the earliest queued job of `lane` (None: of any) may run; None when nothing is queued."""
    query = select(func.min(jobs.c.run_at)).where(is_in(JobState.QUEUED), queueing.is_of(lane))
    earliest: datetime | None = connection.execute(query).scalar()
    return earliest


# --- what a worker does -----------------------------------------------------------------------------------------------


def claim(
    connection: Connection, *, worker: str, now: datetime, lease_until: datetime, lane: Lane | None = None
) -> Job | None:
    """Takes the next runnable job of `lane` (None: of any), under a new fence; None when there is none."""
    job = _move(
        connection,
        JobState.RUNNING,
        now,
        jobs.c.id == queueing.next_runnable(now, lane),
        worker=worker,
        lease_expires_at=lease_until,
        fence=jobs.c.fence + 1,
        attempts=jobs.c.attempts + 1,
        started_at=func.coalesce(jobs.c.started_at, literal(now, type_=jobs.c.started_at.type)),
    )
    if job is not None:
        queueing.advance_clock(connection, queueing.line_of(job.kind, job.priority), job.start_tag)
        history.tell_state(connection, job)
    return job


def renew(
    connection: Connection, job_id: str, fence: int, *, now: datetime, lease_until: datetime, news: News
) -> Hold:
    """Prolongs the lease and records `news`; tells whether the job is still the caller's."""
    values = {"lease_expires_at": lease_until, "updated_at": now, **_columns_of(news)}
    changed = update(jobs).where(*_held(job_id, fence)).values(**values).returning(jobs)
    row = connection.execute(changed).mappings().one_or_none()
    if row is None:
        return _why_lost(connection, job_id, fence)
    history.append_logs(connection, job_id, news.logs)
    if news.progress or news.kind or news.source:
        history.tell_progress(connection, Job(**row))
    return Hold.HELD


def _why_lost(connection: Connection, job_id: str, fence: int) -> Hold:
    state, newest_fence = states_of(connection, [job_id]).get(job_id, (None, 0))
    return Hold.CANCELED if state is JobState.CANCELED and newest_fence == fence else Hold.LOST


def _columns_of(news: News) -> dict[str, Any]:
    columns: dict[str, Any] = {}
    if news.progress is not None:
        columns |= asdict(news.progress)
    if news.kind is not None:
        columns["kind"] = news.kind
    if news.source is not None:
        columns |= {"source": asdict(news.source), "title": news.source.title}
    return columns


def complete(
    connection: Connection,
    job_id: str,
    fence: int,
    *,
    now: datetime,
    source: Source,
    files: Sequence[JobFile],
) -> Job | None:
    """Ends a running job well, with its files."""
    job = _move(
        connection, JobState.COMPLETED, now, *_held(job_id, fence),
        **_AT_REST, percent=100.0, finished_at=now, **_columns_of(News(source=source)), **_NO_ERROR,
    )  # fmt: skip
    if job is not None:
        history.set_files(connection, job_id, files)
        history.tell_state(connection, job, files)
    return job


def fail(connection: Connection, job_id: str, fence: int, *, now: datetime, error: AppError) -> Job | None:
    """Ends a running job in `error`, for good."""
    job = _move(
        connection, JobState.FAILED, now, *_held(job_id, fence),
        **_AT_REST, failures=jobs.c.failures + 1, finished_at=now, **_columns_of_error(error),
    )  # fmt: skip
    return _told(connection, job)


def postpone(
    connection: Connection, job_id: str, fence: int, *, now: datetime, run_at: datetime, error: AppError
) -> Job | None:
    """Sends a running job back to the queue after a failure, to run again from `run_at`."""
    job = _move(
        connection, JobState.QUEUED, now, *_held(job_id, fence),
        **_AT_REST, failures=jobs.c.failures + 1, run_at=run_at, **_columns_of_error(error),
    )  # fmt: skip
    return _told(connection, job)


def release(connection: Connection, job_id: str, fence: int, *, now: datetime) -> Job | None:
    """Sends a running job back to the queue at once, without blame: its worker is going."""
    job = _move(connection, JobState.QUEUED, now, *_held(job_id, fence), **_AT_REST, run_at=now)
    return _told(connection, job)


def rescue(
    connection: Connection, *, now: datetime, expired_at: datetime | None, spare: Collection[str] = ()
) -> list[Job]:
    """Frees running jobs whose lease ended by `expired_at` (None: all of them) but `spare`: queued again, or crashed.

    A rescue is no failure of the job, but a job that is rescued for the 21st time has probably killed its workers.
    """
    query = select(jobs.c.id, jobs.c.fence).where(is_in(JobState.RUNNING))
    query = query.where(jobs.c.id.not_in(spare))
    if expired_at is not None:
        query = query.where(jobs.c.lease_expires_at <= expired_at)
    rescued = [rescue_one(connection, *row, now=now) for row in connection.execute(query).all()]
    return [job for job in rescued if job is not None]


def rescue_one(connection: Connection, job_id: str, fence: int, *, now: datetime) -> Job | None:
    """Frees a running job whose process has vanished, as `rescue` does."""
    rescues = connection.execute(select(jobs.c.rescues).where(*_held(job_id, fence))).scalar()
    if rescues is None:
        return None
    if rescues >= MAX_RESCUES:
        error = JobCrashed(f"The job's process vanished {rescues + 1} times.")
        return fail(connection, job_id, fence, now=now, error=error)
    job = _move(
        connection, JobState.QUEUED, now, *_held(job_id, fence),
        **_AT_REST, rescues=jobs.c.rescues + 1, run_at=now,
    )  # fmt: skip
    return _told(connection, job)


# --- what a person does -----------------------------------------------------------------------------------------------


def cancel(connection: Connection, job_id: str, *, owner: str | None, now: datetime) -> Job:
    """Cancels a queued or running job. Raises JobNotFound, JobFinished."""
    get(connection, job_id, owner=owner)
    job = _move(connection, JobState.CANCELED, now, jobs.c.id == job_id, **_AT_REST, finished_at=now)
    if job is None:
        raise JobFinished
    history.tell_state(connection, job)
    return job


def retry_by_hand(
    connection: Connection, job_id: str, *, owner: str | None, now: datetime, limit: int
) -> Job:
    """Sends a failed or canceled job round again, as if it were new. Raises JobNotFound, RetryRefused."""
    old = get(connection, job_id, owner=owner)
    if not may_retry_by_hand(old, limit):
        raise RetryRefused(_why_no_retry(old, limit))
    job = _move(
        connection, JobState.QUEUED, now, jobs.c.id == job_id, jobs.c.state == old.state,
        **_AT_REST, **_NO_ERROR, kind=old.requested_kind, percent=0.0, downloaded_bytes=None, total_bytes=None,
        failures=0, rescues=0, manual_retries=old.manual_retries + 1, run_at=now, started_at=None, finished_at=None,
        start_tag=queueing.take_tag(connection, old.owner, queueing.line_of(old.requested_kind, old.priority)),
    )  # fmt: skip
    if job is None:
        raise RetryRefused
    history.tell_state(connection, job)
    return job


def _why_no_retry(job: Job, limit: int) -> str:
    if job.state in (JobState.FAILED, JobState.CANCELED):
        return f"The job has been retried {limit} times, which is as often as is allowed."
    return f"Only a failed or canceled job can be retried; this one is {job.state}."


def forget_old_keys(connection: Connection, *, before: datetime) -> int:
    """Removes idempotency keys made earlier than `before`; tells how many."""
    return connection.execute(delete(idempotency_keys).where(idempotency_keys.c.created_at < before)).rowcount


# --- how a row changes ------------------------------------------------------------------------------------------------

_AT_REST: dict[str, Any] = {
    "worker": None,
    "lease_expires_at": None,
    "stage": None,
    "speed_bps": None,
    "eta_seconds": None,
}
_NO_ERROR: dict[str, Any] = {"error_code": None, "error_message": None, "error_retryable": None}


def _move(
    connection: Connection, to: JobState, now: datetime, *conditions: ColumnElement[bool], **values: Any
) -> Job | None:
    """Changes a job's state where the table of transitions allows it; None when no row fits."""
    statement = (
        update(jobs)
        .where(jobs.c.state.in_(sorted(sources_of(to))), *conditions)
        .values(state=to, updated_at=now, **values)
        .returning(jobs)
    )
    row = connection.execute(statement).mappings().one_or_none()
    return None if row is None else Job(**row)


def _held(job_id: str, fence: int) -> tuple[ColumnElement[bool], ...]:
    return (jobs.c.id == job_id, jobs.c.fence == fence, jobs.c.state == JobState.RUNNING)


def _told(connection: Connection, job: Job | None) -> Job | None:
    if job is not None:
        history.tell_state(connection, job)
    return job


def _columns_of_error(error: AppError) -> dict[str, Any]:
    return {"error_code": error.code, "error_message": error.detail, "error_retryable": error.retryable}
