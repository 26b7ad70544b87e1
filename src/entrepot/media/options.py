"""From our typed fields to yt-dlp's options: the choice of formats, and an allow-list of everything else (pure)."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.media.contract import Container, Equipment, MediaRequest, Quality

FILE_STEM = "media"
MAX_RETRY_PAUSE_SECONDS = 8.0
FRAGMENTS_AT_ONCE = 4

# Everything that reads a configuration, a keyring or another program's files, or that runs something, stays off.
CONFINED: dict[str, Any] = {
    "usenetrc": False,
    "cachedir": False,
    "enable_file_urls": False,
    "external_downloader": {"default": "native"},
    "remote_components": [],
    "cookiesfrombrowser": None,
    "cookiefile": None,
    "allow_unplayable_formats": False,
    "nocheckcertificate": False,
}

# Whatever yt-dlp would pass over in silence is an error here.
STRICT: dict[str, Any] = {
    "ignoreerrors": False,
    "ignore_no_formats_error": False,
    "skip_unavailable_fragments": False,
    "hls_prefer_native": True,
    "noplaylist": True,
    "extract_flat": "in_playlist",
    "playlist_items": "1:2",
    "overwrites": True,
    "keepvideo": False,
    "updatetime": False,
    "fixup": "detect_or_warn",
}

QUIET: dict[str, Any] = {"quiet": True, "no_warnings": False, "noprogress": True, "color": "never"}


@dataclass(frozen=True, slots=True)
class FormatChoice:
    """yt-dlp's words for what is wanted: a format selector, a sort order, and the containers to merge into."""

    selector: str
    sort: tuple[str, ...]
    merge_into: str


def side_limit(quality: Quality) -> int | None:
    """The longest that a picture's shorter side may be, in pixels; None: as long as it likes."""
    return int(quality.removesuffix("p")) if quality.endswith("p") else None


def choose_format(quality: Quality, container: Container | None) -> FormatChoice:
    """What to ask yt-dlp for.

    The size of the picture counts first, then codecs that every browser plays. `res` is the shorter side, so that an
    upright video of 1080 × 1920 is 1080p. Where nothing small enough is offered, yt-dlp takes the next larger one:
    callers compare with `side_limit`.
    """
    if quality == "audio":
        return FormatChoice("ba/b", ("acodec:m4a",), "mp4/webm/mkv")
    limit = side_limit(quality)
    size = f"res:{limit}" if limit else "res"
    if container == "webm":
        video, audio = "bv*[vcodec~='^(vp0?[89]|av0?1)']", "ba[acodec~='^(opus|vorbis)']"
        return FormatChoice(f"{video}+{audio}/b[ext=webm]", (size, "fps", "ext:webm"), "webm")
    return FormatChoice(
        "bv*+ba/b/bv*/ba", (size, "fps", "vcodec:h264", "acodec:m4a"), container or "mp4/webm/mkv"
    )


def extraction_options(equipment: Equipment) -> dict[str, Any]:
    """The options for looking at a URL without downloading it."""
    runtimes = {"deno": {"path": str(equipment.deno)}} if equipment.deno else {}
    headers = {"User-Agent": equipment.user_agent} if equipment.user_agent else {}
    return CONFINED | STRICT | QUIET | {
        "proxy": equipment.proxy_url,
        "ffmpeg_location": str(equipment.ffmpeg),
        "js_runtimes": runtimes,
        "http_headers": headers,
        "socket_timeout": equipment.idle_seconds,
        "extractor_retries": 2,
        "retry_sleep_functions": {"extractor": pause_before_retry},
    }  # fmt: skip


def download_options(request: MediaRequest, equipment: Equipment, folder: Path) -> dict[str, Any]:
    """The options for one download into `folder`; the file's name is fixed, its extension is not."""
    choice = choose_format(request.quality, request.container)
    pauses: dict[str, Callable[[int], float]] = dict.fromkeys(
        ("http", "fragment", "file_access", "extractor"), pause_before_retry
    )
    options = extraction_options(equipment) | {
        "format": choice.selector,
        "format_sort": list(choice.sort),
        "merge_output_format": choice.merge_into,
        "outtmpl": {"default": f"{FILE_STEM}.%(ext)s"},
        "paths": {"home": str(folder)},
        "retries": request.retries,
        "fragment_retries": request.retries,
        "file_access_retries": 1,
        "extractor_retries": request.retries,
        "retry_sleep_functions": pauses,
        "concurrent_fragment_downloads": FRAGMENTS_AT_ONCE,
        "postprocessors": list(_conversions(request)),
    }
    if request.rate_limit_bps:
        options["ratelimit"] = request.rate_limit_bps
    return options


def pause_before_retry(n: int) -> float:
    """Seconds to wait before retry `n` (from 0): doubling, capped. yt-dlp passes the number by this name."""
    return float(min(MAX_RETRY_PAUSE_SECONDS, 0.5 * 2 ** min(n, 10)))


def _conversions(request: MediaRequest) -> list[dict[str, Any]]:
    if request.quality == "audio":
        return [{"key": "FFmpegExtractAudio", "preferredcodec": "best"}]
    if request.container:
        return [{"key": "FFmpegVideoRemuxer", "preferedformat": request.container}]
    return []
