"""The job that brings a video or its sound: extractor, fenced download, whole and checked files, blobs."""

from collections.abc import Mapping, Sequence
from typing import Any, get_args

from entrepot.errors import ValidationFailed
from entrepot.fetch.url import parse_url
from entrepot.jobs.work import Desk, Order, Outcome, Progress, Source, Stage, StoredFile
from entrepot.media.contract import (
    Container,
    DownloadedMedia,
    Extractor,
    MediaFile,
    MediaInfo,
    MediaProgress,
    MediaRequest,
    Quality,
)
from entrepot.media.names import file_name, safe_title
from entrepot.media.registry import extractor_for
from entrepot.storage.contract import BlobStore

EXTRACTOR_SHARE = 0.97
STORING_PERCENT = 98.0
_FOLDERS = {"video": "videos", "audio": "audio"}


class MediaPipeline:
    """Downloads one media. Heeds `quality`, `audio_only`, `container`, `max_filesize_bytes`, `rate_limit_bps`, `thumbnail`."""

    def __init__(self, extractors: Sequence[Extractor], store: BlobStore, *, retries: int = 3) -> None:
        """`retries` are those of one request within an attempt."""
        self._extractors = extractors
        self._store = store
        self._retries = retries

    def run(self, order: Order, desk: Desk) -> Outcome:
        request = self._request(order)
        desk.progress(Progress(Stage.EXTRACTING))
        extractor = extractor_for(order.url, self._extractors)
        media = extractor.download(request, order.folder, _DeskListener(desk, order.url))
        size = sum(file.path.stat().st_size for file in media.files)
        desk.progress(Progress(Stage.STORING, STORING_PERCENT, size, size))
        files = tuple(self._keep(file, media) for file in media.files)
        return Outcome(files, source_of(media.info, order.url, media.files[0]))

    def _request(self, order: Order) -> MediaRequest:
        """What the order wants. Raises InvalidURL, DestinationForbidden, ValidationFailed."""
        parse_url(order.url)
        options = order.options
        quality = "audio" if options.get("audio_only") else options.get("quality") or "best"
        return MediaRequest(
            url=order.url,
            quality=_one_of(get_args(Quality), quality, "quality"),
            container=_one_of((*get_args(Container), None), options.get("container"), "container"),
            max_filesize_bytes=_count(options, "max_filesize_bytes"),
            retries=self._retries,
            rate_limit_bps=_count(options, "rate_limit_bps"),
            thumbnail=options.get("thumbnail") is not False,
        )

    def _keep(self, file: MediaFile, media: DownloadedMedia) -> StoredFile:
        """Makes `file` a blob, and gives it the name that people will see."""
        extension = file.path.suffix.removeprefix(".")
        stem = safe_title(media.info.title, fallback=safe_title(media.info.media_id))
        blob = self._store.adopt(file.path)
        if file.role == "thumbnail":
            return StoredFile(
                "thumbnail", file_name(stem, extension), file.content_type, blob.sha256, blob.size_bytes
            )
        mark = f" [{safe_title(media.info.media_id)[:64]}]"
        return StoredFile(
            role="main",
            name=file_name(stem, extension),
            content_type=file.content_type,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            library_path=f"{_FOLDERS[file.role]}/{file_name(stem, extension, mark)}",
        )


def source_of(info: MediaInfo, url: str, file: MediaFile | None = None) -> Source:
    """Where a media came from, as the job keeps it; the file that came, once there is one, knows its length best."""
    details = {"extractor": info.extractor, "id": info.media_id, "page_url": info.url, "upload_date": info.upload_date,
               "height": file.height if file else None}  # fmt: skip
    return Source(
        url=url,
        title=info.title,
        uploader=info.uploader,
        duration_seconds=(file.duration_seconds if file else None) or info.duration_seconds,
        thumbnail_url=info.thumbnail_url,
        details={name: value for name, value in details.items() if value is not None},
    )


class _DeskListener:
    """Passes on to a job's desk what an extractor tells."""

    def __init__(self, desk: Desk, url: str) -> None:
        self._desk = desk
        self._url = url

    def info(self, info: MediaInfo) -> None:
        self._desk.source(source_of(info, self._url))

    def progress(self, progress: MediaProgress) -> None:
        self._desk.progress(
            Progress(
                stage=Stage(progress.stage),
                percent=round(progress.percent * EXTRACTOR_SHARE, 2),
                downloaded_bytes=progress.downloaded_bytes,
                total_bytes=progress.total_bytes,
                speed_bps=progress.speed_bps,
                eta_seconds=progress.eta_seconds,
            )
        )

    def log(self, level: str, message: str) -> None:
        self._desk.log(level, message)


def _one_of(allowed: tuple[Any, ...], value: object, name: str) -> Any:
    if value not in allowed:
        raise ValidationFailed(f"{name} is none of {', '.join(str(one) for one in allowed if one)}.")
    return value


def _count(options: Mapping[str, Any], name: str) -> Any:
    value = options.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise ValidationFailed(f"{name} is not a whole number from 0.")
    return value
