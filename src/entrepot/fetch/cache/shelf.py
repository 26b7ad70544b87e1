"""The embedded store's blocking half: bodies as files, a journal of what happened, the index in memory, LRU under limits.

One process at a time. It may be killed between any two steps: an entry counts from its line in the journal on, which is
written when its body has its name. Power may fail: bodies of an earlier run are proved by their checksum at first use.
"""

import contextlib
import hashlib
import json
import os
import sys
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrepot.fetch.cache.contract import ENTRY_OVERHEAD_BYTES, Selection, StoredForm, Usage
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.journal import Journal, Place
from entrepot.fetch.cache.spool import link_or_copy

_SPARE_LINES = 4096  # of things past, before the journal is written anew
_MAX_VARIANTS = 16
_NOTHING: Mapping[str, str] = {}  # one for all, since there may be a great many


@dataclass(slots=True)
class _Slot:
    """What the index knows of an entry. `forms` maps names to sizes; `is_proven`: this run has seen its bytes whole."""

    id: str
    key: str
    url: str
    owner: str
    tags: tuple[str, ...]
    selecting: Mapping[str, str]
    sha256: str
    size_bytes: int
    place: Place
    is_proven: bool
    forms: dict[str, int] = field(default_factory=dict)

    @property
    def cost_bytes(self) -> int:
        return self.size_bytes + self.place.size_bytes + sum(self.forms.values()) + ENTRY_OVERHEAD_BYTES

    def told(self) -> dict[str, Any]:
        """The index's part of the journal's line."""
        return {
            "put": self.id, "key": self.key, "url": self.url, "owner": self.owner, "tags": self.tags,
            "selecting": dict(self.selecting), "sha256": self.sha256, "size": self.size_bytes, "forms": self.forms,
        }  # fmt: skip


