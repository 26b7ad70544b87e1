"""Converted forms: made once, kept beside their source, hot in memory, and gone with it."""

import asyncio
from pathlib import Path

import pytest

from entrepot.errors import ConversionFailed, NoContent
from entrepot.fetch.cache.contract import Selection
from entrepot.fetch.cache.fetcher import CachePolicy
from entrepot.fetch.cache.forms import MAX_KEPT_BYTES
from entrepot.fetch.cache.source import CachedForm, CacheRequest, MadeForm
from entrepot.fetch.url import URL
from tests.fetch.cache.caching import LIFETIMES, Cache, with_cache
from tests.fetch.cache.origin import Says
from tests.fetch.fetching import limits, until


def _peek(
    cache: Cache, url: URL, name: str = "upper", max_age_seconds: float | None = None
) -> CachedForm | None:
    return cache.fetcher.peek(CacheRequest(url, limits(), max_age_seconds=max_age_seconds), name)


def test_form_is_made_once(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        first, second = await cache.upper(url), await cache.upper(url)
        assert first.body == second.body == b"HELLO"
        assert first.facts == second.facts == {"length": 5}
        assert (first.is_hit, second.is_hit) == (False, True)
        assert cache.fetcher.counts.forms_made == 1

    with_cache(tmp_path, work)


def test_form_is_made_once_for_all_who_ask_at_once(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        forms = await asyncio.gather(*(cache.upper(url) for _ in range(50)))
        assert {form.body for form in forms} == {b"HELLO"}
        assert cache.fetcher.counts.forms_made == 1

    with_cache(tmp_path, work)


def test_other_name_is_another_form(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        await cache.upper(url, "one")
        await cache.upper(url, "two")
        assert cache.fetcher.counts.forms_made == 2

    with_cache(tmp_path, work)


def test_form_is_found_in_memory_without_waiting(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Cache_Control="max-age=100")
        assert _peek(cache, url) is None
        await cache.upper(url)
        cache.clock.turn(40)
        hot = _peek(cache, url)
        assert hot is not None
        assert (hot.body, hot.facts, hot.is_hit, hot.age_seconds) == (b"HELLO", {"length": 5}, True, 40)
        assert hot.cache_status == "Entrepot; hit; ttl=60"
        assert hot.source.final_url == str(url)

    with_cache(tmp_path, work)


def test_form_in_memory_serves_no_longer_than_its_source_is_fresh(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Cache_Control="max-age=100")
        await cache.upper(url)
        cache.clock.turn(50)
        assert _peek(cache, url, max_age_seconds=60) is not None
        assert _peek(cache, url, max_age_seconds=40) is None
        assert _peek(cache, url, max_age_seconds=0) is None
        cache.clock.turn(50)
        assert _peek(cache, url) is None

    with_cache(tmp_path, work)


@pytest.mark.parametrize("said", ["no-store", "no-cache", "private, max-age=60", "max-age=0"])
def test_form_of_what_may_not_be_reused_is_not_kept_in_memory(tmp_path: Path, said: str) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Cache_Control=said)
        await cache.upper(url)
        assert _peek(cache, url) is None

    with_cache(tmp_path, work)


def test_new_version_drives_the_old_form_out_of_memory(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"old", Cache_Control="max-age=100")
        await cache.upper(url)
        cache.origin.says(b"new", Cache_Control="max-age=100")
        await cache.get(url, max_age_seconds=0)
        assert _peek(cache, url) is None
        assert (await cache.upper(url)).body == b"NEW"

    with_cache(tmp_path, work)


def test_invalidated_page_loses_its_forms_everywhere(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        await cache.upper(url)
        await cache.fetcher.invalidate(Selection(url=str(url)))
        assert _peek(cache, url) is None
        await cache.upper(url)
        assert (cache.origin.count(), cache.fetcher.counts.forms_made) == (2, 2)

    with_cache(tmp_path, work)


def test_form_made_of_a_page_that_was_removed_meanwhile_is_not_kept_in_memory(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        source = await cache.fetcher.obtain(CacheRequest(url, limits()))
        await cache.fetcher.invalidate(Selection(url=str(url)))
        assert (await cache.fetcher.form(source, "upper", cache.capitals)).body == b"HELLO"
        source.close()
        assert _peek(cache, url) is None

    with_cache(tmp_path, work)


def test_validated_page_keeps_its_forms(tmp_path: Path) -> None:
    def script(asked: object) -> Says:
        headers = [("Cache-Control", "max-age=10"), ("ETag", '"1"')]
        return Says(b"hello", 304 if "If-None-Match" in asked else 200, headers)  # type: ignore[operator]

    async def work(cache: Cache) -> None:
        url = cache.origin.scripted(script)
        await cache.upper(url)
        cache.clock.turn(11)
        form = await cache.upper(url)
        assert (form.body, cache.fetcher.counts.forms_made, cache.origin.count()) == (b"HELLO", 1, 2)
        assert _peek(cache, url) is not None

    with_cache(tmp_path, work)


@pytest.mark.parametrize("error", [NoContent, ConversionFailed])
def test_page_that_cannot_be_converted_is_not_tried_again_for_a_while(
    tmp_path: Path, error: type[Exception]
) -> None:
    tries = []

    async def fail(path: Path) -> MadeForm:
        tries.append(path)
        raise error

    async def work(cache: Cache) -> None:
        source = await cache.fetcher.obtain(CacheRequest(cache.origin.says(b"hello"), limits()))
        for turned in (0, 0, 61):
            cache.clock.turn(turned)
            with pytest.raises(error):
                await cache.fetcher.form(source, "none", fail)
        source.close()
        assert len(tries) == 2

    with_cache(tmp_path, work)


def test_failure_of_our_own_house_is_not_remembered(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        async def fail(path: Path) -> MadeForm:
            raise TimeoutError

        source = await cache.fetcher.obtain(CacheRequest(cache.origin.says(b"hello"), limits()))
        with pytest.raises(TimeoutError):
            await cache.fetcher.form(source, "upper", fail)
        assert (await cache.fetcher.form(source, "upper", cache.capitals)).body == b"HELLO"
        source.close()

    with_cache(tmp_path, work)


def test_large_form_comes_as_a_file_that_goes_when_it_is_closed(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"x" * (MAX_KEPT_BYTES + 1))
        form = await cache.upper(url)
        assert (form.body, form.size_bytes) == (None, MAX_KEPT_BYTES + 1)
        with form.open() as file:
            form.close()
            await until(lambda: not list((cache.folder / "spool").iterdir()))
            assert file.read(3) == b"XXX"
        assert not list(cache.folder.glob("made-*"))

    with_cache(tmp_path, work)


def test_memory_keeps_to_its_limit(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        for number in range(20):
            await cache.upper(cache.origin.says(b"x" * 5000, path=f"/{number}"))
        told = await cache.fetcher.statistics()
        assert 0 < told.memory_bytes <= told.memory_max_bytes == 64 * 1024
        assert _peek(cache, cache.origin.url("/19")) is not None
        assert _peek(cache, cache.origin.url("/0")) is None

    with_cache(tmp_path, work, policy=CachePolicy(lifetimes=LIFETIMES, memory_bytes=64 * 1024))
