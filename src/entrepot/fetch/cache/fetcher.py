"""The cache's front: a source by its URL, its converted forms, what is in memory already, and what is to be dropped."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from entrepot.errors import AppError, TooManyRedirects
from entrepot.fetch.cache.cache_status import CacheStatus
from entrepot.fetch.cache.contract import CacheStore, Selection
from entrepot.fetch.cache.entry import Partition, partition_of
from entrepot.fetch.cache.exchange import Classify, Exchange, OriginFetcher
from entrepot.fetch.cache.forms import Forms, Make
from entrepot.fetch.cache.hops import Ask, Hop, Hops, age_of
from entrepot.fetch.cache.hot import HotForm, HotForms
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.source import CachedForm, CachedSource, CacheRequest, facts_of
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.cache.statistics import CacheStatistics, Counts, hit_rate
from entrepot.fetch.client import raise_for_status
from entrepot.fetch.request import FetchRequest, redirected
from entrepot.fetch.url import URL, parse_url

_MAX_REDIRECTS_FORGOTTEN = 10


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """What is set for the whole cache.

    `default_headers` are sent with every request and are nobody's own. `failure_seconds` is how long a host that is not
    there is not asked again. `shares_between_owners` lets owners find each other's answers to requests without own headers.
    """

    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    default_headers: Mapping[str, str] = field(default_factory=dict)
    failure_seconds: float = 3.0
    memory_bytes: int = 64 * 1024**2
    shares_between_owners: bool = False


class CachedFetcher:
    """Fetches within one event loop, through a store."""

    def __init__(
        self,
        origins: OriginFetcher,
        store: CacheStore,
        spool: Spool,
        *,
        classify: Classify,
        policy: CachePolicy | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`classify` tells a media type from a body's first bytes and the declared type. `clock`: seconds since the epoch."""
        policy = policy or CachePolicy()
        self._policy = policy
        self._store = store
        self._spool = spool
        self._clock = clock
        self._hot = HotForms(policy.memory_bytes)
        self._changes = 0
        exchange = Exchange(origins, store, spool, lifetimes=policy.lifetimes, classify=classify, clock=clock)
        self._hops = Hops(
            store, exchange, lifetimes=policy.lifetimes, failure_seconds=policy.failure_seconds,
            clock=clock, on_change=self._on_change,
        )  # fmt: skip
        self._forms = Forms(store, spool, self._hops.counts, clock=clock)

    @property
    def counts(self) -> Counts:
        """What has happened so far."""
        return self._hops.counts

    async def obtain(self, wanted: CacheRequest) -> CachedSource:
        """The content of `wanted.url` after redirects, for the caller to close.

        Raises the errors of a bad status (`raise_for_status`), TooManyRedirects, RedirectLoop, and what the fetcher raises;
        those from the cache bear `cache_status`.
        """
        try:
            return await self._followed(wanted)
        except AppError:
            self.counts.failures += 1
            raise

    async def form(self, source: CachedSource, name: str, make: Make) -> CachedForm:
        """The source converted as `name` says, which tells format and options; `make` is called where it is not there yet.

        Raises what `make` raises; what is the source's own fault is remembered for a minute.
        """
        form = await self._forms.find(source, name, make)
        if form.body is not None and source.is_kept and await self._is_current(source):
            self._warm(source, name, form, form.body)
        return form

    def peek(self, wanted: CacheRequest, name: str) -> CachedForm | None:
        """The form, if it is in memory and fresh: at once, without disk or thread; None leaves it to `obtain` and `form`."""
        hot = self._hot.get((self._partition(wanted).name, str(wanted.url), name))
        if hot is None:
            return None
        now = self._clock()
        age = max(0.0, now - hot.born_at)
        if now >= hot.fresh_until or (wanted.max_age_seconds is not None and age >= wanted.max_age_seconds):
            return None
        self.counts.hits += 1
        self.counts.form_hits += 1
        status = CacheStatus(ttl_seconds=hot.fresh_until - now)
        return CachedForm(
            facts=hot.facts,
            source=hot.source,
            size_bytes=len(hot.body),
            body=hot.body,
            held=None,
            age_seconds=age,
            is_hit=True,
            cache_status=str(status),
            fresh_until=hot.fresh_until,
        )

    async def invalidate(self, selection: Selection) -> int:
        """Removes entries with their forms, and where a URL is meant, what it redirects to; returns how many went.

        Raises InvalidURL or DestinationForbidden for a URL that is none.
        """
        removed = 0
        if selection.url is not None:
            selection = replace(selection, url=str(parse_url(selection.url)))
        for _ in range(_MAX_REDIRECTS_FORGOTTEN):
            target = await self._redirect_target(selection)
            ids = await self._store.remove(selection)
            self.forget(ids)
            removed += len(ids)
            if target is None:
                break
            selection = replace(selection, url=str(target))
        return removed

    def forget(self, entry_ids: Sequence[str]) -> None:
        """Drops from memory what belongs to entries that have gone, say because another process removed them."""
        self._changes += 1
        self._hot.forget_entries(entry_ids)

    async def statistics(self) -> CacheStatistics:
        """The cache as it is now."""
        usage = await self._store.usage()
        return CacheStatistics(
            usage=usage, memory_bytes=self._hot.bytes, memory_max_bytes=self._hot.max_bytes,
            memory_entries=len(self._hot), max_entry_bytes=self._store.max_entry_bytes,
            counts=replace(self.counts), hit_rate=hit_rate(self.counts),
        )  # fmt: skip

    async def aclose(self) -> None:
        """Ends what runs in the background, and closes the store; sources that are still held stay readable."""
        await self._hops.aclose()
        await self._forms.aclose()
        await self._store.aclose()
        await self._spool.settle()

    async def _followed(self, wanted: CacheRequest) -> CachedSource:
        partition = self._partition(wanted)
        deadline = asyncio.get_running_loop().time() + wanted.limits.total_seconds
        request = FetchRequest(
            wanted.url, headers=_merged(self._policy.default_headers, wanted.headers), may_redirect=False
        )
        way: list[Hop] = []
        began_at = self._clock()
        for _ in range(wanted.limits.max_redirects + 1):
            hop = await self._hops.find(Ask(request, wanted, partition, deadline))
            way.append(hop)
            try:
                following = _following(request, hop)
            except BaseException:
                hop.body.close()
                raise
            if following is None:
                return self._source(wanted, way, began_at)
            hop.body.close()
            request = following
        raise TooManyRedirects(f"The origin redirects more than {wanted.limits.max_redirects} times.")

    def _source(self, wanted: CacheRequest, way: list[Hop], began_at: float) -> CachedSource:
        last, now = way[-1], self._clock()
        asked = next((hop for hop in reversed(way) if hop.status.fwd is not None), last)
        self._count(asked.status)
        return CachedSource(
            facts=facts_of(last.entry, wanted.url),
            partition=self._partition(wanted).name,
            entry_id=last.entry.id,
            body=last.body,
            age_seconds=age_of(last.entry, now),
            is_hit=asked.status.fwd is None,
            is_kept=last.is_kept,
            cache_status=str(asked.status),
            fresh_until=min(hop.entry.fresh_until if hop.is_kept else 0.0 for hop in way),
            keys=tuple(hop.entry.key for hop in way),
            is_new=last.entry.fetched_at >= began_at,
            changes=self._changes,
        )

    def _count(self, status: CacheStatus) -> None:
        if status.fwd_status == 304:
            self.counts.validated += 1
        elif status.detail.startswith("stale-"):
            self.counts.stale_hits += 1
        elif status.fwd is None:
            self.counts.hits += 1
        else:
            self.counts.misses += 1

    async def _is_current(self, source: CachedSource) -> bool:
        """Whether the source is fresh and still what is stored, and nothing has changed while that was looked up."""
        changes = self._changes
        if source.fresh_until <= self._clock():
            return False
        if source.is_new and source.changes == changes:
            return True
        stored = await self._store.find(source.keys[-1])
        return changes == self._changes and any(entry.id == source.entry_id for entry in stored)

    def _warm(self, source: CachedSource, name: str, form: CachedForm, body: bytes) -> None:
        hot = HotForm(
            facts=form.facts, source=source.facts, body=body, born_at=self._clock() - source.age_seconds,
            fresh_until=source.fresh_until, entry_id=source.entry_id, keys=source.keys,
        )  # fmt: skip
        self._hot.put((source.partition, source.facts.url, name), hot)

    def _on_change(self, key: str) -> None:
        self._changes += 1
        self._hot.forget_key(key)

    def _partition(self, wanted: CacheRequest) -> Partition:
        return partition_of(wanted.owner, wanted.headers, may_share=self._policy.shares_between_owners)

    async def _redirect_target(self, selection: Selection) -> URL | None:
        """Where a stored answer of the selection's URL redirects to, whoever's it is."""
        if selection.url is None:
            return None
        url = parse_url(selection.url)
        partition = partition_of(selection.owner or "", {}, may_share=self._policy.shares_between_owners)
        for entry in await self._store.find(partition.key(url)):
            with suppress(AppError):  # a redirect to nowhere
                following = redirected(FetchRequest(url), entry.answer.status, entry.answer.headers)
                if following is not None:
                    return following.url
        return None


def _following(request: FetchRequest, hop: Hop) -> FetchRequest | None:
    """The next request of the way; None at its end. Raises the error that a bad status is."""
    answer = hop.entry.answer
    following = redirected(request, answer.status, answer.headers)
    if following is not None:
        return following
    try:
        raise_for_status(answer)
    except AppError as error:
        error.extra["cache_status"] = str(hop.status)
        raise
    return None


def _merged(defaults: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """The caller's fields over the default ones, whatever case their names are in."""
    names = {name.lower() for name in own}
    return {**{name: value for name, value in defaults.items() if name.lower() not in names}, **own}
