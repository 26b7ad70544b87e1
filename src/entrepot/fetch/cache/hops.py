"""One hop of a source: found in the store, or asked for at its origin, by one for all who ask at the same time."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from entrepot.errors import (
    AppError,
    HostBusy,
    HostNotFound,
    UpstreamFailure,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.cache.cache_status import CacheStatus
from entrepot.fetch.cache.contract import CacheStore
from entrepot.fetch.cache.entry import Entry, Partition
from entrepot.fetch.cache.exchange import Exchange, Exchanged, sent_fields
from entrepot.fetch.cache.failures import Failures
from entrepot.fetch.cache.flight import Flights
from entrepot.fetch.cache.policy import Lifetime, Lifetimes, age_seconds, fresh_until, lifetime
from entrepot.fetch.cache.reuse import Use, Wish, is_selected, may_use_on_error, use_of, wish_within
from entrepot.fetch.cache.source import CacheRequest
from entrepot.fetch.cache.spool import Body
from entrepot.fetch.cache.statistics import Counts
from entrepot.fetch.cache.validation import PASSING_FAILURES
from entrepot.fetch.cookies import cookie_field
from entrepot.fetch.request import FetchRequest

_MAX_IN_BACKGROUND = 16
_GRACE_SECONDS = 0.5  # in which the fetch itself says that its time is over

FlightKey = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request of the way that `wanted` takes, within a partition. `deadline` is the loop's time."""

    request: FetchRequest
    wanted: CacheRequest
    partition: Partition
    deadline: float

    @property
    def key(self) -> str:
        """The name under which its answers lie."""
        return self.partition.key(self.request.url)


@dataclass(frozen=True, slots=True)
class Hop:
    """An answer to one request of the way. `body` is this one's to close. `is_kept`: it is in the store."""

    entry: Entry
    body: Body
    status: CacheStatus
    is_kept: bool


