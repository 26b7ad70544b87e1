"""What jobs leave behind, and every query on it: their events, their log lines and their files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from entrepot.jobs.schema import EventType, events, job_files, job_logs
from entrepot.jobs.state import Job, JobFile, JobState
from entrepot.jobs.work import LogLine


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a job. `id` rises over all jobs, in the order of the commits."""

    id: int
    job_id: str
    owner: str
    type: EventType
    data: Mapping[str, Any]
    at: datetime

    @property
    def is_last(self) -> bool:
        """Whether the job ends with this event; a retry by hand begins it anew."""
        if self.type is EventType.STATUS:
            return bool(self.data.get("status") == JobState.CANCELED)
        return self.type in (EventType.RESULT, EventType.ERROR)


@dataclass(frozen=True, slots=True)
class NumberedLine:
    """A line of a job's log in its place; `seq` begins at 1."""

    seq: int
    line: LogLine


def describe(job: Job) -> dict[str, Any]:
    """The state of `job` as every event carries it; whoever sees only the newest event still knows all of it."""
    return {
        "status": job.state.value,
        "kind": job.kind.value,
        "title": job.title,
        "stage": job.stage.value if job.stage else None,
        "progress": round(job.percent, 2),
        "downloaded_bytes": job.downloaded_bytes,
        "total_bytes": job.total_bytes,
        "speed_bps": job.speed_bps,
        "eta_seconds": job.eta_seconds,
        "attempts": job.attempts,
        "error": describe_error(job),
    }


def describe_error(job: Job) -> dict[str, Any] | None:
    """Why the job failed, or why its last attempt did; None when nothing went wrong."""
    if job.error_code is None:
        return None
    return {"code": job.error_code, "message": job.error_message, "retryable": job.error_retryable}


def tell_state(connection: Connection, job: Job, files: Sequence[JobFile] = ()) -> None:
    """Appends the events of a change of state: `status`, and at the end `result` or `error`; drops the progress.

    The job's log tells of the change too.
    """
    forget_progress(connection, job.id)
    append_logs(connection, job.id, _remarks(job, files))
    _append(connection, job, EventType.STATUS, describe(job))
    if job.state is JobState.COMPLETED:
        _append(
            connection, job, EventType.RESULT, {**describe(job), "files": [asdict(file) for file in files]}
        )
    elif job.state is JobState.FAILED:
        _append(connection, job, EventType.ERROR, describe(job))


def _remarks(job: Job, files: Sequence[JobFile]) -> list[LogLine]:
    """What the log says of the state that `job` has come to; nothing of its order."""
    match job.state:
        case JobState.RUNNING:
            level, message = "info", f"Attempt {job.attempts} begins."
        case JobState.COMPLETED:
            size_bytes = sum(file.size_bytes for file in files)
            level, message = "info", f"Completed: {len(files)} file(s), {size_bytes} bytes."
        case JobState.FAILED:
            level, message = "error", f"{job.error_message} ({job.error_code})"
        case JobState.CANCELED:
            level, message = "info", "Canceled."
        case _ if job.run_at > job.updated_at:
            wait_seconds = (job.run_at - job.updated_at).total_seconds()
            level, message = (
                "warning",
                f"{job.error_message} ({job.error_code}) Trying again in {wait_seconds:.1f} s.",
            )
        case _ if job.attempts:
            level, message = "info", "Back in the queue."
        case _:
            return []
    return [LogLine(job.updated_at, level, message)]


def tell_progress(connection: Connection, job: Job) -> None:
    """Replaces the job's progress event: of progress, only the newest is worth replaying."""
    forget_progress(connection, job.id)
    _append(connection, job, EventType.PROGRESS, describe(job))


def forget_progress(connection: Connection, job_id: str) -> None:
    """Removes the job's progress event."""
    connection.execute(delete(events).where(events.c.job_id == job_id, events.c.type == EventType.PROGRESS))


def _append(connection: Connection, job: Job, kind: EventType, data: Mapping[str, Any]) -> None:
    row = {"job_id": job.id, "owner": job.owner, "type": kind, "data": data, "at": job.updated_at}
    connection.execute(insert(events).values(**row))


def last_event_id(connection: Connection, job_id: str | None = None) -> int:
    """The newest event's id, of one job or of all; 0 when there is none."""
    query = select(func.max(events.c.id))
    if job_id is not None:
        query = query.where(events.c.job_id == job_id)
    return connection.execute(query).scalar() or 0


def events_after(
    connection: Connection, after_id: int, *, job_id: str | None = None, owner: str | None = None, limit: int
) -> list[Event]:
    """The next events after `after_id`, oldest first, of one job, of one owner or of all."""
    query = select(events).where(events.c.id > after_id).order_by(events.c.id).limit(limit)
    if job_id is not None:
        query = query.where(events.c.job_id == job_id)
    if owner is not None:
        query = query.where(events.c.owner == owner)
    return [Event(**row) for row in connection.execute(query).mappings()]


def last_change(connection: Connection, job_id: str) -> int:
    """The id of the event that told the job's newest change of state; 0 when there is none."""
    query = select(func.max(events.c.id)).where(events.c.job_id == job_id, events.c.type == EventType.STATUS)
    return connection.execute(query).scalar() or 0


def append_logs(connection: Connection, job_id: str, lines: Sequence[LogLine]) -> None:
    """Adds `lines` to the job's log."""
    if not lines:
        return
    query = select(func.max(job_logs.c.seq)).where(job_logs.c.job_id == job_id)
    first = (connection.execute(query).scalar() or 0) + 1
    rows = [{"job_id": job_id, "seq": first + place, **asdict(line)} for place, line in enumerate(lines)]
    connection.execute(insert(job_logs), rows)


def logs_after(connection: Connection, job_id: str, after: int, *, limit: int) -> list[NumberedLine]:
    """The job's log lines after the `after`-th, in order."""
    query = select(job_logs).where(job_logs.c.job_id == job_id, job_logs.c.seq > after)
    rows = connection.execute(query.order_by(job_logs.c.seq).limit(limit)).mappings()
    return [
        NumberedLine(row["seq"], LogLine(at=row["at"], level=row["level"], message=row["message"]))
        for row in rows
    ]


def set_files(connection: Connection, job_id: str, files: Sequence[JobFile]) -> None:
    """Makes `files` the job's files; the first is the main one."""
    connection.execute(delete(job_files).where(job_files.c.job_id == job_id))
    if files:
        rows = [
            {"job_id": job_id, "position": position, **asdict(file)} for position, file in enumerate(files)
        ]
        connection.execute(insert(job_files), rows)


def files_of(connection: Connection, job_ids: Iterable[str]) -> dict[str, tuple[JobFile, ...]]:
    """The files of each of these jobs, in order; a job without files has an empty tuple."""
    found: dict[str, list[JobFile]] = {job_id: [] for job_id in job_ids}
    query = (
        select(job_files)
        .where(job_files.c.job_id.in_(found))
        .order_by(job_files.c.job_id, job_files.c.position)
    )
    for row in connection.execute(query).mappings():
        columns = {name: value for name, value in row.items() if name not in ("job_id", "position")}
        found[row["job_id"]].append(JobFile(**columns))
    return {job_id: tuple(files) for job_id, files in found.items()}
