"""The DevTools protocol over a pair of pipes: calls and their results, events to whoever listens to a session.

Messages are JSON objects, each ended by a NUL byte (`--remote-debugging-pipe`).
"""

import asyncio
import itertools
import json
import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from entrepot.errors import RenderFailed
from entrepot.telemetry import get_logger

MAX_MESSAGE_BYTES = 192 * 1024 * 1024

log = get_logger("entrepot.browser")

Listener = Callable[[str, dict[str, Any]], None]


class BrowserGone(RenderFailed):
    """The browser has ended, or speaks nonsense: nothing more can be asked of it."""


class CommandFailed(Exception):
    """The browser refuses a command; the text is its own."""


class DevTools:
    """A connection to a browser. `listeners` get a session's events by its id, the browser's own by the empty string."""

    def __init__(self) -> None:
        self.listeners: dict[str, Listener] = {}
        self.is_gone = asyncio.Event()
        self._ids = itertools.count(1)
        self._pending: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._source: asyncio.ReadTransport | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._held = bytearray()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, read_end: int, write_end: int) -> None:
        """Takes over two pipe descriptors: from the browser, and to it."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=1024 * 1024)
        self._source, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(read_end, "rb", buffering=0)
        )
        transport, protocol = await loop.connect_write_pipe(
            asyncio.streams.FlowControlMixin, os.fdopen(write_end, "wb", buffering=0)
        )
        self._writer = asyncio.StreamWriter(transport, protocol, None, loop)
        self._reading = asyncio.create_task(self._read(reader))

    async def call(
        self, method: str, parameters: Mapping[str, Any] | None = None, *, session: str = ""
    ) -> dict[str, Any]:
        """The result of a command. Raises CommandFailed, and BrowserGone."""
        if self._writer is None or self.is_gone.is_set():
            raise BrowserGone
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": dict(parameters or {})}
        if session:
            message["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            self._writer.write(json.dumps(message).encode() + b"\0")
            with suppress(ConnectionError):  # its end is seen by the reading side
                await self._writer.drain()
            return await answer
        finally:
            self._pending.pop(number, None)

    async def close(self) -> None:
        """Ends the connection; calls that wait fail."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.wait([self._reading])
        self._give_up()
        if self._source is not None:
            self._source.close()
        if self._writer is not None and not self._writer.transport.is_closing():
            self._writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        try:
            while data := await reader.read(1024 * 1024):
                searched = len(self._held)
                self._held += data
                self._take_whole(searched)
        except (BrowserGone, ValueError, LookupError, TypeError) as error:
            log.warning("the browser spoke nonsense", reason=type(error).__name__)
        finally:
            self._give_up()

    def _take_whole(self, searched: int) -> None:
        while (end := self._held.find(0, searched)) >= 0:
            line = bytes(self._held[:end])
            del self._held[: end + 1]
            searched = 0
            self._take(json.loads(line))
        if len(self._held) > MAX_MESSAGE_BYTES:
            raise BrowserGone

    def _take(self, message: dict[str, Any]) -> None:
        if (number := message.get("id")) is not None:
            answer = self._pending.get(number)
            if answer is not None and not answer.done():
                _settle(answer, message)
            return
        listener = self.listeners.get(message.get("sessionId", ""))
        if listener is not None:
            listener(message["method"], message.get("params", {}))

    def _give_up(self) -> None:
        self.is_gone.set()
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(BrowserGone("The browser ended."))


def _settle(answer: asyncio.Future[dict[str, Any]], message: Mapping[str, Any]) -> None:
    if "error" in message:
        answer.set_exception(CommandFailed(str(message["error"].get("message", ""))))
    else:
        answer.set_result(message.get("result", {}))
