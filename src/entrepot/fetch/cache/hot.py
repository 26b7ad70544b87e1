"""Converted forms that are asked for often, in memory: a hit costs no disk, no thread and no waiting."""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from entrepot.fetch.cache.source import SourceFacts

HotKey = tuple[str, str, str]  # the partition's name, the URL that was asked for, the form's name

_OVERHEAD_BYTES = 2048  # facts, headers, the dictionaries' share


@dataclass(frozen=True, slots=True)
class HotForm:
    """A form with all that an answer tells. `born_at` is when its source's age was 0, in seconds since the epoch.

    `keys` and `entry_id` name the stored entries which it goes with.
    """

    facts: Mapping[str, Any]
    source: SourceFacts
    body: bytes
    born_at: float
    fresh_until: float
    entry_id: str
    keys: tuple[str, ...]

    @property
    def cost_bytes(self) -> int:
        return len(self.body) + _OVERHEAD_BYTES


class HotForms:
    """At most `max_bytes` of forms, the least recently used going first."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.bytes = 0
        self._forms: OrderedDict[HotKey, HotForm] = OrderedDict()
        self._by_key: dict[str, set[HotKey]] = {}

    def __len__(self) -> int:
        return len(self._forms)

    def get(self, key: HotKey) -> HotForm | None:
        """The form, which counts as used."""
        form = self._forms.get(key)
        if form is not None:
            self._forms.move_to_end(key)
        return form

    def put(self, key: HotKey, form: HotForm) -> None:
        """Keeps the form, unless it alone would take more than an eighth of the room."""
        self._drop(key)
        if form.cost_bytes > self.max_bytes // 8:
            return
        self._forms[key] = form
        self.bytes += form.cost_bytes
        for entry_key in form.keys:
            self._by_key.setdefault(entry_key, set()).add(key)
        while self.bytes > self.max_bytes:
            self._drop(next(iter(self._forms)))

    def forget_key(self, entry_key: str) -> None:
        """Drops every form that any entry under this key led to."""
        for key in list(self._by_key.get(entry_key, ())):
            self._drop(key)

    def forget_entries(self, entry_ids: Iterable[str]) -> None:
        """Drops the forms of these entries."""
        gone = set(entry_ids)
        for key in [key for key, form in self._forms.items() if form.entry_id in gone]:
            self._drop(key)

    def _drop(self, key: HotKey) -> None:
        form = self._forms.pop(key, None)
        if form is None:
            return
        self.bytes -= form.cost_bytes
        for entry_key in form.keys:
            siblings = self._by_key[entry_key]
            siblings.discard(key)
            if not siblings:
                del self._by_key[entry_key]
