"""How fast a transfer is and when it will be done, smoothed so that people can read it."""

import math
from collections.abc import Callable

_MEMORY_SECONDS = 5.0  # what is older than this hardly counts
_SAMPLE_SECONDS = 0.2
_STALL_SECONDS = 3.0  # after so long a silence nobody knows when it will end


class Meter:
    """Follows a growing number of bytes. `clock` gives seconds that never go back."""

    def __init__(self, clock: Callable[[], float], start_bytes: int = 0) -> None:
        self._clock = clock
        self._at = self._grown_at = clock()
        self._bytes = start_bytes
        self._speed_bps: float | None = None

    def update(self, total_bytes: int) -> None:
        """Tells how many bytes there are now. Fewer than before: the transfer has started over."""
        now = self._clock()
        elapsed = now - self._at
        if total_bytes < self._bytes:
            self._at, self._bytes = now, total_bytes
            return
        if elapsed < _SAMPLE_SECONDS:
            return
        speed = (total_bytes - self._bytes) / elapsed
        weight = 1 - math.exp(-elapsed / _MEMORY_SECONDS)
        self._speed_bps = (
            speed if self._speed_bps is None else self._speed_bps + weight * (speed - self._speed_bps)
        )
        if total_bytes > self._bytes:
            self._grown_at = now
        self._at, self._bytes = now, total_bytes

    @property
    def speed_bps(self) -> float | None:
        """Bytes a second; None until there is something to tell."""
        return self._speed_bps

    def eta_seconds(self, left_bytes: int | None) -> float | None:
        """How long `left_bytes` will take at this speed; None when nobody knows, as while nothing arrives."""
        if left_bytes is None or not self._speed_bps:
            return None
        if left_bytes and self._clock() - self._grown_at > _STALL_SECONDS:
            return None
        return left_bytes / self._speed_bps
