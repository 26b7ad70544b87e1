"""Assets as they stand in the database, and every query on them but those that publish."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, or_, select, update

from entrepot.assets.schema import assets, blobs, library_links, versions
from entrepot.errors import AssetNotFound


@dataclass(frozen=True, slots=True)
class Version:
    """One state of an asset's bytes; `number` counts from 1."""

    id: str
    number: int
    sha256: str
    size_bytes: int
    content_type: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Asset:
    """A name with its current version. `path` is relative, under `library/`; None: it has no place there."""

    id: str
    file_id: int
    owner: str
    filename: str
    content_type: str
    is_public: bool
    source_url: str | None
    created_at: datetime
    updated_at: datetime
    version: Version
    path: str | None


@dataclass(frozen=True, slots=True)
class LibraryLink:
    """A place in the library and the bytes that belong there; without an asset it is to be removed.

    `earlier` are the other blobs of the asset, of which one may still lie there.
    """

    path: str
    asset_id: str | None
    sha256: str
    earlier: tuple[str, ...]


def find_asset(connection: Connection, asset_id: str) -> Asset:
    """The asset, whoever owns it. Raises AssetNotFound."""
    row = connection.execute(_assets().where(assets.c.id == asset_id)).one_or_none()
    if row is None:
        raise AssetNotFound
    return _asset(row)


def find_asset_by_number(connection: Connection, file_id: int) -> Asset:
    """The asset with this `file_id`, whoever owns it. Raises AssetNotFound."""
    row = connection.execute(_assets().where(assets.c.file_id == file_id)).one_or_none()
    if row is None:
        raise AssetNotFound
    return _asset(row)


def list_assets(
    connection: Connection, owner: str, *, limit: int, before: int | None = None, q: str | None = None
) -> list[Asset]:
    """At most `limit` assets of `owner`, newest first; `before` is a `file_id`; `q` is sought in name and source."""
    query = _assets().where(assets.c.owner == owner)
    if before is not None:
        query = query.where(assets.c.file_id < before)
    if q:
        query = query.where(
            or_(
                assets.c.filename.icontains(q, autoescape=True),
                assets.c.source_url.icontains(q, autoescape=True),
            )
        )
    return [_asset(row) for row in connection.execute(query.order_by(assets.c.file_id.desc()).limit(limit))]


def list_versions(
    connection: Connection, asset_id: str, *, limit: int, before: int | None = None
) -> list[Version]:
    """At most `limit` versions of the asset, newest first; `before` is a number."""
    query = select(versions).where(versions.c.asset_id == asset_id)
    if before is not None:
        query = query.where(versions.c.number < before)
    rows = connection.execute(query.order_by(versions.c.number.desc()).limit(limit))
    return [
        Version(
            id=row.id, number=row.number, sha256=row.sha256, size_bytes=row.size_bytes,
            content_type=row.content_type, created_at=row.created_at,
        )
        for row in rows
    ]  # fmt: skip


def delete_asset(connection: Connection, asset_id: str, owner: str) -> None:
    """Deletes the asset with its versions, and marks its place in the library as to be removed.

    Its blobs stay until the sweep. Raises AssetNotFound, also when it is another owner's.
    """
    is_own = (assets.c.id == asset_id) & (assets.c.owner == owner)
    if connection.execute(select(assets.c.id).where(is_own)).one_or_none() is None:
        raise AssetNotFound
    connection.execute(
        update(library_links).where(library_links.c.asset_id == asset_id).values(asset_id=None)
    )
    connection.execute(delete(versions).where(versions.c.asset_id == asset_id))
    connection.execute(delete(assets).where(is_own))


def find_links(connection: Connection, paths: Sequence[str]) -> list[LibraryLink]:
    """What should lie at these library paths, those that nobody knows left out; and every place to be removed."""
    is_wanted = library_links.c.path.in_(paths) | library_links.c.asset_id.is_(None)
    return [_link(connection, row) for row in connection.execute(select(library_links).where(is_wanted))]


def list_link_paths(connection: Connection, *, after: str = "", limit: int = 500) -> list[str]:
    """Library paths in order, from the one that follows `after`."""
    query = select(library_links.c.path).where(library_links.c.path > after).order_by(library_links.c.path)
    return list(connection.scalars(query.limit(limit)))


def forget_link(connection: Connection, path: str) -> None:
    """Forgets a path whose file has been removed, unless an asset has taken it since."""
    connection.execute(
        delete(library_links).where(library_links.c.path == path, library_links.c.asset_id.is_(None))
    )


Needed = Callable[[Connection, Sequence[str]], set[str]]
"""Tells which of these blobs something outside of the assets still refers to."""


def forget_unreferenced(
    connection: Connection, hashes: Sequence[str], *, needed_elsewhere: Sequence[Needed] = ()
) -> list[str]:
    """Which of these blobs no version, no library path and nobody else needs; their rows, if any, are deleted."""
    needed = set(connection.scalars(select(versions.c.sha256).where(versions.c.sha256.in_(hashes))))
    needed.update(
        connection.scalars(select(library_links.c.sha256).where(library_links.c.sha256.in_(hashes)))
    )
    for ask in needed_elsewhere:
        needed |= ask(connection, hashes)
    idle = [sha256 for sha256 in hashes if sha256 not in needed]
    connection.execute(delete(blobs).where(blobs.c.sha256.in_(idle)))
    return idle


def _assets() -> Select[Any]:
    return (
        select(
            assets,
            versions.c.id.label("version_id"),
            versions.c.number.label("version_number"),
            versions.c.sha256,
            versions.c.size_bytes,
            versions.c.content_type.label("version_content_type"),
            versions.c.created_at.label("version_created_at"),
            library_links.c.path,
        )
        .join(versions, versions.c.id == assets.c.current_version_id)
        .outerjoin(library_links, library_links.c.asset_id == assets.c.id)
    )


def _asset(row: Row[Any]) -> Asset:
    version = Version(
        id=row.version_id, number=row.version_number, sha256=row.sha256, size_bytes=row.size_bytes,
        content_type=row.version_content_type, created_at=row.version_created_at,
    )  # fmt: skip
    return Asset(
        id=row.id, file_id=row.file_id, owner=row.owner, filename=row.filename, content_type=row.content_type,
        is_public=row.is_public, source_url=row.source_url, created_at=row.created_at, updated_at=row.updated_at,
        version=version, path=row.path,
    )  # fmt: skip


def _link(connection: Connection, row: Row[Any]) -> LibraryLink:
    others = select(versions.c.sha256).where(
        versions.c.asset_id == row.asset_id, versions.c.sha256 != row.sha256
    )
    earlier = connection.scalars(others.order_by(versions.c.number.desc()).limit(50)).all()
    return LibraryLink(row.path, row.asset_id, row.sha256, tuple(earlier))
