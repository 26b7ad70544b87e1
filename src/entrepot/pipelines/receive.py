"""One URL's bytes into a partial file: written and hashed behind the network's back, resumed where the origin allows it.

A download goes on only if the origin proves that it still has the same bytes: a strong `ETag`, asked for by `If-Range`, and an
answer 206 with that `ETag` and the very range (RFC 9110 sections 8.8.3, 13.1.5, 14.4). Anything else starts over.
"""

import asyncio
import random
import re
import shutil
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from entrepot.errors import (
    AppError,
    ContentTooLarge,
    HostNotFound,
    StorageFull,
    UpstreamBroken,
    UpstreamFailure,
    UpstreamTimeout,
)
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response, raise_for_status
from entrepot.fetch.headers import Headers
from entrepot.fetch.retry import Backoff
from entrepot.fetch.url import URL
from entrepot.jobs.work import Desk, Progress, Source, Stage
from entrepot.pipelines.meter import Meter
from entrepot.pipelines.names import clean_type, name_file
from entrepot.pipelines.partial import Facts, Partial
from entrepot.pipelines.segmented import Pieces, RangesRefused, Segmented, SegmentPolicy
from entrepot.pipelines.writer import writing_to

RESERVE_BYTES = 64 * 1024 * 1024  # disk space that a download leaves to the database and the logs
_ROOM_CHECK_BYTES = 8 * 1024 * 1024  # how often that is looked after, where the origin does not tell a length

_REPORT_SECONDS = 0.25
_HEADWAY_BYTES = 1024 * 1024  # an origin that gives this much between two failures is worth going on with
_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e\x80-\xff]*"')
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)")


