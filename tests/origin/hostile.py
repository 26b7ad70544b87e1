"""An HTTP origin that does anything: each path is answered by a function that writes raw bytes, or does not."""

import asyncio
import contextlib
import socket
import ssl
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

# For secure.example and 127.0.0.1, signed by itself, with its key.
CERTIFICATE = Path(__file__).with_name("certificate.pem")
_MAX_REQUEST = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What arrived. Names of `headers` are lower-case; the last of several wins."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    connection: int  # counts from 1: equal numbers came over the same connection


@dataclass(slots=True)
class Exchange:
    """One request and the means to answer it. The connection is closed afterwards unless `keep` is set."""

    request: Request
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    keep: bool = False

    async def send(self, data: bytes) -> None:
        """Sends, with back-pressure; a client that has gone ends the answer."""
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"", *fields: str, status: str = "200 OK") -> None:
        """A correct answer, for the paths that are not hostile."""
        head = "\r\n".join([f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *fields])
        await self.send(
            head.encode("latin-1") + b"\r\n\r\n" + (b"" if self.request.method == "HEAD" else body)
        )
        self.keep = self.request.headers.get("connection") != "close"

    async def gone(self) -> None:
        """Waits until the client closes the connection."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """Ends the connection with a RST."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]


@dataclass
class HostileOrigin:
    """A running origin. `requests` is every request so far, in order of arrival; `connections` counts accepted ones."""

    scheme: str = "http"
    host: str = "127.0.0.1"
    port: int = 0
    connections: int = 0
    requests: list[Request] = field(default_factory=list)
    _handlers: dict[str, Handler] = field(default_factory=dict)
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def on(self, path: str, handler: Handler) -> str:
        """Answers `path` (without its query) by `handler` from now on; gives its URL."""
        self._handlers[path] = handler
        return self.url(path)

    def raw(self, path: str, answer: bytes) -> str:
        """Answers `path` by these bytes and closes the connection."""
        return self.on(path, lambda exchange: exchange.send(answer))

    def url(self, path: str, host: str | None = None) -> str:
        return f"{self.scheme}://{host or self.host}:{self.port}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        self._writers.add(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while await self._serve_one(reader, writer, connection):
                pass
        writer.close()
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            await writer.wait_closed()
            self._writers.discard(writer)

    async def hang_up(self) -> None:
        """Ends every connection, once nobody listens any more; what has just been accepted gets its task first."""
        await _take_turns()
        serving = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await _take_turns()

    async def _serve_one(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {
            name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        request = Request(method, target, headers, body, connection)
        self.requests.append(request)
        exchange = Exchange(request, reader, writer)
        await self._handlers.get(target.partition("?")[0], _not_found)(exchange)
        return exchange.keep


def secure() -> ssl.SSLContext:
    """What makes an origin speak TLS, with a certificate that nobody trusts by default."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    return context


async def _take_turns() -> None:
    """Lets the loop do what it has already been given to do."""
    for _ in range(4):
        await asyncio.sleep(0)


async def _not_found(exchange: Exchange) -> None:
    await exchange.answer(b"nothing here", status="404 Not Found")


@contextmanager
def hostile_origin(*, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[HostileOrigin]:
    """An origin on a free port of loopback, in a thread and an event loop of its own."""
    origin = HostileOrigin(scheme="https" if tls else "http", host=host)
    ready, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def run() -> None:
        server = await asyncio.start_server(origin.serve, host, 0, ssl=tls, limit=_MAX_REQUEST)
        origin.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        loop.remove_reader(server.sockets[0].fileno())
        await origin.hang_up()
        server.close()  # only now: asyncio loses a connection that it has accepted but not begun to serve

    def work() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run())

    thread = threading.Thread(target=work, name="hostile-origin")
    thread.start()
    assert ready.wait(10), "the origin did not start"
    try:
        yield origin
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)
        assert not thread.is_alive(), "the origin did not stop"
