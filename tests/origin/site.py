"""A real media site on loopback: pages, files, streams, and every way in which an origin can misbehave politely."""

import argparse
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import ThreadingHTTPServer

from tests.origin.answers import Answers
from tests.origin.media_files import MediaFiles, make_media


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256
    site: "Site"

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that hang up are part of the tests; nothing is printed for them."""


class Site:
    """The site, running. `requests` counts every path that was asked for (with its query), `GET` and `HEAD` alike."""

    def __init__(self, port: int = 0) -> None:
        self.media: MediaFiles = make_media()
        self.requests: Counter[str] = Counter()
        self.request_headers: list[tuple[str, dict[str, str]]] = []
        self.pages: dict[str, tuple[str, bytes]] = {}
        self.open_responses = 0
        self.closing = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), Answers)
        self._server.site = self
        self.port: int = self._server.server_address[1]
        self.base = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def start(self) -> "Site":
        self._thread.start()
        return self

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def url(self, path: str) -> str:
        return self.base + path

    def publish(self, path: str, content: str | bytes, content_type: str = "text/html; charset=utf-8") -> str:
        """Serves `content` at `path` from now on; gives its URL."""
        self.pages[path] = (content_type, content.encode() if isinstance(content, str) else content)
        return self.url(path)

    def note(self, target: str, headers: dict[str, str]) -> int:
        """Counts one request; gives how many there have been for this very target, this one included."""
        with self._lock:
            self.requests[target] += 1
            self.request_headers.append((target, headers))
            return self.requests[target]

    def count(self, path: str) -> int:
        """How often `path` was asked for, whatever its query."""
        with self._lock:
            return sum(n for target, n in self.requests.items() if target.partition("?")[0] == path)

    def respond(self, step: int) -> None:
        """Keeps count of the answers that are under way just now: +1 at a start, -1 at an end."""
        with self._lock:
            self.open_responses += step


@contextmanager
def running_site(port: int = 0) -> Iterator[Site]:
    """The site, for as long as the block runs."""
    site = Site(port).start()
    try:
        yield site
    finally:
        site.close()


def main() -> None:
    """`python -m tests.origin.site --port 8088`: the site until it is interrupted."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--port", type=int, default=0)
    with running_site(parser.parse_args().port) as site:
        print(site.base, flush=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
