"""When to try again: exponential backoff with full jitter, and what `Retry-After` says. Pure.

Full jitter: M. Brooker, "Exponential Backoff And Jitter" (2015). `Retry-After`: RFC 9110 section 10.2.3.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from entrepot.errors import AppError, UpstreamLost, UpstreamTimeout, UpstreamUnreachable

_MAX_EXPONENT = 32  # past it every delay is the cap anyway
_IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})  # RFC 9110 section 9.2.2
_MAY_PASS = frozenset({429, 502, 503, 504})
_LEAST_TRY_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Backoff:
    """How often, and how long to wait before each new try."""

    attempts: int = 5
    base_seconds: float = 0.5
    cap_seconds: float = 60.0

    def delay_seconds(
        self, failures: int, random: Callable[[], float], *, retry_after_seconds: float | None = None
    ) -> float | None:
        """How long to wait after the `failures`-th failure in a row (from 1); None: give up.

        `random` gives numbers in [0, 1). An origin's own `Retry-After` is a lower bound, up to the cap.
        """
        if failures >= self.attempts:
            return None
        window = min(self.cap_seconds, self.base_seconds * 2.0 ** min(failures - 1, _MAX_EXPONENT))
        floor = min(max(retry_after_seconds or 0.0, 0.0), self.cap_seconds)
        return max(floor, random() * window)


def parse_retry_after(value: str | None, now: datetime) -> int | None:
    """Whole seconds that `Retry-After` asks to wait, never negative; None when it says nothing intelligible."""
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(int(text[:10]), 2**31)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0, round((aware - now).total_seconds()))


def may_send_again(method: str, error: AppError) -> bool:
    """Whether a request that ended in `error` may be sent again: nobody can have acted on it twice, and it may do better.

    A connection that was never made has sent nothing, whatever the method.
    """
    if isinstance(error, UpstreamUnreachable):
        return True
    return method in _IDEMPOTENT and isinstance(error, UpstreamLost | UpstreamTimeout)


def may_ask_again(method: str, status: int) -> bool:
    """Whether an answer with `status` is one that the same request may improve on."""
    return method in _IDEMPOTENT and status in _MAY_PASS


def fits(delay_seconds: float | None, left_seconds: float) -> bool:
    """Whether there is a delay, and it leaves time for another try before the deadline."""
    return delay_seconds is not None and delay_seconds + _LEAST_TRY_SECONDS <= left_seconds
