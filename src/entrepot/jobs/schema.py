"""The tables of jobs: jobs, their files, events, logs and pages, idempotency keys, and the queue's fairness."""

from enum import StrEnum

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Enum,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal,
)

from entrepot.database import UtcTime, metadata
from entrepot.jobs.state import JobState
from entrepot.jobs.work import Kind, Stage


class EventType(StrEnum):
    """What an event tells: a change of state, how far a job is, or how it ended."""

    STATUS = "status"
    PROGRESS = "progress"
    RESULT = "result"
    ERROR = "error"


class PageState(StrEnum):
    """Where a page of a crawl or a batch stands.

    `blocked` by the site's robots.txt, `duplicate` of a page that another address led to, `skipped` as the time was up.
    """

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    BLOCKED = "blocked"
    DUPLICATE = "duplicate"
    SKIPPED = "skipped"


def _word(words: type[StrEnum]) -> Enum:
    """A column that holds one of `words` as plain text, so that a new word needs no migration."""
    return Enum(
        words, native_enum=False, length=16, values_callable=lambda kind: [word.value for word in kind]
    )


def is_in(state: JobState) -> ColumnElement[bool]:
    """Whether a job is in `state`, written out in the statement: only so do databases use the partial indexes."""
    return jobs.c.state == literal(state, type_=jobs.c.state.type, literal_execute=True)


_ID = String(36)
_RISING = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers INTEGER keys alone

jobs = Table(
    "jobs",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("owner", String(64), nullable=False),
    Column("user_id", String(255)),
    Column("kind", _word(Kind), nullable=False),
    Column("requested_kind", _word(Kind), nullable=False),
    Column("state", _word(JobState), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("url", Text, nullable=False),
    Column("title", Text),
    Column("options", JSON(none_as_null=True), nullable=False),
    Column("source", JSON(none_as_null=True)),
    Column("stage", _word(Stage)),
    Column("percent", Float, nullable=False),
    Column("downloaded_bytes", BigInteger),
    Column("total_bytes", BigInteger),
    Column("speed_bps", Float),
    Column("eta_seconds", Float),
    Column("attempts", Integer, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("rescues", Integer, nullable=False),
    Column("max_failures", Integer, nullable=False),
    Column("manual_retries", Integer, nullable=False),
    Column("run_at", UtcTime, nullable=False),
    Column("start_tag", BigInteger, nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("lease_expires_at", UtcTime),
    Column("worker", String(128)),
    Column("error_code", String(64)),
    Column("error_message", Text),
    Column("error_retryable", Boolean),
    Column("timeout_seconds", Float),
    Column("parent_id", _ID, ForeignKey("jobs.id"), index=True),
    Column("created_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    Column("updated_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime),
)
Index(
    "ix_jobs_queue",  # the queue in its order; the last three let SQLite answer from the index alone
    jobs.c.priority.desc(),
    jobs.c.start_tag,
    jobs.c.created_at,
    jobs.c.id,
    jobs.c.run_at,
    jobs.c.state,
    jobs.c.kind,
    sqlite_where=jobs.c.state == JobState.QUEUED,
    postgresql_where=jobs.c.state == JobState.QUEUED,
)
Index(
    "ix_jobs_leases",
    jobs.c.lease_expires_at,
    sqlite_where=jobs.c.state == JobState.RUNNING,
    postgresql_where=jobs.c.state == JobState.RUNNING,
)
Index("ix_jobs_owner_created_at", jobs.c.owner, jobs.c.created_at, jobs.c.id)
Index("ix_jobs_owner_state", jobs.c.owner, jobs.c.state, jobs.c.created_at, jobs.c.id)

job_files = Table(
    "job_files",
    metadata,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("role", String(64), nullable=False),
    Column(
        "asset_id", _ID, nullable=False
    ),  # no foreign key: the job remembers what it made after the asset is gone
    Column("version_id", _ID, nullable=False),
    Column("name", Text, nullable=False),
    Column("path", Text),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content_type", String(255), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _RISING, primary_key=True),
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("owner", String(64), nullable=False),
    Column("type", _word(EventType), nullable=False),
    Column("data", JSON(none_as_null=True), nullable=False),
    Column("at", UtcTime, nullable=False),
    sqlite_autoincrement=True,  # the id of a pruned event is never given again
)
Index("ix_events_job_id_id", events.c.job_id, events.c.id)
Index("ix_events_owner_id", events.c.owner, events.c.id)

job_logs = Table(
    "job_logs",
    metadata,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", UtcTime, nullable=False),
    Column("level", String(8), nullable=False),
    Column("message", Text, nullable=False),
)

job_pages = Table(
    "job_pages",
    metadata,
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("url_key", String(64), nullable=False),  # what two addresses of one page share
    Column("depth", Integer, nullable=False),
    Column("state", _word(PageState), nullable=False),
    Column("place", Integer),  # among the results, in the order in which they came
    Column("final_url", Text),
    Column("title", Text),
    Column("sha256", String(64), index=True),  # the blob that holds the result
    Column("size_bytes", BigInteger),
    Column("error", JSON(none_as_null=True)),
    Column("created_at", UtcTime, nullable=False),
    Column("finished_at", UtcTime),
    UniqueConstraint("job_id", "url_key"),
)
Index("ix_job_pages_job_id_state_position", job_pages.c.job_id, job_pages.c.state, job_pages.c.position)
Index("ix_job_pages_job_id_place", job_pages.c.job_id, job_pages.c.place)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("owner", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_hash", String(64), nullable=False),
    Column("job_id", _ID, ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("created_at", UtcTime, nullable=False, index=True),
)

queue_owners = Table(
    "queue_owners",
    metadata,
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("owner", String(64), primary_key=True),
    Column("finish_tag", BigInteger, nullable=False),
)

queue_clocks = Table(
    "queue_clocks",
    metadata,
    Column("priority", Integer, primary_key=True, autoincrement=False),
    Column("virtual_time", BigInteger, nullable=False),
)
