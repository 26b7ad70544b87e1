"""A whole cache for a test: real store, real client, scripted origin, and a clock that the test turns."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from entrepot.fetch.cache.contract import CacheStore
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.fetcher import CachedFetcher, CachePolicy
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.source import CachedForm, CachedSource, CacheRequest, MadeForm
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.client import FetchClient
from entrepot.fetch.guard import Guard
from entrepot.fetch.origins import Origins
from entrepot.fetch.retry import Backoff
from entrepot.fetch.url import URL
from tests.fetch.cache.origin import Origin, running_origin
from tests.fetch.fetching import LOOPBACK, limits

T = TypeVar("T")

LIFETIMES = Lifetimes(by_type={"text/html": 300, "image/*": 86400}, otherwise=60, negative=30)


class Clock:
    """Seconds since the epoch, as the test says."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now

    def turn(self, seconds: float) -> None:
        self.now += seconds


@dataclass(slots=True)
class Cache:
    """The parts of one cache, running."""

    origin: Origin
    fetcher: CachedFetcher
    store: CacheStore
    clock: Clock
    folder: Path
    origins: Origins
    spool: Spool

    async def get(self, url: URL, **wanted: Any) -> CachedSource:
        """Obtains a source and closes it; its facts stay."""
        source = await self.fetcher.obtain(CacheRequest(url, **{"limits": limits(), **wanted}))
        source.close()
        return source

    async def body(self, url: URL, **wanted: Any) -> bytes:
        source = await self.fetcher.obtain(CacheRequest(url, **{"limits": limits(), **wanted}))
        try:
            return source.path.read_bytes()
        finally:
            source.close()

    async def upper(self, url: URL, name: str = "upper", **wanted: Any) -> CachedForm:
        """The source in capitals, as a converted form."""
        source = await self.fetcher.obtain(CacheRequest(url, **{"limits": limits(), **wanted}))
        try:
            return await self.fetcher.form(source, name, self.capitals)
        finally:
            source.close()

    async def capitals(self, path: Path) -> MadeForm:
        made = self.folder / f"made-{uuid.uuid4().hex}"
        made.write_bytes(path.read_bytes().upper())
        return MadeForm({"length": made.stat().st_size}, made)


def media_type(_head: bytes, declared: str | None) -> str:
    """As the declared type says."""
    return (declared or "").partition(";")[0].strip().lower()


def with_cache(
    folder: Path,
    work: Callable[[Cache], Awaitable[T]],
    *,
    store: Callable[[Spool], CacheStore] | None = None,
    policy: CachePolicy | None = None,
) -> T:
    """Runs `work` with a cache in `folder`, in an event loop of its own."""

    async def run() -> T:
        async with AsyncExitStack() as stack:
            origin = await stack.enter_async_context(running_origin())
            clock = Clock()
            spool = Spool(folder / "spool")
            spool.prepare()
            kept = store(spool) if store else disk_store(folder, spool)
            client = FetchClient(Guard(allow=LOOPBACK), user_agent="entrepot-tests")
            stack.push_async_callback(client.aclose)
            origins = Origins(client, backoff=Backoff(attempts=1))
            fetcher = CachedFetcher(
                origins, kept, spool, classify=media_type, clock=clock,
                policy=policy or CachePolicy(lifetimes=LIFETIMES, default_headers={"Accept": "text/html"}),
            )  # fmt: skip
            stack.push_async_callback(fetcher.aclose)
            return await work(Cache(origin, fetcher, kept, clock, folder, origins, spool))

    return asyncio.run(run())


def disk_store(folder: Path, spool: Spool, **limits: Any) -> DiskStore:
    """A store on the disk whose limits a test does not meet, but for those it changes."""
    sizes = {"max_bytes": 64 * 1024**2, "max_entries": 10_000, "max_entry_bytes": 16 * 1024**2}
    return DiskStore.open_at(folder / "store", spool, **{**sizes, **limits})
