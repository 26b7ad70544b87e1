"""The serving process: its objects, opened in the order in which they need each other and closed in reverse."""

import asyncio
import hashlib
import json
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection

from entrepot import migrations
from entrepot.assets.catalog import Assets
from entrepot.assets.library import Library
from entrepot.config import Settings
from entrepot.database import Database
from entrepot.fetch.cache.fetcher import CachedFetcher
from entrepot.fetch.client import FetchClient
from entrepot.fetch.guard import Guard
from entrepot.fetch.origins import Origins
from entrepot.fetch.proxy import GuardProxy
from entrepot.jobs import pages
from entrepot.jobs.control import Engine, JobControl
from entrepot.jobs.engines.embedded import EmbeddedEngine
from entrepot.jobs.events import Hub
from entrepot.jobs.folders import WorkFolders
from entrepot.jobs.ledger import Ledger, Pace
from entrepot.jobs.run import JobRunner
from entrepot.jobs.run import Nursery as ChildNursery
from entrepot.jobs.state import Job, JobFile
from entrepot.jobs.sweep import Sweeper
from entrepot.jobs.work import Kind, Outcome
from entrepot.pipelines.difference import Comparer
from entrepot.pipelines.preview import Previewer
from entrepot.pipelines.reader import PageReader
from entrepot.processes.nursery import Nursery
from entrepot.storage.local import LocalStore
from entrepot.threads import in_thread
from entrepot.wiring.checks import Check, all_checks
from entrepot.wiring.content import Nest, open_content
from entrepot.wiring.crawling import Crawling, build_crawling, with_service_jobs
from entrepot.wiring.data_folder import DataFolder
from entrepot.wiring.housekeeping import Housekeeper
from entrepot.wiring.nest import TASKS, NestPlan
from entrepot.wiring.reach import build_guard

_LAST_PAGES_SECONDS = 600.0  # for a crawl whose time is up to write down what it has
_FREE_OPTIONS = {"checksum", "max_filesize_bytes"}  # they decide whether something is kept, not what


@dataclass(frozen=True, slots=True)
class Services:
    """What the roof works with."""

    settings: Settings
    loop: asyncio.AbstractEventLoop
    guard: Guard
    control: JobControl
    engine: Engine
    hub: Hub
    assets: Assets
    reader: PageReader
    cache: CachedFetcher
    origins: Origins
    crawling: Crawling
    comparer: Comparer
    previewer: Previewer
    nursery: Nursery
    checks: Mapping[str, Check]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What an engine is made of."""

    database: Database
    hub: Hub
    nursery: ChildNursery
    assets: Assets


def migrate_database(settings: Settings) -> None:
    """Brings the database to this version's schema. Raises DataFolderInUse, DataFolderUnusable, DatabaseUnavailable."""
    folder = DataFolder(settings.data_dir.absolute())
    with folder.locked():
        database = Database(settings.sqlalchemy_url)
        try:
            migrations.upgrade(database.engine)
        finally:
            database.engine.dispose()


@asynccontextmanager
async def open_services(settings: Settings, *, listening_on: tuple[str, int]) -> AsyncIterator[Services]:
    """The running services of one process; `listening_on` is its own address, which nothing of it ever fetches from.

    Raises DataFolderInUse, DataFolderUnusable, DatabaseUnavailable, OutOfOrder.
    """
    folder = DataFolder(settings.data_dir.absolute())
    async with AsyncExitStack() as stack:
        stack.enter_context(folder.locked())
        proxy = await _open_proxy(settings, listening_on, stack)
        own = (listening_on, ("127.0.0.1", proxy.port))
        nursery = Nursery(TASKS, NestPlan(settings=settings, own=own, proxy_url=proxy.url).as_json())
        stack.push_async_callback(nursery.close)
        warming = asyncio.create_task(nursery.start(), name="warming")  # beside all that follows
        stack.push_async_callback(_abandon, warming)

        database = await _open_database(settings, stack)
        guard = build_guard(settings, own)
        client = FetchClient(guard, user_agent=settings.user_agent, ca_file=settings.ca_file)
        stack.push_async_callback(client.aclose)
        store = LocalStore(folder.root)
        library = Library(folder.library, store)
        assets = Assets(database, store, library, needed_elsewhere=(pages.needed_blobs,))
        hub = Hub(database)
        await hub.start()
        stack.push_async_callback(hub.close)
        content = await open_content(settings, folder, client, Nest(nursery, proxy), stack)
        children = with_service_jobs(settings, nursery, database=database, store=store, reader=content.reader)
        engine = await _open_engine(settings, folder, _Parts(database, hub, children, assets), stack)
        housekeeper = Housekeeper(assets, store, grace_seconds=settings.blob_grace_seconds)
        await housekeeper.start()
        stack.push_async_callback(housekeeper.close)
        await warming
        yield Services(
            settings=settings,
            loop=asyncio.get_running_loop(),
            guard=guard,
            control=JobControl(database, hub, engine, manual_retries=settings.job_manual_retries),
            engine=engine,
            hub=hub,
            assets=assets,
            reader=content.reader,
            cache=content.cache,
            origins=content.origins,
            crawling=build_crawling(settings, database, store, content.reader),
            comparer=Comparer(nursery),
            previewer=Previewer(nursery),
            nursery=nursery,
            checks=all_checks(database=database, store=store, engine=engine, nursery=nursery, proxy=proxy),
        )


