"""One suite for every store, and for two of them as levels."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entrepot.fetch.cache.contract import CacheStore, Selection, StoredForm
from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.levels import TwoLevels
from entrepot.fetch.cache.policy import Answer
from entrepot.fetch.cache.redis import RedisStore
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.headers import Headers
from tests.fetch.cache.caching import disk_store
from tests.fetch.cache.entries import body_file, entry_of
from tests.fetch.cache.redis_server import RedisServer

Work = Callable[[CacheStore], Awaitable[None]]


class Shop:
    """Opens the store that a test is for."""

    def __init__(self, kind: str, folder: Path, server: RedisServer) -> None:
        self.kind = kind
        self.folder = folder
        self._server = server
        self._ticks = itertools.count(1000.0)  # no two uses at the same time

    def run(self, work: Work, **limits: Any) -> None:
        async def running() -> None:
            spool = Spool(self.folder / "spool")
            spool.prepare()
            store = self._store(spool, limits)
            try:
                await work(store)
            finally:
                await store.aclose()
                await spool.settle()
            assert not list((self.folder / "spool").iterdir())

        asyncio.run(running())

    def _store(self, spool: Spool, limits: dict[str, Any]) -> CacheStore:
        if self.kind == "disk":
            return disk_store(self.folder, spool, **limits)
        far = self._redis(spool, limits)
        if self.kind == "redis":
            return far
        near = disk_store(self.folder, spool, **limits)
        return TwoLevels(near, far, spool, is_write_behind=self.kind == "behind", clock=lambda: 1500.0)

    def _redis(self, spool: Spool, limits: dict[str, Any]) -> RedisStore:
        sizes = {"max_bytes": 64 * 1024**2, "max_entries": 10_000, "max_entry_bytes": 16 * 1024**2}
        return RedisStore(self._server.url, spool, clock=self._ticks.__next__, **{**sizes, **limits})

    async def keep(self, store: CacheStore, body: bytes = b"hello", **changes: Any) -> Entry:
        entry = entry_of(body, **changes)
        assert await store.put(entry, body_file(self.folder, body))
        return entry


@pytest.fixture(params=["disk", "redis", "through", "behind"])
def shop(request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer) -> Shop:
    return Shop(request.param, tmp_path, redis_server)


@pytest.fixture(params=["disk", "redis"])
def single(request: pytest.FixtureRequest, tmp_path: Path, redis_server: RedisServer) -> Shop:
    return Shop(request.param, tmp_path, redis_server)


async def _body(store: CacheStore, entry: Entry) -> bytes | None:
    held = await store.open(entry)
    if held is None:
        return None
    try:
        return held.path.read_bytes()
    finally:
        held.close()


async def _ids(store: CacheStore, key: str = "key") -> set[str]:
    return {entry.id for entry in await store.find(key)}


def test_entry_is_found_as_it_was_put(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        (found,) = await store.find("key")
        assert found.as_dict() == entry.as_dict()
        assert await _body(store, found) == b"hello"
        assert await store.find("other") == []

    shop.run(work)


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
def test_body_of_any_size_comes_back(shop: Shop, size: int) -> None:
    async def work(store: CacheStore) -> None:
        body = bytes(range(256)) * (size // 256 + 1)
        entry = await shop.keep(store, body[:size])
        assert await _body(store, entry) == body[:size]

    shop.run(work)


def test_variants_lie_side_by_side_and_each_replaces_its_older_self(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        await shop.keep(store, b"alt", selecting={"accept-language": "=de"})
        french = await shop.keep(store, b"fr", selecting={"accept-language": "=fr"})
        newer = await shop.keep(store, b"neu", selecting={"accept-language": "=de"})
        assert await _ids(store) == {french.id, newer.id}
        assert (await store.usage()).entries == 2

    shop.run(work)


def test_update_changes_what_is_told_and_keeps_body_and_forms(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        await store.put_form(entry.id, "f", StoredForm({"a": 1}, b"form"))
        answer = Answer(200, Headers([("X-New", "yes")]), 1100.0, 1101.0)
        await store.update(replace(entry, answer=answer))
        (found,) = await store.find("key")
        assert found.answer.headers["X-New"] == "yes"
        assert await _body(store, found) == b"hello"
        form = await store.find_form(entry.id, "f")
        assert form is not None
        assert form.body == b"form"

    shop.run(work)


def test_update_of_what_has_gone_brings_nothing_back(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        await store.discard(entry.id)
        await store.update(entry)
        assert await store.find("key") == []

    shop.run(work)


def test_forms_lie_with_their_entry_and_go_with_it(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        body = b"line\nline\0" * 1000
        assert await store.put_form(entry.id, "f", StoredForm({"title": "Ü\n"}, body))
        assert await store.find_form(entry.id, "f") == StoredForm({"title": "Ü\n"}, body)
        assert await store.find_form(entry.id, "g") is None
        assert await store.remove(Selection(url=entry.url)) == [entry.id]
        assert await store.find_form(entry.id, "f") is None
        assert not await store.put_form(entry.id, "f", StoredForm({}, b"late"))

    shop.run(work)


def test_form_that_is_put_again_replaces_the_first(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        await store.put_form(entry.id, "f", StoredForm({}, b"x" * 5000))
        before = (await store.usage()).bytes
        await store.put_form(entry.id, "f", StoredForm({}, b"y" * 100))
        found = await store.find_form(entry.id, "f")
        assert found is not None
        assert found.body == b"y" * 100
        assert (await store.usage()).bytes == before - 4900

    shop.run(work)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(url="https://a.com/x"), "ax a'x"),
        (Selection(url="https://a.com/x", owner=""), "ax"),
        (Selection(prefix="https://a.com/"), "ax ay a'x"),
        (Selection(prefix="https://a.com/", owner="A"), "a'x"),
        (Selection(prefix="https://"), "ax ay a'x bx"),
        (Selection(tag="host:a.com"), "ax ay a'x"),
        (Selection(tag="news"), "ay bx"),
        (Selection(tag="news", prefix="https://b.com"), "bx"),
        (Selection(tag="nothing"), ""),
        (Selection(url="https://a.com/"), ""),
        (Selection(owner="A"), "a'x"),
        (Selection(), "ax ay a'x bx"),
    ],
)
def test_selection_takes_by_url_prefix_tag_and_owner(shop: Shop, selection: Selection, expected: str) -> None:
    described: Sequence[tuple[str, dict[str, Any]]] = [
        ("ax", {"url": "https://a.com/x", "tags": ("host:a.com",)}),
        ("ay", {"url": "https://a.com/y", "tags": ("host:a.com", "news")}),
        ("a'x", {"url": "https://a.com/x", "tags": ("host:a.com",), "owner": "A", "is_shared": False}),
        ("bx", {"url": "https://b.com/x", "tags": ("host:b.com", "news")}),
    ]

    async def work(store: CacheStore) -> None:
        names = {(await shop.keep(store, key=name, **facts)).id: name for name, facts in described}
        removed = await store.remove(selection)
        assert sorted(names[entry_id] for entry_id in removed) == sorted(expected.split())
        left = [name for name, _ in described if await store.find(name)]
        assert sorted([*left, *expected.split()]) == sorted(names.values())

    shop.run(work)


def test_least_recently_used_goes_first_over_the_byte_limit(single: Shop) -> None:
    async def work(store: CacheStore) -> None:
        kept = [await single.keep(store, b"x" * 20_000, key=str(number)) for number in range(3)]
        assert await _body(store, kept[0]) is not None
        await single.keep(store, b"x" * 20_000, key="3")
        assert [bool(await store.find(str(number))) for number in range(4)] == [True, False, True, True]
        usage = await store.usage()
        assert usage.bytes <= usage.max_bytes
        assert (usage.entries, usage.evictions) == (3, 1)

    single.run(work, max_bytes=64_000)


def test_entry_limit_holds(single: Shop) -> None:
    async def work(store: CacheStore) -> None:
        for number in range(5):
            await single.keep(store, key=str(number))
        assert (await store.usage()).entries == 3

    single.run(work, max_entries=3)


def test_forms_count_against_the_byte_limit(single: Shop) -> None:
    async def work(store: CacheStore) -> None:
        old = await single.keep(store, b"x" * 30_000, key="old")
        new = await single.keep(store, key="new")
        assert await store.put_form(new.id, "f", StoredForm({}, b"x" * 50_000))
        assert await store.find("old") == []
        assert await store.find("new") != []
        assert await store.find_form(old.id, "f") is None

    single.run(work, max_bytes=64_000)


def test_body_over_the_entry_limit_is_not_kept(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        assert not await store.put(entry_of(b"x" * 1001), body_file(shop.folder, b"x" * 1001))
        assert await store.find("key") == []

    shop.run(work, max_entry_bytes=1000)


def test_many_variants_of_one_page_are_bounded(tmp_path: Path, redis_server: RedisServer) -> None:
    single = Shop("disk", tmp_path, redis_server)

    async def work(store: CacheStore) -> None:
        for number in range(30):
            await single.keep(store, selecting={"x": f"={number}"})
        assert len(await store.find("key")) == 16

    single.run(work)


def test_held_body_outlives_its_entry(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store)
        held = await store.open(entry)
        assert held is not None
        await store.discard(entry.id)
        assert held.path.read_bytes() == b"hello"
        held.close()

    shop.run(work)


@pytest.mark.parametrize("kind", ["through", "behind"])
def test_far_store_fills_an_empty_near_one(kind: str, tmp_path: Path, redis_server: RedisServer) -> None:
    first = Shop(kind, tmp_path / "one", redis_server)
    second = Shop(kind, tmp_path / "two", redis_server)
    first.folder.mkdir()
    second.folder.mkdir()
    kept: list[Entry] = []

    async def fill(store: CacheStore) -> None:
        kept.append(await first.keep(store))
        await store.put_form(kept[0].id, "f", StoredForm({}, b"form"))

    async def use(store: CacheStore) -> None:
        (found,) = await store.find("key")
        assert await _body(store, found) == b"hello"
        form = await store.find_form(found.id, "f")
        assert form is not None
        assert (await store.usage()).entries == 1

    async def use_without_redis(store: CacheStore) -> None:
        assert await _body(store, kept[0]) == b"hello"

    first.run(fill)
    second.run(use)
    Shop("disk", second.folder, redis_server).run(use_without_redis)


def test_far_store_is_asked_where_nothing_near_is_fresh(tmp_path: Path, redis_server: RedisServer) -> None:
    levels = Shop("through", tmp_path, redis_server)

    async def work(store: CacheStore) -> None:
        old = await levels.keep(store, b"old", fresh_until=1400.0)
        spool = Spool(tmp_path / "other")
        spool.prepare()
        far = levels._redis(spool, {})
        answer = replace(old.answer, responded_at=1450.0)
        await far.update(replace(old, answer=answer, fresh_until=1600.0))
        await far.aclose()
        assert [found.fresh_until for found in await store.find("key")] == [1600.0]

    levels.run(work)


def test_update_may_change_what_selects_a_variant(shop: Shop) -> None:
    async def work(store: CacheStore) -> None:
        entry = await shop.keep(store, selecting={"a": "1"})
        await store.update(replace(entry, selecting={"b": "2"}))
        newer = await shop.keep(store, b"newer", selecting={"b": "2"})
        assert await _ids(store) == {newer.id}

    shop.run(work)