class Shelf:
    """A folder of its own with everything in it. Calls block, may come from any thread, and raise OSError."""

    def __init__(self, folder: Path, *, max_bytes: int, max_entries: int) -> None:
        """Reads the journal; `max_bytes` counts bodies, forms and facts together."""
        self._bodies = folder / "bodies"
        self._max_bytes = max_bytes
        self._max_entries = max_entries
        self._slots: OrderedDict[str, _Slot] = OrderedDict()
        self._by_key: dict[str, list[str]] = {}
        self._bytes = 0
        self._evictions = 0
        self._lock = threading.Lock()
        self._bodies.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._journal = Journal(folder / "journal")
        self._replay()
        self._sweep()
        self._make_room()

    def has_key(self, key: str) -> bool:
        """Whether there is anything under `key`; at once, without the lock, which may be held for a disk's time."""
        return key in self._by_key

    def has_form(self, entry_id: str, name: str) -> bool:
        """Whether the entry has this form; at once, as `has_key`."""
        slot = self._slots.get(entry_id)
        return slot is not None and name in slot.forms

    def find(self, key: str) -> list[Entry]:
        with self._lock:
            slots = [self._slots[entry_id] for entry_id in self._by_key.get(key, ())]
            return [_entry(self._journal.read(slot.place)) for slot in slots]

    def link(self, entry_id: str, target: Path) -> bool:
        """Gives the entry's body the name `target` too; False when the entry has gone or its body is damaged."""
        with self._lock:
            slot = self._slots.get(entry_id)
            if slot is None:
                return False
            self._slots.move_to_end(entry_id)
            try:
                link_or_copy(self._body(entry_id), target)
            except FileNotFoundError:
                self._drop(slot)
                return False
        if not slot.is_proven:
            slot.is_proven = _is_whole(target, slot)
            if not slot.is_proven:
                self.discard(entry_id)
        return slot.is_proven

    def put(self, entry: Entry, path: Path) -> bool:
        facts = _facts(entry)
        slot = _Slot(
            entry.id, entry.key, entry.url, entry.owner, entry.tags, entry.selecting, entry.sha256,
            entry.size_bytes, Place(0, len(facts)), is_proven=True,
        )  # fmt: skip
        if slot.cost_bytes > self._max_bytes:
            return False
        target = self._body(entry.id)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            link_or_copy(path, target)
            with self._lock:
                slot.place = self._journal.append(slot.told(), facts)
                self._replace(slot)
                self._make_room()
                return entry.id in self._slots
        except OSError:
            target.unlink(missing_ok=True)
            raise

    def update(self, entry: Entry) -> None:
        with self._lock:
            slot = self._slots.get(entry.id)
            if slot is None:
                return
            told = {**slot.told(), "tags": entry.tags, "selecting": dict(entry.selecting)}
            place = self._journal.append(told, _facts(entry))
            self._bytes += place.size_bytes - slot.place.size_bytes
            slot.place, slot.tags, slot.selecting = place, entry.tags, entry.selecting
            self._tidy()

    def find_form(self, entry_id: str, name: str) -> StoredForm | None:
        with self._lock:
            slot = self._slots.get(entry_id)
            if slot is None or name not in slot.forms:
                return None
            self._slots.move_to_end(entry_id)
            path = self._form(entry_id, name)
        with contextlib.suppress(OSError, ValueError):  # evicted meanwhile, or damaged: it is made again
            checksum, facts, body = path.read_bytes().split(b"\n", 2)
            if checksum.decode() == hashlib.sha256(facts + b"\n" + body).hexdigest():
                return StoredForm(json.loads(facts), body)
        return None

    def put_form(self, entry_id: str, name: str, form: StoredForm) -> bool:
        facts = json.dumps(form.facts).encode()
        rest = facts + b"\n" + form.body
        content = hashlib.sha256(rest).hexdigest().encode() + b"\n" + rest
        with self._lock:
            slot = self._slots.get(entry_id)
            if slot is None or slot.cost_bytes + len(content) > self._max_bytes:
                return False
            _write_aside(self._form(entry_id, name), content)
            self._journal.append({"form": entry_id, "name": name, "size": len(content)})
            self._bytes += len(content) - slot.forms.get(name, 0)
            slot.forms[name] = len(content)
            self._slots.move_to_end(entry_id)
            self._make_room()
            return entry_id in self._slots

    def remove(self, selection: Selection) -> list[str]:
        with self._lock:
            meant = [
                slot for slot in self._slots.values() if selection.takes(slot.url, slot.owner, slot.tags)
            ]
            for slot in meant:
                self._drop(slot)
            self._tidy()
            return [slot.id for slot in meant]

    def discard(self, entry_id: str) -> None:
        with self._lock:
            if slot := self._slots.get(entry_id):
                self._drop(slot)

    def usage(self) -> Usage:
        with self._lock:
            return Usage(self._bytes, len(self._slots), self._max_bytes, self._max_entries, self._evictions)

    def close(self) -> None:
        """Writes the journal in the order of use, so that the next run evicts in that order."""
        with self._lock:
            with contextlib.suppress(OSError):  # the journal as it is serves as well
                self._rewrite()
            self._journal.close()

    # --- under the lock -----------------------------------------------------------------------------------------------

    def _replace(self, slot: _Slot) -> None:
        """Takes the slot in, in the place of the variants that it replaces."""
        siblings = [self._slots[entry_id] for entry_id in self._by_key.get(slot.key, ())]
        for older in siblings:
            if older.selecting == slot.selecting:
                self._drop(older)
        for oldest in self._by_key.get(slot.key, [])[: 1 - _MAX_VARIANTS]:
            self._drop(self._slots[oldest])
        self._insert(slot)

    def _insert(self, slot: _Slot) -> None:
        self._slots[slot.id] = slot
        self._by_key.setdefault(slot.key, []).append(slot.id)
        self._bytes += slot.cost_bytes

    def _make_room(self) -> None:
        while self._slots and (self._bytes > self._max_bytes or len(self._slots) > self._max_entries):
            self._drop(next(iter(self._slots.values())))
            self._evictions += 1
        self._tidy()

    def _drop(self, slot: _Slot) -> None:
        """Out of the index first: a file that cannot be removed is an orphan, which the next start sweeps."""
        self._forget(slot.id)
        with contextlib.suppress(OSError):
            self._journal.append({"drop": slot.id})
        for path in (self._body(slot.id), *(self._form(slot.id, name) for name in slot.forms)):
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    def _forget(self, entry_id: str) -> None:
        slot = self._slots.pop(entry_id)
        self._bytes -= slot.cost_bytes
        siblings = self._by_key[slot.key]
        siblings.remove(entry_id)
        if not siblings:
            del self._by_key[slot.key]

    def _tidy(self) -> None:
        """Writes the journal anew when most of it tells of things past."""
        if self._journal.lines > 2 * len(self._slots) + _SPARE_LINES:
            with contextlib.suppress(OSError):  # no room for it just now
                self._rewrite()

    def _rewrite(self) -> None:
        slots = list(self._slots.values())
        places = self._journal.rewrite((slot.told(), slot.place) for slot in slots)
        for slot, place in zip(slots, places, strict=True):
            slot.place = place

    # --- at start -----------------------------------------------------------------------------------------------------

    def _replay(self) -> None:
        for told, place in self._journal.replay():
            if "put" in told:
                self._replay_put(told, place)
            elif told.get("drop") in self._slots:
                self._forget(told["drop"])
            elif (slot := self._slots.get(told.get("form", ""))) is not None:
                self._bytes += told["size"] - slot.forms.get(told["name"], 0)
                slot.forms[told["name"]] = told["size"]

    def _replay_put(self, told: Mapping[str, Any], place: Place) -> None:
        if told["put"] in self._slots:
            self._forget(told["put"])
        slot = _Slot(
            told["put"], told["key"], told["url"], sys.intern(told["owner"]), tuple(map(sys.intern, told["tags"])),
            told["selecting"] or _NOTHING, told["sha256"], told["size"], place, is_proven=False, forms=dict(told["forms"]),
        )  # fmt: skip
        self._insert(slot)

    def _sweep(self) -> None:
        """Makes index and folder agree again: files without an entry go, and entries without their body."""
        found: set[str] = set()
        for file in _files(self._bodies):
            entry_id, _, name = file.name.partition(".")
            slot = self._slots.get(entry_id)
            if slot is None or (name and name not in slot.forms):
                Path(file).unlink(missing_ok=True)
            elif not name:
                found.add(entry_id)
        for lost in [slot for entry_id, slot in self._slots.items() if entry_id not in found]:
            self._drop(lost)

    def _body(self, entry_id: str) -> Path:
        return self._bodies / entry_id[:2] / entry_id

    def _form(self, entry_id: str, name: str) -> Path:
        return self._bodies / entry_id[:2] / f"{entry_id}.{name}"


def _facts(entry: Entry) -> bytes:
    return json.dumps(entry.as_dict(), separators=(",", ":")).encode()


def _entry(facts: bytes) -> Entry:
    return Entry.from_dict(json.loads(facts))


def _is_whole(path: Path, slot: _Slot) -> bool:
    """Whether the file has the bytes that were stored: power may have failed before they were on the disk."""
    with path.open("rb") as file:
        if os.fstat(file.fileno()).st_size != slot.size_bytes:
            return False
        return hashlib.file_digest(file, "sha256").hexdigest() == slot.sha256


def _write_aside(path: Path, content: bytes) -> None:
    aside = path.with_name(f"{path.name}.part")
    try:
        aside.write_bytes(content)
        aside.replace(path)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    for entry in os.scandir(folder):
        if entry.is_dir(follow_symlinks=False):
            yield from os.scandir(entry.path)


def form_name(parts: Sequence[str]) -> str:
    """A form's name as a store takes it, for any text."""
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
