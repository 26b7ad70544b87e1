"""A scripted origin on loopback for the cache's tests: what it answers, what it was asked, and a gate to hold it up."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from entrepot.fetch.headers import Headers
from entrepot.fetch.url import URL, parse_url


@dataclass(slots=True)
class Says:
    """One answer. `headers` may repeat a name. `is_broken`: the connection ends before the body does."""

    body: bytes = b"content"
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    is_broken: bool = False


Script = Callable[[Headers], Says]


class Origin:
    """Answers each path as scripted; `asked` has every request's path and fields. While `gate` is closed, all wait."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Headers]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self._scripts: dict[str, Script] = {}
        self._port = 0
        self._serving: set[asyncio.Task[None]] = set()

    def url(self, path: str = "/page") -> URL:
        return parse_url(f"http://127.0.0.1:{self._port}{path}")

    def says(
        self,
        body: bytes = b"content",
        *,
        path: str = "/page",
        status: int = 200,
        is_broken: bool = False,
        **headers: str,
    ) -> URL:
        """Answers `path` so from now on; underscores in names of fields stand for hyphens."""
        lines = [(name.replace("_", "-"), value) for name, value in headers.items()]
        return self.scripted(lambda _asked: Says(body, status, lines, is_broken), path)

    def scripted(self, script: Script, path: str = "/page") -> URL:
        self._scripts[path] = script
        return self.url(path)

    def count(self, path: str = "/page") -> int:
        return sum(1 for asked, _ in self.asked if asked == path)

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serves one connection until its client ends it."""
        serving = asyncio.create_task(self._serve(reader, writer))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def aclose(self) -> None:
        """Opens the gate and waits for the clients, who have closed their connections, to be noticed."""
        self.gate.set()
        if self._serving:
            await asyncio.wait(self._serving, timeout=10)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await _read_head(reader):
                await self._answer(head, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    async def _answer(self, head: list[str], writer: asyncio.StreamWriter) -> None:
        path = head[0].split(" ")[1]
        fields = Headers(
            (name, value.strip()) for name, _, value in (line.partition(":") for line in head[1:])
        )
        self.asked.append((path, fields))
        await self.gate.wait()
        script = self._scripts.get(path)
        said = Says(b"", 404) if script is None else script(fields)
        lines = [f"HTTP/1.1 {said.status} Said", f"Content-Length: {len(said.body)}"]
        if said.status == 304:
            lines, said.body = lines[:1], b""
        lines += [f"{name}: {value}" for name, value in said.headers]
        body = said.body[: len(said.body) // 2] if said.is_broken else said.body
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        if said.is_broken:
            raise ConnectionError


@asynccontextmanager
async def running_origin() -> AsyncIterator[Origin]:
    """The origin, for as long as the block runs."""
    origin = Origin()
    server = await asyncio.start_server(origin.accept, "127.0.0.1", 0, backlog=1024)
    origin._port = server.sockets[0].getsockname()[1]
    try:
        yield origin
    finally:
        await origin.aclose()
        server.close()


async def _read_head(reader: asyncio.StreamReader) -> list[str]:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return []
    return head.decode("latin-1").rstrip().split("\r\n")
