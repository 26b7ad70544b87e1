"""Large files over several connections: faster where each is slow, and never a byte of another file."""

import asyncio
import hashlib
import json
import random
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from entrepot.errors import UpstreamBroken, UpstreamFailure
from entrepot.fetch.retry import Backoff
from entrepot.jobs.work import Outcome
from entrepot.pipelines.file import FilePipeline
from entrepot.pipelines.segmented import SegmentPolicy
from tests.fetch.fetching import limits
from tests.origin.hostile import Exchange, HostileOrigin
from tests.pipelines.bench import QUICK, Bench, new_client

BODY = random.Random(11).randbytes(600_000)
OTHER = random.Random(12).randbytes(600_000)
EAGER = SegmentPolicy(
    connections=4,
    min_file_bytes=100_000,
    min_piece_bytes=20_000,
    trial_seconds=0.02,
    step_seconds=0.05,
    worth_seconds=0.1,
)
ONCE = Backoff(attempts=1)


@dataclass
class Throttled:
    """A file of which each connection gives a little at a time; `spoil` may answer a range in another way."""

    body: bytes = BODY
    etag: str = '"one"'
    fields: tuple[str, ...] = ("Accept-Ranges: bytes",)
    piece_bytes: int = 10_000
    pause_seconds: float = 0.02
    spoil: Callable[["Throttled", Exchange, int, int], Awaitable[None]] | None = None
    asked: list[tuple[int, int] | None] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def __call__(self, exchange: Exchange) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", exchange.request.headers.get("range", ""))
        start, end = (
            (int(match[1]), int(match[2] or len(self.body) - 1) + 1) if match else (0, len(self.body))
        )
        self.asked.append((start, end) if match else None)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if match and self.spoil:
                await self.spoil(self, exchange, start, end)
            else:
                await self.give(exchange, start, end, status=206 if match else 200)
        finally:
            self.at_once -= 1

    async def give(
        self, exchange: Exchange, start: int, end: int, *, status: int, told: str | None = None
    ) -> None:
        fields = [f"ETag: {self.etag}", f"Content-Length: {end - start}", *self.fields]
        if status == 206:
            fields.append(told or f"Content-Range: bytes {start}-{end - 1}/{len(self.body)}")
        await exchange.send(("\r\n".join([f"HTTP/1.1 {status} x", *fields]) + "\r\n\r\n").encode())
        for offset in range(start, end, self.piece_bytes):
            await exchange.send(self.body[offset : min(end, offset + self.piece_bytes)])
            await asyncio.sleep(self.pause_seconds)


def fetch_over(
    bench: Bench, url: str, policy: SegmentPolicy = EAGER, *, backoff: Backoff = QUICK, **limit: float
) -> Outcome:
    pipeline = FilePipeline(new_client, bench.store, limits(**limit), backoff, policy)
    return pipeline.run(bench.order(url), bench.notes)


def test_slow_file_comes_over_several_connections(bench: Bench, origin: HostileOrigin) -> None:
    file = Throttled()
    outcome = fetch_over(bench, origin.on("/a", file))
    assert bench.content(outcome) == BODY
    assert outcome.files[0].sha256 == hashlib.sha256(BODY).hexdigest()
    assert 2 <= file.most_at_once <= 4
    ranged = [request.headers for request in origin.requests if "range" in request.headers]
    assert all(headers["if-range"] == '"one"' for headers in ranged)


def test_progress_is_true_and_rises(bench: Bench, origin: HostileOrigin) -> None:
    fetch_over(bench, origin.on("/a", Throttled()))
    percents = [step.percent for step in bench.notes.steps]
    assert percents == sorted(percents)
    assert percents[-1] == 100


def test_nothing_is_left_beside_the_blob(bench: Bench, origin: HostileOrigin) -> None:
    fetch_over(bench, origin.on("/a", Throttled()))
    assert not (bench.folder(1) / "partial").exists()


