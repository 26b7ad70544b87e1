"""Names to addresses: one look-up of the system's resolver, in a bounded number of threads and a bounded time."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from entrepot.errors import HostNotFound

MAX_ADDRESSES = 256  # an answer with more is no honest one


class Resolver(Protocol):
    """What the guard asks for addresses."""

    async def resolve(self, host: str) -> Sequence[str]:
        """All addresses of one look-up, A and AAAA, in the order to try them, never none. Raises HostNotFound."""


class SystemResolver:
    """The system's own resolver (`getaddrinfo`: hosts file, DNS), for one event loop.

    A look-up that its server never answers cannot be stopped, so its thread counts until it really ends; the threads
    are daemons, so that none of them holds up the end of the process.
    """

    def __init__(self, *, timeout_seconds: float = 5.0, max_threads: int = 32) -> None:
        self._timeout_seconds = timeout_seconds
        self._slots = asyncio.Semaphore(max_threads)

    async def resolve(self, host: str) -> Sequence[str]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                addresses = await self._look_up(host)
        except (OSError, UnicodeError) as error:  # gaierror and TimeoutError are OSErrors
            raise HostNotFound("The host's name could not be resolved.") from error
        if not 1 <= len(addresses) <= MAX_ADDRESSES:
            raise HostNotFound("The host's name could not be resolved.")
        return addresses

    async def _look_up(self, host: str) -> Sequence[str]:
        await self._slots.acquire()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Sequence[str]] = loop.create_future()

        def finish(deliver: Callable[[Any], None], result: Sequence[str] | OSError | UnicodeError) -> None:
            self._slots.release()
            if not answer.done():
                deliver(result)

        def work() -> None:
            try:
                addresses = _ask_system(host)
            except (OSError, UnicodeError) as error:
                _call_in(loop, finish, answer.set_exception, error)
            else:
                _call_in(loop, finish, answer.set_result, addresses)

        self._start_thread(work)
        return await answer

    def _start_thread(self, work: Callable[[], None]) -> None:
        try:
            threading.Thread(target=work, name="resolver", daemon=True).start()
        except RuntimeError as error:  # the system gives no more threads
            self._slots.release()
            raise OSError from error


def _ask_system(host: str) -> Sequence[str]:
    """As bytes, since for text Python would apply an older IDNA to the name."""
    answers = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(answer[4][0]) for answer in answers))


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: Any) -> None:
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:  # the loop has closed: nobody waits any more
        return
