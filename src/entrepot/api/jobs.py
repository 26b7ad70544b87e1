"""`/v1/download`: the asynchronous contract (initiate, status, result, cancel, retry, list)."""

import hashlib
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic import ConfigDict, Field, model_validator

from entrepot.api.dependencies import IdempotencyKeyDep, OwnerDep, ServicesDep
from entrepot.api.orders import once_of, order_copy, order_download
from entrepot.api.presentation import (
    Camel,
    JobCreated,
    JobList,
    JobResult,
    JobStatus,
    job_status,
    job_summary,
)
from entrepot.api.schemas import DownloadOptions, Number, Page
from entrepot.errors import AssetNotFound, FilesExpired, JobCanceled, JobFailed, JobNotFinished
from entrepot.jobs.records import Once, Search
from entrepot.jobs.state import Job, JobState
from entrepot.wiring.services import Services

router = APIRouter(prefix="/v1/download", tags=["jobs"])


_FOR_COPIES = frozenset({"archive", "file_ids", "priority", "retries", "timeout_seconds"})


class JobOptions(DownloadOptions):
    """Every field of a download; `archive` goes with `file_id`."""

    archive: Literal["zip"] | None = Field(None, description="With `file_id`: one ZIP archive of the assets.")
    file_ids: list[Number] = Field(
        [], max_length=100, description="With `archive`: further assets for the archive."
    )


class JobOrder(Camel):
    """Either a `url` to fetch, or the `file_id` of an asset to prepare afresh."""

    model_config = ConfigDict(
        **Camel.model_config, extra="forbid", strict=True,
        json_schema_extra={"examples": [{"url": "https://example.com/big.iso"}, {"file_id": 42, "options": {"archive": "zip"}}]},
    )  # fmt: skip

    url: str | None = Field(None, min_length=1, max_length=8192)
    file_id: Number | None = Field(None, alias="file_id", description="An asset's number.")
    options: JobOptions = Field(default_factory=JobOptions)
    user_id: str | None = Field(
        None, max_length=255, description="Whoever it is for; lists can be filtered by it."
    )

    @model_validator(mode="after")
    def _either_or(self) -> Self:
        if (self.url is None) == (self.file_id is None):
            raise ValueError("exactly one of url and file_id is needed")
        if self.file_id is None and (self.options.archive or self.options.file_ids):
            raise ValueError("options.archive and options.file_ids go with file_id")
        if self.file_id is not None and (lost := self.options.model_fields_set - _FOR_COPIES):
            raise ValueError(f"options.{', options.'.join(sorted(lost))} go with url")
        return self


class JobQuery(Page):
    """Which jobs to list."""

    user_id: str | None = Field(None, alias="userId", max_length=255)
    status: JobState | None = None


@router.post("/initiate", status_code=202)
async def initiate(
    body: JobOrder, services: ServicesDep, owner: OwnerDep, key: IdempotencyKeyDep, response: Response
) -> JobCreated:
    """Queues a job. With an `Idempotency-Key`, asking again gives the same `jobId`."""
    return await _initiate(services, body, owner, once_of(key, body), response)


@router.post("/start", status_code=202, deprecated=True)
async def start(
    body: JobOrder, services: ServicesDep, owner: OwnerDep, key: IdempotencyKeyDep, response: Response
) -> JobCreated:
    """Does what `initiate` does; use that."""
    response.headers["Deprecation"] = "@1763596800"
    response.headers["Link"] = '</v1/download/initiate>; rel="successor-version"'
    return await _initiate(services, body, owner, once_of(key, body), response)


async def _initiate(
    services: Services, body: JobOrder, owner: str, once: Once | None, response: Response
) -> JobCreated:
    if body.url is not None:
        options = DownloadOptions(**body.options.model_dump(exclude={"archive", "file_ids"}))
        job = await order_download(
            services, url=body.url, options=options, owner=owner, user_id=body.user_id, once=once
        )
    else:
        file_ids = [body.file_id or 0, *body.options.file_ids]
        job = await order_copy(
            services,
            file_ids,
            archive=body.options.archive,
            options=body.options,
            owner=owner,
            user_id=body.user_id,
            once=once,
        )
    response.headers["Location"] = f"{services.settings.public_url}/v1/download/status/{job.id}"
    response.headers["Retry-After"] = "1"
    return JobCreated(job_id=job.id, status=job.state.value)


