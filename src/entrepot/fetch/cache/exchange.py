"""One exchange with an origin on the cache's behalf: its body spooled and hashed, its answer judged, stored or merged."""

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from entrepot.disk import translated_disk_errors
from entrepot.fetch.cache.contract import CacheStore
from entrepot.fetch.cache.entry import Entry, Partition, tags_of
from entrepot.fetch.cache.fields import kept_fields, updated_fields, without_cookies
from entrepot.fetch.cache.policy import Answer, Lifetimes, fresh_until, may_store
from entrepot.fetch.cache.reuse import selecting_fields
from entrepot.fetch.cache.spool import Body, Spool
from entrepot.fetch.cache.validation import conditions, is_failure
from entrepot.fetch.client import Response
from entrepot.fetch.cookies import cookie_field
from entrepot.fetch.headers import Headers
from entrepot.fetch.request import FetchRequest, Limits
from entrepot.fetch.writing import Writing
from entrepot.threads import in_thread

T = TypeVar("T")
Classify = Callable[[bytes, str | None], str]

_WRITTEN_AT_ONCE_BYTES = 64 * 1024  # the system takes so little sooner than a thread would


class OriginFetcher(Protocol):
    """Whoever asks origins: `fetch.origins.Origins`."""

    async def fetch(
        self, request: FetchRequest, limits: Limits, receive: Callable[[Response], Awaitable[T]]
    ) -> T:
        """What `receive` makes of the answer; it begins afresh where the request is sent again."""


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What an exchange gave. `body` is this one's to close; `origin_status` is 304 where the stored body still holds."""

    entry: Entry
    body: Body
    origin_status: int
    is_stored: bool


@dataclass(frozen=True, slots=True)
class _Received:
    answer: Answer
    body: Body
    size_bytes: int
    sha256: str
    head: bytes
    fetch_ms: float


