"""One task's child process as the serving process sees it: its messages, its end, and the power to end it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from typing import Any

from entrepot.processes.channel import BrokenMessage, LineBuffer, decode_message, encode_message
from entrepot.telemetry import get_logger

_READ_BYTES = 65536

log = get_logger("entrepot.processes")


class Child:
    """A running or ended child. Its messages are read from the socket only when they are asked for.

    A child that talks faster than it is listened to waits; nothing piles up here.
    """

    def __init__(self, sock: socket.socket, kill: Callable[[], Awaitable[None]]) -> None:
        """`kill` asks the warm parent to end the whole process group; it need not wait for that."""
        self.pid = 0
        self.is_orphan = False
        """Whether it ended with the warm parent that it came from, and so through no fault of its own."""
        self._socket = sock
        self._ask_to_kill = kill
        self._lines = LineBuffer()
        self._status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Gives the socket back; for a child that nobody listens to."""
        self._socket.close()

    async def send(self, message: dict[str, Any]) -> None:
        """Sends a message to the child's channel. One that has ended hears nothing. Raises BrokenMessage."""
        with suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(self._socket, encode_message(message))

    async def messages(self) -> AsyncIterator[dict[str, Any]]:
        """Every message the child sent, in order; ends when the child has ended. For one listener.

        A child that sends nonsense (BrokenMessage) is killed, and counts as crashed.
        """
        try:
            while (line := await self._next_line()) is not None:
                yield decode_message(line)
        except BrokenMessage as error:
            log.warning("child killed", pid=self.pid, reason=str(error))
            await self.kill()
        await self.wait()

    async def kill(self) -> None:
        """SIGKILL to the child's whole process group; returns when all of it is gone. Harmless after the end."""
        if not self._status.done():
            await self._ask_to_kill()
        await self.wait()

    async def wait(self) -> int:
        """The exit status once nothing of the child's process group is left: 0 well, -N ended by signal N.

        A child that has more to say than a socket holds (some 200 KiB) waits to be heard: read `messages`, or `kill` it.
        """
        return await asyncio.shield(self._status)

    def ended(self, status: int) -> None:
        """Called by the nursery when the child and all that belonged to it are gone."""
        if not self._status.done():
            self._status.set_result(status)
            # What was sent stays readable; after it the reader sees the end, whoever still holds the other side.
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RD)

    async def _next_line(self) -> bytes | None:
        loop = asyncio.get_running_loop()
        while (line := self._lines.next_line()) is None:
            try:
                data = await loop.sock_recv(self._socket, _READ_BYTES)
            except ConnectionError:
                return None
            if not data:
                return None
            self._lines.feed(data)
        return line
