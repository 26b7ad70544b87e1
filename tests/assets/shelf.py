"""Assets with everything real behind them (SQLite, a store, a library), and files to publish there."""

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection, Table, func, select

from entrepot.assets.catalog import Assets
from entrepot.assets.library import Library
from entrepot.assets.publish import PublishedFile
from entrepot.assets.records import Asset
from entrepot.database import Database, metadata
from entrepot.storage.local import LocalStore

T = TypeVar("T")
SOURCE = "source-1"


@dataclass(frozen=True, slots=True)
class Stored:
    """A file whose bytes are in the store."""

    name: str
    sha256: str
    size_bytes: int
    role: str = "main"
    content_type: str = "text/plain"
    library_path: str | None = None


@dataclass(frozen=True, slots=True)
class Shelf:
    """The assets of one folder."""

    folder: Path
    database: Database
    store: LocalStore
    assets: Assets

    @property
    def library(self) -> Path:
        return self.folder / "library"

    def stored(self, content: bytes, name: str = "a.txt", **changes: str | None) -> Stored:
        """`content` in the store, as a pipeline hands it over; it wants `files/{name}` in the library."""
        blob = self.store.write(io.BytesIO(content))
        file = Stored(name, blob.sha256, blob.size_bytes, library_path=f"files/{name}")
        return replace(file, **changes)  # type: ignore[arg-type]  # the changes are strings, as their fields are

    async def record(
        self, *files: Stored, owner: str = "ann", source_key: str | None = SOURCE
    ) -> list[PublishedFile]:
        """What a job's last transaction does; nothing is linked yet."""

        def publish(connection: Connection) -> list[PublishedFile]:
            return self.assets.record(
                connection, owner=owner, source_key=source_key, source_url="http://example.com/a", files=files
            )

        return await self.database.write(publish)

    async def publish(
        self, *files: Stored, owner: str = "ann", source_key: str | None = SOURCE
    ) -> list[PublishedFile]:
        """Records the files and links them, as a job's end does."""
        published = await self.record(*files, owner=owner, source_key=source_key)
        await self.assets.settle([file.path for file in published if file.path is not None])
        return published

    async def put(self, content: bytes, name: str = "a.txt", *, owner: str = "ann", **changes: str) -> Asset:
        """One file published by itself; returns its asset."""
        file = self.stored(content, name, **changes)
        [published] = await self.publish(file, owner=owner, source_key=None)
        return await self.assets.find(published.asset_id, owner)

    async def rows(self, table: Table) -> int:
        """How many rows a table has."""
        query = select(func.count()).select_from(table)
        return await self.database.read(lambda connection: connection.scalar(query) or 0)

    def linked(self) -> dict[str, bytes]:
        """The files of the library with their content, by relative path."""
        paths = [path for path in self.library.rglob("*") if not path.is_dir()]
        return {str(path.relative_to(self.library)): path.read_bytes() for path in sorted(paths)}


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Shelf]:
    """The assets in `folder`, which may have been there before."""
    folder.mkdir(parents=True, exist_ok=True)
    database = Database(f"sqlite:///{folder / 'entrepot.db'}")
    metadata.create_all(database.engine)
    database.start()
    store = LocalStore(folder)
    try:
        yield Shelf(folder, database, store, Assets(database, store, Library(folder / "library", store)))
    finally:
        await database.close()


def on_shelf(folder: Path, work: Callable[[Shelf], Awaitable[T]]) -> T:
    """Runs `work` with the assets in `folder`, in an event loop of its own."""

    async def run() -> T:
        async with opened(folder) as shelf:
            return await work(shelf)

    return asyncio.run(run())
