"""A Redis that is frozen, emptied or gone: misses, quickly, and no errors."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from entrepot.fetch.cache.contract import Selection, StoredForm
from entrepot.fetch.cache.redis import COMMAND_SECONDS, RedisStore
from entrepot.fetch.cache.spool import Spool
from tests.fetch.cache.entries import body_file, entry_of
from tests.fetch.cache.redis_server import RedisServer, running_redis


@pytest.fixture
def server() -> Iterator[RedisServer]:
    with running_redis() as running:
        yield running


def _with_store(server: RedisServer, folder: Path, work: Callable[[RedisStore], Awaitable[None]]) -> None:
    async def running() -> None:
        spool = Spool(folder / "spool")
        spool.prepare()
        store = RedisStore(server.url, spool, max_bytes=10**6, max_entries=100, max_entry_bytes=10**6)
        try:
            await work(store)
        finally:
            await store.aclose()
            await spool.settle()
        assert not list((folder / "spool").iterdir())

    asyncio.run(running())


def test_frozen_redis_misses_and_costs_one_timeout(server: RedisServer, tmp_path: Path) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"hello")
        assert await store.put(entry, body_file(tmp_path, b"hello"))
        server.freeze()
        started = time.monotonic()
        assert await store.find("key") == []
        first = time.monotonic() - started
        for _ in range(50):
            assert await store.find("key") == []
            assert await store.open(entry) is None
            assert not await store.put(entry, body_file(tmp_path, b"hello"))
            assert await store.remove(Selection()) == []
            assert not (await store.usage()).is_available
        every = time.monotonic() - started
        server.thaw()
        assert first < COMMAND_SECONDS * 5  # generous: the machine may be busy
        assert every < COMMAND_SECONDS * 15  # where each of 250 had its own timeout it would be 50 s

    _with_store(server, tmp_path, work)


def test_thawed_redis_is_used_again(server: RedisServer, tmp_path: Path) -> None:
    async def work(store: RedisStore) -> None:
        await store.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
        server.freeze()
        assert await store.find("key") == []
        server.thaw()
        async with asyncio.timeout(20):
            while not await store.find("key"):
                await asyncio.sleep(0.02)

    _with_store(server, tmp_path, work)


def test_emptied_redis_misses_and_fills_again(server: RedisServer, tmp_path: Path) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"hello")
        await store.put(entry, body_file(tmp_path, b"hello"))
        with server.client as client:
            client.flushall()
            client.script_flush()
        assert await store.find("key") == []
        assert await store.open(entry) is None
        assert await store.find_form(entry.id, "f") is None
        assert not await store.put_form(entry.id, "f", StoredForm({}, b""))
        assert (await store.usage()).bytes == 0
        assert await store.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
        assert (await store.usage()).entries == 1

    _with_store(server, tmp_path, work)


def test_redis_that_is_gone_misses(server: RedisServer, tmp_path: Path) -> None:
    async def work(store: RedisStore) -> None:
        server.stop()
        assert await store.find("key") == []
        assert not await store.put(entry_of(b"hello"), body_file(tmp_path, b"hello"))

    _with_store(server, tmp_path, work)


def test_body_that_redis_has_thrown_out_is_a_miss_and_its_entry_goes(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"hello")
        await store.put(entry, body_file(tmp_path, b"hello"))
        with redis_server.client as client:
            client.delete(f"entrepot:cache:1:b:{entry.id}:0")
        assert await store.open(entry) is None
        assert await store.find("key") == []
        assert (await store.usage()).bytes == 0

    _with_store(redis_server, tmp_path, work)


def test_entry_that_redis_has_thrown_out_is_no_longer_counted(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"hello")
        await store.put(entry, body_file(tmp_path, b"hello"))
        with redis_server.client as client:
            client.delete(f"entrepot:cache:1:e:{entry.id}")
        assert await store.find("key") == []
        usage = await store.usage()
        assert (usage.bytes, usage.entries) == (0, 0)

    _with_store(redis_server, tmp_path, work)


def test_what_an_entry_left_behind_goes_with_it(redis_server: RedisServer, tmp_path: Path) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"x" * 300_000, tags=("a", "b"))
        await store.put(entry, body_file(tmp_path, b"x" * 300_000))
        await store.put_form(entry.id, "f", StoredForm({}, b"form"))
        await store.remove(Selection(tag="a"))
        with redis_server.client as client:
            left = {key for key in client.scan_iter() if not key.endswith(b":bytes")}
        assert left == set()

    _with_store(redis_server, tmp_path, work)


def test_everything_in_redis_goes_by_itself_when_nobody_uses_it(
    redis_server: RedisServer, tmp_path: Path
) -> None:
    async def work(store: RedisStore) -> None:
        entry = entry_of(b"hello")
        await store.put(entry, body_file(tmp_path, b"hello"))
        await store.put_form(entry.id, "f", StoredForm({}, b"form"))
        with redis_server.client as client:
            for name in ("e:" + entry.id, f"b:{entry.id}:0", "k:key", "f:" + entry.id):
                assert client.ttl(f"entrepot:cache:1:{name}") > 86400

    _with_store(redis_server, tmp_path, work)
