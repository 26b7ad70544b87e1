"""Write-behind: the near store answers at once, a bounded queue feeds the far one, and nothing removed comes back."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from entrepot.fetch.cache import levels
from entrepot.fetch.cache.contract import Selection, StoredForm
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.levels import TwoLevels
from entrepot.fetch.cache.spool import Spool
from tests.fetch.cache.caching import disk_store
from tests.fetch.cache.entries import body_file, entry_of


class _Slow(DiskStore):
    """A far store that writes nothing before it may."""

    may_write: asyncio.Event

    async def put(self, entry: Entry, path: Path) -> bool:
        await self.may_write.wait()
        return await super().put(entry, path)


def _with_levels(folder: Path, work: Callable[[TwoLevels, _Slow], Awaitable[None]]) -> None:
    async def run() -> None:
        spool = Spool(folder / "spool")
        spool.prepare()
        (folder / "far").mkdir()
        far = _Slow(disk_store(folder / "far", spool)._shelf, spool, max_entry_bytes=10**6)
        far.may_write = asyncio.Event()
        both = TwoLevels(disk_store(folder, spool), far, spool, is_write_behind=True)
        try:
            await work(both, far)
        finally:
            far.may_write.set()
            await both.aclose()
            await spool.settle()
        assert not list((folder / "spool").iterdir())

    asyncio.run(run())


def test_put_does_not_wait_for_the_far_store(tmp_path: Path) -> None:
    async def work(both: TwoLevels, far: _Slow) -> None:
        async with asyncio.timeout(10):
            assert await both.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
        assert len(await both.find("key")) == 1
        assert await far.find("key") == []

    _with_levels(tmp_path, work)


def test_closing_writes_what_waits(tmp_path: Path) -> None:
    kept = entry_of(b"hello")

    async def work(both: TwoLevels, far: _Slow) -> None:
        await both.put(kept, body_file(tmp_path, b"hello"))
        await both.put_form(kept.id, "f", StoredForm({}, b"form"))

    _with_levels(tmp_path, work)
    far = disk_store(tmp_path / "far", Spool(tmp_path / "spool"))._shelf
    assert [entry.id for entry in far.find("key")] == [kept.id]
    assert far.find_form(kept.id, "f") is not None


def test_what_is_removed_while_it_waits_does_not_come_back(tmp_path: Path) -> None:
    async def work(both: TwoLevels, far: _Slow) -> None:
        await both.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
        removal = asyncio.create_task(both.remove(Selection()))
        await asyncio.sleep(0)
        far.may_write.set()
        assert len(await removal) == 1
        assert await far.find("key") == []
        assert await both.find("key") == []

    _with_levels(tmp_path, work)


def test_queue_is_bounded_and_drops_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(levels, "_MAX_WAITING", 3)

    async def work(both: TwoLevels, far: _Slow) -> None:
        for number in range(10):
            assert await both.put(entry_of(b"x", key=str(number)), body_file(tmp_path, b"x"))
        assert both.dropped_writes == 10 - 3 - 1  # one is being written

    _with_levels(tmp_path, work)
