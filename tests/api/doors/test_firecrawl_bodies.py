"""What Firecrawl's clients send, in our own words."""

from typing import Any

import pytest

from entrepot.api.doors.firecrawl_bodies import BatchBody, CrawlBody, JobPageOptions, ScrapeBody
from entrepot.errors import AppError, NotOffered
from entrepot.pipelines.scope import CrawlRules
from entrepot.pipelines.scrape import PageWish

URL = "https://a.example/"


def test_nothing_said_is_the_main_content_as_markdown() -> None:
    assert ScrapeBody(url=URL).wish() == PageWish()


def test_every_wish_is_taken_over() -> None:
    body = ScrapeBody.model_validate({
        "url": URL, "formats": ["markdown", {"type": "rawHtml"}, "markdown"], "onlyMainContent": False, "includeTags": ["a", ".b"],
        "excludeTags": ["c"], "waitFor": 1500, "timeout": 30_000, "maxAge": 1001, "storeInCache": False, "headers": {"X-A": "b"},
    })  # fmt: skip
    assert body.wish() == PageWish(
        ("markdown", "raw_html"), "full", selector="a, .b", remove="c", headers={"X-A": "b"}, render="browser",
        settle_seconds=1.5, max_age_seconds=2, may_store=False, timeout_seconds=30.0,
    )  # fmt: skip


@pytest.mark.parametrize(
    "said",
    [{"skipTlsVerification": True}, {"blockAds": True}, {"origin": "x", "integration": "y"}, {"actions": []}, {"proxy": "auto"},
     {"minAge": None}, {"removeBase64Images": True, "fastMode": False}, {"parsers": ["pdf"]}],
)  # fmt: skip
def test_what_clients_say_by_themselves_changes_nothing(said: dict[str, Any]) -> None:
    assert ScrapeBody.model_validate({"url": URL, **said}).wish() == PageWish()


@pytest.mark.parametrize("name", ["Cookie", "Authorization", "X-Api-Key"])
def test_credentials_are_not_kept_with_a_job(name: str) -> None:
    with pytest.raises(NotOffered, match=name):
        JobPageOptions(headers={name: "x"}).wish()
    assert JobPageOptions(headers={"Accept-Language": "de"}).wish().headers == {"Accept-Language": "de"}


def test_crawl_s_rules_are_taken_over() -> None:
    body = CrawlBody.model_validate({
        "url": URL, "limit": 5, "includePaths": ["a"], "excludePaths": ["b"], "maxDiscoveryDepth": 2, "sitemap": "only",
        "ignoreQueryParameters": True, "deduplicateSimilarURLs": False, "regexOnFullURL": True, "crawlEntireDomain": True,
        "allowExternalLinks": True, "allowSubdomains": True, "ignoreRobotsTxt": True, "delay": 2, "maxConcurrency": 3,
    })  # fmt: skip
    assert body.rules(max_pages=10, may_ignore_robots=True) == CrawlRules(
        limit=5, max_depth=2, include_paths=("a",), exclude_paths=("b",), regex_on_full_url=True, crawl_entire_domain=True,
        allow_subdomains=True, allow_external_links=True, ignore_query=True, deduplicate_similar=False, sitemap="only",
        ignore_robots=True, delay_seconds=2.0, max_concurrency=3,
    )  # fmt: skip


def test_crawl_without_a_limit_gets_the_operator_s() -> None:
    assert CrawlBody(url=URL).rules(max_pages=50, may_ignore_robots=False).limit == 50


@pytest.mark.parametrize("body", [CrawlBody(url=URL, limit=11), CrawlBody(url=URL, ignore_robots_txt=True)])
def test_what_the_operator_does_not_allow_is_refused(body: CrawlBody) -> None:
    with pytest.raises(AppError):
        body.rules(max_pages=10, may_ignore_robots=False)


def test_batch_takes_a_page_s_options_beside_its_own() -> None:
    body = BatchBody.model_validate(
        {"urls": [URL], "formats": ["html"], "ignoreInvalidURLs": False, "maxConcurrency": 2}
    )
    assert (body.wish().formats, body.ignore_invalid_urls, body.max_concurrency) == (("html",), False, 2)
