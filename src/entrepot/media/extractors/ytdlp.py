"""yt-dlp as an extractor: each task is a fenced child that can reach the guard's proxy and its own folder, nothing else."""

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from yt_dlp import globals as ytdlp_globals
from yt_dlp.networking import Response
from yt_dlp.utils import YoutubeDLError

from entrepot.media.contract import DownloadedMedia, Equipment, Listener, MediaFile, MediaInfo, MediaRequest
from entrepot.media.extractors.ytdlp_process import download_media, probe_media
from entrepot.media.extractors.ytdlp_progress import read_progress
from entrepot.media.extractors.ytdlp_session import JobLog, Session
from entrepot.media.options import extraction_options
from entrepot.processes.fence import Fence, scrubbed_environment
from entrepot.processes.fork import call_fenced

MAX_OPEN_FILES = 256
SLACK_BYTES = 16 * 1024**2
LONGEST_PROBED_URL = 8192
REHEARSAL_URL = "http://rehearsal.invalid/page"

Message = dict[str, Any]


class YtDlp:
    """The extractor for everything that yt-dlp knows, and for any page on which it may find media."""

    name = "yt-dlp"

    def __init__(self, equipment: Equipment) -> None:
        self._equipment = equipment

    def claims(self, url: str) -> bool:
        return url.startswith(("http://", "https://")) and len(url) <= LONGEST_PROBED_URL

    def knows(self, url: str) -> bool:
        return self.claims(url) and any(
            site.suitable(url) and site.working() for site in site_extractors() if site.IE_NAME != "generic"
        )

    def probe(self, url: str) -> MediaInfo:
        fence = self._fence(folder=None, max_file_bytes=0)
        result = call_fenced(
            fence, lambda send: probe_media(url, self._equipment, send),
            timeout_seconds=self._equipment.probe_seconds,
        )  # fmt: skip
        return MediaInfo.from_dict(result)

    def download(self, request: MediaRequest, folder: Path, listener: Listener) -> DownloadedMedia:
        result = call_fenced(
            self._fence(folder, self._equipment.max_file_bytes),
            lambda send: download_media(request, self._equipment, folder, send),
            on_message=_relay_to(listener),
        )
        files = tuple(MediaFile(**{**one, "path": Path(one["path"])}) for one in result["files"])
        return DownloadedMedia(files, MediaInfo.from_dict(result["info"]))

    def _fence(self, folder: Path | None, max_file_bytes: int) -> Fence:
        """Writing in `folder` alone; reading there and where code lies; connections to the proxy and nowhere else."""
        own = (folder,) if folder else ()
        programs = tuple(one for one in (self._equipment.ffmpeg, self._equipment.deno) if one)
        port = urlsplit(self._equipment.proxy_url).port
        return Fence(
            writable=own,
            readable=programs,
            connect_ports=(port,) if port else (),
            memory_bytes=self._equipment.memory_bytes,
            file_size_bytes=max_file_bytes + SLACK_BYTES,
            open_files=MAX_OPEN_FILES,
            environment=_environment(self._equipment.proxy_url, folder),
        )


@cache
def site_extractors() -> tuple[Any, ...]:
    """yt-dlp's extractors, in the order in which it asks them. Plugins that lie about on the machine are not loaded."""
    ytdlp_globals.plugin_dirs.value = []
    from yt_dlp.extractor import gen_extractor_classes

    return tuple(gen_extractor_classes())


def warm_up() -> None:
    """Does once, in the parent of all jobs, what each job would otherwise spend a second on; touches no network.

    A rehearsal on an empty page imports every extractor and compiles the patterns of all sites.
    """
    any(site.suitable(REHEARSAL_URL) for site in site_extractors() if site.IE_NAME != "generic")
    options = {**extraction_options(Equipment("", Path())), "logger": JobLog(lambda _message: None)}
    with suppress(YoutubeDLError), _Rehearsal(options) as rehearsal:
        rehearsal.extract_info(REHEARSAL_URL, download=False)


class _Rehearsal(Session):
    """A session for which every address is an empty page."""

    def urlopen(self, req: Any) -> Any:  # noqa: ARG002  # the name is yt-dlp's
        page = b"<!doctype html><html><head><title>-</title></head><body></body></html>"
        headers = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}
        return Response(BytesIO(page), REHEARSAL_URL, headers)


def _relay_to(listener: Listener) -> Callable[[Message], None]:
    def relay(message: Message) -> None:
        kind = message.get("type")
        if kind == "progress":
            listener.progress(read_progress(message))
        elif kind == "info":
            listener.info(MediaInfo.from_dict(message["info"]))
        elif kind == "log":
            listener.log(str(message.get("level", "debug")), str(message.get("message", "")))

    return relay


def _environment(proxy_url: str, folder: Path | None) -> dict[str, str]:
    """All that the child's programs see: the proxy for those that read it from here, and no way around it."""
    proxies = dict.fromkeys(
        ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"), proxy_url
    )
    home = folder or Path("/nonexistent")
    quiet = {"DENO_DIR": str(home), "DENO_NO_UPDATE_CHECK": "1", "YTDLP_NO_PLUGINS": "1", "NO_COLOR": "1"}
    return scrubbed_environment(home, {**proxies, **quiet})