@router.get("/status/{job_id}", response_model=JobStatus)
async def status(
    job_id: str,
    services: ServicesDep,
    owner: OwnerDep,
    if_none_match: Annotated[str | None, Header(description="The ETag of the last answer.")] = None,
) -> Response:
    """How far the job is; with `If-None-Match`, 304 while nothing has changed."""
    job = await services.control.get(job_id, owner=owner)
    files = (await services.control.files([job.id]))[job.id]
    document = job_status(job, files, base_url=services.settings.public_url)
    body = document.model_dump_json(by_alias=True).encode()
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    if not job.state.is_finished:
        headers["Retry-After"] = "1"
    if if_none_match is not None and _names(if_none_match, etag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def _names(if_none_match: str, etag: str) -> bool:
    """Whether If-None-Match names this strong tag, compared weakly (RFC 9110 §13.1.2)."""
    tags = [part.strip().removeprefix("W/") for part in if_none_match.split(",")]
    return etag in tags or tags == ["*"]


@router.get("/jobs")
async def list_jobs(
    services: ServicesDep,
    owner: OwnerDep,
    query: Annotated[JobQuery, Query()],
) -> JobList:
    """One's own jobs, newest first."""
    search = Search(owner=owner, user_id=query.user_id, state=query.status)
    page = await services.control.find(search, cursor=query.cursor, limit=query.limit)
    files = await services.control.files(job.id for job in page.items)
    items = [job_summary(job, files[job.id], base_url=services.settings.public_url) for job in page.items]
    return JobList(items=items, next_cursor=page.next_cursor)


@router.post("/cancel/{job_id}")
async def cancel(job_id: str, services: ServicesDep, owner: OwnerDep) -> JobStatus:
    """Cancels the job; its processes and its partial files are gone when this answers."""
    job = await services.control.cancel(job_id, owner=owner)
    return job_status(job, (), base_url=services.settings.public_url)


@router.post("/retry/{job_id}", status_code=202)
async def retry(job_id: str, services: ServicesDep, owner: OwnerDep, response: Response) -> JobCreated:
    """Sends a failed or canceled job round again under the same id."""
    job = await services.control.retry(job_id, owner=owner)
    response.headers["Location"] = f"{services.settings.public_url}/v1/download/status/{job.id}"
    response.headers["Retry-After"] = "1"
    return JobCreated(job_id=job.id, status=job.state.value)


@router.get(
    "/{job_id}",
    response_model=JobResult,
    responses={
        302: {"description": "To the artifact."},
        409: {"description": "Not finished yet, or it did not complete."},
    },
)
async def result(job_id: str, request: Request, services: ServicesDep, owner: OwnerDep) -> Response:
    """The artifact: a redirect to it, or its address as JSON when `Accept` asks for that."""
    job = await services.control.get(job_id, owner=owner)
    files = (await services.control.files([job.id]))[job.id]
    found = job_status(job, files, base_url=services.settings.public_url).result
    if found is None:
        raise _no_result(job)
    try:
        await services.assets.find(files[0].asset_id, owner)
    except AssetNotFound as error:
        raise FilesExpired from error
    headers = {"Cache-Control": "no-store", "Vary": "Accept"}
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse(found.model_dump(mode="json", by_alias=True), headers=headers)
    return RedirectResponse(found.url, status_code=302, headers=headers)


def _no_result(job: Job) -> Exception:
    match job.state:
        case JobState.FAILED:
            return JobFailed(
                f"The job failed: {job.error_message}",
                job_error={"code": job.error_code, "message": job.error_message},
            )
        case JobState.CANCELED:
            return JobCanceled("The job was canceled, so there is no result.")
        case JobState.COMPLETED:
            return FilesExpired()
        case _:
            return JobNotFinished(retry_after_seconds=1)
