"""The tasks that run inside the fenced child: look at a URL, or download it, check what came, and fetch its picture."""

import re
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from yt_dlp.utils import YoutubeDLError

from entrepot.errors import AppError, ContentTooLarge, MediaBroken, MediaUnavailable
from entrepot.media.contract import Equipment, MediaFile, MediaRequest
from entrepot.media.extractors.ytdlp_errors import translate_failure
from entrepot.media.extractors.ytdlp_info import (
    LIVE,
    PAGE_EXTRACTORS,
    check_choice,
    chosen_formats,
    describe,
    is_hls,
    prefer_mp4,
    resolve_single,
    thumbnail_urls,
)
from entrepot.media.extractors.ytdlp_progress import ProgressMeter, progress_message
from entrepot.media.extractors.ytdlp_session import JobLog, Send, Session, confine_programs
from entrepot.media.ffmpeg import Ffmpeg, FileFacts, refuse_unknown
from entrepot.media.options import FILE_STEM, download_options, extraction_options
from entrepot.media.sniff import HEAD_BYTES, sniff_image, sniff_media
from entrepot.processes.lifeline import die_with_parent_preexec

FFMPEG_LOG = "ffmpeg.log"
MAX_PLAYLIST_BYTES = 16 * 1024**2
MAX_THUMBNAIL_BYTES = 8 * 1024**2
THUMBNAIL_SECONDS = 20.0
THUMBNAIL_TRIES = 3
MIN_SHARE_OF_ANNOUNCED = 0.9
DURATION_SLACK_SECONDS = 1.5
PLAYLIST_SECONDS = "__entrepot_playlist_seconds"  # kept in yt-dlp's dictionary of the media

_SEGMENT_LOST = re.compile(
    rb"Failed to open segment|HTTP error \d|Failed to reload playlist|Error when loading first segment"
)
_IMAGE_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}


def probe_media(url: str, equipment: Equipment, send: Send) -> dict[str, Any]:
    """What media is at `url`, as `MediaInfo.as_dict` gives it."""
    confine_programs(equipment.ffmpeg, equipment.deno, Path("/dev/null"))
    with _session(extraction_options(equipment), send) as session:
        return describe(resolve_single(session, url), url).as_dict()


def download_media(request: MediaRequest, equipment: Equipment, folder: Path, send: Send) -> dict[str, Any]:
    """Downloads into `folder`; gives `{"info": …, "files": […]}`. Tells info, progress and log lines on the way."""
    confine_programs(equipment.ffmpeg, equipment.deno, folder / FFMPEG_LOG)
    max_bytes = min(request.max_filesize_bytes or equipment.max_file_bytes, equipment.max_file_bytes)
    with _session(download_options(request, equipment, folder), send) as session:
        found = resolve_single(session, request.url)
        check_choice(found, request.quality, max_bytes)
        if request.container is None:
            prefer_mp4(found)
        info = describe(found, request.url)
        send({"type": "info", "info": info.as_dict()})
        _refuse_unfinished_streams(session, found)
        _follow(session, found, max_bytes, send)
        session.process_info(found)  # type: ignore[arg-type]  # a dict like any other
        file = _check_result(found, folder, equipment, send)
        files = [file]
        if request.thumbnail and (picture := _fetch_thumbnail(session, found, folder, send)):
            files.append(picture)
    return {"info": info.as_dict(), "files": [{**asdict(one), "path": str(one.path)} for one in files]}


@contextmanager
def _session(options: Mapping[str, Any], send: Send) -> Iterator[Session]:
    """A session, and the one seam where yt-dlp's errors become ours."""
    log = JobLog(send)
    session = Session({**options, "logger": log})
    try:
        with session:
            yield session
    except (AppError, MemoryError):
        raise
    except (
        YoutubeDLError,
        OSError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        AssertionError,
    ) as error:
        # Extractors fail with anything at all when a site changes its pages.
        raise translate_failure(error, session.refusal, log.complaint) from error


def _refuse_unfinished_streams(session: Session, found: dict[str, Any]) -> None:
    """Refuses an HLS playlist that still grows: yt-dlp would take what is there now, and call it a success.

    The playlist is kept for the downloader, so that it is fetched once and what was checked is what is used.
    """
    if found.get("is_live") is False or found.get("live_status") in ("not_live", "was_live"):
        return
    for one in found.get("requested_formats") or [found]:
        if is_hls(one) and not one.get("hls_media_playlist_data"):
            response = session.urlopen(one["url"])
            one["hls_media_playlist_data"], one["url"] = _finished_playlist(response), response.url
            found[PLAYLIST_SECONDS] = seconds_of_playlist(one["hls_media_playlist_data"])
    found["is_live"] = False


def _finished_playlist(response: Any) -> str:
    body = response.read(MAX_PLAYLIST_BYTES + 1)
    if len(body) > MAX_PLAYLIST_BYTES:
        raise ContentTooLarge("The stream's playlist is too large.")
    text = str(body.decode("utf-8", "replace"))
    if not text.lstrip("\ufeff \r\n").startswith("#EXTM3U"):
        raise MediaBroken("The stream's playlist is not one.")
    if "#EXT-X-ENDLIST" not in text and "#EXT-X-PLAYLIST-TYPE:VOD" not in text:
        raise MediaUnavailable(LIVE)
    return text