ONE_IS_ENOUGH: dict[str, Throttled] = {
    "no ranges": Throttled(fields=(), pause_seconds=0.005),
    "no ranges, in so many words": Throttled(fields=("Accept-Ranges: none",), pause_seconds=0.005),
    "weak ETag": Throttled(etag='W/"one"', pause_seconds=0.005),
    "small": Throttled(body=BODY[:90_000]),
    "fast": Throttled(pause_seconds=0),
}


@pytest.mark.parametrize("case", ONE_IS_ENOUGH)
def test_one_connection_is_enough(case: str, bench: Bench, origin: HostileOrigin) -> None:
    file = ONE_IS_ENOUGH[case]
    policy = EAGER if case != "fast" else SegmentPolicy(min_file_bytes=100_000)
    outcome = fetch_over(bench, origin.on("/a", file), policy)
    assert bench.content(outcome) == file.body
    assert file.asked == [None]


def test_setting_of_one_means_one(bench: Bench, origin: HostileOrigin) -> None:
    file = Throttled(pause_seconds=0.005)
    fetch_over(bench, origin.on("/a", file), SegmentPolicy(connections=1, min_file_bytes=1, trial_seconds=0))
    assert file.asked == [None]


async def _ignores_ranges(file: Throttled, exchange: Exchange, _start: int, _end: int) -> None:
    await file.give(exchange, 0, len(file.body), status=200)


async def _gives_another_range(file: Throttled, exchange: Exchange, start: int, end: int) -> None:
    await file.give(exchange, 0, end - start, status=206)


async def _mislabels(file: Throttled, exchange: Exchange, _start: int, end: int) -> None:
    """The wrong bytes behind the right words would be a lie that nothing can show; these words show it."""
    await file.give(exchange, 0, end, status=206, told=f"Content-Range: bytes 0-{end - 1}/{len(file.body)}")


async def _tells_another_total(file: Throttled, exchange: Exchange, start: int, end: int) -> None:
    await file.give(
        exchange, start, end, status=206, told=f"Content-Range: bytes {start}-{end - 1}/{len(file.body) + 1}"
    )


async def _tells_another_etag(_file: Throttled, exchange: Exchange, start: int, end: int) -> None:
    await Throttled(body=OTHER, etag='"two"').give(exchange, start, end, status=206)


async def _tells_no_etag(file: Throttled, exchange: Exchange, start: int, end: int) -> None:
    await Throttled(body=OTHER, etag="").give(exchange, start, end, status=206)


async def _has_no_such_range(_file: Throttled, exchange: Exchange, _start: int, _end: int) -> None:
    await exchange.answer(status="416 Range Not Satisfiable")


async def _is_busy(_file: Throttled, exchange: Exchange, _start: int, _end: int) -> None:
    await exchange.answer(status="503 Service Unavailable")


async def _forbids(_file: Throttled, exchange: Exchange, _start: int, _end: int) -> None:
    await exchange.answer(status="403 Forbidden")


@pytest.mark.parametrize(
    "lie",
    [_ignores_ranges, _gives_another_range, _mislabels, _tells_another_total, _tells_another_etag, _tells_no_etag,
     _has_no_such_range, _is_busy, _forbids],
)  # fmt: skip
def test_origin_that_lies_about_ranges_is_left_to_one_connection(
    lie: Callable[[Throttled, Exchange, int, int], Awaitable[None]], bench: Bench, origin: HostileOrigin
) -> None:
    file = Throttled(spoil=lie, pause_seconds=0.01)
    outcome = fetch_over(bench, origin.on("/a", file))
    assert bench.content(outcome) == BODY
    assert file.asked.count(None) == 1
    assert len(file.asked) > 1


def test_part_that_breaks_off_is_fetched_by_others(bench: Bench, origin: HostileOrigin) -> None:
    broken = 0

    async def breaks_off_once(file: Throttled, exchange: Exchange, start: int, end: int) -> None:
        nonlocal broken
        broken += 1
        if broken > 1:
            await file.give(exchange, start, end, status=206)
            return
        part = f"Content-Range: bytes {start}-{end - 1}/{len(BODY)}"
        head = f"HTTP/1.1 206 x\r\nETag: {file.etag}\r\n{part}\r\nContent-Length: {end - start}\r\n\r\n"
        await exchange.send(head.encode() + BODY[start : start + 5000])
        exchange.reset()

    outcome = fetch_over(bench, origin.on("/a", Throttled(spoil=breaks_off_once)))
    assert bench.content(outcome) == BODY


