"""The door is opened by the unmodified `firecrawl-py`, sync and async."""

import asyncio
import warnings

import pytest

from tests.acceptance.service import ServiceProcess, wait_until
from tests.doors.web import Web, fill

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # the client's own, at its import
    from firecrawl import AsyncFirecrawl, Firecrawl  # type: ignore[import-untyped]  # the client ships no types
    from firecrawl.v2.types import (  # type: ignore[import-untyped]  # as above
        PaginationConfig,
        ScrapeOptions,
    )
    from firecrawl.v2.utils.error_handler import (  # type: ignore[import-untyped]  # as above
        BadRequestError,
        FirecrawlError,
        WebsiteNotSupportedError,
    )


@pytest.fixture
def client(service: ServiceProcess) -> Firecrawl:
    return Firecrawl(api_key="fc-any", api_url=service.url)


def test_page_is_scraped_in_every_format(client: Firecrawl, web: Web) -> None:
    url = web.publish("/", "Harbour", "/next")
    formats = ["markdown", "html", "rawHtml", "links", "images"]
    page = client.scrape(url, formats=formats, only_main_content=False)
    assert page.markdown is not None
    assert "# Harbour" in page.markdown
    assert "<h1>Harbour</h1>" in page.html
    assert page.raw_html == web.answers["/"].body.decode()
    assert page.links == [web.url("/next")]
    assert page.images == []


def test_metadata_is_what_the_client_reads(client: Firecrawl, web: Web) -> None:
    metadata = client.scrape(web.publish("/", "Harbour")).metadata
    assert (metadata.title, metadata.description, metadata.language) == ("Harbour", "About Harbour.", "en")
    assert (metadata.source_url, metadata.url, metadata.status_code) == (web.url("/"), web.url("/"), 200)
    assert metadata.content_type == "text/html; charset=utf-8"
    assert (metadata.cache_state, metadata.credits_used) == ("miss", 1)


def test_tags_choose_and_remove(client: Firecrawl, web: Web) -> None:
    url = web.serve(
        "/", "<main><h1>A</h1><p class=x>keep</p><p class=y>drop</p><p>rest</p></main>", "text/html"
    )
    chosen = client.scrape(url, formats=["markdown"], include_tags=["p.x", "p.y"], exclude_tags=[".y"])
    assert chosen.markdown == "keep\n"


def test_site_is_mapped(client: Firecrawl, web: Web) -> None:
    web.publish("/", "Harbour", "/linked", "https://elsewhere.example/")
    web.sitemap("/sitemap.xml", "/listed", "/linked")
    found = client.map(web.url("/"))
    assert [link.url for link in found.links] == [web.url(path) for path in ("/", "/linked", "/listed")]


def test_map_is_searched_and_limited(client: Firecrawl, web: Web) -> None:
    web.publish("/", "Harbour", *(f"/cranes/{n}" for n in range(9)))
    found = client.map(web.url("/"), search="cranes", limit=3, sitemap="skip")
    assert [link.url for link in found.links] == [web.url(f"/cranes/{n}") for n in range(3)]


def test_site_is_crawled(client: Firecrawl, web: Web) -> None:
    paths = fill(web)
    job = client.crawl(web.url("/"), poll_interval=1, timeout=60)
    assert job.status == "completed"
    assert sorted(page.metadata.source_url for page in job.data) == sorted(web.url(path) for path in paths)
    assert all("Sentence 1 tells" in page.markdown for page in job.data)
    assert job.completed == len(paths)


def test_results_come_in_pages(client: Firecrawl, service: ServiceProcess, web: Web) -> None:
    fill(web)
    done = client.crawl(
        web.url("/"), poll_interval=1, timeout=60, scrape_options=ScrapeOptions(formats=["links"])
    )
    first = client.get_crawl_status(done.id, pagination_config=PaginationConfig(auto_paginate=False))
    assert len(first.data) == 30
    page = client.get_crawl_status_page(f"{service.url}/v2/crawl/{done.id}?skip=10&limit=10")
    assert len(page.data) == 10
    rest = client.get_crawl_status_page(page.next)
    assert [one.metadata.source_url for one in first.data[10:30]] == [
        one.metadata.source_url for one in (*page.data, *rest.data)
    ]


