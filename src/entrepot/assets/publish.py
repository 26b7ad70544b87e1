"""Files that a job has stored become assets and versions, in the very transaction that ends the job."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import uuid4

from sqlalchemy import Connection, exists, func, insert, literal, or_, select, update

from entrepot.assets.names import clean_name, clean_path, numbered
from entrepot.assets.schema import assets, blobs, library_links, versions


class StoredFile(Protocol):
    """A file whose bytes are a durable blob. `role` tells the files of one source apart."""

    @property
    def role(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def size_bytes(self) -> int: ...
    @property
    def library_path(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """What a stored file has become. `path` is its place under `library/`; None: none was wanted."""

    asset_id: str
    file_id: int
    version_id: str
    version_number: int
    is_new_version: bool
    role: str
    name: str
    path: str | None
    size_bytes: int
    sha256: str
    content_type: str


@dataclass(frozen=True, slots=True)
class _Origin:
    """Whose files they are, where they come from, and when they arrived."""

    owner: str
    source_key: str | None
    source_url: str | None
    now: datetime


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    number: int
    is_new: bool


def record_outcome(
    connection: Connection,
    *,
    owner: str,
    source_key: str | None,
    source_url: str | None,
    files: Sequence[StoredFile],
    now: datetime,
) -> list[PublishedFile]:
    """Makes each file a version of its asset, in order; the bytes must be in the store already.

    The asset is found by owner, `source_key` (None: always a new one) and role; where a role occurs again, its count
    is part of it. The same bytes as the current version make no new version. Links are made after the commit
    (`Library`), by the paths in the result.
    """
    origin = _Origin(owner, source_key, source_url, now)
    seen: Counter[str] = Counter()
    published = []
    for file in files:
        seen[file.role] += 1
        role = file.role if seen[file.role] == 1 else f"{file.role} {seen[file.role]}"
        published.append(_publish_file(connection, origin, role, file))
    return published


def move_link(connection: Connection, path: str) -> str:
    """Gives the asset at `path` the next free place, since a file that is not ours lies there; returns it."""
    row = connection.execute(select(library_links).where(library_links.c.path == path)).one()
    new_path = _free_path(connection, row.wanted_path, beside=path)
    connection.execute(update(library_links).where(library_links.c.path == path).values(path=new_path))
    return new_path


def _publish_file(connection: Connection, origin: _Origin, role: str, file: StoredFile) -> PublishedFile:
    _record_blob(connection, file, origin.now)
    file_id, asset_id = _take_asset(connection, origin, role, file)
    version = _take_version(connection, asset_id, file, origin.now)
    _point_to(connection, asset_id, version, origin, file)
    return PublishedFile(
        asset_id=asset_id, file_id=file_id, version_id=version.id, version_number=version.number,
        is_new_version=version.is_new, role=file.role, name=clean_name(file.name),
        path=_take_path(connection, asset_id, file),
        size_bytes=file.size_bytes, sha256=file.sha256, content_type=file.content_type,
    )  # fmt: skip


def _record_blob(connection: Connection, file: StoredFile, now: datetime) -> None:
    values = select(literal(file.sha256), literal(file.size_bytes), literal(now, blobs.c.created_at.type))
    is_known = exists().where(blobs.c.sha256 == file.sha256)
    connection.execute(
        insert(blobs).from_select(["sha256", "size_bytes", "created_at"], values.where(~is_known))
    )


def _take_asset(connection: Connection, origin: _Origin, role: str, file: StoredFile) -> tuple[int, str]:
    """The file_id and id of the asset that this file belongs to, made if need be."""
    if origin.source_key is not None:
        is_same = (
            (assets.c.owner == origin.owner)
            & (assets.c.source_key == origin.source_key)
            & (assets.c.role == role)
        )
        row = connection.execute(select(assets.c.file_id, assets.c.id).where(is_same)).one_or_none()
        if row is not None:
            return row.file_id, row.id
    asset_id = str(uuid4())
    result = connection.execute(
        insert(assets).values(
            id=asset_id, owner=origin.owner, filename=clean_name(file.name), content_type=file.content_type,
            source_url=origin.source_url, source_key=origin.source_key, role=role,
            created_at=origin.now, updated_at=origin.now,
        )
    )  # fmt: skip
    assert result.inserted_primary_key is not None
    return result.inserted_primary_key[0], asset_id


def _take_version(connection: Connection, asset_id: str, file: StoredFile, now: datetime) -> _Version:
    current = (
        select(versions)
        .join(assets, assets.c.current_version_id == versions.c.id)
        .where(assets.c.id == asset_id)
    )
    row = connection.execute(current).one_or_none()
    if row is not None and row.sha256 == file.sha256:
        return _Version(row.id, row.number, is_new=False)
    newest = connection.scalar(select(func.max(versions.c.number)).where(versions.c.asset_id == asset_id))
    version = _Version(str(uuid4()), (newest or 0) + 1, is_new=True)
    connection.execute(
        insert(versions).values(
            id=version.id, asset_id=asset_id, number=version.number, sha256=file.sha256,
            size_bytes=file.size_bytes, content_type=file.content_type, filename=clean_name(file.name),
            created_at=now,
        )
    )  # fmt: skip
    return version


def _point_to(
    connection: Connection, asset_id: str, version: _Version, origin: _Origin, file: StoredFile
) -> None:
    """Names and types may change while the bytes stay: the asset bears the latest of them."""
    values = {
        "current_version_id": version.id,
        "filename": clean_name(file.name),
        "content_type": file.content_type,
        "source_url": origin.source_url,
    }
    is_changed = or_(*(assets.c[name].is_distinct_from(value) for name, value in values.items()))
    connection.execute(
        update(assets).where(assets.c.id == asset_id, is_changed).values(**values, updated_at=origin.now)
    )


def _take_path(connection: Connection, asset_id: str, file: StoredFile) -> str | None:
    """The asset's place in the library. It keeps the one it has, unless what is wanted has changed."""
    wanted = clean_path(file.library_path) if file.library_path else None
    mine = library_links.c.asset_id == asset_id
    row = connection.execute(select(library_links).where(mine)).one_or_none()
    if row is not None and row.wanted_path == wanted:
        connection.execute(update(library_links).where(mine).values(sha256=file.sha256))
        return str(row.path)
    if row is not None:
        connection.execute(update(library_links).where(mine).values(asset_id=None))
    if wanted is None:
        return None
    path = _free_path(connection, wanted)
    connection.execute(
        insert(library_links).values(path=path, wanted_path=wanted, asset_id=asset_id, sha256=file.sha256)
    )
    return path


def _free_path(connection: Connection, wanted: str, *, beside: str | None = None) -> str:
    """`wanted`, or with a number that nobody has; `beside` counts as taken."""
    alike = select(func.count()).where(library_links.c.wanted_path == wanted)
    guess = (connection.scalar(alike) or 0) + 1
    for number in itertools.chain([1], itertools.count(max(guess, 2))):
        path = numbered(wanted, number)
        is_taken = (library_links.c.path == path) | library_links.c.path.startswith(
            f"{path}/", autoescape=True
        )
        if path != beside and not connection.scalar(select(exists().where(is_taken))):
            return path
    raise AssertionError("numbers do not end")
