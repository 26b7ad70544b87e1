"""Which connection fetches which bytes of a large file, and how many connections are worth having. Pure.

Work stealing: an idle connection takes half of the largest remainder, so that none is idle while another has much to do and
all end together. Connections are added only while each step makes the whole clearly faster.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_FIRST_STEP = 4  # connections: where one is throttled, four show it at once
MIN_PIECE_BYTES = 1024 * 1024  # less is not worth a request

Span = tuple[int, int]
"""Bytes from the first number up to, and not with, the second."""


@dataclass(slots=True, eq=False)
class Claim:
    """What one connection is fetching: `offset` is its next byte; `end` may come nearer while it works."""

    offset: int
    end: int

    @property
    def left_bytes(self) -> int:
        return self.end - self.offset


class Plan:
    """The bytes that are still missing: claimed by connections, or free to be taken."""

    def __init__(self, missing: Sequence[Span], *, min_piece_bytes: int = MIN_PIECE_BYTES) -> None:
        """`missing` are spans that do not overlap, in order."""
        self._free = [span for span in missing if span[0] < span[1]]
        self._claims: list[Claim] = []
        self._min_piece_bytes = min_piece_bytes

    @property
    def is_complete(self) -> bool:
        return not self._free and not any(claim.left_bytes for claim in self._claims)

    @property
    def left_bytes(self) -> int:
        return sum(end - start for start, end in self.missing)

    @property
    def missing(self) -> list[Span]:
        """Everything that has not arrived, in order, with neighbours joined."""
        claimed = [(claim.offset, claim.end) for claim in self._claims if claim.left_bytes]
        return list(_joined(sorted([*self._free, *claimed])))

    def claim_at(self, offset: int) -> Claim | None:
        """The free span that begins at `offset`, for a connection that is already there."""
        for span in self._free:
            if span[0] == offset:
                self._free.remove(span)
                return self._add(*span)
        return None

    def take(self) -> Claim | None:
        """The next piece for an idle connection: what is free, else half of the largest remainder; None: enough is under way."""
        if self._free:
            return self._add(*self._free.pop(0))
        victim = max(self._claims, key=lambda claim: claim.left_bytes, default=None)
        if victim is None or victim.left_bytes < 2 * self._min_piece_bytes:
            return None
        middle = victim.offset + (victim.left_bytes + 1) // 2
        end, victim.end = victim.end, middle
        return self._add(middle, end)

    def extend(self, claim: Claim) -> bool:
        """Lets a connection that has come to the end of its claim go straight on, where what follows is free."""
        for span in self._free:
            if span[0] == claim.end:
                self._free.remove(span)
                claim.end = span[1]
                return True
        return False

    def release(self, claim: Claim) -> None:
        """Gives up a claim; what is left of it is free again."""
        self._claims.remove(claim)
        if claim.left_bytes:
            self._free = list(_joined(sorted([*self._free, (claim.offset, claim.end)])))

    def _add(self, start: int, end: int) -> Claim:
        claim = Claim(start, end)
        self._claims.append(claim)
        return claim


def _joined(spans: Sequence[Span]) -> Iterator[Span]:
    current: Span | None = None
    for span in spans:
        if current is not None and current[1] == span[0]:
            current = (current[0], span[1])
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


@dataclass(slots=True)
class Ramp:
    """Decides on the number of connections from what the last step has brought.

    With less than `worth_seconds` to go at the present speed none is added any more.
    """

    max_connections: int
    worth_seconds: float
    min_growth: float = 1.25  # of the speed, where twice as many could bring 2
    _last_speed_bps: float = 0.0
    _is_settled: bool = False

    def wanted(self, connections: int, speed_bps: float, left_bytes: int) -> int:
        """How many connections there should be now that `connections` have given `speed_bps` for a while."""
        if self._is_settled or speed_bps * self.worth_seconds > left_bytes:
            return connections
        if speed_bps < self._last_speed_bps * self.min_growth:
            self._is_settled = True
            return connections
        self._last_speed_bps = speed_bps
        return min(self.max_connections, max(_FIRST_STEP, connections * 2))
