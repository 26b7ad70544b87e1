"""One large file over several connections: each fetches its piece, all write into the one partial file.

Only bytes that the origin proves to be of the same file are ever written: 206 with the strong `ETag`, the total and the
very range that was asked for (RFC 9110 sections 13.1.5 and 14.4). An origin that lies about ranges is left to one connection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

from entrepot.errors import AppError, UpstreamBroken, UpstreamFailure
from entrepot.fetch.client import Response
from entrepot.fetch.segments import MIN_PIECE_BYTES, Claim, Plan, Ramp
from entrepot.pipelines.partial import Partial

MAX_FAILURES = 4  # of connections, before no more are added

Pieces = AsyncIterator[list[bytes]]
OpenSpan = Callable[[int, int, Callable[[Response], Awaitable[None]]], Awaitable[None]]
"""Asks for the bytes from the first number up to the second, and hands the answer on once it has proved to be these."""


@dataclass(frozen=True, slots=True)
class SegmentPolicy:
    """When a file is worth more than one connection, and how many: `connections` at most (1: never).

    A single connection has `trial_seconds` to show how fast it is; more are added every `step_seconds` while it helps.
    """

    connections: int = 8
    min_file_bytes: int = 32 * 1024 * 1024
    min_piece_bytes: int = MIN_PIECE_BYTES
    trial_seconds: float = 0.5
    step_seconds: float = 0.4
    worth_seconds: float = 3.0  # of remaining time; below it nothing is won by more connections


class RangesRefused(UpstreamBroken):
    """The origin does not answer a range as it should."""


class Segmented:
    """Brings what is missing of `partial`; good for one `receive`, in one event loop."""

    def __init__(
        self, partial: Partial, open_span: OpenSpan, policy: SegmentPolicy, executor: Executor
    ) -> None:
        """All writing happens in `executor`, which has one thread."""
        self._partial = partial
        self._open_span = open_span
        self._policy = policy
        self._executor = executor
        self._plan = Plan(partial.missing, min_piece_bytes=policy.min_piece_bytes)
        self._ramp = Ramp(policy.connections, policy.worth_seconds)
        self._working: set[asyncio.Task[None]] = set()
        self._failures = 0
        self._error: AppError | None = None

    async def receive(self, first: Pieces, *, speed_bps: float = 0.0) -> None:
        """Everything that is missing. `first` gives the bytes from the end of the beginning on, as one answer sends them.

        `speed_bps` is how fast it has been, 0 where nobody knows. Raises the last failure when no connection gets on any
        more (what has arrived stays, and is recorded), StorageFull, and what `first` raises.
        """
        await self._in_thread(self._partial.record)  # before the first byte behind a gap
        try:
            claim = self._plan.claim_at(self._partial.prefix_bytes)
            self._begin(self._work(claim, first))
            if speed_bps:
                self._grow(speed_bps)
            await self._until_complete()
        finally:
            await self._end_all()
            await self._in_thread(self._partial.record)
        if not self._plan.is_complete:
            raise self._error or UpstreamBroken("The origin did not send the whole file.")
        await self._in_thread(self._partial.close_ranks)

    async def _until_complete(self) -> None:
        """Watches over the connections: takes in what has ended, and adds some while that helps."""
        at, size = time.monotonic(), self._partial.size_bytes
        while self._working:
            left = self._policy.step_seconds - (time.monotonic() - at)
            done, _ = await asyncio.wait(
                self._working, timeout=max(0.0, left), return_when=asyncio.FIRST_COMPLETED
            )
            self._working -= done
            for task in done:
                task.result()
            elapsed = time.monotonic() - at
            if elapsed >= self._policy.step_seconds:
                self._grow((self._partial.size_bytes - size) / elapsed)
                await self._in_thread(self._partial.record)
                at, size = time.monotonic(), self._partial.size_bytes

    def _grow(self, speed_bps: float) -> None:
        if self._failures >= MAX_FAILURES:
            return
        wanted = self._ramp.wanted(len(self._working), speed_bps, self._plan.left_bytes)
        for _ in range(wanted - len(self._working)):
            self._begin(self._work())

    def _begin(self, work: Awaitable[None]) -> None:
        self._working.add(asyncio.ensure_future(work))

    async def _end_all(self) -> None:
        for task in self._working:
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    async def _work(self, claim: Claim | None = None, pieces: Pieces | None = None) -> None:
        """One connection's life: piece after piece, until there is none or it fails."""
        try:
            if claim is not None and pieces is not None:
                await self._keep(claim, lambda: self._follow(claim, pieces))
            while (taken := self._plan.take()) is not None:
                await self._fetch(taken)
        except UpstreamFailure as error:
            self._error = error
            self._failures = MAX_FAILURES if isinstance(error, RangesRefused) else self._failures + 1

    async def _fetch(self, claim: Claim) -> None:
        async def follow(response: Response) -> None:
            await self._follow(claim, response.pieces())

        await self._keep(claim, lambda: self._open_span(claim.offset, claim.end, follow))

    async def _keep(self, claim: Claim, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            self._plan.release(claim)

    async def _follow(self, claim: Claim, pieces: Pieces) -> None:
        """Writes what arrives to its place, up to the end of the claim, wherever that is by then."""
        async for pieces_now in pieces:
            arrived = pieces_now
            while arrived and (claim.left_bytes or self._plan.extend(claim)):
                fitting, arrived = _split(arrived, claim.left_bytes)
                offset = claim.offset
                claim.offset += sum(map(len, fitting))
                await self._in_thread(self._partial.write_at, offset, fitting)
            if not claim.left_bytes and not self._plan.extend(claim):
                return
        if claim.left_bytes:
            raise UpstreamBroken("The origin's answer is shorter than it says.")

    async def _in_thread(self, function: Callable[..., None], *arguments: object) -> None:
        await asyncio.shield(asyncio.get_running_loop().run_in_executor(self._executor, function, *arguments))


def _split(pieces: Sequence[bytes], size_bytes: int) -> tuple[list[bytes], list[bytes]]:
    """`pieces` cut in two after so many bytes."""
    head: list[bytes] = []
    for index, piece in enumerate(pieces):
        if len(piece) > size_bytes:
            rest = [piece[size_bytes:], *pieces[index + 1 :]]
            return ([*head, piece[:size_bytes]] if size_bytes else head), rest
        head.append(piece)
        size_bytes -= len(piece)
    return head, []
