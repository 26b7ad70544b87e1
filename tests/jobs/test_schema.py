"""The tables and statements of jobs hold on PostgreSQL too."""

from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from entrepot.jobs import queueing, schema
from tests.jobs.conftest import NOW

TABLES = [
    schema.jobs,
    schema.job_files,
    schema.events,
    schema.job_logs,
    schema.idempotency_keys,
    schema.queue_owners,
    schema.queue_clocks,
]


def test_every_table_can_be_made_on_postgresql() -> None:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy's
    made = [str(CreateTable(table).compile(dialect=dialect)) for table in TABLES]
    indexes = [str(CreateIndex(i).compile(dialect=dialect)) for table in TABLES for i in table.indexes]
    assert all("CREATE TABLE" in statement for statement in made)
    assert sum("WHERE state = 'queued'" in statement for statement in indexes) == 1
    assert sum("WHERE state = 'running'" in statement for statement in indexes) == 1
    assert "id BIGSERIAL" in made[2]


def test_claiming_passes_over_rows_that_others_are_claiming() -> None:
    statement = str(queueing.next_runnable(NOW).compile(dialect=postgresql.dialect()))  # type: ignore[no-untyped-call]  # SQLAlchemy's
    assert "FOR UPDATE SKIP LOCKED" in statement
