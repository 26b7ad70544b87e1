"""Bytes between two sockets: connecting to admitted addresses, reading heads, copying with back-pressure and limits."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from entrepot.errors import UpstreamTimeout, UpstreamUnreachable

PIECE_BYTES = 256 * 1024
_ONE_ADDRESS_SECONDS = 3.0  # where more addresses follow
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_RESET_ON_CLOSE = b"\x01\x00\x00\x00\x00\x00\x00\x00"  # struct linger {1, 0}


class HeadTooLarge(Exception):
    """No blank line within the bytes allowed."""


async def connect_to_one(addresses: Sequence[str], port: int, timeout_seconds: float) -> socket.socket:
    """A connection to the first address that answers, tried in order; only these literals are ever connected to.

    Raises UpstreamUnreachable or UpstreamTimeout.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + timeout_seconds
    last_error: OSError = TimeoutError()
    for place, address in enumerate(addresses):
        is_last = place == len(addresses) - 1
        until = ends_at if is_last else min(ends_at, loop.time() + _ONE_ADDRESS_SECONDS)
        try:
            async with asyncio.timeout_at(until):
                return await _connect(address, port)
        except OSError as error:  # TimeoutError too
            last_error = error
    if isinstance(last_error, TimeoutError):
        raise UpstreamTimeout("The origin did not answer in time.") from last_error
    raise UpstreamUnreachable from last_error


async def read_head(sock: socket.socket, received: bytes, max_bytes: int) -> tuple[bytes, bytes]:
    """Reads up to a blank line; gives the head without it and what came behind it.

    `received` are bytes read before. Raises HeadTooLarge; EOFError where the other side ends first.
    """
    loop = asyncio.get_running_loop()
    data = bytearray(received)
    searched = 0
    while True:
        match = _HEAD_END.search(data, max(0, searched - 3))
        if match and match.start() <= max_bytes:
            return bytes(data[: match.start()]), bytes(data[match.end() :])
        if len(data) > max_bytes:
            raise HeadTooLarge
        searched = len(data)
        piece = await loop.sock_recv(sock, 16 * 1024)
        if not piece:
            raise EOFError
        data += piece


async def copy_bytes(
    source: socket.socket,
    sink: socket.socket,
    on_bytes: Callable[[], None],
    *,
    count: int | None = None,
    piece_bytes: int = PIECE_BYTES,
) -> None:
    """Copies until the end, or `count` bytes; reads no further than the sink takes. `on_bytes` is told of each piece.

    Raises EOFError where `source` ends before `count`; OSError from either side.
    """
    loop = asyncio.get_running_loop()
    view = memoryview(bytearray(piece_bytes))
    while count is None or count > 0:
        size = await loop.sock_recv_into(source, view if count is None else view[:count])
        if size == 0:
            if count is not None:
                raise EOFError
            return
        on_bytes()
        await loop.sock_sendall(sink, view[:size])
        on_bytes()
        if count is not None:
            count -= size


@asynccontextmanager
async def idle_limit(seconds: float) -> AsyncIterator[Callable[[], None]]:
    """Ends its block with TimeoutError once the function it gives has not been called for `seconds`."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(seconds) as limit:
        touched_at = loop.time()

        def touch() -> None:
            nonlocal touched_at
            # A timer for each piece would cost.
            if loop.time() - touched_at > seconds / 16 and not limit.expired():
                touched_at = loop.time()
                limit.reschedule(touched_at + seconds)

        yield touch


async def run_together(
    *works: Coroutine[Any, Any, None], until: Literal["FIRST_COMPLETED", "FIRST_EXCEPTION"]
) -> None:
    """Runs all until one or all have ended, as `asyncio.wait` has it; cancels the others; raises what one raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=until)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def discard_bytes(source: socket.socket) -> None:
    """Reads to the end and keeps nothing."""
    loop = asyncio.get_running_loop()
    while await loop.sock_recv(source, 16 * 1024):
        pass


async def close_gently(sock: socket.socket, timeout_seconds: float = 1.0) -> None:
    """Ends our side and reads on for a moment: closing with unread bytes would reset, and lose what was said last."""
    with suppress(OSError):
        sock.shutdown(socket.SHUT_WR)
        async with asyncio.timeout(timeout_seconds):
            await discard_bytes(sock)


def reset_on_close(sock: socket.socket) -> None:
    """Makes the coming close a reset, so that a body without a length is not taken for whole."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)


async def _connect(address: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.get_running_loop().sock_connect(sock, (address, port))
    except BaseException:
        sock.close()
        raise
    return sock