class Hops:
    """Decides for each hop whether what is stored will do, and fetches what will not."""

    def __init__(
        self,
        store: CacheStore,
        exchange: Exchange,
        *,
        lifetimes: Lifetimes,
        failure_seconds: float,
        clock: Callable[[], float],
        on_change: Callable[[str], None],
    ) -> None:
        """`on_change` is told the key under which something new is stored, or something old has gone."""
        self._store = store
        self._exchange = exchange
        self._lifetimes = lifetimes
        self._clock = clock
        self._on_change = on_change
        self._failures: Failures[str] = Failures(clock, kept_seconds=failure_seconds)
        self._flights: Flights[FlightKey, Exchanged] = Flights(lambda exchanged: exchanged.body.close())
        self._background: set[asyncio.Task[None]] = set()
        self.counts = Counts()

    async def find(self, ask: Ask) -> Hop:
        """The answer to one request, redirects and errors of its origin included. Raises what the fetcher raises."""
        wish = wish_within(ask.wanted.max_age_seconds)
        stored = await self._stored(ask)
        if stored is not None:
            use = use_of(
                stored.answer, self._lifetime(stored), wish, self._clock(), is_shared=stored.is_shared
            )
            if use is not Use.AFTER_VALIDATION and (body := await self._store.open(stored)) is not None:
                return self._hit(ask, stored, body, use)
        elif not wish.must_validate:
            self._failures.check(ask.key)
        return await self._forward(ask, stored, wish)

    async def aclose(self) -> None:
        """Ends what runs in the background."""
        for task in self._background:
            task.cancel()
        if self._background:
            await asyncio.wait(self._background)
        await self._flights.aclose()

    async def _stored(self, ask: Ask) -> Entry | None:
        """The newest stored answer that this request may get (RFC 9111 section 4.1)."""
        sent, url = sent_fields(ask.request), str(ask.request.url)
        found = await self._store.find(ask.key)
        fitting = [entry for entry in found if entry.url == url and is_selected(entry.selecting, sent)]
        newest = max(fitting, key=lambda entry: entry.answer.responded_at, default=None)
        if newest is None:
            return None
        until = fresh_until(
            newest.answer, self._lifetimes, is_shared=newest.is_shared, media_type=newest.media_type
        )
        return replace(newest, fresh_until=until)  # the settings may be others than when it was stored

    def _hit(self, ask: Ask, stored: Entry, body: Body, use: Use) -> Hop:
        detail = ""
        if use is Use.WHILE_VALIDATING:
            detail = "stale-while-revalidate"
            self._validate_behind(ask, stored)
        ttl = stored.fresh_until - self._clock()
        return Hop(stored, body, CacheStatus(ttl_seconds=ttl, detail=detail), is_kept=True)

    async def _forward(self, ask: Ask, stored: Entry | None, wish: Wish) -> Hop:
        fwd = "request" if wish.must_validate else "uri-miss" if stored is None else "stale"
        try:
            async with asyncio.timeout_at(ask.deadline + _GRACE_SECONDS):
                exchanged, has_joined = await self._fly(ask, stored)
        except TimeoutError as error:
            failure = UpstreamTimeout("The origin took longer than allowed.")
            failure.__cause__ = error
            return await self._stand_in(stored, wish, failure, fwd)
        except (UpstreamFailure, HostNotFound, HostBusy) as error:
            return await self._stand_in(stored, wish, error, fwd)
        if exchanged.origin_status in PASSING_FAILURES and stored is not None:
            try:
                found = await self._stale(stored, wish)
            except BaseException:
                exchanged.body.close()
                raise
            if found is not None:
                exchanged.body.close()
                return self._standing_in(*found, fwd, exchanged.origin_status)
        status = CacheStatus(
            fwd, exchanged.origin_status, exchanged.entry.fresh_until - self._clock(),
            is_stored=exchanged.is_stored, is_collapsed=has_joined,
        )  # fmt: skip
        return Hop(exchanged.entry, exchanged.body, status, exchanged.is_stored)

    async def _fly(self, ask: Ask, stored: Entry | None) -> tuple[Exchanged, bool]:
        """One exchange for all who ask for the same, on the same terms, at the same time."""
        request, wanted = ask.request, ask.wanted
        must_be_new = wanted.max_age_seconds == 0
        sent = tuple(sorted(request.headers.items())), cookie_field(request.cookies, request.url)
        terms = wanted.limits, wanted.may_store, wanted.owner, wanted.tags, must_be_new
        left = max(0.0, ask.deadline - asyncio.get_running_loop().time())

        async def work() -> Exchanged:
            self.counts.fetches += 1
            try:
                exchanged = await self._exchange.run(
                    request, replace(wanted.limits, total_seconds=left), ask.partition,
                    known=stored, must_be_new=must_be_new, may_keep=wanted.may_store, tags=wanted.tags,
                )  # fmt: skip
            except (HostNotFound, UpstreamUnreachable) as error:
                self._failures.note(ask.key, error)
                raise
            self._failures.forget(ask.key)
            self._on_change(ask.key)
            return exchanged

        found, has_joined = await self._flights.run((ask.key, sent, terms), work, _shared)
        self.counts.joins += has_joined
        return found, has_joined

    async def _stand_in(self, stored: Entry | None, wish: Wish, error: AppError, fwd: str) -> Hop:
        """The stored answer while its origin fails (RFC 5861 section 4). Raises the failure where there is none."""
        found = await self._stale(stored, wish)
        if found is None:
            raise error
        return self._standing_in(*found, fwd, error.extra.get("upstream_status"))

    async def _stale(self, stored: Entry | None, wish: Wish) -> tuple[Entry, Body] | None:
        if stored is None or stored.answer.status >= 400:
            return None
        may_use = may_use_on_error(
            stored.answer, self._lifetime(stored), wish, self._clock(),
            is_shared=stored.is_shared, otherwise_seconds=self._lifetimes.stale_if_error,
        )  # fmt: skip
        body = await self._store.open(stored) if may_use else None
        return None if body is None else (stored, body)

    def _standing_in(self, stored: Entry, body: Body, fwd: str, origin_status: int | None) -> Hop:
        ttl = stored.fresh_until - self._clock()
        return Hop(stored, body, CacheStatus(fwd, origin_status, ttl, detail="stale-if-error"), is_kept=True)

    def _validate_behind(self, ask: Ask, stored: Entry) -> None:
        """Asks the origin while the caller has its answer already; not when that many are asked already."""
        if len(self._background) >= _MAX_IN_BACKGROUND:
            return
        self.counts.background_validations += 1
        deadline = asyncio.get_running_loop().time() + ask.wanted.limits.total_seconds
        task = asyncio.create_task(self._validate(replace(ask, deadline=deadline), stored))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _validate(self, ask: Ask, stored: Entry) -> None:
        try:
            exchanged, _ = await self._fly(ask, stored)
        except AppError:
            return  # what is stored stays until it may no longer be used; who asks then is told the failure
        exchanged.body.close()

    def _lifetime(self, entry: Entry) -> Lifetime:
        return lifetime(entry.answer, self._lifetimes, is_shared=entry.is_shared, media_type=entry.media_type)


def age_of(entry: Entry, now: float) -> float:
    """The entry's age in seconds as callers are told it: where `Age` cannot be read, since it came here."""
    age = age_seconds(entry.answer, now)
    return age if math.isfinite(age) else max(0.0, now - entry.answer.responded_at)


def _shared(exchanged: Exchanged) -> Exchanged:
    return replace(exchanged, body=exchanged.body.share())
