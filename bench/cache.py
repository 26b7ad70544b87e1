"""`python -m bench.cache`: what a cached answer costs beside a fetch from loopback by the same client, and how many fetches 1,000 at once are.

Ends with 1 where a ratio is below its limit or more than one fetch was made. Ratios count; the rates are this machine's.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.fetcher import CachedFetcher, CachePolicy
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.source import CacheRequest, MadeForm
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response
from entrepot.fetch.guard import Guard
from entrepot.fetch.origins import Origins
from entrepot.fetch.turns import Politeness
from entrepot.fetch.url import URL, parse_url

MIN_PEEK_RATIO = 20.0  # a form in memory, beside a fetch
# A source as a file from the disk, beside a fetch: no network is nearer than loopback, and no page quicker to send.
MIN_OBTAIN_RATIO = 0.25
AT_ONCE = 1000
_BODY = b"<title>Page</title><main><p>Some words. " * 256
_LIMITS = Limits(max_bytes=2**20, total_seconds=60)


@dataclass(frozen=True, slots=True)
class Bench:
    """What is measured."""

    client: FetchClient
    fetcher: CachedFetcher
    url: URL
    folder: Path

    @property
    def wanted(self) -> CacheRequest:
        return CacheRequest(self.url, _LIMITS)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=2000, help="requests of each kind (2000)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        return asyncio.run(_measured(Path(name), options.count))


async def _measured(folder: Path, count: int) -> int:
    async with AsyncExitStack() as stack:
        bench = await _opened(folder, stack)
        fetches = await _at_once(bench)
        await _form(bench)
        fetch = await _rate(count, lambda: _fetch(bench))
        obtain = await _rate(count, lambda: _obtain(bench))
        peek = _peek_rate(bench, count * 20)
    print(f"{len(_BODY) / 1024:.0f} KiB page, one after the other, a second")
    print(f"{'fetch from loopback':>24} {fetch:>10,.0f}")
    print(
        f"{'source from the disk':>24} {obtain:>10,.0f}   {obtain / fetch:>7.1f} ×  (limit {MIN_OBTAIN_RATIO})"
    )
    print(f"{'form from memory':>24} {peek:>10,.0f}   {peek / fetch:>7.1f} ×  (limit {MIN_PEEK_RATIO})")
    print(f"{AT_ONCE:,} at once: {fetches} fetched (limit 1)")
    is_within = fetches == 1 and peek / fetch >= MIN_PEEK_RATIO and obtain / fetch >= MIN_OBTAIN_RATIO
    print("within the limits" if is_within else "BEYOND THE LIMITS")
    return 0 if is_within else 1


async def _opened(folder: Path, stack: AsyncExitStack) -> Bench:
    connections: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.add(asyncio.create_task(_serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=AT_ONCE)
    stack.push_async_callback(lambda: asyncio.wait(connections))
    stack.callback(server.close)
    spool = Spool(folder / "spool")
    spool.prepare()
    store = DiskStore.open_at(
        folder / "store", spool, max_bytes=2**30, max_entries=1000, max_entry_bytes=2**20
    )
    client = FetchClient(Guard(allow=["127.0.0.0/8"]), user_agent="bench")
    stack.push_async_callback(client.aclose)
    fetcher = CachedFetcher(
        Origins(client, politeness=Politeness(per_host=64)), store, spool,
        classify=lambda _head, _declared: "text/html", policy=CachePolicy(lifetimes=Lifetimes(otherwise=3600)),
    )  # fmt: skip
    stack.push_async_callback(fetcher.aclose)
    port = server.sockets[0].getsockname()[1]
    return Bench(client, fetcher, parse_url(f"http://127.0.0.1:{port}/"), folder)


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(_BODY)}\r\n\r\n".encode()
    while await reader.readline():
        while await reader.readline() != b"\r\n":
            pass
        writer.write(head + _BODY)
    writer.close()


async def _at_once(bench: Bench) -> int:
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(_obtain(bench))
    return bench.fetcher.counts.fetches


async def _fetch(bench: Bench) -> None:
    async with bench.client.stream(FetchRequest(bench.url), _LIMITS) as response:
        await _read(response)


async def _read(response: Response) -> None:
    await response.read()


async def _obtain(bench: Bench) -> None:
    (await bench.fetcher.obtain(bench.wanted)).close()


async def _form(bench: Bench) -> None:
    async def make(path: Path) -> MadeForm:
        made = bench.folder / "made"
        made.write_bytes(path.read_bytes())
        return MadeForm({}, made)

    source = await bench.fetcher.obtain(bench.wanted)
    await bench.fetcher.form(source, "copy", make)
    source.close()


async def _rate(count: int, work: Callable[[], Awaitable[None]]) -> float:
    started = time.perf_counter()
    for _ in range(count):
        await work()
    return count / (time.perf_counter() - started)


def _peek_rate(bench: Bench, count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        assert bench.fetcher.peek(bench.wanted, "copy") is not None
    return count / (time.perf_counter() - started)


if __name__ == "__main__":
    sys.exit(main())
