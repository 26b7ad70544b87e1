"""The client against origins that break HTTP's framing, stall, or never end."""

import asyncio
import gc
import time
from collections.abc import Iterator

import pytest

from entrepot.errors import AppError, ContentTooLarge, UpstreamBroken, UpstreamTimeout, UpstreamUnreachable
from entrepot.fetch.client import FetchClient, FetchRequest
from entrepot.fetch.transfer import BUFFER_BYTES, RECEIVE_BYTES
from entrepot.fetch.url import parse_url
from tests.fetch.fetching import descriptors, eventually, fetch, fetch_with, limits, until, with_client
from tests.origin.hostile import Exchange, Handler, HostileOrigin, hostile_origin

MIB = 1024 * 1024


@pytest.fixture
def origin() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        yield running


BROKEN = {
    "length longer than the body": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort",
    "chunks without an end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
    "chunk cut off": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\nhello",
    "chunk size that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
    "chunk size beyond all numbers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"f" * 40
    + b"\r\nhello\r\n0\r\n\r\n",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nhello",
    "two lengths in one field": b"HTTP/1.1 200 OK\r\nContent-Length: 5, 7\r\n\r\nhello",
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
    "length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: 5x\r\n\r\nhello",
    "no answer at all": b"",
    "not HTTP": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/0.9": b"<html>hello</html>",
    "head cut off": b"HTTP/1.1 200 OK\r\nContent-Le",
    "unasked upgrade": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\nhello",
    "unasked part": b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nhello",
    "unknown transfer coding": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: warp, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    "huge header": b"HTTP/1.1 200 OK\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: aaaaaaaa\r\n" * 10_000 + b"\r\n",
    "huge trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n"
    + b"X: aaaaaaaa\r\n" * 10_000
    + b"\r\n",
}


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN.keys())
def test_broken_framing_is_an_error(origin: HostileOrigin, answer: bytes) -> None:
    with pytest.raises(UpstreamBroken):
        fetch(origin.raw("/", answer))


WHOLE = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "same length twice": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
    "chunk extensions": b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;a="\x01b\\";;=\r\nhello\r\n0;z\r\n\r\n',
    "chunks win over a length": b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5\r\nhello\r\n0\r\n\r\n",
    "trailers": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n",
    "early hints before": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "more than the length": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\n\r\n",
}


@pytest.mark.parametrize("answer", WHOLE.values(), ids=WHOLE.keys())
def test_whole_bodies_arrive(origin: HostileOrigin, answer: bytes) -> None:
    fetched = fetch(origin.raw("/", answer))
    assert (fetched.status, fetched.body, fetched.is_delimited) == (200, b"hello", True)
    assert "Link" not in fetched.headers
    assert "X-Sum" not in fetched.headers


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_body_that_only_the_connection_ends_is_marked(origin: HostileOrigin, version: str) -> None:
    fetched = fetch(origin.raw("/", f"HTTP/{version} 200 OK\r\n\r\nhello".encode()))
    assert (fetched.body, fetched.is_delimited) == (b"hello", False)


@pytest.mark.parametrize("head", ["Content-Length: 100\r\n", "Transfer-Encoding: chunked\r\n", ""])
def test_reset_in_the_body_is_an_error(origin: HostileOrigin, head: str) -> None:
    async def reset(exchange: Exchange) -> None:
        await exchange.send(f"HTTP/1.1 200 OK\r\n{head}\r\n5\r\nhello".encode())
        exchange.reset()

    with pytest.raises(UpstreamBroken):
        fetch(origin.on("/", reset))


def test_refused_connection_is_unreachable() -> None:
    with hostile_origin() as gone:
        url = gone.url("/")
    with pytest.raises(UpstreamUnreachable) as caught:
        fetch(url)
    assert "127.0.0.1" not in caught.value.detail


async def _stall_before_head(exchange: Exchange) -> None:
    await exchange.gone()


