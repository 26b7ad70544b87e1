"""What is asked of the cache, and what it gives: sources as their origins sent them, and forms converted from these."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.spool import Body
from entrepot.fetch.headers import Headers
from entrepot.fetch.request import Limits
from entrepot.fetch.url import URL


@dataclass(frozen=True, slots=True)
class CacheRequest:
    """A GET. `headers` are the caller's own: what they bring is kept for `owner` alone, under these very headers.

    `max_age_seconds` is the oldest answer that will do, fresh or not unless its origin forbids that (None: a fresh one;
    0: fetched anew). `tags` are kept with what is stored, for its invalidation.
    """

    url: URL
    limits: Limits
    headers: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""
    max_age_seconds: float | None = None
    may_store: bool = True
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What is known of a source. `headers` are the origin's, without those of its connection, its framing and its cookies.

    `media_type` is what bytes and origin say together; `fetched_at` is when the bytes came, in seconds since the epoch.
    """

    url: str
    final_url: str
    status: int
    headers: Headers
    content_type: str | None
    media_type: str
    size_bytes: int
    sha256: str
    last_modified: str | None
    fetched_at: float
    fetch_ms: float


@dataclass(frozen=True, slots=True)
class CachedSource:
    """A source, its body in the file at `path` for as long as this is not closed. Nobody changes that file.

    `cache_status` is a member of the `Cache-Status` field (RFC 9211). `is_hit`: nobody was asked for it. `fresh_until` and
    `keys` tell until when, and under which keys, every hop on the way to it may be used again; `is_kept`: it is stored, in
    the partition of that name.
    """

    facts: SourceFacts
    partition: str
    entry_id: str
    body: Body
    age_seconds: float
    is_hit: bool
    is_kept: bool
    cache_status: str
    fresh_until: float
    keys: tuple[str, ...]
    is_new: bool = False
    changes: int = -1

    @property
    def path(self) -> Path:
        """Alone in a folder of its own."""
        return self.body.path

    def close(self) -> None:
        """Gives the file up; more than once does no harm."""
        self.body.close()


@dataclass(frozen=True, slots=True)
class MadeForm:
    """What a conversion made: what is to be told about it, JSON-ready, and the file at `path`, which is handed over."""

    facts: Mapping[str, Any]
    path: Path


@dataclass(frozen=True, slots=True)
class CachedForm:
    """A converted form of a source. Its bytes are `body`, or in the file `held` where they are too many to be kept.

    Until `fresh_until` it may be used again unasked. `is_hit`: neither its origin nor a converter was asked for it.
    """

    facts: Mapping[str, Any]
    source: SourceFacts
    size_bytes: int
    body: bytes | None
    held: Body | None
    age_seconds: float
    is_hit: bool
    cache_status: str
    fresh_until: float

    def open(self) -> BinaryIO:
        """The bytes from their beginning, for the caller to close; what was opened stays readable after `close`."""
        if self.held is None:
            return io.BytesIO(self.body or b"")
        return self.held.path.open("rb")

    def close(self) -> None:
        """Gives up the file, if there is one."""
        if self.held is not None:
            self.held.close()


# The body has been decoded, and cookies are not the reader's.
_NOT_HANDED_ON = frozenset({"content-encoding", "content-length", "content-md5", "set-cookie", "set-cookie2"})


def facts_of(entry: Entry, asked: URL) -> SourceFacts:
    """What is told about an entry that answers a request for `asked`."""
    headers = entry.answer.headers
    return SourceFacts(
        url=str(asked),
        final_url=entry.url,
        status=entry.answer.status,
        headers=Headers(line for line in headers.lines() if line[0].lower() not in _NOT_HANDED_ON),
        content_type=headers.get("Content-Type"),
        media_type=entry.media_type,
        size_bytes=entry.size_bytes,
        sha256=entry.sha256,
        last_modified=headers.get("Last-Modified"),
        fetched_at=entry.fetched_at,
        fetch_ms=entry.fetch_ms,
    )