async def _abandon(warming: asyncio.Task[None]) -> None:
    """Ends the warming where the start has failed meanwhile; does nothing once it is done."""
    warming.cancel()
    await asyncio.wait([warming])


async def _open_database(settings: Settings, stack: AsyncExitStack) -> Database:
    database = Database(settings.sqlalchemy_url)
    stack.push_async_callback(database.close)
    await in_thread(migrations.upgrade, database.engine)
    database.start()
    return database


async def _open_proxy(settings: Settings, listening_on: tuple[str, int], stack: AsyncExitStack) -> GuardProxy:
    proxy = GuardProxy(build_guard(settings, [listening_on]))
    await proxy.start()
    stack.push_async_callback(proxy.close)
    return proxy


async def _open_engine(
    settings: Settings, folder: DataFolder, parts: "_Parts", stack: AsyncExitStack
) -> EmbeddedEngine:
    """The engine with the jobs of an earlier run given back first."""

    def publish(connection: Connection, job: Job, outcome: Outcome) -> Sequence[JobFile]:
        published = parts.assets.record(
            connection, owner=job.owner, source_key=source_key(job), source_url=job.url, files=outcome.files
        )
        names = JobFile.__dataclass_fields__
        return [
            JobFile(**{name: value for name, value in asdict(file).items() if name in names})
            for file in published
        ]

    async def link(_job: Job, files: Sequence[JobFile]) -> None:
        await parts.assets.settle([file.path for file in files if file.path is not None])

    pace = Pace()
    worker = f"{socket.gethostname()}:{os.getpid()}"
    ledger = Ledger(parts.database, worker=worker, publish=publish, after_commit=link, pace=pace)
    folders = WorkFolders(folder.work)
    runner = JobRunner(ledger, parts.hub, parts.nursery, folders, timeouts=_timeouts(settings), pace=pace)
    engine = EmbeddedEngine(runner, slots=settings.workers, service_slots=settings.crawls)
    sweeper = Sweeper(
        parts.database,
        parts.hub,
        engine,
        folders,
        running=lambda: runner.running,
        key_hours=settings.idempotency_hours,
        page_hours=settings.crawl_results_hours,
    )
    await sweeper.recover()
    await sweeper.start()
    stack.push_async_callback(sweeper.close)
    await engine.start()
    stack.push_async_callback(engine.close)
    return engine


def source_key(job: Job) -> str | None:
    """What two jobs must share for their files to be versions of one asset; None: each makes an asset of its own."""
    if job.kind is Kind.PREPARE:
        return None
    shaping: dict[str, Any] = {
        name: value for name, value in job.options.items() if name not in _FREE_OPTIONS
    }
    text = json.dumps([job.kind.value, job.url, shaping], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _timeouts(settings: Settings) -> Mapping[Kind, float]:
    return {
        Kind.FILE: settings.file_timeout_seconds,
        Kind.MEDIA: settings.media_timeout_seconds,
        Kind.PAGE: settings.page_timeout_seconds,
        Kind.PREPARE: settings.file_timeout_seconds,
        Kind.CRAWL: settings.crawl_time_limit_seconds + _LAST_PAGES_SECONDS,
        Kind.SCRAPE: settings.crawl_time_limit_seconds,
        Kind.WARM: settings.crawl_time_limit_seconds,
    }
