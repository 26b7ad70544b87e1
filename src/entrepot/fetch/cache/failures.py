"""Failures that are remembered for a moment, so that a crowd does not run against the same closed door."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from entrepot.errors import AppError

K = TypeVar("K", bound=Hashable)


class Failures(Generic[K]):
    """What failed lately, by any key; the oldest are forgotten first."""

    def __init__(self, clock: Callable[[], float], *, kept_seconds: float, max_count: int = 10_000) -> None:
        """`kept_seconds` 0 remembers nothing."""
        self._clock = clock
        self._kept_seconds = kept_seconds
        self._max_count = max_count
        # As dictionaries: an error would keep alive whatever its traceback names.
        self._known: OrderedDict[K, tuple[float, dict[str, Any]]] = OrderedDict()

    def note(self, key: K, error: AppError) -> None:
        """Remembers that `key` ended in `error`."""
        if self._kept_seconds <= 0:
            return
        self._known.pop(key, None)
        self._known[key] = self._clock() + self._kept_seconds, error.as_dict()
        if len(self._known) > self._max_count:
            self._known.popitem(last=False)

    def check(self, key: K) -> None:
        """Raises the error that `key` ended in a moment ago, if it did: a new one, which can bear its own traceback."""
        until, told = self._known.get(key, (0.0, None))
        if told is None:
            return
        if self._clock() >= until:
            del self._known[key]
            return
        raise AppError.from_dict(told)

    def forget(self, key: K) -> None:
        """As if `key` had not failed."""
        self._known.pop(key, None)
