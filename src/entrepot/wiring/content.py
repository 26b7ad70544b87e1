"""What reads URLs' content: origins, the cache before them, and the converters behind."""

import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from entrepot.config import Settings
from entrepot.content.sniff import media_type_of
from entrepot.errors import BadSetting
from entrepot.fetch.breakers import LocalBreakers
from entrepot.fetch.cache.contract import CacheStore
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.fetcher import CachedFetcher, CachePolicy
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.circuit import BreakerPolicy
from entrepot.fetch.client import FetchClient
from entrepot.fetch.origins import Origins
from entrepot.fetch.proxy import GuardProxy
from entrepot.fetch.retry import Backoff
from entrepot.fetch.turns import Politeness
from entrepot.pipelines.browser import BrowserBounds, BrowserPool
from entrepot.pipelines.conversion import ACCEPT
from entrepot.pipelines.converter import Converter
from entrepot.pipelines.reader import PageReader
from entrepot.pipelines.rendering import RenderingOrigins
from entrepot.processes.nursery import Nursery
from entrepot.threads import in_thread
from entrepot.wiring.data_folder import DataFolder
from entrepot.wiring.limits import file_limits, page_limits

if TYPE_CHECKING:  # an extra, and loaded only where it is used
    from entrepot.fetch.cache.redis import RedisStore


@dataclass(frozen=True, slots=True)
class Nest:
    """Where children come from, and the proxy through which they reach out."""

    nursery: Nursery
    proxy: GuardProxy


@dataclass(frozen=True, slots=True)
class Content:
    """What the roof asks of content."""

    origins: Origins
    cache: CachedFetcher
    reader: PageReader


async def open_content(
    settings: Settings, folder: DataFolder, client: FetchClient, nest: Nest, stack: AsyncExitStack
) -> Content:
    """Opens the cache and what stands around it. Raises DataFolderUnusable, StorageFull, BadSetting."""
    spool = Spool(folder.spool)
    for place in (spool, Spool(folder.scratch)):
        await in_thread(place.prepare)
    origins = build_origins(settings, client)
    browser = _build_browser(settings, nest)
    stack.push_async_callback(browser.close)
    await browser.prepare()
    stores = await _open_stores(settings, folder, spool)
    cache = CachedFetcher(
        RenderingOrigins(origins, browser, folder.scratch),
        stores.whole,
        spool,
        classify=media_type_of,
        policy=_policy(settings),
    )
    stack.push_async_callback(cache.aclose)
    _hear_removals(settings, stores, cache, stack)
    converter = Converter(nest.nursery, folder.scratch)
    stack.push_async_callback(converter.close)
    reader = PageReader(
        cache, origins, converter, page_limits=page_limits(settings), file_limits=file_limits(settings)
    )
    return Content(origins, cache, reader)


def build_origins(settings: Settings, client: FetchClient) -> Origins:
    """The client with retries, turns and circuits, as the settings have them."""
    policy = BreakerPolicy(failures=settings.breaker_failures, pause_seconds=settings.breaker_pause_seconds)
    return Origins(
        client,
        politeness=Politeness(
            per_host=settings.host_requests_at_once, interval_seconds=settings.host_interval_seconds
        ),
        backoff=Backoff(attempts=settings.fetch_retries + 1, base_seconds=0.25, cap_seconds=10),
        breakers=LocalBreakers(policy, time.monotonic),
    )


def _build_browser(settings: Settings, nest: Nest) -> BrowserPool:
    bounds = BrowserBounds(
        pages_at_once=settings.browser_pages_at_once,
        idle_seconds=settings.browser_idle_seconds,
        memory_bytes=settings.browser_memory_bytes,
    )
    return BrowserPool(nest.nursery, nest.proxy, program=settings.browser, bounds=bounds)


@dataclass(frozen=True, slots=True)
class _Stores:
    """What the cache keeps its entries in. `far` is shared with other processes; None: there is none."""

    whole: CacheStore
    near: DiskStore
    far: "RedisStore | None" = None


async def _open_stores(settings: Settings, folder: DataFolder, spool: Spool) -> _Stores:
    near = await in_thread(
        DiskStore.open_at, folder.cache, spool,
        max_bytes=settings.cache_max_bytes, max_entries=settings.cache_max_entries,
        max_entry_bytes=settings.cache_max_entry_bytes,
    )  # fmt: skip
    if not settings.redis_url:
        return _Stores(near, near)
    try:
        from entrepot.fetch.cache.levels import TwoLevels
        from entrepot.fetch.cache.redis import RedisStore
    except ImportError as error:
        raise BadSetting("ENTREPOT_REDIS_URL needs the redis library: install entrepot[redis].") from error
    far = RedisStore(
        settings.redis_url, spool,
        max_bytes=settings.cache_max_bytes, max_entries=settings.cache_max_entries,
        max_entry_bytes=settings.cache_max_entry_bytes,
    )  # fmt: skip
    whole = TwoLevels(near, far, spool, is_write_behind=settings.cache_write == "behind")
    return _Stores(whole, near, far)


def _hear_removals(settings: Settings, stores: _Stores, cache: CachedFetcher, stack: AsyncExitStack) -> None:
    """Has what other processes remove go here too."""
    if stores.far is None:
        return
    from entrepot.fetch.cache.announcements import RemovalListener

    listener = RemovalListener(settings.redis_url, stores.near, cache.forget, own_sender=stores.far.sender)
    listener.start()
    stack.push_async_callback(listener.aclose)


def _policy(settings: Settings) -> CachePolicy:
    by_type = dict(item.rsplit("=", 1) for item in settings.cache_ttl_by_type)
    lifetimes = Lifetimes(
        by_type={media_type: int(seconds) for media_type, seconds in by_type.items()},
        otherwise=settings.cache_ttl_seconds,
        negative=settings.cache_negative_seconds,
        stale_if_error=settings.cache_stale_if_error_seconds,
    )
    return CachePolicy(
        lifetimes=lifetimes,
        default_headers={"Accept": ACCEPT},
        memory_bytes=settings.cache_memory_bytes,
        shares_between_owners=settings.cache_shared,
    )
