"""The cache as its users see it: what is asked of origins, what is not, and what the answers say about it."""

import asyncio
import gzip
import socket
from pathlib import Path

import pytest

from entrepot.errors import (
    InvalidURL,
    RedirectLoop,
    TooManyRedirects,
    UpstreamLost,
    UpstreamNotFound,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.cache.contract import Selection
from entrepot.fetch.cache.fetcher import CachedFetcher, CachePolicy
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.source import CacheRequest
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import parse_url
from tests.fetch.cache.caching import LIFETIMES, Cache, media_type, with_cache
from tests.fetch.cache.origin import Says
from tests.fetch.fetching import limits, until


def test_second_request_is_answered_from_the_cache(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Content_Type="text/html", Cache_Control="max-age=100")
        first = await cache.get(url)
        cache.clock.turn(40)
        second = await cache.get(url)
        assert cache.origin.count() == 1
        assert (first.is_hit, second.is_hit) == (False, True)
        assert first.cache_status == "Entrepot; fwd=uri-miss; fwd-status=200; ttl=100; stored"
        assert second.cache_status == "Entrepot; hit; ttl=60"
        assert second.age_seconds == pytest.approx(40)
        assert await cache.body(url) == b"hello"

    with_cache(tmp_path, work)


def test_facts_tell_what_the_origin_sent(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"<p>", Content_Type="text/html", Last_Modified="Mon, 01 Jan 2024 00:00:00 GMT", Set_Cookie="a=b")  # fmt: skip
        for facts in ((await cache.get(url)).facts, (await cache.get(url)).facts):
            assert (facts.url, facts.final_url, facts.status) == (str(url), str(url), 200)
            assert (facts.content_type, facts.media_type, facts.size_bytes) == ("text/html", "text/html", 3)
            assert facts.last_modified == "Mon, 01 Jan 2024 00:00:00 GMT"
            assert facts.fetched_at == cache.clock.now
            assert "Set-Cookie" not in facts.headers

    with_cache(tmp_path, work)


def test_a_thousand_at_once_are_one_fetch(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        cache.origin.gate.clear()
        asking = [asyncio.create_task(cache.get(url)) for _ in range(1000)]
        await until(lambda: _waiting(cache) == 1000)
        cache.origin.gate.set()
        sources = await asyncio.gather(*asking)
        assert cache.origin.count() == 1
        assert {source.facts.sha256 for source in sources} == {sources[0].facts.sha256}

    with_cache(tmp_path, work)


def test_uncacheable_answer_is_still_fetched_once_for_all_who_ask_at_once(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Cache_Control="no-store")
        cache.origin.gate.clear()
        asking = [asyncio.create_task(cache.get(url)) for _ in range(20)]
        await until(lambda: cache.origin.count() == 1)
        await until(lambda: _waiting(cache) == 20)
        cache.origin.gate.set()
        sources = await asyncio.gather(*asking)
        assert cache.origin.count() == 1
        assert sum("collapsed" in source.cache_status for source in sources) == 19
        assert not any("stored" in source.cache_status for source in sources)

    with_cache(tmp_path, work)


def test_leader_who_is_cancelled_hands_over(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        cache.origin.gate.clear()
        leader = asyncio.create_task(cache.get(url))
        await until(lambda: cache.origin.count() == 1)
        follower = asyncio.create_task(cache.get(url))
        await until(lambda: _waiting(cache) == 2)
        leader.cancel()
        await asyncio.wait([leader])
        cache.origin.gate.set()
        assert (await follower).facts.size_bytes == 5
        assert cache.origin.count() == 1

    with_cache(tmp_path, work)


def test_fetch_that_nobody_waits_for_is_ended(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        cache.origin.gate.clear()
        only = asyncio.create_task(cache.get(url))
        await until(lambda: cache.origin.count() == 1)
        only.cancel()
        await asyncio.wait([only])
        assert only.cancelled()
        assert _waiting(cache) == 0
        await until(lambda: not list((cache.folder / "spool").iterdir()))

    with_cache(tmp_path, work)


@pytest.mark.parametrize("status", [404, 410])
def test_missing_page_is_remembered_for_its_time(tmp_path: Path, status: int) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"no", status=status)
        errors = []
        for _ in range(2):
            with pytest.raises(UpstreamNotFound) as caught:
                await cache.get(url)
            errors.append(caught.value)
        assert cache.origin.count() == 1
        assert errors[1].extra == {"upstream_status": status, "cache_status": "Entrepot; hit; ttl=30"}
        cache.clock.turn(31)
        with pytest.raises(UpstreamNotFound):
            await cache.get(url)
        assert cache.origin.count() == 2

    with_cache(tmp_path, work)


def test_failing_server_is_asked_again(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"no", status=500)
        with pytest.raises(Exception, match="500"):
            await cache.get(url)
        cache.origin.says(b"yes")
        assert await cache.body(url) == b"yes"

    with_cache(tmp_path, work)


def test_closed_port_is_not_asked_again_for_a_moment(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            url = parse_url(f"http://127.0.0.1:{closed.getsockname()[1]}/")
            for _ in range(2):
                with pytest.raises(UpstreamUnreachable):
                    await cache.get(url)
            assert cache.fetcher.counts.fetches == 1
            with pytest.raises(UpstreamUnreachable):
                await cache.get(url, max_age_seconds=0)
            cache.clock.turn(4)
            with pytest.raises(UpstreamUnreachable):
                await cache.get(url)
            assert cache.fetcher.counts.fetches == 3

    with_cache(tmp_path, work)


def test_stale_page_is_validated_and_its_body_kept(tmp_path: Path) -> None:
    def script(asked: Headers) -> Says:
        if asked.get("If-None-Match") == '"1"':
            return Says(b"", 304, [("Cache-Control", "max-age=10"), ("X-New", "yes")])
        return Says(b"hello", 200, [("Cache-Control", "max-age=10"), ("ETag", '"1"')])

    async def work(cache: Cache) -> None:
        url = cache.origin.scripted(script)
        first = await cache.get(url)
        cache.clock.turn(11)
        second = await cache.get(url)
        third = await cache.get(url)
        assert second.cache_status == "Entrepot; fwd=stale; fwd-status=304; ttl=10; stored"
        assert (second.entry_id, second.facts.headers["X-New"]) == (first.entry_id, "yes")
        assert second.facts.fetched_at == first.facts.fetched_at
        assert (third.is_hit, cache.origin.count()) == (True, 2)
        assert await cache.body(url) == b"hello"

    with_cache(tmp_path, work)


def test_changed_page_takes_the_place_of_the_stale_one(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"old", Cache_Control="max-age=10", ETag='"1"')
        first = await cache.get(url)
        cache.clock.turn(11)
        cache.origin.says(b"new", Cache_Control="max-age=10", ETag='"2"')
        second = await cache.get(url)
        assert second.entry_id != first.entry_id
        assert await cache.body(url) == b"new"
        assert (await cache.fetcher.statistics()).usage.entries == 1

    with_cache(tmp_path, work)


def test_page_that_may_no_longer_be_stored_is_dropped(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"old", Cache_Control="max-age=10")
        await cache.get(url)
        cache.clock.turn(11)
        cache.origin.says(b"secret", Cache_Control="no-store")
        await cache.get(url)
        assert (await cache.fetcher.statistics()).usage.entries == 0

    with_cache(tmp_path, work)


def test_max_age_0_fetches_anew_and_stores(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"one", ETag='"1"')
        await cache.get(url)
        cache.origin.says(b"two", ETag='"2"')
        anew = await cache.get(url, max_age_seconds=0)
        assert anew.cache_status.startswith("Entrepot; fwd=request; fwd-status=200")
        assert "If-None-Match" not in cache.origin.asked[-1][1]
        assert await cache.body(url) == b"two"
        assert cache.origin.count() == 2

    with_cache(tmp_path, work)


@pytest.mark.parametrize(
    ("said", "age", "max_age", "fetches"),
    [
        ("max-age=100", 50, 60, 1),
        ("max-age=100", 50, 40, 2),
        ("max-age=10", 50, 60, 1),  # its freshness is over, but so old will do
        ("max-age=10, must-revalidate", 50, 60, 2),
        ("no-cache", 5, 60, 2),
    ],
)
def test_max_age_is_the_oldest_that_will_do(
    tmp_path: Path, said: str, age: float, max_age: float, fetches: int
) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"one", Cache_Control=said, ETag='"1"')
        await cache.get(url)
        cache.clock.turn(age)
        await cache.get(url, max_age_seconds=max_age)
        assert cache.origin.count() == fetches

    with_cache(tmp_path, work)


def test_stale_while_revalidate_answers_at_once_and_asks_behind(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        said = "max-age=10, stale-while-revalidate=60"
        url = cache.origin.says(b"old", Cache_Control=said)
        await cache.get(url)
        cache.clock.turn(20)
        cache.origin.says(b"new", Cache_Control=said)
        stale = await cache.get(url)
        assert stale.cache_status == "Entrepot; hit; ttl=-10; detail=stale-while-revalidate"
        await until(lambda: cache.origin.count() == 2)
        async with asyncio.timeout(10):
            while await cache.body(url) != b"new":
                await asyncio.sleep(0.005)

    with_cache(tmp_path, work)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_stale_if_error_stands_in_for_a_failing_origin(tmp_path: Path, status: int) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"good", Cache_Control="max-age=10, stale-if-error=60")
        await cache.get(url)
        cache.clock.turn(20)
        cache.origin.says(b"bad", status=status)
        stale = await cache.get(url)
        assert (
            stale.cache_status == f"Entrepot; fwd=stale; fwd-status={status}; ttl=-10; detail=stale-if-error"
        )
        assert stale.facts.size_bytes == 4
        cache.clock.turn(60)
        with pytest.raises(Exception, match=str(status)):
            await cache.get(url)

    with_cache(tmp_path, work)


def test_stale_if_error_stands_in_for_a_broken_connection(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"good", Cache_Control="max-age=10, stale-if-error=60")
        await cache.get(url)
        cache.clock.turn(20)
        cache.origin.says(b"a longer body", is_broken=True)
        assert await cache.body(url) == b"good"

    with_cache(tmp_path, work)


def test_who_wants_it_anew_is_told_the_failure(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"good", Cache_Control="max-age=10, stale-if-error=60")
        await cache.get(url)
        cache.origin.says(b"bad", status=503)
        with pytest.raises(Exception, match="503"):
            await cache.get(url, max_age_seconds=0)
        assert await cache.body(url) == b"good"

    with_cache(tmp_path, work)


def test_set_time_for_failing_origins_holds_where_they_say_nothing(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"good", Content_Type="text/plain")
        await cache.get(url)
        cache.clock.turn(100)
        cache.origin.says(b"bad", status=503)
        assert await cache.body(url) == b"good"

    lifetimes = Lifetimes(otherwise=60, stale_if_error=3600)
    with_cache(tmp_path, work, policy=CachePolicy(lifetimes=lifetimes))


def test_permanent_redirect_is_remembered_with_its_target(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        cache.origin.says(b"there", path="/there")
        url = cache.origin.says(b"", status=301, Location="/there", path="/here")
        first, second = await cache.get(url), await cache.get(url)
        assert first.facts.final_url == second.facts.final_url == str(cache.origin.url("/there"))
        assert (cache.origin.count("/here"), cache.origin.count("/there")) == (1, 1)
        assert second.is_hit

    with_cache(tmp_path, work)


@pytest.mark.parametrize("status", [302, 303, 307])
def test_passing_redirect_is_asked_again_unless_it_says_otherwise(tmp_path: Path, status: int) -> None:
    async def work(cache: Cache) -> None:
        cache.origin.says(b"there", path="/there")
        cache.origin.says(b"", status=status, Location="/there", path="/here")
        cache.origin.says(b"", status=status, Location="/there", path="/kept", Cache_Control="max-age=60")
        for path in ("/here", "/here", "/kept", "/kept"):
            await cache.get(cache.origin.url(path))
        assert (cache.origin.count("/here"), cache.origin.count("/kept")) == (2, 1)
        assert cache.origin.count("/there") == 1

    with_cache(tmp_path, work)


def test_circle_of_redirects_is_found_from_the_cache_too(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"", status=301, Location="/b", path="/a")
        cache.origin.says(b"", status=301, Location="/a", path="/b")
        for _ in range(2):
            with pytest.raises(RedirectLoop):
                await cache.get(url)
        assert len(cache.origin.asked) == 2

    with_cache(tmp_path, work)


def test_more_redirects_than_allowed_are_refused(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        for number in range(5):
            cache.origin.says(b"", status=302, Location=f"/{number + 1}", path=f"/{number}")
        with pytest.raises(TooManyRedirects):
            await cache.get(cache.origin.url("/0"), limits=limits(max_redirects=3))
        await until(lambda: not list((cache.folder / "spool").iterdir()))

    with_cache(tmp_path, work)


def test_credentials_do_not_follow_to_another_origin(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        elsewhere = str(cache.origin.says(b"there", path="/there")).replace("127.0.0.1", "127.0.0.2")
        url = cache.origin.says(b"", status=302, Location=elsewhere, path="/here")
        with pytest.raises(UpstreamUnreachable):
            await cache.get(url, headers={"X-API-Key": "secret"}, owner="a")
        assert [fields.get("X-API-Key") for _, fields in cache.origin.asked] == ["secret"]

    with_cache(tmp_path, work)


def test_what_own_headers_brought_is_their_owners_alone(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.scripted(lambda asked: Says((asked.get("Authorization") or "nobody").encode()))
        own = {"headers": {"Authorization": "a"}, "owner": "A"}
        assert await cache.body(url, **own) == b"a"
        assert await cache.body(url) == b"nobody"
        assert await cache.body(url, owner="B") == b"nobody"
        assert await cache.body(url, headers={"Authorization": "a"}, owner="B") == b"a"
        assert cache.origin.count() == 4
        assert await cache.body(url, **own) == b"a"
        assert cache.origin.count() == 4

    with_cache(tmp_path, work)


@pytest.mark.parametrize(("may_share", "fetches"), [(False, 2), (True, 1)])
def test_owners_share_only_what_they_may(tmp_path: Path, may_share: bool, fetches: int) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"same")
        await cache.get(url, owner="A")
        await cache.get(url, owner="B")
        assert cache.origin.count() == fetches

    with_cache(tmp_path, work, policy=CachePolicy(lifetimes=LIFETIMES, shares_between_owners=may_share))


def test_variants_are_kept_side_by_side(tmp_path: Path) -> None:
    def script(asked: Headers) -> Says:
        return Says(asked["Accept-Language"].encode(), 200, [("Vary", "Accept-Language")])

    async def work(cache: Cache) -> None:
        url = cache.origin.scripted(script)
        for language in ("de", "fr", "de", "fr"):
            headers = {"Accept-Language": language}
            assert await cache.body(url, headers=headers, owner="A") == language.encode()
        assert cache.origin.count() == 2

    with_cache(tmp_path, work)


def test_body_stays_while_it_is_held_even_when_its_entry_is_removed(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        await cache.get(url)
        held = await cache.fetcher.obtain(CacheRequest(url, limits()))
        assert await cache.fetcher.invalidate(Selection(url=str(url))) == 1
        assert held.path.read_bytes() == b"hello"
        assert [path.name for path in held.path.parent.iterdir()] == ["source"]
        held.close()
        await until(lambda: not list((cache.folder / "spool").iterdir()))

    with_cache(tmp_path, work)


def test_body_over_the_entry_limit_is_given_but_not_kept(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"x" * 17 * 1024**2)
        assert len(await cache.body(url)) == 17 * 1024**2
        assert (await cache.fetcher.statistics()).usage.entries == 0

    with_cache(tmp_path, work)


def test_caller_who_wants_nothing_stored_leaves_nothing(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello")
        assert "stored" not in (await cache.get(url, may_store=False)).cache_status
        assert (await cache.fetcher.statistics()).usage.entries == 0

    with_cache(tmp_path, work)


def test_invalidated_redirect_takes_its_target_along(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        cache.origin.says(b"there", path="/there")
        url = cache.origin.says(b"", status=301, Location="/there", path="/here")
        await cache.get(url)
        assert await cache.fetcher.invalidate(Selection(url=str(url))) == 2
        await cache.get(url)
        assert cache.origin.count("/there") == 2

    with_cache(tmp_path, work)


def test_statistics_tell_what_happened(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Cache_Control="max-age=10", ETag='"1"')
        await cache.get(url)
        await cache.get(url)
        cache.clock.turn(11)
        cache.origin.says(b"", status=304)
        await cache.get(url)
        with pytest.raises(UpstreamNotFound):
            await cache.get(cache.origin.url("/none"))
        told = await cache.fetcher.statistics()
        counts = told.counts
        assert (counts.hits, counts.validated, counts.misses, counts.failures) == (1, 1, 1, 1)
        assert told.hit_rate == 0.5
        assert told.usage.entries == 2

    with_cache(tmp_path, work)


def _waiting(cache: Cache) -> int:
    return sum(flight.passengers for flight in cache.fetcher._hops._flights._flights.values())


def test_new_settings_hold_for_what_is_stored_already(tmp_path: Path) -> None:
    def policy(seconds: int) -> CachePolicy:
        return CachePolicy(lifetimes=Lifetimes(otherwise=seconds))

    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"hello", Content_Type="text/plain")
        await cache.get(url)
        cache.clock.turn(20)
        other = CachedFetcher(
            cache.origins, cache.store, cache.spool, classify=media_type, policy=policy(10), clock=cache.clock
        )
        source = await other.obtain(CacheRequest(url, limits()))
        source.close()
        assert not source.is_hit

    with_cache(tmp_path, work, policy=policy(1000))


def test_redirect_to_itself_with_a_cookie_is_followed_each_time(tmp_path: Path) -> None:
    def script(asked: Headers) -> Says:
        if "seen=1" in asked.get("Cookie", ""):
            return Says(b"inside", 200, [("Cache-Control", "no-cache")])
        return Says(b"", 301, [("Location", "/page"), ("Set-Cookie", "seen=1")])

    async def work(cache: Cache) -> None:
        url = cache.origin.scripted(script)
        assert await cache.body(url) == b"inside"
        assert await cache.body(url) == b"inside"

    with_cache(tmp_path, work)


def test_secrets_of_requests_and_answers_are_not_on_the_disk(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(
            b"hello", Vary="Authorization, Cookie", Set_Cookie="session=marker-three", ETag='"1"'
        )
        own = {"headers": {"Authorization": "marker-one", "Cookie": "a=marker-two"}, "owner": "A"}
        assert (await cache.get(url, **own)).cache_status.endswith("stored")
        cache.clock.turn(1000)
        cache.origin.says(b"", status=304, Set_Cookie="session=marker-four", Vary="Authorization, Cookie")
        assert "fwd-status=304" in (await cache.get(url, **own)).cache_status
        written = b"".join(path.read_bytes() for path in cache.folder.rglob("*") if path.is_file())
        assert b"hello" in written
        assert b"marker" not in written

    with_cache(tmp_path, work)


def test_decoded_body_does_not_come_with_its_coding(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(gzip.compress(b"hello" * 100), Content_Encoding="gzip")
        for source in (await cache.get(url), await cache.get(url)):
            assert not {"content-encoding", "content-length"} & set(source.facts.headers)
            assert source.facts.size_bytes == 500
        assert await cache.body(url) == b"hello" * 100

    with_cache(tmp_path, work)


def test_failure_is_shared_by_all_who_asked_at_once(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"a longer body", is_broken=True)
        cache.origin.gate.clear()
        asking = [asyncio.create_task(cache.get(url)) for _ in range(20)]
        await until(lambda: _waiting(cache) == 20 and cache.origin.count() == 1)
        cache.origin.gate.set()
        failures = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(failure) for failure in failures} == {UpstreamLost}
        assert cache.origin.count() == 1

    with_cache(tmp_path, work)


def test_origin_that_takes_too_long_ends_in_its_error_or_what_is_stored(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        brief = limits(total_seconds=0.3)
        url = cache.origin.says(b"good", Cache_Control="max-age=10, stale-if-error=60")
        await cache.get(url)
        cache.clock.turn(20)
        cache.origin.gate.clear()
        assert (await cache.get(url, limits=brief)).cache_status.endswith("detail=stale-if-error")
        with pytest.raises(UpstreamTimeout):
            await cache.get(url, limits=brief, max_age_seconds=0)

    with_cache(tmp_path, work)


def test_validations_in_the_background_are_bounded(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        said = "max-age=10, stale-while-revalidate=600"
        urls = [cache.origin.says(b"x", path=f"/{number}", Cache_Control=said) for number in range(40)]
        for url in urls:
            await cache.get(url)
        cache.clock.turn(20)
        cache.origin.gate.clear()
        for url in urls:
            assert "stale-while-revalidate" in (await cache.get(url)).cache_status
        assert cache.fetcher.counts.background_validations == 16

    with_cache(tmp_path, work)


def test_own_header_goes_before_the_default_one_whatever_its_case(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"x")
        await cache.get(url)
        await cache.get(url, headers={"ACCEPT": "text/plain"}, owner="A")
        assert [fields.get_all("Accept") for _, fields in cache.origin.asked] == [
            ["text/html"],
            ["text/plain"],
        ]

    with_cache(tmp_path, work)


def test_url_is_invalidated_however_it_is_written(tmp_path: Path) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"x", path="/a/b")
        await cache.get(url)
        written = str(url).replace("/a/b", "/a/../a/./b#fragment").replace("http", "HTTP")
        assert await cache.fetcher.invalidate(Selection(url=written)) == 1
        with pytest.raises(InvalidURL):
            await cache.fetcher.invalidate(Selection(url="no url"))

    with_cache(tmp_path, work)


@pytest.mark.parametrize("status", [429, 500, 503, 599])
def test_failure_takes_no_good_answers_place(tmp_path: Path, status: int) -> None:
    async def work(cache: Cache) -> None:
        url = cache.origin.says(b"good", Cache_Control="max-age=100")
        await cache.get(url)
        cache.origin.says(b"bad", status=status, Cache_Control="max-age=100")
        with pytest.raises(Exception, match=str(status)):
            await cache.get(url, max_age_seconds=0)
        assert await cache.body(url) == b"good"

    with_cache(tmp_path, work)
