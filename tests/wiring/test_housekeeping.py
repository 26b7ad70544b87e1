"""Tidying: at start, and whatever goes wrong, again later."""

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from entrepot import migrations
from entrepot.assets.catalog import Assets
from entrepot.assets.library import Library
from entrepot.database import Database
from entrepot.jobs.work import StoredFile
from entrepot.storage.local import LocalStore
from entrepot.wiring.housekeeping import Housekeeper

DAY_SECONDS = 86400.0
HOUR_SECONDS = 3600.0
DEADLINE_SECONDS = 10


@asynccontextmanager
async def _assets(folder: Path) -> AsyncIterator[tuple[Assets, LocalStore, Database]]:
    database = Database(f"sqlite:///{folder / 'a.db'}")
    await asyncio.to_thread(migrations.upgrade, database.engine)
    database.start()
    store = LocalStore(folder)
    try:
        yield Assets(database, store, Library(folder / "library", store)), store, database
    finally:
        await database.close()


def _make_old(path: Path) -> None:
    then = time.time() - DAY_SECONDS
    os.utime(path, (then, then))


async def _publish(assets: Assets, store: LocalStore, database: Database) -> str:
    """Publishes one small file; gives its checksum."""
    blob = store.write(io.BytesIO(b"kept"))
    file = StoredFile(
        role="file", name="a.txt", sha256=blob.sha256, size_bytes=blob.size_bytes, content_type="text/plain",
        library_path="files/a.txt",
    )  # fmt: skip
    published = await database.write(
        lambda connection: assets.record(
            connection, owner="ann", source_key=None, source_url=None, files=[file]
        )
    )
    await assets.settle([one.path for one in published if one.path])
    return blob.sha256


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE_SECONDS):
        while not condition():
            await asyncio.sleep(0.01)


def test_old_bytes_that_nothing_needs_are_removed(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, _):
            blob = store.write(io.BytesIO(b"nobody's"))
            _make_old(store.path(blob.sha256))
            await Housekeeper(assets, store, grace_seconds=HOUR_SECONDS).tidy()
            assert not store.exists(blob.sha256)

    asyncio.run(run())


def test_young_bytes_are_left_alone(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, _):
            blob = store.write(io.BytesIO(b"about to be published"))
            await Housekeeper(assets, store, grace_seconds=HOUR_SECONDS).tidy()
            assert store.exists(blob.sha256)

    asyncio.run(run())


def test_published_bytes_are_kept_however_old(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, database):
            sha256 = await _publish(assets, store, database)
            _make_old(store.path(sha256))
            await Housekeeper(assets, store, grace_seconds=HOUR_SECONDS).tidy()
            assert store.exists(sha256)

    asyncio.run(run())


def test_half_written_bytes_of_the_dead_are_removed(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, _):
            store.write(io.BytesIO(b"makes the folders"))
            left = tmp_path / "blobs" / "incoming" / "half"
            left.write_bytes(b"ha")
            _make_old(left)
            await Housekeeper(assets, store, grace_seconds=HOUR_SECONDS).tidy()
            assert not left.exists()

    asyncio.run(run())


def test_lost_link_of_the_library_is_made_again_at_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, database):
            await _publish(assets, store, database)
            link = tmp_path / "library" / "files" / "a.txt"
            link.unlink()
            housekeeper = Housekeeper(assets, store, grace_seconds=HOUR_SECONDS)
            await housekeeper.start()
            await _until(link.exists)
            await housekeeper.close()

    asyncio.run(run())


def test_trouble_is_logged_and_does_not_end_the_tidying(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, database):
            await database.write(lambda connection: connection.exec_driver_sql("drop table library_links"))
            await database.write(lambda connection: connection.exec_driver_sql("drop table versions"))
            blob = store.write(io.BytesIO(b"nobody's"))
            _make_old(store.path(blob.sha256))
            housekeeper = Housekeeper(assets, store, grace_seconds=HOUR_SECONDS)
            with capture_logs() as lines:
                await housekeeper.start()
                await _until(lambda: len(lines) >= 2)
            assert [line["event"] for line in lines] == [
                "the library could not be repaired",
                "tidying failed",
            ]
            assert housekeeper._task is not None
            assert not housekeeper._task.done()
            await housekeeper.close()

    asyncio.run(run())


def test_close_before_start_is_no_error(tmp_path: Path) -> None:
    async def run() -> None:
        async with _assets(tmp_path) as (assets, store, _):
            await Housekeeper(assets, store, grace_seconds=HOUR_SECONDS).close()

    asyncio.run(run())
