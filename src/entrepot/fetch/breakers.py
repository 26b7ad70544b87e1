"""The circuits of all hosts, kept in this process; another keeper, shared by many processes, need only speak `Breakers`."""

import math
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Protocol

from entrepot.errors import CircuitOpen
from entrepot.fetch.circuit import (
    CLOSED,
    BreakerPolicy,
    Circuit,
    Phase,
    Verdict,
    admitted,
    settled,
    wait_seconds,
)
from entrepot.telemetry import get_logger

MAX_HOSTS = 10_000  # whose troubles are remembered; those longest without news go first

_log = get_logger("fetch.breakers")


class Breakers(Protocol):
    """What the resilient client asks before, and tells after, each exchange. `host` is a host and port."""

    async def admit(self, host: str) -> None:
        """Lets an exchange begin, which must be settled; raises CircuitOpen, with `retry_after_seconds`, for none."""

    async def settle(self, host: str, verdict: Verdict) -> None:
        """Takes note of how an admitted exchange has gone."""

    def phases(self) -> Mapping[str, Phase]:
        """The hosts whose circuit is not closed."""


class LocalBreakers:
    """Circuits in memory: only of hosts in trouble, so that healthy ones cost nothing."""

    def __init__(self, policy: BreakerPolicy, clock: Callable[[], float]) -> None:
        """`clock` gives seconds that never go back."""
        self._policy = policy
        self._clock = clock
        self._circuits: OrderedDict[str, Circuit] = OrderedDict()

    async def admit(self, host: str) -> None:
        circuit = self._circuits.get(host)
        if circuit is None:
            return
        now = self._clock()
        begun = admitted(circuit, self._policy, now)
        if begun is None:
            raise CircuitOpen(retry_after_seconds=math.ceil(wait_seconds(circuit, now)))
        self._circuits[host] = begun

    async def settle(self, host: str, verdict: Verdict) -> None:
        before = self._circuits.get(host, CLOSED)
        if before is CLOSED and verdict is not Verdict.FAILED:
            return
        after = settled(before, self._policy, verdict, self._clock())
        if before.pause_seconds != after.pause_seconds:
            _log.warning(
                "circuit",
                host=host,
                state="closed" if after.is_closed else "open",
                seconds=after.pause_seconds,
            )
        if after == CLOSED:
            self._circuits.pop(host, None)
            return
        self._circuits[host] = after
        self._circuits.move_to_end(host)
        if len(self._circuits) > MAX_HOSTS:
            self._circuits.popitem(last=False)

    def phases(self) -> Mapping[str, Phase]:
        now = self._clock()
        found = {host: circuit.phase(now) for host, circuit in self._circuits.items()}
        return {host: phase for host, phase in found.items() if phase is not Phase.CLOSED}
