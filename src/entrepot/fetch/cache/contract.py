"""What every store of the cache can do. A store never fails: what it cannot keep is not kept, what it lost is not found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.spool import Body

ENTRY_OVERHEAD_BYTES = 512  # what an entry counts beside its body and facts: its place in the index


@dataclass(frozen=True, slots=True)
class StoredForm:
    """A converted form of an entry: what is told about it, JSON-ready, and its bytes."""

    facts: Mapping[str, Any]
    body: bytes


@dataclass(frozen=True, slots=True)
class Selection:
    """Which entries are meant: those of one URL, of all that begin with a prefix, or with a tag; all set ones must hold.

    `owner` None: everybody's.
    """

    url: str | None = None
    prefix: str | None = None
    tag: str | None = None
    owner: str | None = None

    def takes(self, url: str, owner: str, tags: Sequence[str]) -> bool:
        """Whether an entry with these facts is one of them."""
        return (
            (self.url is None or url == self.url)
            and (self.prefix is None or url.startswith(self.prefix))
            and (self.tag is None or self.tag in tags)
            and (self.owner is None or owner == self.owner)
        )


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store holds and may hold, and how many entries have had to make room for others."""

    bytes: int
    entries: int
    max_bytes: int
    max_entries: int
    evictions: int
    is_available: bool = True


class CacheStore(Protocol):
    """Keeps entries with their bodies and converted forms, the least recently used going first where room is short."""

    @property
    def max_entry_bytes(self) -> int:
        """The largest body that is kept."""

    async def find(self, key: str) -> Sequence[Entry]:
        """All variants under `key`, in no particular order."""

    async def open(self, entry: Entry) -> Body | None:
        """The entry's body, for the caller to close; None when it has gone meanwhile. Counts as use."""

    async def put(self, entry: Entry, path: Path) -> bool:
        """Keeps the entry with a copy of (or a link to) the file at `path`, in the place of its older self.

        That is the one under the same key with the same selecting fields. Returns whether it is kept.
        """

    async def update(self, entry: Entry) -> None:
        """Changes what is told about an entry that is there; its body and forms stay."""

    async def find_form(self, entry_id: str, name: str) -> StoredForm | None:
        """A converted form of an entry."""

    async def put_form(self, entry_id: str, name: str, form: StoredForm) -> bool:
        """Keeps a converted form with its entry, which it goes with. Returns whether it is kept."""

    async def remove(self, selection: Selection) -> Sequence[str]:
        """Removes entries with their forms; returns their ids."""

    async def discard(self, entry_id: str) -> None:
        """Removes one entry, if it is there."""

    async def usage(self) -> Usage:
        """What the store holds now."""

    async def aclose(self) -> None:
        """Finishes what is under way."""
