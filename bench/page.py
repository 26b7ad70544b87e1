"""An HTTP origin on loopback, in a process of its own, that gives pages at every path and counts who asks."""

import asyncio
import collections
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """A running origin."""

    port: int

    def url(self, path: str, page: int = 0) -> str:
        """Where a page is to be had."""
        return f"http://127.0.0.1:{self.port}{path}{f'?{page}' if page else ''}"

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        return int(httpx2.get(self.url(f"/count{path}"), trust_env=False).text)


@contextmanager
def running_page_origin(pages: Sequence[bytes]) -> Iterator[PageOrigin]:
    """The origin, for as long as the block runs."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / str(number) for number in range(len(pages))]
        for file, page in zip(files, pages, strict=True):
            file.write_bytes(page)
        command = [sys.executable, "-m", "bench.page", *map(str, files)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield PageOrigin(int(process.stdout.readline()))
            finally:
                process.terminate()


class _Origin(asyncio.Protocol):
    """One connection; requests are small, and come whole."""

    pages: ClassVar[list[bytes]] = []
    counts: ClassVar[collections.Counter[str]] = collections.Counter()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        path = data.split(b" ", 2)[1].decode()
        if path.startswith("/count/"):
            body = str(self.counts[path.removeprefix("/count")]).encode()
        else:
            self.counts[path] += 1
            body = self.pages[int(path.partition("?")[2] or 0)]
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve(paths: Sequence[str]) -> None:
    _Origin.pages = [Path(path).read_bytes() for path in paths]
    server = await asyncio.get_running_loop().create_server(_Origin, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1:]))
