"""What the laboratory puts to the test: each subject fetches one URL and tells what became of it."""

import asyncio
import base64
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from urllib.parse import urljoin, urlsplit

from entrepot.errors import AppError
from entrepot.fetch.client import FetchClient, FetchRequest, Limits
from entrepot.fetch.guard import Guard, Target
from entrepot.fetch.proxy import GuardProxy
from entrepot.fetch.url import parse_url
from tests.lab.curl import fetch_through
from tests.lab.rows import Outcome
from tests.lab.witness import RUNNER_ADDRESS

Fetch = Callable[[str], Awaitable[Outcome]]
Subject = Callable[[int], AbstractAsyncContextManager[Fetch]]

_MAX_HOPS = 10
_REDIRECTS = (301, 302, 303, 307, 308)


@asynccontextmanager
async def unguarded(own_port: int) -> AsyncIterator[Fetch]:
    """The plainest of clients with a guard that allows every address: what the laboratory must catch."""
    judge = Guard(allow=["0.0.0.0/0", "::/0"], ports=["1-65535"])
    yield lambda text: _follow(judge, text)


@asynccontextmanager
async def client(own_port: int) -> AsyncIterator[Fetch]:
    """The guard with the real client."""
    fetcher = FetchClient(Guard(own=lambda: [("0.0.0.0", own_port)]), user_agent="lab")
    limits = Limits(max_bytes=1024 * 1024, total_seconds=15)

    async def fetch(text: str) -> Outcome:
        try:
            async with fetcher.stream(FetchRequest(parse_url(text)), limits) as response:
                return _as_outcome(response.status, (await response.read()).decode("utf-8", "replace"))
        except AppError as error:
            return Outcome(error.status, error.code, error.detail)

    try:
        yield fetch
    finally:
        await fetcher.aclose()


@asynccontextmanager
async def proxy(own_port: int) -> AsyncIterator[Fetch]:
    """The guard proxy, asked by a client that hands on whatever it is given and follows redirects blindly."""
    guarded = GuardProxy(Guard(own=lambda: [("0.0.0.0", own_port)]))
    await guarded.start()
    try:
        yield lambda text: _follow_blindly(guarded, text)
    finally:
        await guarded.close()


@asynccontextmanager
async def curl(own_port: int) -> AsyncIterator[Fetch]:
    """The guard proxy, asked by curl, which speaks more protocols than HTTP and follows redirects by itself."""
    guarded = GuardProxy(Guard(own=lambda: [("0.0.0.0", own_port)]))
    await guarded.start()
    try:
        yield lambda text: asyncio.to_thread(fetch_through, guarded.url, _write_as_older_clients_do(text))
    finally:
        await guarded.close()


async def _follow_blindly(guarded: GuardProxy, text: str) -> Outcome:
    credentials = guarded.url.removeprefix("http://").rpartition("@")[0]
    authorization = base64.b64encode(credentials.encode()).decode()
    for _ in range(_MAX_HOPS):
        text = _write_as_older_clients_do(text)
        request = f"GET {text} HTTP/1.1\r\nHost: lab\r\nProxy-Authorization: Basic {authorization}\r\n\r\n"
        try:
            status, fields, body = await exchange(
                "127.0.0.1", guarded.port, request, local_address=RUNNER_ADDRESS
            )
        except (OSError, EOFError):
            return Outcome(502, "upstream-broken", "")
        if "x-entrepot-refusal" in fields or status not in _REDIRECTS:
            code = fields.get("x-entrepot-refusal")
            return Outcome(status, code, body) if code else _as_outcome(status, body)
        text = urljoin(text, fields.get("location", ""))
    return Outcome(422, "too-many-redirects", "")


async def _follow(judge: Guard, text: str) -> Outcome:
    try:
        url = parse_url(text)
        for _ in range(_MAX_HOPS):
            status, fields, body = await _get(await judge.admit(url))
            if status not in _REDIRECTS or "location" not in fields:
                return _as_outcome(status, body)
            url = url.join(fields["location"])
    except AppError as error:
        return Outcome(error.status, error.code, error.detail)
    except (OSError, EOFError):
        return Outcome(502, "upstream-broken", "")
    return Outcome(422, "too-many-redirects", "")


def _as_outcome(status: int, body: str) -> Outcome:
    """An origin's own answer; its failures under the code that the service gives them."""
    return Outcome(502, "upstream-unavailable", body) if status >= 500 else Outcome(status, "", body)


def _write_as_older_clients_do(text: str) -> str:
    """International names by the IDNA of 2003, where `urlsplit` finds one; all else as it is."""
    try:
        parts = urlsplit(text)
        return parts._replace(netloc=parts.netloc.encode("idna").decode("ascii")).geturl()
    except ValueError:
        return text


async def _get(target: Target) -> tuple[int, dict[str, str], str]:
    url = target.url
    request = f"GET {url.target} HTTP/1.1\r\nHost: {url.authority}\r\nConnection: close\r\n\r\n"
    return await exchange(target.addresses[0], url.port, request)


async def exchange(
    address: str, port: int, request: str, *, local_address: str | None = None
) -> tuple[int, dict[str, str], str]:
    """One request on one connection: status, fields by lower-case name, body. Raises OSError or EOFError."""
    local = (local_address, 0) if local_address else None
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    reader, writer = await asyncio.open_connection(address, port, family=family, local_addr=local)
    try:
        writer.write(request.encode("utf-8", "surrogatepass"))
        await writer.drain()
        head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
    finally:
        writer.close()
    status_line, *lines = head.decode("latin-1").split("\r\n")
    if not status_line.startswith("HTTP/1."):
        raise EOFError
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status_line.split(" ")[1]), fields, body.decode("utf-8", "replace")
