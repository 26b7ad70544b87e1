"""Firecrawl's crawls and batches: our own jobs under its names."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import JSONResponse, Response

from entrepot.api.dependencies import OwnerDep, ServicesDep, idempotency_key_of
from entrepot.api.doors.firecrawl import target_of
from entrepot.api.doors.firecrawl_answers import FirecrawlRoute, success
from entrepot.api.doors.firecrawl_bodies import BatchBody, CrawlBody
from entrepot.api.doors.firecrawl_status import address_of, find_job, status_of
from entrepot.api.orders import once_of
from entrepot.errors import AppError, BadInput, InvalidURL
from entrepot.jobs.records import Search
from entrepot.jobs.state import Draft, Job, JobState
from entrepot.jobs.work import Kind
from entrepot.pipelines.scope import Scope
from entrepot.wiring.services import Services

router = APIRouter(prefix="/v2", route_class=FirecrawlRoute, include_in_schema=False)

IdempotencyKey = Annotated[str | None, Header(alias="x-idempotency-key")]
Skip = Annotated[int, Query(ge=0, le=2**31)]
Limit = Annotated[int, Query(ge=1, le=100)]

_RETRIES = 1


@router.post("/crawl")
async def start_crawl(
    body: CrawlBody, request: Request, services: ServicesDep, owner: OwnerDep, key: IdempotencyKey = None
) -> Response:
    """A site as a job."""
    settings = services.settings
    rules = body.rules(max_pages=settings.crawl_max_pages, may_ignore_robots=settings.crawl_may_ignore_robots)
    url, wish = target_of(body.url), body.scrape_options.wish()
    Scope(rules, url)  # so that bad patterns are told at once
    await services.guard.admit(url)
    options = {"rules": rules.as_dict(), "page": wish.as_dict(), "owner": owner}
    draft = Draft(owner=owner, url=str(url), kind=Kind.CRAWL, options=options, retries=_RETRIES)
    job = await services.control.initiate(draft, once=once_of(idempotency_key_of(key), body))
    return success({"id": job.id, "url": address_of(request, services, job)})


@router.post("/batch/scrape")
async def start_batch(
    body: BatchBody, request: Request, services: ServicesDep, owner: OwnerDep, key: IdempotencyKey = None
) -> Response:
    """Many pages as a job; addresses that are none are named, and left out unless that is not wanted."""
    wish = body.wish()
    if len(body.urls) > services.settings.crawl_max_pages:
        raise BadInput(f"A batch may have at most {services.settings.crawl_max_pages} pages here.")
    valid, invalid = _sorted_out(body.urls)
    if not valid or (invalid and not body.ignore_invalid_urls):
        raise InvalidURL(f"This is not an address that can be read: {(invalid or [''])[0][:200]!r}.")
    options = {
        "urls": valid,
        "page": wish.as_dict(),
        "owner": owner,
        "max_concurrency": body.max_concurrency,
    }
    draft = Draft(owner=owner, url=valid[0], kind=Kind.SCRAPE, options=options, retries=_RETRIES)
    job = await services.control.initiate(draft, once=once_of(idempotency_key_of(key), body))
    told = {"invalidURLs": invalid} if body.ignore_invalid_urls else {}
    return success({"id": job.id, "url": address_of(request, services, job), **told})


@router.get("/crawl/active")
@router.get("/crawl/ongoing")
async def active_crawls(services: ServicesDep, owner: OwnerDep) -> Response:
    """The crawls that have not ended."""
    found: dict[str, Job] = {}
    for state in (
        JobState.QUEUED,
        JobState.RUNNING,
    ):  # in this order: whatever begins meanwhile is not missed
        search = Search(owner=owner, kind=Kind.CRAWL, state=state)
        found |= {job.id: job for job in (await services.control.find(search, limit=200)).items}
    crawls = [
        {"id": job.id, "teamId": owner, "url": job.url, "created_at": job.created_at.isoformat(),
         "options": {"scrapeOptions": {"formats": list(job.options["page"]["formats"])}}}
        for job in found.values()
    ]  # fmt: skip
    return success({"crawls": crawls})


@router.get("/crawl/{job_id}")
async def crawl_status(
    job_id: str, request: Request, services: ServicesDep, owner: OwnerDep, skip: Skip = 0, limit: Limit = 100
) -> Response:
    """How far a crawl is, with the pages that it has from the `skip`-th."""
    job = await find_job(services, job_id, owner, Kind.CRAWL)
    return success(await status_of(request, services, job, skip, limit))


@router.get("/batch/scrape/{job_id}")
async def batch_status(
    job_id: str, request: Request, services: ServicesDep, owner: OwnerDep, skip: Skip = 0, limit: Limit = 100
) -> Response:
    """As `crawl_status`."""
    job = await find_job(services, job_id, owner, Kind.SCRAPE)
    return success(await status_of(request, services, job, skip, limit))


@router.get("/crawl/{job_id}/errors")
async def crawl_errors(job_id: str, services: ServicesDep, owner: OwnerDep) -> Response:
    """The pages that could not be read, and those that robots.txt forbids."""
    return await _errors(services, await find_job(services, job_id, owner, Kind.CRAWL))


@router.get("/batch/scrape/{job_id}/errors")
async def batch_errors(job_id: str, services: ServicesDep, owner: OwnerDep) -> Response:
    """As `crawl_errors`."""
    return await _errors(services, await find_job(services, job_id, owner, Kind.SCRAPE))


@router.delete("/crawl/{job_id}")
async def cancel_crawl(job_id: str, services: ServicesDep, owner: OwnerDep) -> Response:
    """Ends a crawl; nothing of it runs any more when this answers."""
    return await _cancel(services, await find_job(services, job_id, owner, Kind.CRAWL), owner)


@router.delete("/batch/scrape/{job_id}")
async def cancel_batch(job_id: str, services: ServicesDep, owner: OwnerDep) -> Response:
    """As `cancel_crawl`."""
    return await _cancel(services, await find_job(services, job_id, owner, Kind.SCRAPE), owner)


async def _cancel(services: Services, job: Job, owner: str) -> Response:
    await services.control.cancel(job.id, owner=owner)
    return success({"status": "cancelled"})


async def _errors(services: Services, job: Job) -> Response:
    failed = await services.crawling.results.failed(job.id)
    blocked = await services.crawling.results.blocked(job.id)
    errors = [_error(job, page.position, page.url, page.error or {}, page.finished_at) for page in failed]
    if job.state is JobState.FAILED:
        told = {"code": job.error_code, "message": job.error_message}
        errors.insert(0, _error(job, 0, job.url, told, job.finished_at))
    members = {"errors": errors, "robotsBlocked": [page.url for page in blocked]}
    return JSONResponse(members, headers={"Cache-Control": "no-store"})


def _error(job: Job, position: int, url: str, told: Mapping[str, Any], at: datetime | None) -> dict[str, Any]:
    return {
        "id": f"{job.id}.{position}", "timestamp": at.isoformat() if at else None, "url": url,
        "code": told.get("code"), "error": told.get("message") or "",
    }  # fmt: skip


def _sorted_out(urls: list[str]) -> tuple[list[str], list[str]]:
    valid: list[str] = []
    invalid: list[str] = []
    for url in urls:
        try:
            valid.append(str(target_of(url)))
        except AppError:
            invalid.append(url)
    return valid, invalid