def test_crawl_s_errors_are_told(client: Firecrawl, web: Web) -> None:
    web.publish("/", "Harbour", "/gone", "/secret")
    web.serve("/robots.txt", "User-agent: *\nDisallow: /secret")
    job = client.crawl(web.url("/"), poll_interval=1, timeout=60)
    errors = client.get_crawl_errors(job.id)
    assert [(error.url, error.code) for error in errors.errors] == [(web.url("/gone"), "upstream-not-found")]
    assert errors.robots_blocked == [web.url("/secret")]


def test_crawl_is_canceled(client: Firecrawl, web: Web) -> None:
    web.has_calendar = True
    job = client.start_crawl(web.url("/calendar/1"), crawl_entire_domain=True)
    assert job.id in [crawl.id for crawl in client.get_active_crawls().crawls]
    assert client.cancel_crawl(job.id) is True
    assert client.get_crawl_status(job.id).status == "cancelled"
    assert client.cancel_crawl(job.id) is False


def test_batch_is_scraped(client: Firecrawl, web: Web) -> None:
    urls = [web.publish(f"/{n}", f"Page {n}") for n in range(5)]
    job = client.batch_scrape([*urls, web.url("/gone")], formats=["markdown"], poll_interval=1)
    assert (job.status, job.completed, job.total) == ("completed", 5, 6)
    assert sorted(page.metadata.source_url for page in job.data) == urls
    assert [error.code for error in client.get_batch_scrape_errors(_id_of(client, urls)).errors] == []


def _id_of(client: Firecrawl, urls: list[str]) -> str:
    return str(client.start_batch_scrape(urls).id)


def test_what_is_refused_is_the_client_s_own_error(client: Firecrawl, web: Web) -> None:
    with pytest.raises(BadRequestError, match="summary"):
        client.scrape(web.url("/"), formats=["summary"])
    with pytest.raises(WebsiteNotSupportedError):
        client.scrape("http://10.0.0.1/")


def test_page_that_is_not_there_is_an_error(client: Firecrawl, web: Web) -> None:
    with pytest.raises(FirecrawlError) as caught:
        client.scrape(web.url("/gone"))
    assert (caught.value.status_code, caught.value.code) == (404, "upstream-not-found")


def test_failing_origin_is_asked_once(client: Firecrawl, web: Web) -> None:
    with pytest.raises(FirecrawlError) as caught:
        client.scrape(web.serve("/", "no", status=403))
    assert caught.value.status_code == 500
    assert web.count("/") == 1


def test_async_client_scrapes_maps_crawls_and_batches(service: ServiceProcess, web: Web) -> None:
    paths = fill(web)

    async def story() -> None:
        client = AsyncFirecrawl(api_key="fc-any", api_url=service.url)
        page = await client.scrape(web.url("/"), formats=["markdown", "links"])
        assert "# Harbour" in page.markdown
        assert web.url("/section/1") in [link.url for link in (await client.map(web.url("/"))).links]
        job = await client.crawl(url=web.url("/"), limit=10, poll_interval=1, timeout=60)
        assert (job.status, len(job.data)) == ("completed", 10)
        urls = [web.url(path) for path in paths[:3]]
        batch = await client.batch_scrape(urls, formats=["html"], poll_interval=1)
        assert sorted(one.metadata.source_url for one in batch.data) == sorted(urls)

    asyncio.run(story())


def test_crawl_is_watched(client: Firecrawl, web: Web) -> None:
    paths = fill(web)
    job = client.start_crawl(web.url("/"), scrape_options=ScrapeOptions(formats=["markdown"]))
    watcher = client.watcher(job.id, kind="crawl", poll_interval=30, timeout=60)
    seen: list[str] = []
    ends: list[str] = []
    watcher.add_event_listener("document", lambda told: seen.append(told["data"]["metadata"]["sourceURL"]))
    watcher.add_event_listener("done", lambda told: ends.append(told["status"]))
    watcher.start()
    wait_until(lambda: bool(ends))
    watcher.stop()
    assert sorted(seen) == sorted(web.url(path) for path in paths)
    assert ends == ["completed"]


def test_batch_is_watched_by_the_async_client(service: ServiceProcess, web: Web) -> None:
    urls = [web.publish(f"/{number}", f"Page {number}") for number in range(3)]

    async def watch() -> list[str]:
        client = AsyncFirecrawl(api_key="fc-any", api_url=service.url)
        job = await client.start_batch_scrape(urls, formats=["markdown"])
        watcher = client.watcher(job.id, kind="batch", poll_interval=30, timeout=60)
        return [snapshot.status async for snapshot in watcher]

    assert asyncio.run(watch())[-1] == "completed"
