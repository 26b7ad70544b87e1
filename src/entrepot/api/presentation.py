"""A job as its two contracts show it: snake_case for `/api/v1`, camelCase for `/v1/download`."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from entrepot.api.schemas import DownloadResponse, ErrorInfo, FileInfo, SourceInfo
from entrepot.jobs.state import Job, JobFile, JobState

Status = Literal["queued", "running", "completed", "failed", "canceled"]


def _is_none(value: object) -> bool:
    return value is None


class Camel(BaseModel):
    """A model whose fields are camelCase on the wire."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class JobCreated(Camel):
    """The answer to a submission."""

    job_id: str
    status: Status


class JobError(Camel):
    code: str
    message: str


class JobResult(Camel):
    """Where the artifact is; `expiresAt` is null while it is kept for good."""

    url: str
    expires_at: datetime | None


class JobStatus(Camel):
    """A job as `/v1/download/status` tells it. `error` and `result` are left out until there is one."""

    job_id: str
    status: Status
    progress: float = Field(ge=0, le=100)
    eta_seconds: float | None
    error: JobError | None = Field(None, exclude_if=_is_none)
    result: JobResult | None = Field(None, exclude_if=_is_none)


class JobSummary(JobStatus):
    """A job in a list."""

    url: str
    user_id: str | None
    title: str | None
    attempts: int
    created_at: datetime
    updated_at: datetime


class JobList(Camel):
    items: list[JobSummary]
    next_cursor: str | None


def download_response(job: Job, files: Sequence[JobFile], *, base_url: str) -> DownloadResponse:
    """The job with its files, as `/api/v1/download/{id}` shows it."""
    return DownloadResponse(
        id=job.id, kind=job.kind, status=job.state.value, url=job.url,
        progress=round(job.percent, 2), stage=job.stage if job.state is JobState.RUNNING else None,
        downloaded_bytes=job.downloaded_bytes, total_bytes=job.total_bytes, speed_bps=job.speed_bps, eta_seconds=job.eta_seconds,
        attempts=job.attempts, created_at=job.created_at, started_at=job.started_at, finished_at=job.finished_at,
        expires_at=job.expires_at, source=SourceInfo.model_validate(job.source) if job.source else None,
        files=[_file_info(file, base_url) for file in files], error=_error_info(job), parent_id=job.parent_id,
    )  # fmt: skip


def job_status(job: Job, files: Sequence[JobFile], *, base_url: str) -> JobStatus:
    """The job as `/v1/download/status/{jobId}` shows it."""
    return JobStatus(
        job_id=job.id, status=job.state.value, progress=round(job.percent, 2), eta_seconds=job.eta_seconds,
        error=_job_error(job), result=_job_result(job, files, base_url),
    )  # fmt: skip


def job_summary(job: Job, files: Sequence[JobFile], *, base_url: str) -> JobSummary:
    """The job as a list shows it."""
    status = job_status(job, files, base_url=base_url)
    return JobSummary(
        **dict(status), url=job.url, user_id=job.user_id, title=job.title, attempts=job.attempts,
        created_at=job.created_at, updated_at=job.updated_at,
    )  # fmt: skip


def download_url(asset_id: str, base_url: str) -> str:
    """Where an asset's newest bytes are delivered; a path alone when the service has no public address."""
    return f"{base_url}/assets/{asset_id}/download"


def _file_info(file: JobFile, base_url: str) -> FileInfo:
    return FileInfo(
        asset_id=file.asset_id, role=file.role, name=file.name, path=file.path, size_bytes=file.size_bytes,
        sha256=file.sha256, content_type=file.content_type, download_url=download_url(file.asset_id, base_url),
    )  # fmt: skip


def _error_info(job: Job) -> ErrorInfo | None:
    if job.error_code is None:
        return None
    return ErrorInfo(
        code=job.error_code, message=job.error_message or "", retryable=bool(job.error_retryable)
    )


def _job_error(job: Job) -> JobError | None:
    if job.state is not JobState.FAILED or job.error_code is None:
        return None
    return JobError(code=job.error_code, message=job.error_message or "")


def _job_result(job: Job, files: Sequence[JobFile], base_url: str) -> JobResult | None:
    if job.state is not JobState.COMPLETED or not files:
        return None
    return JobResult(url=download_url(files[0].asset_id, base_url), expires_at=job.expires_at)