async def _stall_in_head(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-")
    await exchange.gone()


async def _stall_in_body(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
    await exchange.gone()


STALLS = [_stall_before_head, _stall_in_head, _stall_in_body]


@pytest.mark.parametrize("stall", STALLS)
def test_silence_ends_after_the_idle_time(origin: HostileOrigin, stall: Handler) -> None:
    url = origin.on("/", stall)
    began = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="nothing for too long"):
        fetch(url, limits(idle_seconds=0.3))
    assert 0.25 < time.monotonic() - began < 5


@pytest.mark.parametrize("stall", STALLS)
def test_total_time_ends_every_phase(origin: HostileOrigin, stall: Handler) -> None:
    url = origin.on("/", stall)
    with pytest.raises(UpstreamTimeout, match="longer than allowed"):
        fetch(url, limits(total_seconds=0.3))


def _drip(start: bytes, drop: bytes, seconds: float) -> Handler:
    async def drip(exchange: Exchange) -> None:
        await exchange.send(start)
        while True:
            await exchange.send(drop)
            await asyncio.sleep(seconds)

    return drip


def test_header_must_come_in_its_own_time(origin: HostileOrigin) -> None:
    """Field after field, so that there is never a silence: without a limit of its own this would last as long as a file may."""
    url = origin.on("/", _drip(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n", 0.05))
    with pytest.raises(UpstreamTimeout, match="header did not arrive"):
        fetch(url, limits(head_seconds=0.3))


def test_body_may_take_longer_than_the_header(origin: HostileOrigin) -> None:
    async def slow_body(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel")
        await asyncio.sleep(0.3)
        await exchange.send(b"lo")

    assert fetch(origin.on("/", slow_body), limits(head_seconds=0.2)).body == b"hello"


ENDLESS = {
    "body drop by drop": _drip(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", 0.02),
    "slow interim answers": _drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.02),
    "slow header lines": _drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n", 0.02),
    "slow chunks": _drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", 0.02),
}


@pytest.mark.parametrize("endless", ENDLESS.values(), ids=ENDLESS.keys())
def test_endless_trickle_ends_after_the_total_time(origin: HostileOrigin, endless: Handler) -> None:
    url = origin.on("/", endless)
    with pytest.raises(UpstreamTimeout):
        fetch(url, limits(total_seconds=0.5, idle_seconds=0.4))


@pytest.mark.parametrize(
    "piece", [b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"]
)
def test_endless_interim_answers_meet_the_header_limit(origin: HostileOrigin, piece: bytes) -> None:
    url = origin.on("/", _drip(b"", piece * 100, 0))
    with pytest.raises(UpstreamBroken):
        fetch(url)


def test_too_slow_a_body_is_given_up(origin: HostileOrigin) -> None:
    url = origin.on("/", ENDLESS["body drop by drop"])
    began = time.monotonic()
    with pytest.raises(UpstreamTimeout, match="too slowly"):
        fetch(url, limits(idle_seconds=1, min_bytes_per_second=10_000))
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("framing", ["Content-Length: 3000000", "Transfer-Encoding: chunked"])
def test_body_over_the_limit_is_refused(origin: HostileOrigin, framing: str) -> None:
    body = (
        b"%x\r\n%s\r\n0\r\n\r\n" % (3_000_000, b"x" * 3_000_000) if "chunked" in framing else b"x" * 3_000_000
    )
    url = origin.raw("/", f"HTTP/1.1 200 OK\r\n{framing}\r\n\r\n".encode() + body)
    with pytest.raises(ContentTooLarge):
        fetch(url, limits(max_bytes=2_999_999))
    assert len(fetch(url, limits(max_bytes=3_000_000)).body) == 3_000_000


def test_slow_reader_pauses_the_origin(origin: HostileOrigin) -> None:
    """What the origin could send while nobody reads is what fits into the buffer and the kernel's."""
    sent, total = 0, 64 * MIB

    async def flood(exchange: Exchange) -> None:
        nonlocal sent
        await exchange.send(f"HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n".encode())
        while sent < total:
            await exchange.send(b"x" * MIB)
            sent += MIB

    async def read_slowly(client: FetchClient) -> tuple[int, int, int]:
        request = FetchRequest(parse_url(origin.on("/", flood)))
        async with client.stream(request, limits(idle_seconds=0.5)) as response:
            chunks = response.chunks()
            first = await anext(chunks)
            before = -1
            while before != sent:  # until the origin makes no more headway
                before = sent
                await asyncio.sleep(0.7)  # longer than the idle time: a pause of ours is no silence
            held = sent
            sizes = [len(first)] + [len(chunk) async for chunk in chunks]
        return held, sum(sizes), max(sizes)

    held, received, largest = with_client(read_slowly)
    assert received == total
    assert held < 20 * MIB
    assert largest <= BUFFER_BYTES + RECEIVE_BYTES


def test_leaving_early_closes_the_connection(origin: HostileOrigin) -> None:
    async def leave(client: FetchClient) -> None:
        gone = asyncio.get_running_loop().create_future()
        loop = asyncio.get_running_loop()

        async def endless(exchange: Exchange) -> None:
            await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
            try:
                while True:
                    await exchange.send(b"x" * 65536)
            finally:
                loop.call_soon_threadsafe(gone.set_result, None)

        async with client.stream(FetchRequest(parse_url(origin.on("/", endless))), limits()) as response:
            await anext(response.chunks())
        await asyncio.wait_for(gone, 5)

    with_client(leave)


@pytest.mark.parametrize("stall", STALLS)
def test_cancelling_frees_everything(origin: HostileOrigin, stall: Handler) -> None:
    url = origin.on("/", stall)

    async def cancel(client: FetchClient) -> None:
        for _ in range(5):
            task = asyncio.ensure_future(fetch_with(client, url))
            arrived = len(origin.requests)
            await until(lambda arrived=arrived: len(origin.requests) > arrived)  # type: ignore[misc]  # a default
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        assert len(asyncio.all_tasks()) == 1

    before = descriptors()
    with_client(cancel)
    # The origin is in this process and closes its own ends.
    assert eventually(lambda: descriptors() <= before)


def test_closing_the_client_ends_its_transfers(origin: HostileOrigin) -> None:
    url = origin.on("/", _stall_in_body)

    async def close(client: FetchClient) -> AppError:
        task = asyncio.ensure_future(fetch_with(client, url))
        await until(lambda: bool(origin.requests))
        await client.aclose()
        with pytest.raises(AppError) as caught:
            await task
        return caught.value

    assert with_client(close).retryable


def test_many_transfers_at_once_leak_nothing(origin: HostileOrigin) -> None:
    """Forty at once, of which every fourth breaks, three rounds: each its own bytes, no descriptor and no handle left."""

    async def serve(exchange: Exchange) -> None:
        number = int(exchange.request.target.partition("?")[2])
        body = bytes([number]) * (300_000 + number)
        if number % 4 == 0:
            await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + body)
        else:
            await exchange.answer(body)

    url = origin.on("/", serve)

    async def one(client: FetchClient, number: int) -> bool:
        try:
            fetched = await fetch_with(client, f"{url}?{number}")
        except UpstreamBroken:
            return number % 4 == 0
        return fetched.body == bytes([number]) * (300_000 + number)

    async def rounds(client: FetchClient) -> list[bool]:
        return [
            result
            for _ in range(3)
            for result in await asyncio.gather(*(one(client, number) for number in range(40)))
        ]

    gc.collect()
    handles_before, descriptors_before = _live_handles(), descriptors()
    assert all(with_client(rounds))
    assert eventually(lambda: descriptors() <= descriptors_before)
    gc.collect()
    assert _live_handles() <= handles_before


def _live_handles() -> int:
    return sum(type(thing).__name__ in ("Transfer", "Curl", "CurlMulti") for thing in gc.get_objects())
