"""The circuit breaker of one host: an immutable state and what each event makes of it. Pure.

M. Nygard, "Release It!" (2007): closed, open after failures in a row, half-open for a few probes once the pause is over.
"""

from dataclasses import dataclass, replace
from enum import StrEnum


class Verdict(StrEnum):
    """What an exchange tells of its host's health."""

    ALIVE = "alive"
    FAILED = "failed"
    NEUTRAL = (
        "neutral"  # nothing: our own limit, a caller that left, a body that broke off behind a good head
    )


class Phase(StrEnum):
    """What a breaker lets through: everything, nothing, or a few probes."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """`failures` in a row (0: never), each within `memory_seconds` of the one before, open a circuit for `pause_seconds`.

    Each time that a probe fails the pause doubles, up to `max_pause_seconds`; `probes` may be under way at once. A probe that
    never comes back is given up after `probe_seconds`.
    """

    failures: int = 10
    memory_seconds: float = 60.0
    pause_seconds: float = 10.0
    max_pause_seconds: float = 300.0
    probes: int = 1
    probe_seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Circuit:
    """One host's circuit. Times are a clock's seconds; `pause_seconds` is 0 while it is closed."""

    failures: int = 0
    failed_at: float = 0.0
    open_until: float = 0.0
    pause_seconds: float = 0.0
    probes: int = 0
    probed_at: float = 0.0

    @property
    def is_closed(self) -> bool:
        return self.pause_seconds == 0.0

    def phase(self, now: float) -> Phase:
        if self.is_closed:
            return Phase.CLOSED
        return Phase.OPEN if now < self.open_until else Phase.HALF_OPEN


CLOSED = Circuit()


def admitted(circuit: Circuit, policy: BreakerPolicy, now: float) -> Circuit | None:
    """The circuit with one more exchange under way; None: it may not be made (see `wait_seconds`)."""
    phase = circuit.phase(now)
    if phase is Phase.CLOSED:
        return circuit
    if phase is Phase.OPEN:
        return None
    if circuit.probes >= policy.probes and now - circuit.probed_at < policy.probe_seconds:
        return None
    probes = 1 if circuit.probes >= policy.probes else circuit.probes + 1
    return replace(circuit, probes=probes, probed_at=now)


def settled(circuit: Circuit, policy: BreakerPolicy, verdict: Verdict, now: float) -> Circuit:
    """The circuit after an exchange that ended, or answered, in this way."""
    if verdict is Verdict.ALIVE:
        return (
            CLOSED if circuit.phase(now) is not Phase.OPEN else circuit
        )  # a late word from before it opened
    freed = replace(circuit, probes=max(0, circuit.probes - 1))
    if verdict is Verdict.NEUTRAL:
        return freed
    phase = circuit.phase(now)
    if phase is Phase.OPEN:
        return freed
    if phase is Phase.HALF_OPEN:
        return _opened(freed, policy, now, min(circuit.pause_seconds * 2, policy.max_pause_seconds))
    is_forgotten = now - circuit.failed_at > policy.memory_seconds
    failures = 1 if is_forgotten else circuit.failures + 1
    counted = replace(circuit, failures=failures, failed_at=now)
    if policy.failures and failures >= policy.failures:
        return _opened(counted, policy, now, policy.pause_seconds)
    return counted


def wait_seconds(circuit: Circuit, now: float) -> float:
    """How long it takes at least until a refused exchange may be tried again."""
    return max(circuit.open_until - now, 1.0)


def _opened(circuit: Circuit, policy: BreakerPolicy, now: float, pause_seconds: float) -> Circuit:
    return replace(
        circuit, failures=max(circuit.failures, policy.failures), failed_at=now, probes=0,
        open_until=now + pause_seconds, pause_seconds=pause_seconds,
    )  # fmt: skip