@dataclass(frozen=True, slots=True)
class Received:
    """What has arrived, beside the bytes."""

    name: str
    content_type: str
    last_modified: str | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to fetch, within which limits. `limits.max_bytes` is the whole file's, `limits.total_seconds` all tries'."""

    url: URL
    limits: Limits
    headers: Mapping[str, str] = field(default_factory=dict)


class Receiver:
    """Fetches one file into `partial`; good for one `receive`."""

    def __init__(
        self,
        client: FetchClient,
        partial: Partial,
        desk: Desk,
        backoff: Backoff,
        segments: SegmentPolicy | None = None,
    ) -> None:
        self._client = client
        self._partial = partial
        self._desk = desk
        self._backoff = backoff
        self._segments = segments or SegmentPolicy()
        self._meter = Meter(time.monotonic, partial.size_bytes)
        self._total_bytes: int | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def receive(self, wanted: Wanted) -> Received:
        """Fetches, going on after failures that may pass for as long as the origin allows it and there is headway.

        Raises the last failure; StorageFull; ContentTooLarge; what the client raises.
        """
        deadline = time.monotonic() + wanted.limits.total_seconds
        failures = 0
        while True:
            before = self._partial.size_bytes
            try:
                received = await self._try_once(wanted, deadline - time.monotonic())
            except (UpstreamFailure, HostNotFound) as error:
                failures = 1 if self._partial.size_bytes - before >= _HEADWAY_BYTES else failures + 1
                await self._wait_after(error, failures)
                continue
            if received is not None:
                return received

    async def _wait_after(self, error: AppError, failures: int) -> None:
        """Waits before the next try; raises `error` when there is to be none."""
        can_resume = self._partial.facts is not None and self._partial.size_bytes > 0
        delay = self._backoff.delay_seconds(
            failures, random.random, retry_after_seconds=error.retry_after_seconds
        )
        if not error.retryable or not can_resume or delay is None:
            raise error
        self._desk.log(
            "warning",
            f"{error.detail} Going on from byte {self._partial.prefix_bytes} in {delay:.1f} s.",
        )
        await asyncio.sleep(delay)

    async def _try_once(self, wanted: Wanted, left_seconds: float) -> Received | None:
        """One request and its body; None when it told that the partial file is of no use any more."""
        if left_seconds <= 0:
            raise UpstreamTimeout("The origin took longer than allowed.")
        request = FetchRequest(wanted.url, headers=self._headers(wanted.headers), may_compress=False)
        limits = replace(wanted.limits, total_seconds=left_seconds)
        async with self._client.stream(request, limits) as response:
            if not self._take_head(response):
                return None
            received = _described(response)
            self._desk.source(Source(url=str(wanted.url), title=received.name))
            self._check_room(wanted.limits.max_bytes)
            await self._take_body(response, wanted, limits)
            self._check_size(response)
            return received

    def _headers(self, given: Mapping[str, str]) -> dict[str, str]:
        facts, offset = self._partial.facts, self._partial.prefix_bytes
        if facts is None or not self._partial.size_bytes:
            return dict(given)
        return {**given, "Range": f"bytes={offset}-", "If-Range": facts.etag}

    # --- the head -----------------------------------------------------------------------------------------------------

    def _take_head(self, response: Response) -> bool:
        """Readies the partial file for this answer's body; False when the request has to be made again without a range."""
        facts, offset = self._partial.facts, self._partial.prefix_bytes
        is_resuming = facts is not None and self._partial.size_bytes > 0
        if facts is not None and is_resuming and response.status in (206, 416):
            if response.status == 206 and _continues(response, facts, offset):
                self._desk.log("info", f"Going on from byte {offset}{self._behind_gaps()}.")
                self._total_bytes = facts.total_bytes or _range_total(response)
                return True
            self._start_over(None)
            return False
        raise_for_status(response)
        if response.status not in (200, 203):
            raise UpstreamFailure(
                f"The origin answered {response.status}, which is no file.", upstream_status=response.status
            )
        self._start_over(_facts(response))
        self._total_bytes = response.content_length
        return True

    def _behind_gaps(self) -> str:
        ahead = self._partial.size_bytes - self._partial.prefix_bytes
        return f", with {ahead} bytes behind it there already" if ahead else ""

    def _start_over(self, facts: Facts | None) -> None:
        if self._partial.size_bytes:
            self._desk.log("info", "The origin does not go on with the same bytes; starting over.")
        self._partial.begin(facts)

    def _check_room(self, max_bytes: int) -> None:
        """Refuses what cannot end well before its first byte."""
        total = self._total_bytes
        if total is None:
            return
        if total > max_bytes:
            raise ContentTooLarge(f"The file has {total} bytes; {max_bytes} are allowed.")
        self._require_room(total - self._partial.size_bytes)

    def _require_room(self, wanted_bytes: int) -> None:
        """Raises StorageFull where so many bytes more would touch the reserve."""
        free = shutil.disk_usage(self._partial.path.parent).free
        if wanted_bytes > free - RESERVE_BYTES:
            raise StorageFull("There is no room left for this file.")

    # --- the body -----------------------------------------------------------------------------------------------------

    async def _take_body(self, response: Response, wanted: Wanted, limits: Limits) -> None:
        """Writes and reports while the next bytes arrive, and while none do; over more connections where one is slow."""
        pieces = response.pieces()
        if self._partial.is_spread and not self._may_spread(response):
            self._partial.close_ranks()
        with self._reporting():
            speed_bps = 0.0
            if not self._partial.is_spread:
                speed_bps = await self._take_in_order(response, pieces, wanted.limits.max_bytes)
            if self._partial.is_spread or speed_bps:
                await self._take_spread(pieces, wanted, limits, speed_bps)

    async def _take_in_order(self, response: Response, pieces: Pieces, max_bytes: int) -> float:
        """Takes one answer to its end, and gives 0; or its speed, in bytes a second, once that has turned out to be slow."""
        began_at, before = time.monotonic(), self._partial.size_bytes
        size = checked = before
        may_spread = self._may_spread(response)
        async with writing_to(self._partial) as writer:
            async for arrived in pieces:
                size += sum(map(len, arrived))
                if size > max_bytes:
                    raise ContentTooLarge(f"The file has more than the {max_bytes} bytes allowed.")
                if size - checked >= _ROOM_CHECK_BYTES:
                    self._require_room(0)
                    checked = size
                await writer.put(arrived)
                if may_spread and (speed := self._slowness(began_at, size - before, size)):
                    return speed
        return 0.0

    def _may_spread(self, response: Response) -> bool:
        """Whether the origin has said that it serves ranges of this very file, and the file is worth them."""
        total = self._total_bytes
        says_so = response.status == 206 or "bytes" in response.headers.members("Accept-Ranges")
        is_large = total is not None and total >= self._segments.min_file_bytes
        facts = self._partial.facts
        is_known = facts is not None and facts.total_bytes == total
        return self._segments.connections > 1 and is_known and says_so and is_large

    def _slowness(self, began_at: float, arrived_bytes: int, size: int) -> float:
        """The speed of one connection that has had its trial and has long to go; 0 for all others."""
        elapsed = time.monotonic() - began_at
        if elapsed < self._segments.trial_seconds or self._total_bytes is None:
            return 0.0
        speed = arrived_bytes / elapsed
        return speed if (self._total_bytes - size) > speed * self._segments.worth_seconds else 0.0

    async def _take_spread(self, pieces: Pieces, wanted: Wanted, limits: Limits, speed_bps: float) -> None:
        ends_at = time.monotonic() + limits.total_seconds

        async def open_span(start: int, end: int, follow: Callable[[Response], Awaitable[None]]) -> None:
            facts = self._partial.facts
            assert facts is not None  # spread files have them
            headers = {**wanted.headers, "Range": f"bytes={start}-{end - 1}", "If-Range": facts.etag}
            request = FetchRequest(wanted.url, headers=headers, may_compress=False)
            left = replace(wanted.limits, total_seconds=max(0.0, ends_at - time.monotonic()))
            async with self._client.stream(request, left) as response:
                if response.status == 429 or response.status >= 500:
                    raise_for_status(response)
                if response.status != 206 or not _continues(response, facts, start):
                    raise RangesRefused(
                        "The origin does not give the parts of the file that it was asked for."
                    )
                await follow(response)

        self._desk.log("info", f"Going on over up to {self._segments.connections} connections.")
        with ThreadPoolExecutor(1, "write") as executor:
            segmented = Segmented(self._partial, open_span, self._segments, executor)
            await segmented.receive(pieces, speed_bps=speed_bps)

    @contextmanager
    def _reporting(self) -> Iterator[None]:
        """Tells how far the file is while the block runs, whether or not anything arrives, and at its end."""
        self._tick()
        try:
            yield
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._report()

    def _tick(self) -> None:
        self._report()
        self._timer = asyncio.get_running_loop().call_later(_REPORT_SECONDS, self._tick)

    def _report(self) -> None:
        done, total = self._partial.size_bytes, self._total_bytes
        self._meter.update(done)
        self._desk.progress(
            Progress(
                Stage.DOWNLOADING, 100 * done / total if total else 0.0, done, total, self._meter.speed_bps,
                self._meter.eta_seconds(None if total is None else max(total - done, 0)),
            )
        )  # fmt: skip

    def _check_size(self, response: Response) -> None:
        size, total = self._partial.size_bytes, self._total_bytes
        if total is not None and size != total:
            if size > total:
                self._partial.begin(None)
            raise UpstreamBroken(f"The file has {size} bytes where the origin announced {total}.")
        if not response.is_delimited:
            self._desk.log(
                "warning", "The origin does not tell the file's length: nothing proves that it is whole."
            )


