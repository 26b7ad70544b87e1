"""How each part is asked for its health: for real, and cheaply enough to be asked every few seconds."""

import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

from entrepot.database import Database
from entrepot.errors import OutOfOrder
from entrepot.fetch.proxy import GuardProxy
from entrepot.jobs.control import Engine
from entrepot.processes.nursery import Nursery
from entrepot.storage.contract import BlobStore


@dataclass(frozen=True, slots=True)
class Finding:
    """What a part says of itself."""

    version: str | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One part. Without a part that `is_needed` the service is not ready. `examine` raises when the part fails."""

    examine: Callable[[], Awaitable[Finding]]
    is_needed: bool = True


def all_checks(
    *, database: Database, store: BlobStore, engine: Engine, nursery: Nursery, proxy: GuardProxy
) -> Mapping[str, Check]:
    """Every part of the serving process by its name."""
    return {
        "database": Check(lambda: _database(database)),
        "storage": Check(_StorageProbe(store)),
        "engine": Check(lambda: _engine(engine)),
        "nursery": Check(lambda: _nursery(nursery)),
        "guard_proxy": Check(lambda: _proxy(proxy)),
        "yt_dlp": Check(_ytdlp, is_needed=False),
        "ffmpeg": Check(_ffmpeg, is_needed=False),
    }


async def _database(database: Database) -> Finding:
    def ask(connection: Connection) -> str:
        version = connection.execute(text("select sqlite_version()")).scalar_one()
        connection.execute(text("select count(*) from (select 1 from jobs limit 1)"))
        return str(version)

    return Finding(version=f"SQLite {await database.read(ask)}")


class _StorageProbe:
    """Writes a small blob, reads it and deletes it.

    The bytes are random, so that nobody else keeps them, and always the same, so that their folders are; hence one
    probe at a time.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store
        self._content = os.urandom(32)
        self._alone = asyncio.Lock()

    async def __call__(self) -> Finding:
        async with self._alone:
            await asyncio.to_thread(self._exercise)
        return Finding(detail="written, read and deleted")

    def _exercise(self) -> None:
        blob = self._store.write(io.BytesIO(self._content))
        with self._store.open(blob.sha256) as stored:
            is_whole = stored.read() == self._content
        self._store.delete(blob.sha256)
        if not is_whole:
            raise OutOfOrder("The store gave back other bytes than it was given.")


async def _engine(engine: Engine) -> Finding:
    statistics = engine.statistics()
    return Finding(detail=f"{statistics.name}: {statistics.running} of {statistics.slots} slots busy")


async def _nursery(nursery: Nursery) -> Finding:
    if nursery.pid is None:
        raise OutOfOrder("The warm parent is not running.")
    return Finding(detail="warm")


async def _proxy(proxy: GuardProxy) -> Finding:
    _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.close()
    return Finding(detail=f"{proxy.refusals} refusals")


async def _ytdlp() -> Finding:
    from importlib.metadata import version

    return Finding(version=version("yt-dlp"))


async def _ffmpeg() -> Finding:
    from imageio_ffmpeg import get_ffmpeg_exe

    path = await asyncio.to_thread(get_ffmpeg_exe)
    process = await asyncio.create_subprocess_exec(path, "-version", stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return Finding(version=output.split(b" ", 3)[2].decode("ascii", "replace"))
