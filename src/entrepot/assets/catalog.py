"""What the rest of the house asks of assets: database, store and library as one."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection

from entrepot.assets import records
from entrepot.assets.deliver import PieceReader
from entrepot.assets.library import Library, PlaceTaken
from entrepot.assets.publish import PublishedFile, StoredFile, move_link, record_outcome
from entrepot.assets.records import Asset, LibraryLink, Needed, Version
from entrepot.database import Database
from entrepot.errors import AssetNotFound, FilesExpired, OutOfOrder
from entrepot.storage.contract import BlobStore
from entrepot.telemetry import get_logger
from entrepot.threads import in_thread

_log = get_logger("assets")

_BATCH = 500
_MAX_MOVES = 20


@dataclass(frozen=True, slots=True)
class KeptFile:
    """A file to be recorded; see `publish.StoredFile`."""

    role: str
    name: str
    content_type: str
    sha256: str
    size_bytes: int
    library_path: str | None


class Assets:
    """The assets of all owners. Safe to use from one event loop.

    `needed_elsewhere` tell which blobs others keep, so that the sweep spares them.
    """

    def __init__(
        self,
        database: Database,
        store: BlobStore,
        library: Library,
        *,
        needed_elsewhere: Sequence[Needed] = (),
    ) -> None:
        self._database = database
        self._needed_elsewhere = needed_elsewhere
        self._store = store
        self._library = library
        self._settling = asyncio.Lock()
        self.reader = PieceReader()

    def record(
        self,
        connection: Connection,
        *,
        owner: str,
        source_key: str | None,
        source_url: str | None,
        files: Sequence[StoredFile],
    ) -> list[PublishedFile]:
        """Publishes a job's files within the transaction that ends it; after the commit call `settle` with the paths.

        Restarts the blobs' grace periods, so that no sweep takes them before the commit. Raises OutOfOrder when one
        has gone already.
        """
        for file in files:
            if not self._store.keep(file.sha256):
                raise OutOfOrder("A file that the job had stored has gone.")
        return record_outcome(
            connection, owner=owner, source_key=source_key, source_url=source_url, files=files, now=datetime.now(UTC)
        )  # fmt: skip

    async def find(self, asset_id: str, owner: str) -> Asset:
        """The owner's asset. Raises AssetNotFound."""
        asset = await self._database.read(partial(records.find_asset, asset_id=asset_id))
        if asset.owner != owner:
            raise AssetNotFound
        return asset

    async def find_readable(self, asset_id: str, reader: str) -> Asset:
        """An asset that `reader` may have the bytes of: public, or its own. Raises AssetNotFound."""
        asset = await self._database.read(partial(records.find_asset, asset_id=asset_id))
        if not asset.is_public and asset.owner != reader:
            raise AssetNotFound
        return asset

    async def find_by_number(self, file_id: int, owner: str) -> Asset:
        """The owner's asset with this `file_id`. Raises AssetNotFound."""
        asset = await self._database.read(partial(records.find_asset_by_number, file_id=file_id))
        if asset.owner != owner:
            raise AssetNotFound
        return asset

    async def list(
        self, owner: str, *, limit: int, before: int | None = None, q: str | None = None
    ) -> list[Asset]:
        """The owner's assets, newest first; see `records.list_assets`."""
        return await self._database.read(
            partial(records.list_assets, owner=owner, limit=limit, before=before, q=q)
        )

    async def versions(self, asset: Asset, *, limit: int, before: int | None = None) -> Sequence[Version]:
        """The asset's versions, newest first; see `records.list_versions`."""
        return await self._database.read(
            partial(records.list_versions, asset_id=asset.id, limit=limit, before=before)
        )

    async def version(self, asset: Asset, number: int) -> Version:
        """One of the asset's versions. Raises AssetNotFound."""
        found = await self.versions(asset, limit=1, before=number + 1)
        if not found or found[0].number != number:
            raise AssetNotFound(f"There is no version {number} of this asset.")
        return found[0]

    def blob_path(self, version: Version) -> Path:
        """Where a version's bytes lie."""
        return self._store.path(version.sha256)

    async def keep(
        self,
        content: BinaryIO,
        *,
        owner: str,
        source_key: str,
        source_url: str,
        name: str,
        content_type: str,
        path: str,
    ) -> PublishedFile:
        """Stores `content`, read from where it stands, as the newest version of what was kept under `source_key` before.

        The same bytes make no new version. Raises StorageFull.
        """
        blob = await in_thread(self._store.write, content)
        file = KeptFile("main", name, content_type, blob.sha256, blob.size_bytes, path)
        record = partial(self.record, owner=owner, source_key=source_key, source_url=source_url, files=[file])
        (published,) = await self._database.write(record)
        await self.settle([published.path] if published.path is not None else ())
        return published

    async def delete(self, asset_id: str, owner: str) -> None:
        """Deletes the asset and its place in the library; the bytes go with the next sweep. Raises AssetNotFound."""
        asset = await self.find(asset_id, owner)
        if asset.path is not None:
            await self.settle([asset.path])  # an earlier version may lie there still, and is forgotten below
        await self._database.write(partial(records.delete_asset, asset_id=asset_id, owner=owner))
        await self.settle(())

    async def open(self, asset: Asset) -> BinaryIO:
        """The current version's bytes. Raises FilesExpired when the store has lost them."""
        try:
            return await asyncio.to_thread(self._store.open, asset.version.sha256)
        except AssetNotFound as error:
            _log.error("blob is missing", asset_id=asset.id, sha256=asset.version.sha256)
            raise FilesExpired("The content of this asset is no longer here.") from error

    async def settle(self, paths: Sequence[str]) -> None:
        """Brings these library paths, and those that are to be removed, in line with the database.

        What the disk refuses is logged and left for `repair`: the bytes are safe in the store.
        """
        async with self._settling:
            links = await self._database.read(partial(records.find_links, paths=paths))
            for link in links:
                try:
                    await self._settle_one(link)
                except OSError as error:
                    _log.warning("library link failed", path=link.path, reason=error.strerror)

    async def repair(self) -> None:
        """Settles every library path: at start, after whatever stopped the last process."""
        after = ""
        while paths := await self._database.read(partial(records.list_link_paths, after=after, limit=_BATCH)):
            await self.settle(paths)
            after = paths[-1]

    async def sweep(self, grace_seconds: float) -> int:
        """Removes blobs that nothing refers to and that were last stored longer ago than `grace_seconds`.

        The row goes first, then the file, which the store keeps if the same bytes have been stored meanwhile. Returns
        how many went.
        """
        since = datetime.now(UTC) - timedelta(seconds=grace_seconds)
        idle = self._store.idle(since)
        forget = partial(records.forget_unreferenced, needed_elsewhere=self._needed_elsewhere)
        removed = 0
        while batch := await asyncio.to_thread(_take, idle):
            unneeded = await self._database.write(partial(forget, hashes=batch))
            for sha256 in unneeded:
                removed += await asyncio.to_thread(self._store.discard, sha256, idle_since=since)
        return removed

    async def _settle_one(self, link: LibraryLink) -> None:
        if link.asset_id is None:
            await asyncio.to_thread(self._library.remove, link.path, [link.sha256])
            await self._database.write(partial(records.forget_link, path=link.path))
            return
        path = link.path
        for _ in range(_MAX_MOVES):
            try:
                await asyncio.to_thread(self._library.place, path, link.sha256, replacing=link.earlier)
            except PlaceTaken:
                path = await self._database.write(partial(move_link, path=path))
            else:
                return
        _log.warning("library link failed", path=path, reason="every name that was tried is taken")


def _take(idle: Iterator[str]) -> list[str]:
    return list(islice(idle, _BATCH))
