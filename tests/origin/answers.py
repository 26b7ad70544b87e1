"""What the test site answers: one method for each kind of path, honest ones first, faults after them."""

import gzip
import hashlib
import mimetypes
import socket
import struct
import time
from collections.abc import Callable
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs, unquote, urlsplit

from tests.origin import pages

if TYPE_CHECKING:
    from tests.origin.site import Site

TYPES = {".m3u8": "application/vnd.apple.mpegurl", ".mpd": "application/dash+xml", ".ts": "video/mp2t",
         ".m4s": "video/iso.segment", ".vtt": "text/vtt", ".srt": "application/x-subrip", ".webm": "video/webm",
         ".m4a": "audio/mp4", ".mp4": "video/mp4"}  # fmt: skip
PIECE = 64 * 1024


class Answers(BaseHTTPRequestHandler):
    """One connection to the site. `rest` is the path behind the kind's prefix, `query` the last value of each key."""

    protocol_version = "HTTP/1.1"
    server_version = "Saltmere/1"
    rest = ""
    query: dict[str, str]

    @property
    def site(self) -> "Site":
        return cast("Site", self.server.site)  # type: ignore[attr-defined]  # set by Site on its own server class

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """The request log is `Site.requests`; nothing goes to stderr."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        self.query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        self.site.note(self.path, dict(self.headers.items()))
        path = unquote(parts.path)
        self.site.respond(+1)
        try:
            if path in self.site.pages:
                content_type, body = self.site.pages[path]
                self._send(body, content_type)
                return
            _, kind, self.rest = (path + "/").split("/", 2)
            self.rest = self.rest.rstrip("/")
            handler: Callable[[], None] = getattr(
                self, f"serve_{kind.partition('.')[0] or 'home'}", self._not_found
            )
            handler()
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            self.site.respond(-1)

    def do_HEAD(self) -> None:
        self.do_GET()

    # --- honest answers ---

    def serve_home(self) -> None:
        self._send_html(pages.page("Saltmere TV", "<a href='/watch/jsonld'>Cranes</a>"))

    def serve_article(self) -> None:
        self._send_html(pages.article())

    def serve_feed(self) -> None:
        self._send(pages.feed(self.site.base).encode(), "application/rss+xml")

    def serve_watch(self) -> None:
        """`/watch/{jsonld|og|tag|hls|dash|webm|fake|truncated}`: a page about one video."""
        base, files = self.site.base, self.site.base + "/files"
        bodies: dict[str, Callable[[], str]] = {
            "jsonld": lambda: pages.json_ld(base),
            "og": lambda: pages.open_graph(base),
            "tag": pages.video_tag,
            "hls": lambda: pages.video_of(f"{files}/hls/master.m3u8", "Streamed", TYPES[".m3u8"]),
            "dash": lambda: pages.video_of(f"{files}/dash/manifest.mpd", "Dashed", TYPES[".mpd"]),
            "webm": lambda: pages.video_of(f"{files}/360p.webm", "Web", "video/webm"),
            "fake": lambda: pages.video_of(f"{base}/lying/html.mp4", "A video that is not one"),
            "truncated": lambda: pages.video_of(f"{files}/truncated.mp4", "Cut short"),
        }
        if self.rest in bodies:
            self._send_html(bodies[self.rest]())
        else:
            self._not_found()

    def serve_files(self) -> None:
        """A made file, with a strong ETag, `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14)."""
        path = self._file()
        if path is not None:
            self._send_file(path.read_bytes(), self._type_of(path))

    # --- faults ---

    def serve_throttled(self) -> None:
        """`/throttled/{file}?bps=`: so many bytes a second; ranges work."""
        path = self._file()
        if path is not None:
            self._send_file(path.read_bytes(), self._type_of(path), bps=int(self.query.get("bps", "65536")))

    def serve_flaky(self) -> None:
        """`/flaky/{file}?token=&fail=`: 503 for the first `fail` requests of that very URL."""
        path = self._file()
        if path is not None and self.site.requests[self.path] <= int(self.query.get("fail", "2")):
            self._send_status(503)
        elif path is not None:
            self._send_file(path.read_bytes(), self._type_of(path))

    def serve_reset(self) -> None:
        """`/reset/{file}?after=&times=`: the connection is reset after `after` bytes, the first `times` times."""
        path = self._file()
        if path is not None:
            times = int(self.query.get("times", "1000000"))
            cut = int(self.query.get("after", "100000")) if self.site.requests[self.path] <= times else None
            self._send_file(path.read_bytes(), self._type_of(path), cut=cut)

    def serve_changing(self) -> None:
        """`/changing/{file}?then=&after=&blind=`: `file` until it breaks off after so many bytes, at the first request; then
        another file, of which `blind` makes it serve any range, whatever `If-Range` says."""
        is_first = self.site.requests[self.path] == 1
        self.rest = self.rest if is_first else self.query["then"]
        path = self._file()
        if path is None:
            return
        if not is_first and "blind" in self.query:
            del self.headers["If-Range"]
        cut = int(self.query.get("after", "100000")) if is_first else None
        self._send_file(path.read_bytes(), self._type_of(path), cut=cut)

    def serve_stall(self) -> None:
        """`/stall/{file}`: half of it, then silence until the site closes or the client goes."""
        path = self._file()
        if path is not None:
            body = path.read_bytes()
            self._start(200, self._type_of(path), len(body))
            self.wfile.write(body[: len(body) // 2])
            self.wfile.flush()
            self._wait_for_hang_up()

    def serve_lying(self) -> None:
        """`/lying/html.mp4`: a page called a video; `/lying/length/{file}`: fewer bytes than were announced;
        `/lying/type/{file}?type=`: another type; `/lying/playlist.mp4?to=`: a playlist called a video."""
        kind, _, self.rest = self.rest.partition("/")
        if kind == "html.mp4":
            self._send(pages.article().encode(), "video/mp4")
        elif kind == "playlist.mp4":
            playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{self.query['to']}\n#EXT-X-ENDLIST\n"
            self._send(playlist.encode(), "video/mp4")
        elif kind == "length" and (path := self._file()) is not None:
            body = path.read_bytes()
            self._start(200, self._type_of(path), len(body) + 5000)
            self.wfile.write(body)
            self.close_connection = True
        elif kind == "type" and (path := self._file()) is not None:
            self._send(path.read_bytes(), self.query.get("type", "text/plain"))

    def serve_endless(self) -> None:
        """`/endless?type=`: a body that never ends, 64 KiB at a time."""
        self.send_response(200)
        self.send_header("Content-Type", self.query.get("type", "video/mp4"))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        head = self.site.media.path("360p.mp4").read_bytes()[:PIECE]
        while not self.site.closing.is_set():
            self.wfile.write(b"%x\r\n%b\r\n" % (len(head), head))

    def serve_redirect(self) -> None:
        """`/redirect?to=&status=`, and `/redirect/loop/{n}` without end."""
        if self.rest.startswith("loop/"):
            target = f"/redirect/loop/{int(self.rest.removeprefix('loop/')) + 1}"
        else:
            target = self.query["to"]
        self.send_response(int(self.query.get("status", "302")))
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def serve_delayed(self) -> None:
        """`/delayed?to=&seconds=`: a redirect after a while."""
        self.site.closing.wait(float(self.query.get("seconds", "1")))
        self.serve_redirect()

    def serve_bomb(self) -> None:
        """`/bomb?mib=`: so many MiB of zeros, packed by gzip."""
        body = gzip.compress(bytes(int(self.query.get("mib", "256")) * 1024 * 1024), 9)
        self._start(200, "text/html; charset=utf-8", len(body), {"Content-Encoding": "gzip"})
        self._write(body)

    def serve_status(self) -> None:
        """`/status/{code}`."""
        self._send_status(int(self.rest))

    # --- how it is sent ---

    def _file(self) -> Path | None:
        path = (self.site.media.folder / self.rest).resolve()
        if path.is_relative_to(self.site.media.folder.resolve()) and path.is_file():
            return path
        self._not_found()
        return None

    def _type_of(self, path: Path) -> str:
        return TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"

    def _not_found(self) -> None:
        self._send_status(404)

    def _send_html(self, html: str) -> None:
        self._send(html.encode(), "text/html; charset=utf-8")

    def _send_status(self, status: int) -> None:
        self._start(status, "text/plain", 3)
        self._write(b"no\n")

    def _send(self, body: bytes, content_type: str) -> None:
        self._start(200, content_type, len(body))
        self._write(body)

    def _send_file(
        self, body: bytes, content_type: str, *, bps: int | None = None, cut: int | None = None
    ) -> None:
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "ETag": etag,
            "Accept-Ranges": "bytes",
            "Last-Modified": formatdate(1767225600, usegmt=True),
        }
        if self.headers.get("If-None-Match") == etag:
            self._start(304, content_type, 0, headers)
            return
        span = self._range(len(body)) if self.headers.get("If-Range", etag) == etag else None
        if span is None:
            self._start(200, content_type, len(body), headers)
            self._write(body, bps=bps, cut=cut)
        elif span[0] >= span[1]:
            self._start(416, "text/plain", 0, {"Content-Range": f"bytes */{len(body)}"})
        else:
            headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{len(body)}"
            self._start(206, content_type, span[1] - span[0], headers)
            self._write(body[span[0] : span[1]], bps=bps, cut=cut)

    def _range(self, size: int) -> tuple[int, int] | None:
        """The one range that was asked for as [start, end), cut to `size`; None: no range, or not one we serve."""
        unit, _, spec = self.headers.get("Range", "").partition("=")
        first, dash, last = spec.partition("-")
        if unit.strip() != "bytes" or not dash or "," in spec or not (first or last).isdigit():
            return None
        if not first:
            return max(0, size - int(last)), size
        return int(first), min(size, int(last) + 1) if last else size

    def _start(
        self, status: int, content_type: str, size: int, headers: dict[str, str] | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(size))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()

    def _write(self, body: bytes, *, bps: int | None = None, cut: int | None = None) -> None:
        if self.command == "HEAD":
            return
        if cut is not None and cut < len(body):
            self.wfile.write(body[:cut])
            self._reset()
            return
        if bps is None:
            self.wfile.write(body)
            return
        piece = max(1, min(PIECE, bps // 10))
        started = time.monotonic()
        for start in range(0, len(body), piece):
            due = started + start / bps
            if self.site.closing.wait(max(0.0, due - time.monotonic())):
                self.close_connection = True
                return
            self.wfile.write(body[start : start + piece])

    def _reset(self) -> None:
        """Ends the connection with RST: an abortive close (SO_LINGER with zero seconds)."""
        self.wfile.flush()
        time.sleep(0.05)  # what was written is let out first: RST drops what still waits
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def _wait_for_hang_up(self) -> None:
        self.close_connection = True
        self.connection.settimeout(0.1)
        while not self.site.closing.is_set():
            try:
                if not self.connection.recv(1):
                    return
            except TimeoutError:
                continue
