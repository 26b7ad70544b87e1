"""An HTTP origin on loopback, in a process of its own, that gives one page at every path and counts who asks."""

import asyncio
import collections
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import httpx2


@dataclass(frozen=True, slots=True)
class PageOrigin:
    """A running origin."""

    port: int

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def count(self, path: str) -> int:
        """How often `path` was asked for."""
        return int(httpx2.get(self.url(f"/count{path}"), trust_env=False).text)


@contextmanager
def running_page_origin(page: bytes) -> Iterator[PageOrigin]:
    """The origin, for as long as the block runs."""
    with tempfile.NamedTemporaryFile() as file:
        Path(file.name).write_bytes(page)
        command = [sys.executable, "-m", "bench.page", file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                yield PageOrigin(int(process.stdout.readline()))
            finally:
                process.terminate()


class _Origin(asyncio.Protocol):
    """One connection; requests are small, and come whole."""

    page = b""
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
            body = self.page
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


async def _serve(path: Path) -> None:
    _Origin.page = path.read_bytes()
    server = await asyncio.get_running_loop().create_server(_Origin, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
