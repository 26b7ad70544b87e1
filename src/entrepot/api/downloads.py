"""`/api/v1/download`: order a URL, look at the job, read its log, cancel it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from entrepot.api.dependencies import IdempotencyKeyDep, OwnerDep, ServicesDep
from entrepot.api.orders import once_of, order_download
from entrepot.api.presentation import download_response
from entrepot.api.schemas import (
    MAX_INTEGER,
    DownloadList,
    DownloadOptions,
    DownloadQuery,
    DownloadRequest,
    DownloadResponse,
    LogLine,
    LogLines,
)
from entrepot.jobs.records import Search
from entrepot.jobs.state import Job
from entrepot.jobs.work import Kind
from entrepot.wiring.services import Services

router = APIRouter(prefix="/api/v1", tags=["downloads"])


@router.post("/download", status_code=202)
async def create_download(
    body: DownloadRequest, services: ServicesDep, owner: OwnerDep, key: IdempotencyKeyDep, response: Response
) -> DownloadResponse:
    """Fetches a video, a file or a page, and keeps it."""
    options = DownloadOptions(**body.model_dump(exclude={"url"}))
    job = await order_download(services, url=body.url, options=options, owner=owner, once=once_of(key, body))
    response.headers["Location"] = f"{services.settings.public_url}/api/v1/download/{job.id}"
    response.headers["Retry-After"] = "1"
    return download_response(job, (), base_url=services.settings.public_url)


@router.get("/download/{job_id}")
async def get_download(job_id: str, services: ServicesDep, owner: OwnerDep) -> DownloadResponse:
    """The job as it stands, with its files once it has completed."""
    return await _present(services, await services.control.get(job_id, owner=owner))


@router.get("/download/{job_id}/logs")
async def get_download_logs(
    job_id: str,
    services: ServicesDep,
    owner: OwnerDep,
    after: Annotated[int, Query(ge=0, le=MAX_INTEGER, description="Only lines with a higher `seq`.")] = 0,
) -> LogLines:
    """What the job has said so far."""
    lines = await services.control.logs(job_id, owner=owner, after=after)
    return LogLines(
        items=[
            LogLine(seq=entry.seq, at=entry.line.at, level=entry.line.level, message=entry.line.message)
            for entry in lines
        ]
    )


@router.delete("/download/{job_id}")
async def cancel_download(job_id: str, services: ServicesDep, owner: OwnerDep) -> DownloadResponse:
    """Cancels the job; its processes and its partial files are gone when this answers."""
    return await _present(services, await services.control.cancel(job_id, owner=owner))


@router.get("/downloads")
async def list_downloads(
    services: ServicesDep,
    owner: OwnerDep,
    query: Annotated[DownloadQuery, Query()],
) -> DownloadList:
    """One's own jobs, newest first."""
    kind = Kind(query.kind) if query.kind else None
    search = Search(owner=owner, state=query.status, kind=kind, text=query.q)
    page = await services.control.find(search, cursor=query.cursor, limit=query.limit)
    files = await services.control.files(job.id for job in page.items)
    base_url = services.settings.public_url
    items = [download_response(job, files[job.id], base_url=base_url) for job in page.items]
    return DownloadList(items=items, next_cursor=page.next_cursor)


async def _present(services: Services, job: Job) -> DownloadResponse:
    files = await services.control.files([job.id])
    return download_response(job, files[job.id], base_url=services.settings.public_url)