def _described(response: Response) -> Received:
    content_type = response.headers.get("Content-Type")
    disposition = response.headers.get("Content-Disposition")
    name = name_file(disposition, response.url, content_type or "")
    return Received(name, clean_type(content_type, name), response.headers.get("Last-Modified"))


def _facts(response: Response) -> Facts | None:
    """What must hold again for going on; None where the origin gives no proof, or we keep other bytes than it sends."""
    etag = _strong_etag(response.headers)
    if etag is None or response.is_decoded or "none" in response.headers.members("Accept-Ranges"):
        return None
    return Facts(etag, response.content_length, _place(response.url))


def _continues(response: Response, facts: Facts, offset: int) -> bool:
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    if match is None or response.is_decoded:
        return False
    start, end, total = int(match[1]), int(match[2]), _range_total(response)
    length = response.content_length
    return (
        start == offset <= end
        and (total is None or (end < total and facts.total_bytes in (None, total)))
        and length in (None, end - start + 1)
        and _strong_etag(response.headers) == facts.etag
        and _place(response.url) == facts.place
    )


def _range_total(response: Response) -> int | None:
    match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", "").strip())
    return int(match[3]) if match and match[3] != "*" else None


def _strong_etag(headers: Headers) -> str | None:
    etag = headers.get("ETag", "").strip()
    return etag if _STRONG_ETAG.fullmatch(etag) else None


def _place(url: URL) -> str:
    """Where it came from, without the query, in which signatures change and secrets stand."""
    return str(url).partition("?")[0]
