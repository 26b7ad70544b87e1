"""How far a crawl or batch is, in Firecrawl's words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request

from entrepot.api.doors.firecrawl_documents import document_of
from entrepot.dates import rfc3339
from entrepot.errors import JobNotFound
from entrepot.jobs.schema import PageState
from entrepot.jobs.state import Job, JobState
from entrepot.jobs.work import Kind
from entrepot.wiring.services import Services

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_STATUSES = {
    JobState.QUEUED: "scraping", JobState.RUNNING: "scraping", JobState.COMPLETED: "completed",
    JobState.FAILED: "failed", JobState.CANCELED: "cancelled",
}  # fmt: skip
_PATHS = {Kind.CRAWL: "/v2/crawl", Kind.SCRAPE: "/v2/batch/scrape"}


async def find_job(services: Services, job_id: str, owner: str, kind: Kind) -> Job:
    """The owner's job of that kind. Raises JobNotFound."""
    job = await services.control.get(job_id, owner=owner)
    if job.kind is not kind:
        raise JobNotFound
    return job


async def status_of(request: Request, services: Services, job: Job, skip: int, limit: int) -> dict[str, Any]:
    """How far a job is, with at most `limit` of its pages from the `skip`-th. Raises JobNotFound when they have expired."""
    body = await progress_of(services, job)
    results = await services.crawling.results.read(job.id, after=skip, limit=limit)
    body["data"] = [document_of(page) for page in results.items]
    if results.next_place is not None:
        body["next"] = f"{address_of(request, services, job)}?skip={results.next_place}&limit={limit}"
    return body


async def progress_of(services: Services, job: Job) -> dict[str, Any]:
    """How far a job is, without its pages. Raises JobNotFound when they have expired."""
    counts = await services.crawling.results.counts(job.id)
    if job.state is JobState.COMPLETED and not sum(counts.values()):
        raise JobNotFound("The job's pages have expired.")
    body: dict[str, Any] = {
        "status": _STATUSES[job.state],
        "total": _total(job, counts),
        "completed": counts[PageState.DONE],
        "creditsUsed": counts[PageState.DONE],
        "expiresAt": rfc3339(_expiry(services, job)),
        "data": [],
    }
    if job.state is JobState.FAILED:
        body |= {"error": job.error_message, "code": job.error_code}
    if counts[PageState.SKIPPED]:
        body["warning"] = f"The time limit has been reached; {counts[PageState.SKIPPED]} pages were not read."
    return body


def _total(job: Job, counts: Mapping[PageState, int]) -> int:
    """The pages that are known to belong to the job; before it has begun, those that were ordered."""
    limit = job.options.get("rules", {}).get("limit", len(job.options.get("urls", ())))
    to_come = min(counts[PageState.WAITING], max(limit - counts[PageState.DONE], 0))
    known = counts[PageState.DONE] + counts[PageState.FAILED] + to_come
    return known or (0 if job.state.is_finished else len(job.options.get("urls", [job.url])))


def _expiry(services: Services, job: Job) -> datetime:
    ends_at = job.finished_at or datetime.now(UTC)
    return ends_at + timedelta(hours=services.settings.crawl_results_hours)


def address_of(request: Request, services: Services, job: Job) -> str:
    """Where the job is asked for: below the configured address, else below the one that the caller used.

    The clients follow `next` only within their own origin. Whoever sends a strange `Host` gets a path.
    """
    base = services.settings.public_url
    host = request.headers.get("host", "")
    if not base and _HOST.fullmatch(host):
        base = f"{request.url.scheme}://{host}"
    return f"{base}{_PATHS[job.kind]}/{job.id}"
