"""When to try a server again that has failed: so that a frozen one costs one caller its timeout now and then. Pure."""

from collections.abc import Callable

_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 30.0


class Outage:
    """Lets everybody through while all is well; after a failure nobody for a while, then one at a time."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._until = 0.0
        self._pause_seconds = 0.0
        self._is_trying = False

    @property
    def is_on(self) -> bool:
        """Whether the last try failed."""
        return self._pause_seconds > 0

    def may_try(self) -> bool:
        """Whether to try now. Who is told so in an outage is the only one until they report or a pause has gone by."""
        if not self.is_on:
            return True
        if self._clock() < self._until:
            return False
        self._is_trying = True
        self._until = self._clock() + self._pause_seconds
        return True

    def succeeded(self) -> None:
        """Ends the outage."""
        self._pause_seconds = 0.0
        self._is_trying = False

    def failed(self) -> None:
        """Begins an outage, or lengthens it when a new try has failed. Failures at the same time count once."""
        if self.is_on and not self._is_trying:
            return
        self._is_trying = False
        self._pause_seconds = min(_LONGEST_PAUSE_SECONDS, self._pause_seconds * 2 or _FIRST_PAUSE_SECONDS)
        self._until = self._clock() + self._pause_seconds