def test_file_that_changes_on_the_way_is_never_mixed(bench: Bench, origin: HostileOrigin) -> None:
    """After some time every answer is of another file; the first connection breaks off, so the old one cannot be had."""
    new = Throttled(body=OTHER, etag='"two"', pause_seconds=0)

    async def serve(exchange: Exchange) -> None:
        headers = exchange.request.headers
        if len(origin.requests) == 1:
            head = f'HTTP/1.1 200 x\r\nETag: "one"\r\nAccept-Ranges: bytes\r\nContent-Length: {len(BODY)}\r\n\r\n'
            await exchange.send(head.encode())
            for offset in range(0, 200_000, 10_000):
                await exchange.send(BODY[offset : offset + 10_000])
                await asyncio.sleep(0.01)
            exchange.reset()
        elif len(origin.requests) == 2:
            await Throttled().give(exchange, *_asked(headers["range"]), status=206)
        elif headers.get("if-range") == '"two"':
            await new(exchange)
        else:
            await new.give(exchange, 0, len(OTHER), status=200)

    assert bench.content(fetch_over(bench, origin.on("/a", serve))) == OTHER
    assert "starting over" in bench.notes.text


def _asked(field: str) -> tuple[int, int]:
    first, _, last = field.removeprefix("bytes=").partition("-")
    return int(first), int(last or len(BODY) - 1) + 1


def test_next_attempt_fetches_only_what_is_missing(bench: Bench, origin: HostileOrigin) -> None:
    file = Throttled(pause_seconds=0.1)
    url = origin.on("/a", file)
    with pytest.raises(UpstreamFailure):
        fetch_over(bench, url, backoff=ONCE, total_seconds=0.8)
    left = json.loads((bench.folder(1) / "partial.json").read_text())["missing"]
    assert len(left) > 1  # there were gaps
    file.asked.clear()
    file.pause_seconds = 0
    outcome = fetch_over(bench, url, backoff=ONCE)
    assert bench.content(outcome) == BODY
    assert outcome.files[0].sha256 == hashlib.sha256(BODY).hexdigest()
    assert None not in file.asked
    first, *others = (span for span in file.asked if span)
    assert first == (
        left[0][0],
        len(BODY),
    )  # goes on where the beginning ends, and stops at what is there already
    assert others
    assert all(any(start <= span[0] and span[1] <= end for start, end in left) for span in others)


def test_gaps_are_given_up_where_the_setting_is_one(bench: Bench, origin: HostileOrigin) -> None:
    file = Throttled(pause_seconds=0.1)
    url = origin.on("/a", file)
    with pytest.raises(UpstreamFailure):
        fetch_over(bench, url, backoff=ONCE, total_seconds=0.8)
    file.asked.clear()
    file.pause_seconds = 0
    outcome = fetch_over(bench, url, SegmentPolicy(connections=1), backoff=ONCE)
    assert bench.content(outcome) == BODY
    assert len(file.asked) == 1


def test_origin_that_stops_serving_ranges_at_all_fails_honestly(bench: Bench, origin: HostileOrigin) -> None:
    """The first connection breaks off and nothing more can be had: no file, and the error says why."""

    async def serve(exchange: Exchange) -> None:
        if len(origin.requests) > 1:
            exchange.reset()
            return
        head = f'HTTP/1.1 200 x\r\nETag: "one"\r\nAccept-Ranges: bytes\r\nContent-Length: {len(BODY)}\r\n\r\n'
        await exchange.send(head.encode())
        for offset in range(0, 300_000, 10_000):
            await exchange.send(BODY[offset : offset + 10_000])
            await asyncio.sleep(0.01)
        exchange.reset()

    with pytest.raises(UpstreamBroken):
        fetch_over(bench, origin.on("/a", serve))
    assert not [name for name in bench.leftovers() if "blobs" in name]
