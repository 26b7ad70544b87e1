"""Assets over HTTP: what is kept, one by one and as a list, and how it is thrown away."""

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.assets.catalog import Assets
from entrepot.assets.deliver import etag_of
from entrepot.assets.records import Asset
from entrepot.errors import BadInput

_CURSOR = re.compile(r"[1-9][0-9]{0,17}")

router = APIRouter(tags=["assets"])


def assets_of(services: ServicesDep) -> Assets:
    """The assets of this process."""
    return services.assets


AssetsDep = Annotated[Assets, Depends(assets_of)]


class AssetInfo(BaseModel):
    """A kept file with its current version."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "0b7f6f0e-5f0c-4a57-9d0a-0c6a3c1f8f3e",
                    "file_id": 42,
                    "filename": "talk.mp4",
                    "etag": '"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
                    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                    "size": 1048576,
                    "content_type": "video/mp4",
                    "is_public": False,
                    "version_id": "2f1c1f64-4f0e-4f6e-8a68-0f5a8a4f0d11",
                    "version_number": 1,
                    "source_url": "https://example.com/watch?v=1",
                    "path": "videos/talk.mp4",
                    "download_url": "/assets/0b7f6f0e-5f0c-4a57-9d0a-0c6a3c1f8f3e/download",
                    "created_at": "2026-11-20T12:00:00Z",
                    "updated_at": "2026-11-20T12:00:00Z",
                }
            ]
        }
    )

    id: str
    file_id: int = Field(description="The asset's number, as `file_id` of a job takes it.")
    filename: str
    etag: str = Field(description="The strong entity tag that a download bears, with its quotes.")
    sha256: str
    size: int = Field(description="Bytes.")
    content_type: str
    is_public: bool
    version_id: str
    version_number: int
    source_url: str | None
    path: str | None = Field(description="Relative, under the `library` folder of the data folder.")
    download_url: str
    created_at: datetime
    updated_at: datetime


class AssetList(BaseModel):
    """One page of assets, newest first."""

    items: list[AssetInfo]
    next_cursor: str | None = Field(
        description="For the next page as `cursor`; null: this is the last.", examples=["41"]
    )


@router.get("/assets")
async def list_assets(
    assets: AssetsDep,
    owner: OwnerDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(description="The `next_cursor` of the page before.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Sought in file name and source.")] = None,
) -> AssetList:
    """The assets that one has, newest first."""
    found = await assets.list(owner, limit=limit + 1, before=_before(cursor), q=q)
    page = found[:limit]
    next_cursor = str(page[-1].file_id) if len(found) > limit else None
    return AssetList(items=[asset_info(asset) for asset in page], next_cursor=next_cursor)


@router.get("/assets/{asset_id}")
async def get_asset(asset_id: str, assets: AssetsDep, owner: OwnerDep) -> AssetInfo:
    """What is known of one asset."""
    return asset_info(await assets.find(asset_id, owner))


@router.delete("/assets/{asset_id}", status_code=204)
async def delete_asset(asset_id: str, assets: AssetsDep, owner: OwnerDep) -> None:
    """Throws an asset away, with all its versions and its place in the library."""
    await assets.delete(asset_id, owner)


def asset_info(asset: Asset) -> AssetInfo:
    """An asset as callers see it."""
    return AssetInfo(
        id=asset.id, file_id=asset.file_id, filename=asset.filename, etag=etag_of(asset), sha256=asset.version.sha256,
        size=asset.version.size_bytes, content_type=asset.content_type, is_public=asset.is_public,
        version_id=asset.version.id, version_number=asset.version.number, source_url=asset.source_url, path=asset.path,
        download_url=f"/assets/{asset.id}/download", created_at=asset.created_at, updated_at=asset.updated_at,
    )  # fmt: skip


def _before(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not _CURSOR.fullmatch(cursor):
        raise BadInput("The cursor is not one that a list has given out.")
    return int(cursor)
