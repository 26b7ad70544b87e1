"""The embedded store's asynchronous side: whatever the disk does, nothing is raised and nothing is left lying about."""

import asyncio
import os
import random
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from entrepot.errors import OutOfOrder
from entrepot.fetch.cache.contract import Selection, StoredForm
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.spool import Spool
from tests.fetch.cache.caching import Cache, disk_store, with_cache
from tests.fetch.cache.entries import body_file, entry_of
from tests.fetch.fetching import until


def _with_store(folder: Path, work: Callable[[DiskStore], Awaitable[None]]) -> None:
    async def run() -> None:
        spool = Spool(folder / "spool")
        spool.prepare()
        await work(disk_store(folder, spool))
        await spool.settle()
        assert not list((folder / "spool").iterdir())

    asyncio.run(run())


def test_disk_that_fails_means_misses(tmp_path: Path) -> None:
    async def work(store: DiskStore) -> None:
        entry = entry_of(b"hello")
        assert await store.put(entry, body_file(tmp_path, b"hello"))
        os.close(store._shelf._journal._descriptor)
        store._shelf._journal._descriptor = os.open("/dev/full", os.O_RDWR)
        shutil.rmtree(tmp_path / "store" / "bodies")
        assert await store.find("key") == []
        assert await store.open(entry) is None
        assert not await store.put(entry_of(b"more", key="2"), body_file(tmp_path, b"more"))
        assert not await store.put_form(entry.id, "f", StoredForm({}, b"form"))
        assert await store.find_form(entry.id, "f") is None

    _with_store(tmp_path, work)


def test_damaged_facts_are_a_miss(tmp_path: Path) -> None:
    async def work(store: DiskStore) -> None:
        await store.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
        journal = tmp_path / "store" / "journal"
        with journal.open("r+b") as file:
            file.seek(journal.stat().st_size - 20)
            file.write(b"\0" * 10)
        assert await store.find("key") == []

    _with_store(tmp_path, work)


def test_folder_that_cannot_be_used_is_said_at_start(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    with pytest.raises(OutOfOrder):
        disk_store(tmp_path, Spool(tmp_path / "spool"))


def test_cancelled_opening_leaves_no_file(tmp_path: Path) -> None:
    async def work(store: DiskStore) -> None:
        entry = entry_of(b"hello")
        await store.put(entry, body_file(tmp_path, b"hello"))
        opening = [asyncio.create_task(store.open(entry)) for _ in range(20)]
        await asyncio.sleep(0)
        for task in opening:
            task.cancel()
        await asyncio.wait(opening)

    _with_store(tmp_path, work)


def test_crowd_over_a_store_that_is_too_small_gets_what_it_asks_for(tmp_path: Path) -> None:
    chance = random.Random(7)

    async def ask(cache: Cache, number: int) -> None:
        url = cache.origin.url(f"/{number}")
        form = await cache.upper(url, max_age_seconds=chance.choice([None, None, 0, 60]))
        assert form.body == f"BODY {number} ".encode() * 500
        if chance.random() < 0.1:
            await cache.fetcher.invalidate(Selection(url=str(url)))

    async def work(cache: Cache) -> None:
        for number in range(20):
            cache.origin.says(f"body {number} ".encode() * 500, path=f"/{number}", ETag=f'"{number}"')
        await asyncio.gather(*(ask(cache, chance.randrange(20)) for _ in range(300)))
        usage = await cache.store.usage()
        assert usage.bytes <= usage.max_bytes
        assert usage.evictions > 0
        await until(lambda: not list((cache.folder / "spool").iterdir()))

    with_cache(tmp_path, work, store=lambda spool: disk_store(tmp_path, spool, max_bytes=60_000))
