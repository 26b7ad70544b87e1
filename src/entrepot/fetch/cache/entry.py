"""One stored answer with what is needed to judge it again, its key, and the tags by which it is found. Pure."""

import hashlib
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from entrepot.fetch.cache.policy import Answer
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import URL

_MAX_TAGS = 64
_TAG = re.compile(r"[\x21-\x7e]{1,128}")
_NO_TAGS: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Partition:
    """Whose answers may be found together. `name` is empty where anybody's request finds what anybody's request stored.

    `is_shared` tells which rules hold: a shared cache's, or a private one's for what one owner's own headers brought.
    """

    name: str
    owner: str
    is_shared: bool

    def key(self, url: URL) -> str:
        """The name under which all variants of a URL's answers lie, in hex; it tells nothing about either."""
        return hashlib.sha256(f"{self.name}\n{url}".encode()).hexdigest()[:40]


def partition_of(owner: str, headers: Mapping[str, str], *, may_share: bool) -> Partition:
    """The partition for a request that `owner` (empty: nobody in particular) makes with these headers of their own.

    What a header brought is its owner's alone, since any header may be a credential; `may_share` lets owners find each
    other's answers to requests without any.
    """
    if headers:
        lines = sorted((name.lower(), value) for name, value in headers.items())
        return Partition(_digest(repr((owner, lines))), owner, is_shared=False)
    if may_share or not owner:
        return Partition("", "", is_shared=True)
    return Partition(_digest(repr((owner,))), owner, is_shared=False)


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored answer; its body lies in the store. Times are seconds since the epoch.

    `selecting` has digests of the request's fields that `Vary` names. `fetched_at` is when the body came; a validation later on
    changes `answer` alone.
    """

    key: str
    url: str
    owner: str
    is_shared: bool
    answer: Answer
    media_type: str
    size_bytes: int
    sha256: str
    fetched_at: float
    fetch_ms: float
    fresh_until: float
    selecting: Mapping[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = _NO_TAGS
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    def as_dict(self) -> dict[str, Any]:
        """The entry as JSON-ready values, for a store."""
        answer = {
            "status": self.answer.status, "headers": self.answer.headers.lines(),
            "requested_at": self.answer.requested_at, "responded_at": self.answer.responded_at,
        }  # fmt: skip
        return {**asdict(self), "answer": answer, "selecting": dict(self.selecting), "tags": list(self.tags)}

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "Entry":
        """The entry that `as_dict` described. Raises KeyError, TypeError or ValueError for anything else."""
        told = data["answer"]
        headers = Headers((str(name), str(value)) for name, value in told["headers"])
        answer = Answer(
            int(told["status"]), headers, float(told["requested_at"]), float(told["responded_at"])
        )
        changed = {"answer": answer, "selecting": dict(data["selecting"]), "tags": tuple(data["tags"])}
        return Entry(**{**data, **changed})


def tags_of(url: URL, media_type: str, headers: Headers, given: Sequence[str] = ()) -> tuple[str, ...]:
    """By what an entry can be invalidated: its host and type, the caller's tags, and the origin's surrogate keys."""
    told = [
        *(tag.strip() for line in headers.get_all("Cache-Tag") for tag in line.split(",")),
        *(tag for line in headers.get_all("Surrogate-Key") for tag in line.split()),
    ]
    own = [f"host:{url.host}", f"type:{media_type}", *given]
    tags = dict.fromkeys(tag for tag in [*own, *told] if _TAG.fullmatch(tag))
    return tuple(tags)[:_MAX_TAGS]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
