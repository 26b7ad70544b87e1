"""A small web site on loopback for crawlers: thirty linked pages, robots.txt, sitemaps, loops and traps."""

import gzip
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = " ".join(f"Sentence {n} tells something about the harbour and its cranes." for n in range(12))


@dataclass
class Answer:
    """What a path answers; `gate` holds it back until it is set."""

    body: bytes
    content_type: str = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    gate: threading.Event | None = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    web: "Web"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        web = self.server.web
        with web.lock:
            web.requests[self.path] += 1
            web.seen.append((self.path, dict(self.headers.items())))
            web.open_requests += 1
            web.most_at_once = max(web.most_at_once, web.open_requests)
        answer = web.answers.get(self.path) or web.answer_for(self.path)
        if answer.gate is not None:
            answer.gate.wait(30)
        with web.lock:
            web.open_requests -= 1
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's word
        """Nothing is printed."""


class Web:
    """The site, running. `requests` counts what was asked for; what is not published is a 404."""

    def __init__(self) -> None:
        self.answers: dict[str, Answer] = {}
        self.requests: Counter[str] = Counter()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.open_requests = 0
        self.most_at_once = 0
        self.lock = threading.Lock()
        self.has_calendar = False
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.web = self
        self.port: int = self._server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def url(self, path: str) -> str:
        return self.base + path

    def publish(self, path: str, title: str, *links: str, gate: threading.Event | None = None) -> str:
        """A page with a heading, some words, and `links` in its navigation; gives its URL."""
        anchors = "".join(f'<li><a href="{link}">to {link}</a></li>' for link in links)
        body = (
            f"<!doctype html><html lang=en><head><title>{title}</title><meta name=description content='About {title}.'>"
            f"</head><body><nav><ul>{anchors}</ul></nav><main><article><h1>{title}</h1><p>{title}. {WORDS}</p></article>"
            "</main></body></html>"
        )
        self.answers[path] = Answer(body.encode(), gate=gate)
        return self.url(path)

    def serve(self, path: str, body: str | bytes, content_type: str = "text/plain", status: int = 200) -> str:
        self.answers[path] = Answer(body if isinstance(body, bytes) else body.encode(), content_type, status)
        return self.url(path)

    def redirect(self, path: str, to: str) -> str:
        self.answers[path] = Answer(b"", status=302, headers={"Location": to})
        return self.url(path)

    def sitemap(self, path: str, *pages: str, is_packed: bool = False, is_index: bool = False) -> str:
        outer, inner = ("sitemapindex", "sitemap") if is_index else ("urlset", "url")
        listed = "".join(f"<{inner}><loc>{self.url(page)}</loc></{inner}>" for page in pages)
        body = f'<?xml version="1.0"?><{outer} xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{listed}</{outer}>'
        packed = gzip.compress(body.encode()) if is_packed else body.encode()
        return self.serve(path, packed, "application/xml")

    def answer_for(self, path: str) -> Answer:
        if self.has_calendar and path.startswith("/calendar/"):
            day = int(path.rsplit("/", 1)[1])
            self.publish(path, f"Day {day}", f"/calendar/{day + 1}", f"/calendar/{day + 2}")
            return self.answers[path]
        return Answer(b"nothing here", "text/plain", 404)

    def count(self, path: str) -> int:
        with self.lock:
            return self.requests[path]

    def close(self) -> None:
        for answer in list(self.answers.values()):
            if answer.gate is not None:
                answer.gate.set()
        self._server.shutdown()
        self._server.server_close()


def fill(web: Web) -> list[str]:
    """Thirty pages that link to each other in a tree, with a loop, a dead link, and several names for one page.

    Gives the paths of the thirty.
    """
    paths = [
        "/",
        *(f"/section/{n}" for n in range(1, 6)),
        *(f"/section/{n}/page/{m}" for n in range(1, 5) for m in range(1, 7)),
    ]
    web.publish(
        "/", "Harbour", *(f"/section/{n}" for n in range(1, 6)), "/?utm_source=mail", "/index.html", "/gone"
    )
    for n in range(1, 6):
        children = [f"/section/{n}/page/{m}" for m in range(1, 7)] if n < 5 else []
        web.publish(f"/section/{n}", f"Section {n}", "/", f"/section/{n}/", *children, "/picture.png", "#top")
    for path in paths[6:]:
        web.publish(path, f"Page {path}", "/", path, path.rsplit("/page", 1)[0], "mailto:a@example.com")
    return paths


@contextmanager
def running_web() -> Iterator[Web]:
    web = Web()
    try:
        yield web
    finally:
        web.close()
