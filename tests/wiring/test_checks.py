"""Each part is asked for real, and says so when it is broken."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from entrepot import migrations
from entrepot.database import Database
from entrepot.errors import OutOfOrder
from entrepot.fetch.guard import Guard
from entrepot.fetch.proxy import GuardProxy
from entrepot.jobs.control import EngineStatistics
from entrepot.processes.nursery import Nursery
from entrepot.storage.local import LocalStore
from entrepot.wiring.checks import Check, all_checks


class IdleEngine:
    """An engine that has nothing to do."""

    def wake(self) -> None: ...

    async def stop(self, job_id: str, fence: int) -> None: ...

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    def statistics(self) -> EngineStatistics:
        return EngineStatistics(name="idle", slots=4, running=1)


@dataclass
class House:
    """Real parts on a temporary folder, with their checks."""

    folder: Path
    database: Database
    proxy: GuardProxy
    checks: dict[str, Check]


@asynccontextmanager
async def _house(folder: Path) -> AsyncIterator[House]:
    database = Database(f"sqlite:///{folder / 'a.db'}")
    await asyncio.to_thread(migrations.upgrade, database.engine)
    database.start()
    proxy = GuardProxy(Guard())
    await proxy.start()
    checks = all_checks(
        database=database, store=LocalStore(folder), engine=IdleEngine(), nursery=Nursery("a:b", "{}"), proxy=proxy
    )  # fmt: skip
    try:
        yield House(folder, database, proxy, dict(checks))
    finally:
        await proxy.close()
        await database.close()


def _examine(folder: Path, name: str) -> tuple[str | None, str | None]:
    async def run() -> tuple[str | None, str | None]:
        async with _house(folder) as house:
            finding = await house.checks[name].examine()
            return finding.version, finding.detail

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("database", "SQLite 3."),
        ("storage", "written, read and deleted"),
        ("engine", "idle: 1 of 4 slots busy"),
        ("guard_proxy", "0 refusals"),
        ("yt_dlp", "20"),
        ("ffmpeg", ""),
    ],
)
def test_sound_part_says_what_it_is(name: str, said: str, tmp_path: Path) -> None:
    version, detail = _examine(tmp_path, name)
    assert (version or detail or "").startswith(said)
    assert version or detail


def test_storage_that_cannot_be_written_is_found(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("in the way")
    with pytest.raises(OutOfOrder):
        _examine(tmp_path, "storage")


def test_looking_at_the_storage_leaves_nothing_to_pile_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with _house(tmp_path) as house:
            await asyncio.gather(*(house.checks["storage"].examine() for _ in range(10)))

    asyncio.run(run())
    found = list((tmp_path / "blobs").rglob("*"))
    assert not [path for path in found if path.is_file() and path.name != "lock"]
    assert len([path for path in found if path.is_dir()]) <= 3  # incoming, and two levels for one blob


def test_nursery_that_is_down_is_found(tmp_path: Path) -> None:
    with pytest.raises(OutOfOrder, match="warm parent"):
        _examine(tmp_path, "nursery")


def test_proxy_that_is_down_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with _house(tmp_path) as house:
            await house.proxy.close()
            with pytest.raises(OSError, match=str(house.proxy.port)):
                await house.checks["guard_proxy"].examine()

    asyncio.run(run())


def test_database_without_its_tables_is_found(tmp_path: Path) -> None:
    async def run() -> None:
        async with _house(tmp_path) as house:
            await house.database.write(lambda connection: connection.exec_driver_sql("drop table jobs"))
            with pytest.raises(Exception, match="jobs"):
                await house.checks["database"].examine()

    asyncio.run(run())


def test_only_what_every_request_needs_makes_the_service_unready(tmp_path: Path) -> None:
    async def run() -> set[str]:
        async with _house(tmp_path) as house:
            return {name for name, check in house.checks.items() if not check.is_needed}

    assert asyncio.run(run()) == {"yt_dlp", "ffmpeg"}
