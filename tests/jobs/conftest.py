"""A whole jobs department on a temporary folder: real SQLite, real child processes, scripted pipelines."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from entrepot.database import Database, metadata
from entrepot.jobs import history, records
from entrepot.jobs.control import JobControl
from entrepot.jobs.engines.embedded import EmbeddedEngine
from entrepot.jobs.events import Hub
from entrepot.jobs.folders import WorkFolders
from entrepot.jobs.ledger import Ledger, Pace
from entrepot.jobs.run import JobRunner
from entrepot.jobs.state import Draft, Job, JobFile, JobState
from entrepot.jobs.sweep import Sweeper
from entrepot.jobs.work import Kind, Outcome
from entrepot.processes.nursery import Nursery

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
DEADLINE_SECONDS = 20.0
QUICK = Pace(lease_seconds=30.0, heartbeat_seconds=0.5, report_seconds=0.02, patience_seconds=0.5)
TIMEOUTS = {Kind.FILE: 60.0, Kind.MEDIA: 60.0, Kind.PAGE: 60.0}


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'entrepot.db'}"


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """A connection to an empty database, in one long transaction."""
    database = Database(database_url)
    metadata.create_all(database.engine)
    with database.engine.connect() as connection:
        yield connection
    asyncio.run(database.close())


def draft(**changes: Any) -> Draft:
    """An order for `https://example.com/a` by the owner `ann`."""
    return Draft(
        **{"owner": "ann", "url": "https://example.com/a", "kind": Kind.FILE, "retries": 0, **changes}
    )


def as_files(outcome: Outcome) -> list[JobFile]:
    """What a publisher makes of an outcome, without any asset behind it."""
    return [
        JobFile(
            role=file.role,
            asset_id=f"asset-of-{file.name}",
            version_id="version-1",
            name=file.name,
            path=file.library_path,
            size_bytes=file.size_bytes,
            sha256=file.sha256,
            content_type=file.content_type,
        )
        for file in outcome.files
    ]


@dataclass
class Publisher:
    """Stands for the assets: counts how often each job was published; may be told to raise."""

    published: list[str] = field(default_factory=list)
    followed_up: list[str] = field(default_factory=list)
    raising: list[Exception] = field(default_factory=list)
    follow_up_raising: list[Exception] = field(default_factory=list)

    def publish(self, _connection: Connection, job: Job, outcome: Outcome) -> Sequence[JobFile]:
        if self.raising:
            raise self.raising.pop(0)
        self.published.append(job.id)
        return as_files(outcome)

    async def follow_up(self, job: Job, _files: Sequence[JobFile]) -> None:
        if self.follow_up_raising:
            raise self.follow_up_raising.pop(0)
        self.followed_up.append(job.id)


@dataclass
class House:
    """The jobs department, as wiring builds it."""

    database: Database
    hub: Hub
    nursery: Nursery
    folders: WorkFolders
    work: Path
    publisher: Publisher
    ledger: Ledger
    runner: JobRunner
    engine: EmbeddedEngine
    control: JobControl
    sweeper: Sweeper

    async def order(self, do: str, **changes: Any) -> Job:
        """A job whose scripted pipeline does `do`."""
        options = {"do": do, **changes.pop("options", {})}
        return await self.control.initiate(draft(options=options, **changes))

    async def run_one(self) -> Job:
        """Runs the next job to its end and looks at it."""
        attempt = await self.runner.claim()
        assert attempt is not None
        await self.runner.run(attempt)
        return await self.job(attempt.job.id)

    async def job(self, job_id: str) -> Job:
        return await self.control.get(job_id, owner=None)

    async def reach(self, job_id: str, *states: JobState) -> Job:
        """Waits until the job is in one of `states`."""
        return await self.wait_for(job_id, lambda job: job.state in states)

    async def wait_for(self, job_id: str, condition: Callable[[Job], bool]) -> Job:
        async def look() -> bool:
            return condition(await self.job(job_id))

        await until(look)
        return await self.job(job_id)

    async def log(self, job_id: str) -> list[str]:
        return [line.line.message for line in await self.control.logs(job_id, owner=None)]

    async def events(self, job_id: str) -> list[history.Event]:
        return await self.database.read(
            lambda connection: history.events_after(connection, 0, job_id=job_id, limit=1000)
        )

    def partial_files(self) -> list[Path]:
        return sorted(path for path in self.work.rglob("*") if path.is_file())

    async def counts(self) -> dict[JobState, int]:
        return await self.database.read(records.count_by_state)


async def until(look: Callable[[], Awaitable[bool]]) -> None:
    """Waits until `look` says yes, with a deadline."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not await look():
            await asyncio.sleep(0.01)


@asynccontextmanager
async def house(
    folder: Path, *, slots: int = 2, pace: Pace = QUICK, timeouts: dict[Kind, float] | None = None
) -> AsyncIterator[House]:
    """Builds and opens the department below `folder`; the engine and the sweeper are built, but not started."""
    database = Database(f"sqlite:///{folder / 'entrepot.db'}")
    metadata.create_all(database.engine)
    database.start()
    hub, nursery = Hub(database), Nursery("tests.jobs.children:tasks", str(folder))
    work, publisher = folder / "work", Publisher()
    folders = WorkFolders(work)
    ledger = Ledger(
        database,
        worker="test",
        publish=publisher.publish,
        after_commit=publisher.follow_up,
        pace=pace,
        chance=lambda: 1.0,
    )
    runner = JobRunner(ledger, hub, nursery, folders, timeouts=timeouts or TIMEOUTS, pace=pace)
    engine = EmbeddedEngine(runner, slots=slots)
    control = JobControl(database, hub, engine, manual_retries=2)
    sweeper = Sweeper(database, hub, engine, folders, running=lambda: runner.running, key_hours=24)
    await nursery.start()
    await hub.start()
    try:
        yield House(
            database, hub, nursery, folders, work, publisher, ledger, runner, engine, control, sweeper
        )
    finally:
        await engine.close()
        await hub.close()
        await nursery.close()
        await database.close()
