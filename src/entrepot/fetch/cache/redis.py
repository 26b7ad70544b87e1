"""The store that several processes share: entries in Redis, LRU under a byte limit of its own, never an error of ours.

A Redis that is gone, frozen or emptied means misses: every command has 200 ms, and after a failure nobody asks for a while.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from entrepot.errors import AppError
from entrepot.fetch.cache import redis_scripts as scripts
from entrepot.fetch.cache.contract import ENTRY_OVERHEAD_BYTES, Selection, StoredForm, Usage
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.outage import Outage
from entrepot.fetch.cache.spool import Body, Spool
from entrepot.telemetry import get_logger
from entrepot.threads import in_thread

T = TypeVar("T")

COMMAND_SECONDS = 0.2
PREFIX = "entrepot:cache:1:"
CHANNEL = "gone"  # on which removals are announced
_CHUNK_BYTES = 256 * 1024
_UPLOAD_SECONDS = 60  # after which pieces go whose entry never came
_KEPT_SECONDS = 14 * 86400  # since the last use, whatever room there is
_BATCH = 200
_log = get_logger("cache")


class RedisStore:
    """A CacheStore in Redis under `prefix`. Made and used in one event loop."""

    def __init__(
        self,
        url: str,
        spool: Spool,
        *,
        max_bytes: int,
        max_entries: int,
        max_entry_bytes: int,
        prefix: str = PREFIX,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`url` is redis://, rediss:// or unix://; `max_bytes` counts bodies, forms and facts together.

        `clock` gives seconds since the epoch: by it all processes order what they use.
        """
        self._redis: Redis = Redis.from_url(
            url, socket_timeout=COMMAND_SECONDS, socket_connect_timeout=COMMAND_SECONDS, retry=Retry(NoBackoff(), 0)
        )  # fmt: skip
        self._spool = spool
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self.max_entry_bytes = min(max_entry_bytes, max_bytes)
        self._prefix = prefix
        self._clock = clock
        self._outage = Outage(time.monotonic)
        self.sender = uuid.uuid4().hex  # tells this process's announcements from others'

    async def find(self, key: str) -> Sequence[Entry]:
        async def work() -> list[Entry]:
            found = await self._run(scripts.FIND, key)
            return [Entry.from_dict(json.loads(facts)) for facts in found]

        return await self._tried([], work)

    async def open(self, entry: Entry) -> Body | None:
        async def work() -> Body | None:
            chunks = await self._run(scripts.TOUCH, entry.id, self._now_ms(), _KEPT_SECONDS)
            return None if chunks is None else await self._receive(entry, int(chunks))

        return await self._tried(None, work)

    async def put(self, entry: Entry, path: Path) -> bool:
        if entry.size_bytes > self.max_entry_bytes:
            return False

        async def work() -> bool:
            chunks = await self._send(entry, path)
            facts = json.dumps(entry.as_dict())
            size_bytes = entry.size_bytes + len(facts) + ENTRY_OVERHEAD_BYTES
            return bool(
                await self._run(
                    scripts.PUT, entry.id, entry.key, facts, entry.url, entry.owner, _selecting(entry), "\n".join(entry.tags),
                    chunks, size_bytes, self._now_ms(), _KEPT_SECONDS, self._max_bytes, self._max_entries,
                )
            )  # fmt: skip

        return await self._tried(False, work)

    async def update(self, entry: Entry) -> None:
        facts = json.dumps(entry.as_dict())
        await self._tried(None, lambda: self._run(scripts.UPDATE, entry.id, facts, _selecting(entry)))

    async def find_form(self, entry_id: str, name: str) -> StoredForm | None:
        async def work() -> StoredForm | None:
            found = await _given(self._redis.hget(f"{self._prefix}f:{entry_id}", name))
            if found is None:
                return None
            facts, _, body = cast("bytes", found).partition(b"\n")
            return StoredForm(json.loads(facts), body)

        return await self._tried(None, work)

    async def put_form(self, entry_id: str, name: str, form: StoredForm) -> bool:
        if len(form.body) > self.max_entry_bytes:
            return False
        value = json.dumps(form.facts).encode() + b"\n" + form.body

        async def work() -> bool:
            kept = await self._run(
                scripts.PUT_FORM, entry_id, name, value, self._now_ms(), _KEPT_SECONDS, self._max_bytes, self._max_entries
            )  # fmt: skip
            return bool(kept)

        return await self._tried(False, work)

    async def remove(self, selection: Selection) -> Sequence[str]:
        """As the contract says; also announced to the other processes, which have near copies (`announcements`)."""
        removed: list[str] = []

        async def work() -> None:
            said = json.dumps({"sender": self.sender, **asdict(selection)})
            candidates = await self._candidates(selection)
            for start in range(0, len(candidates), _BATCH):
                meant = await self._meant(selection, candidates[start : start + _BATCH])
                if meant:
                    await self._run(scripts.DROP, *meant)
                removed.extend(meant)
            await _given(self._redis.publish(self._prefix + CHANNEL, said))

        await self._tried(None, work)
        return removed

    async def discard(self, entry_id: str) -> None:
        await self._tried(None, lambda: self._run(scripts.DROP, entry_id))

    async def usage(self) -> Usage:
        nothing = Usage(0, 0, self._max_bytes, self._max_entries, 0, is_available=False)

        async def work() -> Usage:
            held, evictions = await _given(
                self._redis.mget(f"{self._prefix}bytes", f"{self._prefix}evictions")
            )
            count = await _given(self._redis.zcard(f"{self._prefix}lru"))
            return Usage(int(held or 0), count, self._max_bytes, self._max_entries, int(evictions or 0))

        return await self._tried(nothing, work)

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def _run(self, script: str, *arguments: str | bytes | int) -> Any:
        digest = hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
        try:
            return await _given(self._redis.evalsha(digest, 0, self._prefix, *arguments))
        except NoScriptError:  # never run there before
            return await _given(self._redis.eval(script, 0, self._prefix, *arguments))

    async def _send(self, entry: Entry, path: Path) -> int:
        """The body in pieces, which go by themselves unless their entry comes; returns how many."""
        with path.open("rb") as file:
            number = 0
            while piece := await in_thread(file.read, _CHUNK_BYTES):
                await self._redis.set(f"{self._prefix}b:{entry.id}:{number}", piece, ex=_UPLOAD_SECONDS)
                number += 1
        return number

    async def _receive(self, entry: Entry, chunks: int) -> Body | None:
        body = self._spool.make()
        is_whole = False
        try:
            digest = hashlib.sha256()
            with body.path.open("wb") as file:
                for number in range(chunks):
                    piece: bytes = (
                        await _given(self._redis.get(f"{self._prefix}b:{entry.id}:{number}")) or b""
                    )
                    digest.update(piece)
                    await in_thread(file.write, piece)
            is_whole = digest.hexdigest() == entry.sha256
        finally:
            if not is_whole:
                body.close()
        if not is_whole:  # Redis has made room by itself
            await self._run(scripts.DROP, entry.id)
        return body if is_whole else None

    async def _candidates(self, selection: Selection) -> list[str]:
        if selection.tag is not None:
            found = await _given(self._redis.smembers(f"{self._prefix}t:{selection.tag}"))
            return [member.decode() for member in found]
        if selection.url is None and selection.prefix is None:
            found = await _given(self._redis.zrange(f"{self._prefix}lru", 0, -1))
            return [member.decode() for member in found]
        start = f"{selection.url}\0" if selection.url is not None else str(selection.prefix)
        low, high = b"[" + start.encode(), b"[" + start.encode() + b"\xff"
        members = await _given(self._redis.zrangebylex(f"{self._prefix}urls", low, high))
        return [member.rpartition(b"\0")[2].decode() for member in members]

    async def _meant(self, selection: Selection, ids: Sequence[str]) -> list[str]:
        """Those of the ids that the selection takes."""
        async with self._redis.pipeline(transaction=False) as pipeline:
            for entry_id in ids:
                pipeline.hmget(f"{self._prefix}e:{entry_id}", "url", "owner", "tags")
            told = await pipeline.execute()
        return [
            entry_id
            for entry_id, (url, owner, tags) in zip(ids, told, strict=True)
            if url is not None and selection.takes(url.decode(), owner.decode(), tags.decode().split("\n"))
        ]

    def _now_ms(self) -> int:
        return int(self._clock() * 1000)

    async def _tried(self, otherwise: T, work: Callable[[], Awaitable[T]]) -> T:
        """What the work gives; `otherwise` where Redis or the spool fails, or has failed just before."""
        if not self._outage.may_try():
            return otherwise
        try:
            result = await work()
        except (RedisError, OSError, AppError, ValueError, KeyError, TypeError) as error:
            if isinstance(error, RedisError | OSError):
                self._outage.failed()
            _log.warning("the cache's Redis fails", reason=type(error).__name__)
            return otherwise
        self._outage.succeeded()
        return result


def _selecting(entry: Entry) -> str:
    """By which variants of one key are told apart."""
    return json.dumps(dict(entry.selecting), sort_keys=True)


async def _given(result: Any) -> Any:
    """What a command gives: its declared type covers clients that block too."""
    return await result
