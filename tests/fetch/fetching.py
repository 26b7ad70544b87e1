"""Fetching from tests: one call for one exchange, with the real guard opened for loopback."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from entrepot.errors import HostNotFound
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response
from entrepot.fetch.guard import Guard
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import parse_url

T = TypeVar("T")
LOOPBACK = ("127.0.0.0/8", "::1/128", "0.0.0.1/32")  # the last is the IPv4 address that ::1 carries


@dataclass(frozen=True, slots=True)
class Fetched:
    status: int
    headers: Headers
    url: str
    is_delimited: bool
    body: bytes


class Scripted:
    """A resolver that gives the next of its answers at each look-up, the last one for ever; none: there is no such host."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.asked: list[str] = []
        self._answers = list(answers)

    async def resolve(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        if not self._answers:
            raise HostNotFound
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def limits(**changes: Any) -> Limits:
    """Limits that a test never meets, but for those it changes."""
    return Limits(**{"max_bytes": 64 * 1024 * 1024, "total_seconds": 20, "idle_seconds": 10, **changes})


def with_client(work: Callable[[FetchClient], Awaitable[T]], guard: Guard | None = None, **options: Any) -> T:
    """Runs `work` with a client in an event loop of its own, and closes the client."""

    async def run() -> T:
        client = FetchClient(guard or Guard(allow=LOOPBACK), user_agent="entrepot-tests", **options)
        try:
            return await work(client)
        finally:
            await client.aclose()

    return asyncio.run(run())


async def fetch_with(client: FetchClient, url: str, limit: Limits | None = None, **request: Any) -> Fetched:
    async with client.stream(FetchRequest(parse_url(url), **request), limit or limits()) as response:
        return await taken(response)


def fetch(url: str, limit: Limits | None = None, *, guard: Guard | None = None, **request: Any) -> Fetched:
    """Fetches `url` whole; raises what the client raises."""
    return with_client(lambda client: fetch_with(client, url, limit, **request), guard)


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits until `condition` holds; fails when it does not in time."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)


def eventually(condition: Callable[[], bool], seconds: float = 10) -> bool:
    """Whether `condition` comes to hold in time; outside of event loops."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.005)
    return True


async def taken(response: Response) -> Fetched:
    body = await response.read()
    return Fetched(response.status, response.headers, str(response.url), response.is_delimited, body)
