"""Origins that fail, seen from the far side of patience: turns, tries, backoff and circuits around the client."""

import asyncio
import random as _random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Generic, TypeVar

from entrepot.errors import (
    AppError,
    CircuitOpen,
    HostBusy,
    TooManyRedirects,
    UpstreamLost,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.breakers import Breakers, LocalBreakers
from entrepot.fetch.circuit import BreakerPolicy, Phase, Verdict
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response, redirected
from entrepot.fetch.retry import Backoff, fits, may_ask_again, may_send_again, parse_retry_after
from entrepot.fetch.turns import Politeness, Turns

T = TypeVar("T")
Receive = Callable[[Response], Awaitable[T]]

DEFAULT_BACKOFF = Backoff(attempts=3, base_seconds=0.25, cap_seconds=10)


@dataclass(frozen=True, slots=True)
class OriginsSnapshot:
    """What has happened since the start, in numbers. `circuits` are the hosts that are not simply let through.

    `exchanges` are requests that were sent, `retries` those among them that were repeats; `failures` counts by error code
    what callers were given in the end.
    """

    exchanges: int
    retries: int
    redirects: int
    running: int
    failures: Mapping[str, int]
    circuits: Mapping[str, Phase]


@dataclass(slots=True)
class _Counts:
    exchanges: int = 0
    retries: int = 0
    redirects: int = 0


@dataclass(frozen=True, slots=True)
class _Again:
    """Instead of a result: try once more. `error` is what to raise should that be refused."""

    delay_seconds: float
    error: AppError | None


class Origins:
    """Fetches through a client, each hop in its host's turn, again where that is safe and may help, never past the deadline."""

    def __init__(
        self,
        client: FetchClient,
        *,
        politeness: Politeness | None = None,
        backoff: Backoff = DEFAULT_BACKOFF,
        breakers: Breakers | None = None,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = _random.random,
    ) -> None:
        """`breakers` None: circuits of this process alone, with the usual policy."""
        self._client = client
        self._turns = Turns(politeness or Politeness(), clock)
        self._backoff = backoff
        self._breakers = breakers or LocalBreakers(BreakerPolicy(), clock)
        self._clock = clock
        self._random = random
        self._counts = _Counts()
        self._failures: dict[str, int] = {}

    async def fetch(self, request: FetchRequest, limits: Limits, receive: Receive[T]) -> T:
        """What `receive` makes of the answer after redirects; `limits.total_seconds` covers all of it, waiting included.

        `receive` starts afresh on each try, so it must drop what an earlier try gave it; what it raises is passed on, but
        for a connection that broke off or stalled while it read, after which it may be called again. It sees every status,
        the last try's 503 among them. Raises CircuitOpen, HostBusy, and what `FetchClient.stream` raises.
        """
        deadline = self._clock() + limits.total_seconds
        try:
            for _ in range(limits.max_redirects + 1):
                found = await self._fetch_hop(request, limits, deadline, receive)
                if not isinstance(found, FetchRequest):
                    return found.value
                self._counts.redirects += 1
                request = found
            raise TooManyRedirects(f"The origin redirects more than {limits.max_redirects} times.")
        except AppError as error:
            self._failures[error.code] = self._failures.get(error.code, 0) + 1
            raise

    def snapshot(self) -> OriginsSnapshot:
        """The numbers so far, and the circuits now."""
        return OriginsSnapshot(
            exchanges=self._counts.exchanges, retries=self._counts.retries, redirects=self._counts.redirects,
            running=self._turns.running, failures=dict(self._failures), circuits=self._breakers.phases(),
        )  # fmt: skip

    async def _fetch_hop(
        self, hop: FetchRequest, limits: Limits, deadline: float, receive: Receive[T]
    ) -> "_Done[T] | FetchRequest":
        """Tries one URL until it answers or trying is over."""
        failures, error = 0, None
        while True:
            try:
                outcome = await self._try(hop, limits, deadline, failures, receive)
            except (CircuitOpen, HostBusy) as refusal:
                raise error or refusal from None
            if not isinstance(outcome, _Again):
                return outcome
            failures, error = failures + 1, outcome.error
            await asyncio.sleep(outcome.delay_seconds)

    async def _try(
        self, hop: FetchRequest, limits: Limits, deadline: float, failures: int, receive: Receive[T]
    ) -> "_Done[T] | FetchRequest | _Again":
        host = f"{hop.url.host}:{hop.url.port}"
        async with self._turns.turn(host, deadline - self._clock()):
            await self._breakers.admit(host)
            self._counts.exchanges += 1
            self._counts.retries += failures > 0
            left = replace(limits, total_seconds=max(0.0, deadline - self._clock()))
            exchange = _Exchange(hop, failures, deadline, self._wait_before)
            try:
                return await exchange.run(self._client, left, receive)
            finally:
                await self._breakers.settle(host, exchange.verdict)

    def _wait_before(self, failures: int, retry_after_seconds: float | None, deadline: float) -> float | None:
        """How long to wait after the `failures`-th failure; None: give up. `Retry-After` is kept to, or the try is not made."""
        delay = self._backoff.delay_seconds(failures, self._random)
        if delay is None:
            return None
        delay = max(delay, retry_after_seconds or 0.0)
        return delay if fits(delay, deadline - self._clock()) else None


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    value: T


@dataclass(slots=True)
class _Exchange:
    """One try. `verdict` is what it has told of its host so far."""

    hop: FetchRequest
    failures: int
    deadline: float
    wait_before: Callable[[int, float | None, float], float | None]
    verdict: Verdict = Verdict.NEUTRAL

    async def run(
        self, client: FetchClient, limits: Limits, receive: Receive[T]
    ) -> "_Done[T] | FetchRequest | _Again":
        is_answered = False
        try:
            asked = replace(self.hop, may_redirect=False, may_reuse=self.hop.may_reuse and not self.failures)
            async with client.stream(asked, limits) as response:
                is_answered = True
                self.verdict = Verdict.FAILED if response.status >= 500 else Verdict.ALIVE
                return (
                    self._following(response) or self._again_after(response) or _Done(await receive(response))
                )
        except AppError as error:
            if not is_answered and isinstance(error, UpstreamUnreachable | UpstreamLost | UpstreamTimeout):
                self.verdict = Verdict.FAILED
            delay = self._delay(error.retry_after_seconds) if may_send_again(self.hop.method, error) else None
            if delay is None:
                raise
            return self._again(delay, error)

    def _following(self, response: Response) -> FetchRequest | None:
        if not self.hop.may_redirect:
            return None
        return redirected(self.hop, response.status, response.headers)

    def _again_after(self, response: Response) -> _Again | None:
        if not may_ask_again(self.hop.method, response.status):
            return None
        delay = self._delay(parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC)))
        return None if delay is None else self._again(delay, None)

    def _again(self, delay_seconds: float, error: AppError | None) -> _Again:
        """What is tried again has not failed yet: a host is judged by what its callers get."""
        self.verdict = Verdict.NEUTRAL
        return _Again(delay_seconds, error)

    def _delay(self, retry_after_seconds: float | None) -> float | None:
        return self.wait_before(self.failures + 1, retry_after_seconds, self.deadline)
