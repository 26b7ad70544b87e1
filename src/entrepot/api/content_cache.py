"""The cache of content: what it holds, dropping from it, and filling it ahead."""

from typing import Annotated, Literal, Self

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator

from entrepot.api.dependencies import IdempotencyKeyDep, OwnerDep, ServicesDep
from entrepot.api.orders import once_of
from entrepot.api.presentation import download_response
from entrepot.api.schemas import DownloadResponse
from entrepot.fetch.cache.contract import Selection
from entrepot.fetch.url import parse_url
from entrepot.jobs.state import Draft
from entrepot.jobs.work import Kind

router = APIRouter(prefix="/api/v1/content", tags=["content"])

MAX_WARMED = 1000


class CacheReport(BaseModel):
    """What the cache holds, may hold, and has done since the service started."""

    entries: int
    bytes: int
    max_entries: int
    max_bytes: int
    max_entry_bytes: int
    memory_entries: int = Field(description="Converted contents that lie ready in memory.")
    memory_bytes: int
    memory_max_bytes: int
    hit_rate: float | None = Field(
        description="Answers that needed no new body, from 0 to 1; null: none yet."
    )
    hits: int
    stale_hits: int
    validated: int = Field(description="Answers whose origin said that they still hold.")
    misses: int
    failures: int
    joins: int = Field(description="Askers that shared another's fetch.")
    fetches: int
    form_hits: int
    forms_made: int
    evictions: int
    is_available: bool = Field(
        description="False: the shared store cannot be reached, and misses are all it gives."
    )


class Dropped(BaseModel):
    """How many contents have been dropped."""

    removed: int


class Dropping(BaseModel):
    """Which contents are meant: all that is set must hold."""

    model_config = ConfigDict(extra="forbid")

    url: str | None = Field(None, max_length=8192, description="One address, and what it redirects to.")
    prefix: str | None = Field(
        None, max_length=8192, pattern=r"^https?://", description="What an address begins with."
    )
    tag: str | None = Field(
        None,
        max_length=128,
        description="`host:example.com`, `type:text/html`, or what the origin's Cache-Tag says.",
    )

    @model_validator(mode="after")
    def _require_one(self) -> Self:
        if not (self.url or self.prefix or self.tag):
            raise ValueError("one of url, prefix and tag is needed")
        return self


class Warming(BaseModel):
    """Addresses to read ahead."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"urls": ["https://example.com/"], "formats": ["markdown", "text"]}]},
    )

    urls: list[Annotated[str, Field(max_length=8192)]] = Field(min_length=1, max_length=MAX_WARMED)
    formats: list[Literal["markdown", "text", "html", "json", "pdf"]] = Field(
        ["markdown"],
        max_length=5,
        description="What each is converted to; none: only the sources are fetched.",
    )


@router.get("/cache")
async def describe_cache(services: ServicesDep) -> CacheReport:
    """What the cache holds and how well it does."""
    found = await services.cache.statistics()
    counts, usage = found.counts, found.usage
    return CacheReport(
        entries=usage.entries, bytes=usage.bytes, max_entries=usage.max_entries, max_bytes=usage.max_bytes,
        max_entry_bytes=found.max_entry_bytes, memory_entries=found.memory_entries, memory_bytes=found.memory_bytes,
        memory_max_bytes=found.memory_max_bytes, hit_rate=found.hit_rate, hits=counts.hits,
        stale_hits=counts.stale_hits, validated=counts.validated, misses=counts.misses, failures=counts.failures,
        joins=counts.joins, fetches=counts.fetches, form_hits=counts.form_hits, forms_made=counts.forms_made,
        evictions=usage.evictions, is_available=usage.is_available,
    )  # fmt: skip


@router.delete("/cache")
async def drop_from_cache(services: ServicesDep, query: Annotated[Dropping, Query()]) -> Dropped:
    """Drops contents with everything that was made of them; what is asked for next is fetched anew."""
    url = None if query.url is None else str(parse_url(query.url))
    return Dropped(removed=await services.cache.invalidate(Selection(url, query.prefix, query.tag)))


@router.post("/warm", status_code=202)
async def warm_cache(
    body: Warming, services: ServicesDep, owner: OwnerDep, key: IdempotencyKeyDep, response: Response
) -> DownloadResponse:
    """Reads addresses ahead, as a job, so that the first who asks for them is answered from the cache."""
    urls = [str(parse_url(url)) for url in body.urls]
    draft = Draft(
        owner=owner, url=urls[0], kind=Kind.WARM, retries=services.settings.job_retries,
        options={"urls": urls, "formats": list(body.formats), "owner": owner},
    )  # fmt: skip
    job = await services.control.initiate(draft, once=once_of(key, body))
    response.headers["Location"] = f"{services.settings.public_url}/api/v1/download/{job.id}"
    response.headers["Retry-After"] = "1"
    return download_response(job, (), base_url=services.settings.public_url)
