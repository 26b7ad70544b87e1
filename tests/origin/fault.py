"""One fault of an origin, and the means to commit it: a connection to be spoken on, byte by byte."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

OK = "ok"


@dataclass(slots=True)
class Talk:
    """One connection of a client. It is closed when the act ends."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    target: str = ""
    head: str = ""

    async def listen(self) -> None:
        """Reads one request's head; ConnectionError when the client goes first."""
        try:
            self.head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError as error:
            raise ConnectionResetError from error
        self.target = self.head.split(" ", 2)[1]

    async def send(self, data: bytes) -> None:
        """Sends, with back-pressure and turns for the others; ConnectionError once the client has gone."""
        if self.writer.transport.is_closing():
            raise ConnectionResetError
        self.writer.write(data)
        await self.writer.drain()
        await asyncio.sleep(0)

    async def gone(self) -> None:
        """Waits, silently, until the client gives up."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass

    def reset(self) -> None:
        """Ends the connection with a RST."""
        connection: socket.socket = self.writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Talk], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Fault:
    """What an origin does wrong. `ends_in` is the problem's code that a caller gets, or `ok` where the answer can be used.

    `act` speaks on an accepted connection (None: nobody accepts any). `tls` names how the connection is secured: empty for
    plain HTTP, else a certificate or a way to spoil the handshake; `needs_trust` marks those that only a client shows which
    trusts the origin's certificates. `is_over_http2` faults are offered HTTP/2 by ALPN.
    """

    name: str
    does: str
    ends_in: str
    act: Act | None
    tls: str = ""
    is_over_http2: bool = False

    @property
    def codes(self) -> frozenset[str]:
        """The codes that it may end in: some depend on which of two ends notices first."""
        return frozenset(self.ends_in.split(" or "))

    @property
    def needs_trust(self) -> bool:
        return self.tls in ("good", "expired", "elsewhere")


def answers(*pieces: bytes) -> Act:
    """Hears one request and says these bytes, then closes."""

    async def act(talk: Talk) -> None:
        await talk.listen()
        for piece in pieces:
            await talk.send(piece)

    return act


def head(*fields: str, status: str = "200 OK", version: str = "HTTP/1.1") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"{version} {status}", *fields, "")).encode("latin-1")


def page(body: bytes = b"<p>hello</p>", *fields: str, status: str = "200 OK") -> bytes:
    """A whole answer, right in all that `fields` do not spoil."""
    return (
        head("Content-Type: text/html; charset=utf-8", f"Content-Length: {len(body)}", *fields, status=status)
        + body
    )
