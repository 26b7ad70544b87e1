"""Removals by one process reach the near copies of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from entrepot.fetch.cache.announcements import RemovalListener
from entrepot.fetch.cache.contract import Selection
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.levels import TwoLevels
from entrepot.fetch.cache.redis import RedisStore
from entrepot.fetch.cache.spool import Spool
from tests.fetch.cache.caching import disk_store
from tests.fetch.cache.entries import body_file, entry_of
from tests.fetch.cache.redis_server import RedisServer
from tests.fetch.fetching import until


@dataclass(slots=True)
class _Process:
    """What one process has of the cache."""

    near: DiskStore
    both: TwoLevels
    listener: RemovalListener
    forgotten: list[str]
    folder: Path


def _process(folder: Path, server: RedisServer) -> _Process:
    folder.mkdir()
    spool = Spool(folder / "spool")
    spool.prepare()
    near = disk_store(folder, spool)
    far = RedisStore(server.url, spool, max_bytes=10**6, max_entries=100, max_entry_bytes=10**6)
    forgotten: list[str] = []

    def forget(ids: Sequence[str]) -> None:
        forgotten.extend(ids)

    listener = RemovalListener(server.url, near, forget, own_sender=far.sender)
    return _Process(near, TwoLevels(near, far, spool, is_write_behind=False), listener, forgotten, folder)


def _with_two(
    folder: Path, server: RedisServer, work: Callable[[_Process, _Process], Awaitable[None]]
) -> None:
    async def run() -> None:
        both = [_process(folder / name, server) for name in ("one", "two")]
        for process in both:
            process.listener.start()
            await asyncio.wait_for(process.listener.is_listening.wait(), 10)
        try:
            await work(*both)
        finally:
            for process in both:
                await process.listener.aclose()
                await process.both.aclose()

    asyncio.run(run())


def test_removal_reaches_the_other_process(tmp_path: Path, redis_server: RedisServer) -> None:
    async def work(one: _Process, two: _Process) -> None:
        entry = entry_of(b"hello")
        await one.both.put(entry, body_file(one.folder, b"hello"))
        held = await two.both.open(entry)
        assert held is not None
        held.close()
        assert len(await two.near.find("key")) == 1
        await one.both.remove(Selection(prefix="https://example.com/"))
        await until(lambda: two.forgotten == [entry.id])
        assert await two.near.find("key") == []
        assert one.forgotten == []

    _with_two(tmp_path, redis_server, work)


def test_own_removal_does_not_take_what_was_stored_since(tmp_path: Path, redis_server: RedisServer) -> None:
    async def work(one: _Process, two: _Process) -> None:
        await one.both.remove(Selection())
        await one.both.put(entry_of(b"new"), body_file(one.folder, b"new"))
        await two.both.put(entry_of(b"x", key="x", url="https://x.org/"), body_file(two.folder, b"x"))
        await two.both.remove(
            Selection(url="https://x.org/")
        )  # announced after the first: both have been heard
        entry = entry_of(b"y", key="y", url="https://y.org/")
        await one.near.put(entry, body_file(one.folder, b"y"))
        await two.both.remove(Selection(url="https://y.org/"))
        await until(lambda: one.forgotten == [entry.id])
        assert len(await one.near.find("key")) == 1

    _with_two(tmp_path, redis_server, work)


def test_what_cannot_be_read_is_passed_over(tmp_path: Path, redis_server: RedisServer) -> None:
    async def work(one: _Process, _two: _Process) -> None:
        with redis_server.client as client:
            for said in ("", "[]", "7", '{"sender": 1}', '{"sender": "a", "what": 1}'):
                client.publish("entrepot:cache:1:gone", said)
        entry = entry_of(b"hello")
        await one.near.put(entry, body_file(one.folder, b"hello"))
        with redis_server.client as client:
            client.publish("entrepot:cache:1:gone", '{"sender": "a", "tag": "host:example.com"}')
        await until(lambda: one.forgotten == [entry.id])

    _with_two(tmp_path, redis_server, work)