def seconds_of_playlist(text: str) -> float | None:
    """How long the segments last together (RFC 8216, section 4.3.2.1); None where parts may be left out or timed anew."""
    if re.search(r"^#(?:EXT-X-DISCONTINUITY\b|ANVATO|UPLYNK)", text, re.MULTILINE):
        return None
    return sum(map(float, re.findall(r"^#EXTINF:\s*(\d{1,6}(?:\.\d{1,12})?)", text, re.MULTILINE))) or None


def _follow(session: Session, found: Mapping[str, Any], max_bytes: int, send: Send) -> None:
    """Hooks into the download: progress out, and an end to whatever grows beyond `max_bytes`."""
    meter = ProgressMeter(chosen_formats(found))

    def on_progress(status: Mapping[str, Any]) -> None:
        progress = meter.note(status)
        if max(meter.downloaded_bytes, int(status.get("total_bytes") or 0)) > max_bytes:
            raise ContentTooLarge(f"The media is larger than the {max_bytes} bytes that are allowed.")
        if progress:
            send(progress_message(progress))

    def on_conversion(status: Mapping[str, Any]) -> None:
        if status.get("postprocessor") != "MoveFiles":
            send(progress_message(meter.converting(is_done=status.get("status") == "finished")))

    session.add_progress_hook(on_progress)
    session.add_postprocessor_hook(on_conversion)


def _check_result(found: Mapping[str, Any], folder: Path, equipment: Equipment, send: Send) -> MediaFile:
    """The media file, whole, under its right extension. Raises MediaBroken for every silent failure that we know."""
    path = Path(str(found.get("filepath") or folder / "none"))
    if not path.is_file() or path.is_symlink() or path.parent.resolve() != folder.resolve():
        raise MediaBroken("The extractor reported success, but brought no file.")
    log = folder / FFMPEG_LOG
    if log.exists() and _SEGMENT_LOST.search(log.read_bytes()[-1_000_000:]):
        raise MediaBroken("A part of the stream could not be fetched.")
    refuse_unknown(path)
    ffmpeg = Ffmpeg(equipment.ffmpeg, die_with_parent_preexec)
    facts = ffmpeg.inspect(path)
    ffmpeg.check_whole(path, facts)
    _compare_durations(found, facts, send)
    return _name_rightly(path, facts)


def _compare_durations(found: Mapping[str, Any], facts: FileFacts, send: Send) -> None:
    """A playlist's or a site's own word on the length counts; that of any page, which may mean another video, is logged."""
    announced = found.get(PLAYLIST_SECONDS) or found.get("duration")
    if not announced or not facts.duration_seconds:
        return
    if facts.duration_seconds >= announced * MIN_SHARE_OF_ANNOUNCED - DURATION_SLACK_SECONDS:
        return
    text = f"The media should last {announced:.0f} s, but the file has {facts.duration_seconds:.0f} s."
    if found.get(PLAYLIST_SECONDS) or found.get("extractor_key") not in PAGE_EXTRACTORS:
        raise MediaBroken(text)
    send({"type": "log", "level": "warning", "message": text})


def _name_rightly(path: Path, facts: FileFacts) -> MediaFile:
    with path.open("rb") as stream:
        kind = sniff_media(stream.read(HEAD_BYTES))
    if kind is None:
        raise MediaBroken("What was downloaded is not a media file.")
    extension = kind.extension_for(path.suffix.removeprefix("."), has_video=facts.has_video)
    named = path.with_name(f"{FILE_STEM}.{extension}")
    path.rename(named)
    return MediaFile(
        role="video" if facts.has_video else "audio",
        path=named,
        content_type=kind.video_type if facts.has_video else kind.audio_type,
        height=facts.height,
        duration_seconds=facts.duration_seconds,
    )


def _fetch_thumbnail(
    session: Session, found: Mapping[str, Any], folder: Path, send: Send
) -> MediaFile | None:
    """The best picture that can be had; its lack is no failure, so errors are told to the log alone."""
    for url in thumbnail_urls(found)[:THUMBNAIL_TRIES]:
        try:
            with _deadline(THUMBNAIL_SECONDS):
                content = session.urlopen(url).read(MAX_THUMBNAIL_BYTES + 1)
        except (YoutubeDLError, OSError, AppError) as error:
            text = translate_failure(error, None).detail
            send({"type": "log", "level": "debug", "message": f"A thumbnail could not be fetched: {text}"})
            continue
        extension = sniff_image(content)
        if extension and len(content) <= MAX_THUMBNAIL_BYTES:
            path = folder / f"thumbnail.{extension}"
            path.write_bytes(content)
            return MediaFile("thumbnail", path, _IMAGE_TYPES[extension])
    return None


@contextmanager
def _deadline(seconds: float) -> Iterator[None]:
    """Raises TimeoutError in the block after `seconds`, whatever it is doing. Only for a process's main thread."""

    def give_up(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"not done after {seconds:.0f} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
