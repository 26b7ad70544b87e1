"""What a URL is, before anything is downloaded."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from entrepot.api.dependencies import ServicesDep
from entrepot.fetch.url import parse_url

router = APIRouter(prefix="/api/v1", tags=["metadata"])


class Metadata(BaseModel):
    """What is known of a URL. `qualities` are those that `POST /api/v1/download` takes for it."""

    url: str
    kind: Literal["media", "file", "page"]
    title: str | None = None
    description: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    duration_seconds: float | None = None
    uploader: str | None = None
    thumbnail_url: str | None = None
    qualities: list[str] = []


class MetadataQuery(BaseModel):
    """What to look at. An unknown parameter is refused: a URL whose own `&` was not escaped would lose its end."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=8192, description="An http or https address.")


@router.get("/metadata")
async def metadata(services: ServicesDep, query: Annotated[MetadataQuery, Query()]) -> Metadata:
    """Looks at the URL: a video or song, a file, or a page. Nothing is kept."""
    target = parse_url(query.url)
    await services.guard.admit(target)
    return Metadata.model_validate(await services.previewer.describe(str(target)))
