"""What every extractor can do: say whether a URL is its own, tell what media is there, and download it whole."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal, Protocol

Quality = Literal["best", "2160p", "1440p", "1080p", "720p", "480p", "360p", "audio"]
Container = Literal["mp4", "mkv", "webm"]
MediaStage = Literal["extracting", "downloading", "converting"]
Role = Literal["video", "audio", "thumbnail"]


@dataclass(frozen=True, slots=True)
class Equipment:
    """What an extractor works with: the guard's proxy (its URL bears a secret), the programs it may start, its limits."""

    proxy_url: str
    ffmpeg: Path
    deno: Path | None = None
    user_agent: str | None = None
    memory_bytes: int | None = None
    max_file_bytes: int = 64 * 1024**3
    probe_seconds: float = 60.0
    idle_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class MediaFormat:
    """One form in which a media is offered. Codecs: None means unknown, "none" that there is no such track."""

    format_id: str
    container: str | None = None
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    video_codec: str | None = None
    audio_codec: str | None = None
    size_bytes: int | None = None
    bitrate_kbps: float | None = None


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What is known of one media before it is downloaded. `upload_date` is `YYYY-MM-DD`."""

    url: str
    media_id: str
    extractor: str
    title: str | None = None
    uploader: str | None = None
    duration_seconds: float | None = None
    thumbnail_url: str | None = None
    upload_date: str | None = None
    is_live: bool = False
    formats: tuple[MediaFormat, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "MediaInfo":
        known = {field.name for field in fields(MediaInfo)} - {"formats"}
        formats = tuple(MediaFormat(**one) for one in data.get("formats") or ())
        return MediaInfo(**{key: data[key] for key in known if key in data}, formats=formats)


@dataclass(frozen=True, slots=True)
class MediaRequest:
    """What is wanted of one URL. `container` None: whatever plays in a browser where the origin offers that."""

    url: str
    quality: Quality = "best"
    container: Container | None = None
    max_filesize_bytes: int | None = None
    retries: int = 3
    rate_limit_bps: int | None = None
    thumbnail: bool = True


@dataclass(frozen=True, slots=True)
class MediaProgress:
    """How far a download is. `percent` is 0–100 over everything the extractor does, and never falls."""

    stage: MediaStage
    percent: float = 0.0
    downloaded_bytes: int | None = None
    total_bytes: int | None = None
    speed_bps: float | None = None
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class MediaFile:
    """A whole file in the job's folder, its container checked. `height` and `duration_seconds` are those of the file."""

    role: Role
    path: Path
    content_type: str
    height: int | None = None
    duration_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class DownloadedMedia:
    """What a download brought; the first file is the media itself."""

    files: tuple[MediaFile, ...]
    info: MediaInfo


class Listener(Protocol):
    """Who wants to hear how a download goes; all calls return at once."""

    def info(self, info: MediaInfo) -> None: ...

    def progress(self, progress: MediaProgress) -> None: ...

    def log(self, level: str, message: str) -> None: ...


class Extractor(Protocol):
    """Knows how to get media from some URLs. All calls block, belong in a job's process, and raise AppError."""

    name: str

    def claims(self, url: str) -> bool:
        """Whether this extractor can try `url` at all."""

    def knows(self, url: str) -> bool:
        """Whether `url` belongs to a site that the extractor was made for, rather than to any page of the web."""

    def probe(self, url: str) -> MediaInfo:
        """What media is there. Raises MediaNotFound when there is none."""

    def download(self, request: MediaRequest, folder: Path, listener: Listener) -> DownloadedMedia:
        """Brings the media into `folder`, an empty folder that nobody else uses; every file is whole and checked."""
