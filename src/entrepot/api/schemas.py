"""The shapes that callers send and receive for downloads, with an example for each."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from entrepot.jobs.state import JobState
from entrepot.jobs.work import Kind, Stage

Quality = Literal["best", "2160p", "1440p", "1080p", "720p", "480p", "360p", "audio"]
Container = Literal["mp4", "mkv", "webm"]
MAX_INTEGER = 2**63 - 1
"""The largest number that a database keeps."""
Number = Annotated[int, Field(ge=1, le=MAX_INTEGER)]
Checksum = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-fA-F]{64}$")]


class DownloadOptions(BaseModel):
    """How a URL is fetched. Every field is optional and has an effect."""

    model_config = ConfigDict(extra="forbid", strict=True)

    kind: Literal["auto", "media", "file", "page"] = Field(
        "auto", description="What to do with the URL; `auto` looks at it first."
    )
    quality: Quality = Field("best", description="Media: the height at most, or the sound alone.")
    container: Container | None = Field(
        None, description="Media: the file's container; null lets the source decide."
    )
    max_filesize_bytes: Number | None = Field(
        None, description="Larger content fails with `content-too-large`."
    )
    checksum: Checksum | None = Field(
        None, description="Files: `sha256:` and 64 hex digits that the bytes must have."
    )
    retries: int | None = Field(
        None, ge=0, le=20, description="Automatic retries of a failure that may pass."
    )
    timeout_seconds: float | None = Field(None, gt=0, le=86400, description="Longest run of one attempt.")
    priority: int = Field(5, ge=0, le=9, description="Higher goes first.")


class DownloadRequest(DownloadOptions):
    """One URL to fetch and keep."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"url": "https://example.com/watch?v=1", "kind": "auto", "quality": "720p"}]
        },
    )

    url: str = Field(min_length=1, max_length=8192, description="An http or https address.")


class Page(BaseModel):
    """Which part of a list; an unknown parameter is refused, since a filter that is misspelt would filter nothing."""

    model_config = ConfigDict(extra="forbid")

    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=200, description="The list's `next_cursor` before.")


class DownloadQuery(Page):
    """Which downloads to list."""

    status: JobState | None = None
    kind: Kind | None = None
    q: str | None = Field(None, max_length=200, description="Sought in URL and title.")


class SourceInfo(BaseModel):
    """What is known of where the bytes came from."""

    url: str
    title: str | None = None
    uploader: str | None = None
    duration_seconds: float | None = None
    thumbnail_url: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)


class FileInfo(BaseModel):
    """A file that a job has made."""

    asset_id: str
    role: str
    name: str
    path: str | None = Field(description="Relative, under the `library` folder of the data folder.")
    size_bytes: int
    sha256: str
    content_type: str
    download_url: str


class ErrorInfo(BaseModel):
    """Why a job failed, or why its last attempt did."""

    code: str
    message: str
    retryable: bool


class DownloadResponse(BaseModel):
    """A job as it stands."""

    id: str
    kind: Kind
    status: Literal["queued", "running", "completed", "failed", "canceled"]
    url: str
    progress: float = Field(ge=0, le=100)
    stage: Stage | None
    downloaded_bytes: int | None
    total_bytes: int | None
    speed_bps: float | None
    eta_seconds: float | None
    attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    source: SourceInfo | None
    files: list[FileInfo]
    error: ErrorInfo | None
    parent_id: str | None


class DownloadList(BaseModel):
    """One page of jobs, newest first."""

    items: list[DownloadResponse]
    next_cursor: str | None


class LogLine(BaseModel):
    seq: int
    at: datetime
    level: Literal["debug", "info", "warning", "error"]
    message: str


class LogLines(BaseModel):
    """A job's log; ask again with `after` = the last `seq`."""

    items: list[LogLine]
