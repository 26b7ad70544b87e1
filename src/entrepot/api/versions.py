"""An asset's versions, and how two of them differ."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from entrepot.api.assets import AssetsDep
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.assets.records import Version
from entrepot.content.sniff import is_text
from entrepot.errors import NotComparable

router = APIRouter(tags=["assets"])


class VersionInfo(BaseModel):
    """One state of an asset's bytes."""

    version_id: str
    version_number: int
    etag: str
    sha256: str
    size: int = Field(description="Bytes.")
    content_type: str
    created_at: datetime


class VersionList(BaseModel):
    """One page of versions, newest first."""

    items: list[VersionInfo]
    next_cursor: str | None = Field(description="For the next page as `cursor`; null: this is the last.")


@router.get("/assets/{asset_id}/versions")
async def list_versions(
    asset_id: str,
    assets: AssetsDep,
    owner: OwnerDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**31, description="The `next_cursor` before.")] = None,
) -> VersionList:
    """The asset's versions, newest first."""
    asset = await assets.find(asset_id, owner)
    found = await assets.versions(asset, limit=limit + 1, before=cursor)
    next_cursor = str(found[limit - 1].number) if len(found) > limit else None
    return VersionList(items=[_info(version) for version in found[:limit]], next_cursor=next_cursor)


@router.get(
    "/assets/{asset_id}/diff",
    response_class=Response,
    responses={
        200: {"description": "The difference; empty where there is none.", "content": {"text/x-diff": {}}}
    },
)
async def difference(
    request: Request,
    asset_id: str,
    assets: AssetsDep,
    services: ServicesDep,
    owner: OwnerDep,
    new: Annotated[
        int | None, Query(alias="to", ge=1, le=2**31, description="Number; the current version.")
    ] = None,
    old: Annotated[
        int | None, Query(alias="from", ge=1, le=2**31, description="Number; the one before.")
    ] = None,
) -> Response:
    """How two versions of a text differ, in unified form. Without numbers: what the newest version has changed."""
    asset = await assets.find(asset_id, owner)
    newer = await assets.version(asset, new or asset.version.number)
    older = await assets.version(asset, old or max(1, newer.number - 1))
    if not all(is_text(version.content_type) for version in (older, newer)):
        raise NotComparable("Only texts can be compared.")
    text = await services.comparer.compare(
        assets.blob_path(older), assets.blob_path(newer),
        old_name=f"version {older.number}", new_name=f"version {newer.number}",
    )  # fmt: skip
    headers = {"Cache-Control": "private, no-cache", "ETag": f'"{older.sha256[:32]}-{newer.sha256[:32]}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(text, media_type="text/x-diff; charset=utf-8", headers=headers)


def _info(version: Version) -> VersionInfo:
    return VersionInfo(
        version_id=version.id, version_number=version.number, etag=f'"{version.sha256}"', sha256=version.sha256,
        size=version.size_bytes, content_type=version.content_type, created_at=version.created_at,
    )  # fmt: skip
