"""What a job is, how it may change, and the decisions about it: pure, no I/O."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from entrepot.errors import AppError
from entrepot.jobs.work import Kind, Stage

MAX_RESCUES = 20
"""A job whose process vanished this often without a word is taken to be the cause."""

_FIRST_BACKOFF_SECONDS = 2.0
_LONGEST_BACKOFF_SECONDS = 300.0
_LONGEST_WAIT_SECONDS = 3600.0


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELED = "canceled"

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens by itself; a person may still retry what failed or was canceled."""
        return self in (JobState.COMPLETED, JobState.FAILED, JobState.CANCELED)


TRANSITIONS: Mapping[JobState, frozenset[JobState]] = MappingProxyType(
    {
        JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELED}),
        JobState.RUNNING: frozenset(
            {JobState.COMPLETED, JobState.FAILED, JobState.CANCELED, JobState.QUEUED}  # queued: tried again
        ),
        JobState.COMPLETED: frozenset(),
        JobState.FAILED: frozenset({JobState.QUEUED}),  # by hand
        JobState.CANCELED: frozenset({JobState.QUEUED}),  # by hand
    }
)
"""The one table of what may follow what."""


def sources_of(state: JobState) -> frozenset[JobState]:
    """The states from which a job may move to `state`."""
    return frozenset(source for source, targets in TRANSITIONS.items() if state in targets)


@dataclass(frozen=True, slots=True)
class Job:
    """A job's row. Times are aware UTC, sizes are bytes; what is not known is None.

    `attempts` counts claims, `failures` the attempts that ended in an error, `rescues` those whose worker vanished. The
    job fails for good at `max_failures` failures. `fence` rises with every claim: only the newest may write.
    """

    id: str
    owner: str
    user_id: str | None
    kind: Kind
    requested_kind: Kind
    state: JobState
    priority: int
    url: str
    title: str | None
    options: Mapping[str, Any]
    source: Mapping[str, Any] | None
    stage: Stage | None
    percent: float
    downloaded_bytes: int | None
    total_bytes: int | None
    speed_bps: float | None
    eta_seconds: float | None
    attempts: int
    failures: int
    rescues: int
    max_failures: int
    manual_retries: int
    run_at: datetime
    start_tag: int
    fence: int
    lease_expires_at: datetime | None
    worker: str | None
    error_code: str | None
    error_message: str | None
    error_retryable: bool | None
    timeout_seconds: float | None
    parent_id: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Draft:
    """What a caller orders. `retries` are automatic ones; a `timeout_seconds` of None is the kind's own."""

    owner: str
    url: str
    kind: Kind = Kind.AUTO
    options: Mapping[str, Any] = field(default_factory=dict)
    user_id: str | None = None
    priority: int = 5
    retries: int = 3
    timeout_seconds: float | None = None
    parent_id: str | None = None


def new_job(draft: Draft, *, job_id: str, start_tag: int, now: datetime) -> Job:
    """The job that `draft` becomes, queued to run at once."""
    return Job(
        id=job_id, owner=draft.owner, user_id=draft.user_id, kind=draft.kind, requested_kind=draft.kind,
        state=JobState.QUEUED, priority=draft.priority, url=draft.url, title=None, options=draft.options, source=None,
        stage=None, percent=0.0, downloaded_bytes=None, total_bytes=None, speed_bps=None, eta_seconds=None,
        attempts=0, failures=0, rescues=0, max_failures=draft.retries + 1, manual_retries=0, run_at=now,
        start_tag=start_tag, fence=0, lease_expires_at=None, worker=None,
        error_code=None, error_message=None, error_retryable=None, timeout_seconds=draft.timeout_seconds,
        parent_id=draft.parent_id, created_at=now, started_at=None, finished_at=None, updated_at=now, expires_at=None,
    )  # fmt: skip


def as_created(job: Job) -> Job:
    """`job` as it was when it was made: the first answer to its idempotency key, given again."""
    draft = Draft(
        owner=job.owner, url=job.url, kind=job.requested_kind, options=job.options, user_id=job.user_id,
        priority=job.priority, retries=job.max_failures - 1, timeout_seconds=job.timeout_seconds,
        parent_id=job.parent_id,
    )  # fmt: skip
    return new_job(draft, job_id=job.id, start_tag=job.start_tag, now=job.created_at)


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job has made: where it stands in the job, and the asset version that holds it.

    `path` is relative, under `library/`; None: no link.
    """

    role: str
    asset_id: str
    version_id: str
    name: str
    path: str | None
    size_bytes: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class Retry:
    """The job goes back to the queue and may run again from `run_at`."""

    run_at: datetime


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The job has failed for good."""


def after_failure(job: Job, error: AppError, *, now: datetime, random: Callable[[], float]) -> Retry | GiveUp:
    """What follows when an attempt at `job` ended in `error`. `random` yields numbers from [0, 1).

    An origin that asks for patience (`Retry-After`) gets it, up to an hour; beyond that the job fails.
    """
    failures = job.failures + 1
    patience_seconds = error.retry_after_seconds or 0
    if not error.retryable or failures >= job.max_failures or patience_seconds > _LONGEST_WAIT_SECONDS:
        return GiveUp()
    delay_seconds = max(backoff_seconds(failures, random()), float(patience_seconds))
    return Retry(now + timedelta(seconds=delay_seconds))


def backoff_seconds(failures: int, chance: float) -> float:
    """How long to wait after the n-th failure: doubling from 2 s to 5 min, of which `chance` takes up to half away.

    The random half keeps jobs that failed together from returning together.
    """
    doublings = min(failures - 1, 10)
    longest = min(_LONGEST_BACKOFF_SECONDS, _FIRST_BACKOFF_SECONDS * 2.0**doublings)
    return longest * (1.0 - chance / 2.0)


def may_retry_by_hand(job: Job, limit: int) -> bool:
    """Whether a person may send the job round again: it failed or was canceled, and fewer than `limit` times so far."""
    return job.state in (JobState.FAILED, JobState.CANCELED) and job.manual_retries < limit


def timeout_seconds(wish: float | None, kind: Kind, timeouts: Mapping[Kind, float]) -> float:
    """The longest run of one attempt: the caller's wish, else the kind's; while the kind is open, the longest of all."""
    if wish is not None:
        return wish
    if kind in timeouts:
        return timeouts[kind]
    return max(timeouts.values())
