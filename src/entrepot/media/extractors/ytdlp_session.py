"""yt-dlp as it runs inside the fence: every request through the proxy, every program on a lead, every line cleaned."""

import errno
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from yt_dlp import YoutubeDL
from yt_dlp.networking import Request
from yt_dlp.networking.exceptions import RequestError
from yt_dlp.utils import Popen

from entrepot.errors import UpstreamBroken
from entrepot.media.extractors.ytdlp_errors import clean_message, refusal_of
from entrepot.media.ffmpeg import check_inputs, has_remote_input, protect_inputs
from entrepot.processes.lifeline import die_with_parent_preexec

MAX_LOG_LINES = 400
# We bring no ffprobe and pick extractors ourselves: neither is news to anybody.
_NOISE = (
    "[debug]",
    "ffprobe not found",
    "Falling back on generic information extractor",
    "(pass -k to keep)",
)

Send = Callable[[dict[str, Any]], None]


class Session(YoutubeDL):
    """A YoutubeDL whose requests can be told apart from the proxy's refusals, and whose resumed files stay the same file.

    `refusal` is the code of the last request that our proxy refused; None: none was.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        self.refusal: str | None = None
        self._versions: dict[str, tuple[str | None, str | None]] = {}
        super().__init__(dict(options))  # type: ignore[arg-type]  # the stub's TypedDict lags behind yt-dlp

    def urlopen(self, req: Any) -> Any:
        """Sends one request. Raises yt-dlp's errors, and UpstreamBroken when the origin's file changed in between."""
        request = Request(req) if isinstance(req, str) else req
        _drop_own_proxy(request)
        resumes = self._pin_version(request)
        try:
            response = super().urlopen(request)  # type: ignore[arg-type]  # the stub knows only urllib's class
        except RequestError as error:
            self.refusal = refusal_of(error) or self.refusal
            raise
        version = _version_of(response)
        if resumes and response.status == 206 and version != self._versions[request.url]:
            raise UpstreamBroken("The origin changed the file while it was being fetched.")
        if response.status == 200:
            self._versions[request.url] = version
        return response

    def _pin_version(self, request: Any) -> bool:
        """Makes a resumed request (`bytes=N-`) conditional on the version seen before (RFC 9110, section 13.1.5)."""
        resumes = str(request.headers.get("Range", "")).endswith("-") and request.url in self._versions
        etag = self._versions[request.url][0] if resumes else None
        if etag:
            request.headers["If-Range"] = etag
        return resumes


class JobLog:
    """yt-dlp's logger: its lines, cleaned and bounded in number, become log messages of the job.

    `complaint` is the last error among them; None: there was none.
    """

    def __init__(self, send: Send) -> None:
        self.complaint: str | None = None
        self._send = send
        self._left = MAX_LOG_LINES

    def debug(self, message: str) -> None:
        self._tell("debug", message)

    def info(self, message: str) -> None:
        self._tell("info", message)

    def warning(self, message: str) -> None:
        self._tell("warning", message)

    def error(self, message: str) -> None:
        self.complaint = message
        self._tell("error", message)

    def _tell(self, level: str, message: str) -> None:
        text = "" if any(noise in message for noise in _NOISE) else clean_message(message)
        if text and self._left > 0:
            self._left -= 1
            self._send({"type": "log", "level": level, "message": text})


def confine_programs(ffmpeg: Path, deno: Path | None, log: Path) -> None:
    """From now on this process's yt-dlp starts ffmpeg and deno and nothing else; they die with it.

    ffmpeg's inputs are checked and held to a protocol whitelist. What a fetching ffmpeg says goes to `log`. This changes
    yt-dlp's own class, so it belongs into a child process that exists for one task.
    """
    allowed = {str(ffmpeg), str(deno)} if deno else {str(ffmpeg)}
    start = Popen.__init__

    def start_confined(self: Any, args: Any, *rest: Any, **kwargs: Any) -> None:
        if isinstance(args, str) or kwargs.get("shell") or str(args[0]) not in allowed:
            raise FileNotFoundError(errno.ENOENT, "this program may not be started")
        command = [str(word) for word in args]
        kwargs["preexec_fn"] = die_with_parent_preexec
        if command[0] != str(ffmpeg):
            start(self, command, *rest, **kwargs)
            return
        check_inputs(command)
        if has_remote_input(command):
            with log.open("ab") as output:
                command = ["warning" if word == "quiet" else word for word in command]
                start(self, protect_inputs(command), *rest, **{**kwargs, "stderr": output, "stdout": output})
        else:
            start(self, protect_inputs(command), *rest, **kwargs)

    Popen.__init__ = start_confined  # type: ignore[method-assign]  # the one seam where all of yt-dlp's programs pass


def _drop_own_proxy(request: Any) -> None:
    """An extractor's own proxy, or its wish for none, is not heard."""
    request.proxies = {}
    for name in ("Ytdl-request-proxy", "Ytdl-Request-Proxy"):
        request.headers.pop(name, None)


def _version_of(response: Any) -> tuple[str | None, str | None]:
    """What tells this version of a file from another: its strong ETag, and its whole length."""
    etag = response.headers.get("ETag")
    total = response.headers.get("Content-Range", "").rpartition("/")[2] or response.headers.get(
        "Content-Length"
    )
    return (etag if etag and not etag.startswith("W/") else None), total
