"""A thin reverse proxy over the cache's core and its store on the disk: what the conformance suite speaks to."""

import asyncio
import http.client
import time
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from entrepot.assets.conditional import Decision, Representation, decide
from entrepot.dates import parse_http_date
from entrepot.fetch.cache.contract import CacheStore, Selection
from entrepot.fetch.cache.directives import request_directives
from entrepot.fetch.cache.entry import Entry, partition_of
from entrepot.fetch.cache.fields import kept_fields, updated_fields
from entrepot.fetch.cache.policy import Answer, Lifetimes, age_seconds, lifetime, may_store
from entrepot.fetch.cache.reuse import Use, is_selected, selecting_fields, use_of, wish_of
from entrepot.fetch.cache.validation import conditions, invalidated_urls
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import URL, parse_url

Message = MutableMapping[str, Any]
_PARTITION = partition_of("", {}, may_share=True)
_NOT_SENT_ON = frozenset({"connection", "host", "content-length", "transfer-encoding"})
_CONDITIONAL = frozenset(
    {"if-none-match", "if-modified-since", "if-match", "if-unmodified-since", "if-range"}
)


@dataclass(frozen=True, slots=True)
class Asked:
    """One request to the gateway."""

    method: str
    url: URL
    headers: Headers
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer of the gateway."""

    status: int
    headers: Headers
    body: bytes


class Gateway:
    """An ASGI application that answers for `origin`, as a shared cache without lifetimes of its own."""

    def __init__(self, origin: str, store: CacheStore, folder: Path) -> None:
        self._origin = origin
        self._store = store
        self._folder = folder
        self._lifetimes = Lifetimes()

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        reply = await self._reply(await self._asked(scope, receive))
        sent = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.lines()]
        status = reply.status if reply.status < 600 else 502
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": reply.body})

    async def _asked(self, scope: Message, receive: Callable[[], Awaitable[Message]]) -> Asked:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        query = scope["query_string"].decode("latin-1")
        target = scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
        lines = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
        return Asked(scope["method"], parse_url(self._origin + target), Headers(lines), body)

    async def _reply(self, asked: Asked) -> Reply:
        if asked.method not in ("GET", "HEAD"):
            return await self._unsafe(asked)
        directives = request_directives(asked.headers)
        stored = await self._stored(asked)
        if stored is not None:
            found = lifetime(stored.answer, self._lifetimes, is_shared=True)
            use = use_of(stored.answer, found, wish_of(directives), time.time(), is_shared=True)
            if use is not Use.AFTER_VALIDATION:
                return await self._from_store(asked, stored)
        if "only-if-cached" in directives:
            return Reply(504, Headers(), b"")
        return await self._forward(asked, stored)

    async def _unsafe(self, asked: Asked) -> Reply:
        answer, body = await self._exchange(asked, {})
        for url in invalidated_urls(asked.method, asked.url, answer.status, answer.headers):
            await self._store.remove(Selection(url=str(url)))
        return Reply(answer.status, kept_fields(answer.headers, is_shared=False), body)

    async def _stored(self, asked: Asked) -> Entry | None:
        entries = await self._store.find(_PARTITION.key(asked.url))
        fitting = [entry for entry in entries if is_selected(entry.selecting, asked.headers)]
        return max(fitting, key=lambda entry: entry.answer.responded_at, default=None)

    async def _forward(self, asked: Asked, stored: Entry | None) -> Reply:
        added = conditions(stored.answer) if stored is not None and asked.method == "GET" else {}
        try:
            answer, body = await self._exchange(asked, added)
        except (OSError, http.client.HTTPException):
            return Reply(504, Headers(), b"")
        if stored is not None and added and answer.status == 304:
            return await self._from_store(asked, await self._updated(stored, answer, asked))
        if asked.method == "GET" and may_store(answer, asked.headers, self._lifetimes, is_shared=True):
            await self._keep(asked, answer, body)
        elif stored is not None and answer.status < 500 and asked.method == "GET":
            await self._store.discard(stored.id)
        return Reply(answer.status, kept_fields(answer.headers, is_shared=False), body)

    async def _exchange(self, asked: Asked, added: dict[str, str]) -> tuple[Answer, bytes]:
        replaced = _NOT_SENT_ON | (_CONDITIONAL if added else frozenset())
        sent = [line for line in asked.headers.lines() if line[0].lower() not in replaced]
        requested_at = time.time()
        status, lines, body = await asyncio.to_thread(_sent, asked, [*sent, *added.items()])
        return Answer(status, Headers(lines), requested_at, time.time()), body

    async def _updated(self, stored: Entry, told: Answer, asked: Asked) -> Entry:
        headers = updated_fields(stored.answer.headers, told.headers, is_shared=True)
        answer = replace(told, status=stored.answer.status, headers=headers)
        entry = replace(stored, answer=answer, selecting=selecting_fields(headers, asked.headers))
        await self._store.update(entry)
        return entry

    async def _keep(self, asked: Asked, answer: Answer, body: bytes) -> None:
        kept = replace(answer, headers=kept_fields(answer.headers, is_shared=True))
        entry = Entry(
            key=_PARTITION.key(asked.url), url=str(asked.url), owner="", is_shared=True, answer=kept, media_type="",
            size_bytes=len(body), sha256="", fetched_at=answer.responded_at, fetch_ms=0, fresh_until=0,
            selecting=selecting_fields(kept.headers, asked.headers),
        )  # fmt: skip
        path = self._folder / entry.id
        path.write_bytes(body)
        await self._store.put(entry, path)
        path.unlink()

    async def _from_store(self, asked: Asked, entry: Entry) -> Reply:
        held = await self._store.open(entry)
        assert held is not None
        body = held.path.read_bytes()
        held.close()
        aged = [line for line in entry.answer.headers.lines() if line[0].lower() != "age"]
        lines = [*aged, ("Age", str(int(age_seconds(entry.answer, time.time()))))]
        decision = _decided(asked, entry, len(body))
        if entry.answer.status != 200 or decision.status in (200, 412):
            return Reply(entry.answer.status, Headers(lines), body if asked.method == "GET" else b"")
        without_length = [line for line in lines if line[0].lower() != "content-length"]
        part = b""
        if decision.status == 206:
            first, last = decision.ranges[0].first, decision.ranges[0].last
            part = body[first : last + 1]
            without_length.append(("Content-Range", f"bytes {first}-{last}/{len(body)}"))
        return Reply(decision.status, Headers(without_length), part)


def _decided(asked: Asked, entry: Entry, size_bytes: int) -> Decision:
    """Whether the caller has it already, or wants a part: judged against the stored validators."""
    now = datetime.now(UTC)
    headers = entry.answer.headers
    changed = parse_http_date(headers.get("Last-Modified") or headers.get("Date") or "", now) or now
    fields = {name: ", ".join(asked.headers.get_all(name)) for name in asked.headers}
    tag = headers.get("ETag", "").removeprefix("W/")
    return decide(asked.method, fields, Representation(tag or '""', changed, size_bytes), now)


def _sent(asked: Asked, fields: list[tuple[str, str]]) -> tuple[int, list[tuple[str, str]], bytes]:
    """One exchange over a connection of its own: the suite's origin sends bodies that are longer than it says."""
    connection = http.client.HTTPConnection(asked.url.host, asked.url.port, timeout=30)
    try:
        connection.putrequest(asked.method, asked.url.target, skip_accept_encoding=True)
        for name, value in fields:
            connection.putheader(name, value.encode("latin-1"))
        if asked.body:
            connection.putheader("Content-Length", str(len(asked.body)))
        connection.endheaders(asked.body or None)
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()
