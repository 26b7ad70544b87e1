"""What a pipeline is given and what it gives back: the words shared by the two sides of a job's process boundary."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

TASK = "job"
"""The name under which the nursery knows the task that runs a pipeline (`jobs.desk.perform`)."""


class Kind(StrEnum):
    """What is done with a URL; `auto` becomes one of the others once the URL has been looked at."""

    AUTO = "auto"
    FILE = "file"
    MEDIA = "media"
    PAGE = "page"
    PREPARE = "prepare"
    CRAWL = "crawl"
    SCRAPE = "scrape"
    WARM = "warm"


class Lane(StrEnum):
    """Where a job runs; each lane has slots of its own, so that a long crawl never keeps a download waiting."""

    PROCESS = "process"
    SERVICE = "service"


KINDS_IN_SERVICE = frozenset({Kind.CRAWL, Kind.SCRAPE, Kind.WARM})
"""Kinds that need the service's own reader, cache and database, and so run in its process."""


def lane_of(kind: Kind) -> Lane:
    """The lane that jobs of this kind run in."""
    return Lane.SERVICE if kind in KINDS_IN_SERVICE else Lane.PROCESS


class Stage(StrEnum):
    """Where a running job is."""

    EXTRACTING = "extracting"
    DOWNLOADING = "downloading"
    CONVERTING = "converting"
    STORING = "storing"


@dataclass(frozen=True, slots=True)
class Order:
    """One attempt at one job.

    `folder` is this attempt's own, empty, and removed when the job ends. `earlier` are folders that older attempts left
    behind, oldest first: a pipeline that can resume takes its partial file from there (by rename); all are removed when
    the job ends.
    """

    job_id: str
    fence: int
    kind: Kind
    url: str
    options: Mapping[str, Any]
    folder: Path
    earlier: tuple[Path, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "folder": str(self.folder), "earlier": [str(path) for path in self.earlier]}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Order":
        return Order(
            job_id=data["job_id"], fence=data["fence"], kind=Kind(data["kind"]), url=data["url"],
            options=data["options"], folder=Path(data["folder"]), earlier=tuple(Path(path) for path in data["earlier"]),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is. `percent` is 0–100 over the whole job; sizes in bytes; what is not known is None."""

    stage: Stage
    percent: float = 0.0
    downloaded_bytes: int | None = None
    total_bytes: int | None = None
    speed_bps: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line of a job's log. `level` is debug, info, warning or error."""

    at: datetime
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file whose bytes are already a durable blob. `library_path` is relative, under `library/`; None: no link."""

    role: str
    name: str
    content_type: str
    sha256: str
    size_bytes: int
    library_path: str | None = None


@dataclass(frozen=True, slots=True)
class Source:
    """What is known of where the bytes came from."""

    url: str
    title: str | None = None
    uploader: str | None = None
    duration_seconds: float | None = None
    thumbnail_url: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a finished pipeline hands over; the first file is the main one."""

    files: tuple[StoredFile, ...]
    source: Source

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Outcome":
        return Outcome(
            files=tuple(StoredFile(**file) for file in data["files"]), source=Source(**data["source"])
        )


class Desk(Protocol):
    """What a pipeline may say while it works; all calls return at once."""

    def kind(self, kind: Kind) -> None:
        """An `auto` job has turned out to be of this kind."""

    def source(self, source: Source) -> None:
        """What the job fetches is known now."""

    def progress(self, progress: Progress) -> None:
        """How far the job is; called as often as the pipeline likes, thinned out by the desk."""

    def log(self, level: str, message: str) -> None:
        """A line for the job's own log: `debug`, `info`, `warning` or `error`."""


class Pipeline(Protocol):
    """One kind of job. `run` works in the job's own process, may block, and raises AppError."""

    def run(self, order: Order, desk: Desk) -> Outcome: ...