class Exchange:
    """Asks origins and keeps what they answer."""

    def __init__(
        self,
        origins: OriginFetcher,
        store: CacheStore,
        spool: Spool,
        *,
        lifetimes: Lifetimes,
        classify: Classify,
        clock: Callable[[], float],
    ) -> None:
        """`classify` tells the media type from a body's first bytes and the declared type. `clock`: seconds since the epoch."""
        self._origins = origins
        self._store = store
        self._spool = spool
        self._lifetimes = lifetimes
        self._classify = classify
        self._clock = clock

    async def run(
        self,
        request: FetchRequest,
        limits: Limits,
        partition: Partition,
        *,
        known: Entry | None = None,
        must_be_new: bool = False,
        may_keep: bool = True,
        tags: tuple[str, ...] = (),
    ) -> Exchanged:
        """The origin's answer, of any status. `known` is what is stored: the origin is asked whether that still holds.

        `must_be_new`: it is asked for all of it again. Raises what the fetcher raises, StorageFull, OutOfOrder.
        """
        held = None
        if known is not None and not must_be_new and conditions(known.answer):
            held = await self._store.open(known)
        try:
            sent = _conditional(request, known) if known is not None and held is not None else request
            started, requested_at = time.perf_counter(), self._clock()
            received = await self._origins.fetch(
                sent, limits, lambda response: self._receive(response, started, requested_at)
            )
            if received.answer.status == 304 and known is not None and held is not None:
                received.body.close()
                body, held = held, None
                return await self._validated(known, body, received.answer, request)
        finally:
            if held is not None:
                held.close()
        return await self._fetched(request, received, partition, known, may_keep=may_keep, tags=tags)

    async def _receive(self, response: Response, started: float, requested_at: float) -> _Received:
        answer = Answer(response.status, response.headers, requested_at, self._clock())
        if response.status >= 300:  # nobody reads the body of a redirect or an error
            body, _ = await self._spool.fill(Path.touch)
            return _Received(answer, body, 0, hashlib.sha256().hexdigest(), b"", _ms_since(started))
        body = self._spool.make()
        try:
            with translated_disk_errors(), body.path.open("xb", buffering=0) as file:
                writing = Writing(file)
                async for pieces in response.pieces():
                    if sum(map(len, pieces)) <= _WRITTEN_AT_ONCE_BYTES:
                        writing.add(pieces)
                    else:
                        await in_thread(writing.add, pieces)
        except BaseException:
            body.close()
            raise
        return _Received(
            answer, body, writing.size_bytes, writing.digest.hexdigest(), bytes(writing.head), _ms_since(started)
        )  # fmt: skip

    async def _fetched(
        self,
        request: FetchRequest,
        received: _Received,
        partition: Partition,
        known: Entry | None,
        *,
        may_keep: bool,
        tags: tuple[str, ...],
    ) -> Exchanged:
        body = received.body
        try:
            entry, is_wanted = self._judged(request, received, partition, tags)
            is_better = known is None or not is_failure(received.answer.status)
            is_stored = (
                may_keep and is_wanted and is_better and await self._store.put(_stored(entry), body.path)
            )
            if known is not None and may_keep and is_better and not is_stored:
                await self._store.discard(
                    known.id
                )  # its origin says something else now, which may not be kept
        except BaseException:
            body.close()
            raise
        return Exchanged(entry, body, received.answer.status, is_stored)

    def _judged(
        self, request: FetchRequest, received: _Received, partition: Partition, tags: tuple[str, ...]
    ) -> tuple[Entry, bool]:
        """The entry for an answer, and whether it may be stored."""
        answer = replace(
            received.answer,
            headers=kept_fields(received.answer.headers, is_shared=partition.is_shared),
        )
        media_type = self._classify(received.head, answer.headers.get("Content-Type"))
        sent = sent_fields(request)
        entry = Entry(
            key=partition.key(request.url), url=str(request.url), owner=partition.owner, is_shared=partition.is_shared,
            answer=answer, media_type=media_type, size_bytes=received.size_bytes, sha256=received.sha256,
            fetched_at=answer.responded_at, fetch_ms=received.fetch_ms,
            fresh_until=self._fresh_until(answer, media_type, partition.is_shared),
            selecting=selecting_fields(answer.headers, sent),
            tags=tags_of(request.url, media_type, answer.headers, tags),
        )  # fmt: skip
        is_wanted = may_store(
            received.answer, sent, self._lifetimes, is_shared=partition.is_shared, media_type=media_type
        )
        # A redirect that sets a cookie often leads to itself: with the cookie it would be answered otherwise.
        is_gate = 300 <= answer.status < 400 and "Set-Cookie" in answer.headers
        return entry, is_wanted and not is_gate

    async def _validated(self, known: Entry, body: Body, told: Answer, request: FetchRequest) -> Exchanged:
        """The stored entry with what the 304 says anew (RFC 9111 section 4.3.4)."""
        headers = updated_fields(known.answer.headers, told.headers, is_shared=known.is_shared)
        answer = Answer(known.answer.status, headers, told.requested_at, told.responded_at)
        entry = replace(
            known,
            answer=answer,
            fresh_until=self._fresh_until(answer, known.media_type, known.is_shared),
            selecting=selecting_fields(headers, sent_fields(request)),
        )
        try:
            await self._store.update(_stored(entry))
        except BaseException:
            body.close()
            raise
        return Exchanged(entry, body, 304, is_stored=True)

    def _fresh_until(self, answer: Answer, media_type: str, is_shared: bool) -> float:
        return fresh_until(answer, self._lifetimes, is_shared=is_shared, media_type=media_type)


def _stored(entry: Entry) -> Entry:
    """The entry as it is kept: without its cookies."""
    headers = without_cookies(entry.answer.headers)
    return replace(entry, answer=replace(entry.answer, headers=headers))


def sent_fields(request: FetchRequest) -> Headers:
    """The fields of a request by which an answer can have been selected, its cookies among them."""
    lines = list(request.headers.items())
    if cookies := cookie_field(request.cookies, request.url):
        lines.append(("Cookie", cookies))
    return Headers(lines)


def _conditional(request: FetchRequest, known: Entry) -> FetchRequest:
    own = {name.lower() for name in request.headers}
    added = {name: value for name, value in conditions(known.answer).items() if name.lower() not in own}
    fields: Mapping[str, str] = {**request.headers, **added}
    return replace(request, headers=fields)


def _ms_since(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 1)
