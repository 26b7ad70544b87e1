"""Writing behind the network's back: everything in order, nothing waiting for more, failures told."""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import StorageFull
from entrepot.pipelines.partial import Partial, take_partial
from entrepot.pipelines.writer import Writer, writing_to
from tests.fetch.fetching import until


class SlowPartial(Partial):
    """A file on a disk that writes only when `gate` is open, and notes the size of each write."""

    gate: threading.Event
    writes: list[int]

    def write(self, pieces: Sequence[bytes]) -> None:
        assert self.gate.wait(10)
        self.writes.append(sum(map(len, pieces)))
        super().write(pieces)


@pytest.fixture
def partial(tmp_path: Path) -> SlowPartial:
    descriptor = os.open(tmp_path / "partial", os.O_RDWR | os.O_CREAT)
    partial = SlowPartial(tmp_path / "partial", descriptor)
    partial.gate, partial.writes = threading.Event(), []
    partial.begin(None)
    return partial


def _run(partial: Partial, work: Callable[[Writer], Awaitable[Any]]) -> None:
    async def run() -> None:
        async with writing_to(partial) as writer:
            await work(writer)

    try:
        asyncio.run(run())
    finally:
        partial.close()


def test_pieces_stay_in_order(partial: SlowPartial) -> None:
    partial.gate.set()
    pieces = [bytes([number % 256]) * number for number in range(300)]

    async def work(writer: Writer) -> None:
        for piece in pieces:
            await writer.put([piece])
            await asyncio.sleep(0)

    _run(partial, work)
    assert partial.path.read_bytes() == b"".join(pieces)


def test_what_came_meanwhile_is_written_without_another_arrival(partial: SlowPartial) -> None:
    async def work(writer: Writer) -> None:
        for piece in (b"one", b"two", b"three"):
            await writer.put([piece])
        partial.gate.set()
        await until(lambda: partial.size_bytes == 11)

    _run(partial, work)
    assert partial.writes == [3, 8]


def test_fast_network_waits_for_a_slow_disk(partial: SlowPartial) -> None:
    async def work(writer: Writer) -> None:
        await writer.put([b"x"])
        last = asyncio.ensure_future(writer.put([bytes(2 * 1024 * 1024)]))
        await asyncio.wait([last], timeout=0.05)
        assert not last.done()
        partial.gate.set()
        await last

    _run(partial, work)
    assert partial.size_bytes == 2 * 1024 * 1024 + 1


def test_everything_is_written_when_the_transfer_fails(partial: SlowPartial) -> None:
    partial.gate.set()

    async def work(writer: Writer) -> None:
        await writer.put([b"one"])
        await writer.put([b"two"])
        raise ConnectionError

    with pytest.raises(ConnectionError):
        _run(partial, work)
    assert partial.path.read_bytes() == b"onetwo"


def test_full_disk_is_told(tmp_path: Path) -> None:
    partial = take_partial(tmp_path, ())
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, partial._descriptor)
    os.close(full)

    async def work(writer: Writer) -> None:
        for _ in range(1000):
            await writer.put([b"x"])
            await asyncio.sleep(0.001)
        pytest.fail("the writer went on")

    with pytest.raises(StorageFull):
        _run(partial, work)
