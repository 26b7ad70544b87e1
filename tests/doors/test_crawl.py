"""What a crawl reads and what it leaves alone."""

import time
from typing import Any

import httpx2
import pytest

from tests.doors.conftest import finish, look, sources, start
from tests.doors.web import Web, fill, running_web


def crawl(http: httpx2.Client, web: Web, path: str = "/", **body: Any) -> list[str]:
    """The paths that a finished crawl from `path` has."""
    status = finish(http, start(http, "/v2/crawl", url=web.url(path), **body))
    assert status["status"] == "completed", status
    return [url.removeprefix(web.base) for url in sources(status)]


def test_every_page_is_asked_for_once(http: httpx2.Client, web: Web) -> None:
    paths = fill(web)
    assert crawl(http, web) == sorted(paths)
    assert {path: web.count(path) for path in paths} == dict.fromkeys(paths, 1)
    assert web.count("/picture.png") == 0


def test_robots_txt_is_obeyed(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/open", "/closed/1", "/closed/open")
    for path in ("/open", "/closed/1", "/closed/open"):
        web.publish(path, path)
    web.serve(
        "/robots.txt",
        "User-agent: entrepot\nDisallow: /closed\nAllow: /closed/open\n\nUser-agent: *\nDisallow: /",
    )
    path = start(http, "/v2/crawl", url=web.url("/"))
    assert [url.removeprefix(web.base) for url in sources(finish(http, path))] == [
        "/",
        "/closed/open",
        "/open",
    ]
    assert look(http, f"{path}/errors")["robotsBlocked"] == [web.url("/closed/1")]
    assert web.count("/closed/1") == 0


@pytest.mark.parametrize(
    ("status", "is_crawled"),
    [(404, True), (403, True), (410, True), (500, False), (503, False), (429, False)],
)
def test_missing_robots_txt_allows_and_a_failing_one_forbids(
    http: httpx2.Client, web: Web, status: int, is_crawled: bool
) -> None:
    web.publish("/", "A")
    web.serve("/robots.txt", "out of order", status=status)
    told = finish(http, start(http, "/v2/crawl", url=web.url("/")))
    assert (told["status"] == "completed") is is_crawled
    if not is_crawled:
        assert (told["status"], told["code"], web.count("/")) == ("failed", "robots-disallowed", 0)


def test_robots_txt_cannot_be_ignored_unless_the_operator_says_so(http: httpx2.Client, web: Web) -> None:
    response = http.post("/v2/crawl", json={"url": web.publish("/", "A"), "ignoreRobotsTxt": True})
    assert (response.status_code, response.json()["code"]) == (400, "not-offered")


def test_pause_that_robots_txt_asks_for_is_kept(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/1", "/2")
    web.publish("/1", "1")
    web.publish("/2", "2")
    web.serve("/robots.txt", "User-agent: *\nCrawl-delay: 0.4")
    started = time.monotonic()
    assert crawl(http, web) == ["/", "/1", "/2"]
    assert time.monotonic() - started >= 0.8


def test_other_hosts_are_left_alone(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "http://localhost:1/x", "//127.0.0.2/y", "/b")
    web.publish("/b", "B")
    assert crawl(http, web) == ["/", "/b"]


def test_page_that_redirects_to_another_site_is_no_result(http: httpx2.Client, web: Web) -> None:
    with running_web() as other:
        web.publish("/", "A", "/away")
        web.redirect("/away", other.publish("/secret", "Secret"))
        path = start(http, "/v2/crawl", url=web.url("/"))
        assert sources(finish(http, path)) == [web.url("/")]
        (error,) = look(http, f"{path}/errors")["errors"]
        assert (error["url"], error["code"]) == (web.url("/away"), "outside-crawl")


def test_page_that_redirects_to_what_robots_txt_forbids_is_no_result(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/away")
    web.redirect("/away", web.publish("/secret", "Secret"))
    web.serve("/robots.txt", "User-agent: *\nDisallow: /secret")
    path = start(http, "/v2/crawl", url=web.url("/"))
    assert sources(finish(http, path)) == [web.url("/")]
    assert [error["code"] for error in look(http, f"{path}/errors")["errors"]] == ["robots-disallowed"]


def test_site_that_the_first_page_redirects_to_is_crawled(http: httpx2.Client, web: Web) -> None:
    with running_web() as other:
        other.publish("/home", "Home", "/b")
        other.publish("/b", "B", "/home")
        web.redirect("/", other.url("/home"))
        status = finish(http, start(http, "/v2/crawl", url=web.url("/")))
        assert sources(status) == sorted([web.url("/"), other.url("/b")])


def test_addresses_that_lead_to_the_same_page_are_one_result(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/old", "/new")
    web.redirect("/old", "/new")
    web.publish("/new", "New")
    assert crawl(http, web) in (["/", "/new"], ["/", "/old"])


@pytest.mark.parametrize(("depth", "pages"), [(0, 1), (1, 6), (2, 30)])
def test_depth_is_bounded(http: httpx2.Client, web: Web, depth: int, pages: int) -> None:
    fill(web)
    assert len(crawl(http, web, maxDiscoveryDepth=depth)) == pages


def test_calendar_without_end_is_bounded_by_the_limit(http: httpx2.Client, web: Web) -> None:
    web.has_calendar = True
    found = crawl(http, web, "/calendar/1", limit=12, crawlEntireDomain=True)
    assert len(found) == 12
    assert sum(web.requests.values()) <= 12 + 2


def test_paths_are_chosen_by_patterns(http: httpx2.Client, web: Web) -> None:
    paths = fill(web)
    found = crawl(http, web, includePaths=["^/section/[12]"], excludePaths=["page/[3-6]$"])
    wanted = [
        path for path in paths[1:] if path.startswith(("/section/1", "/section/2")) and path[-1] not in "3456"
    ]
    assert found == sorted(["/", *wanted])


def test_only_what_lies_below_the_first_page_is_read(http: httpx2.Client, web: Web) -> None:
    paths = fill(web)
    assert crawl(http, web, "/section/2") == sorted(path for path in paths if path.startswith("/section/2"))


@pytest.mark.parametrize("pattern", ["(", "(?=a)", r"(a)\1"])
def test_pattern_that_cannot_be_used_is_told_at_once(http: httpx2.Client, web: Web, pattern: str) -> None:
    response = http.post("/v2/crawl", json={"url": web.url("/"), "includePaths": [pattern]})
    assert response.status_code == 400
    assert "pattern" in response.json()["error"]


def test_hostile_pattern_holds_nobody_up(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/" + "a" * 4000 + "!")
    assert crawl(http, web, excludePaths=["^/(a+)+$", "(a|aa)*$b"], maxDiscoveryDepth=0) == ["/"]


def test_sitemaps_are_read(http: httpx2.Client, web: Web) -> None:
    for path in ("/", "/listed", "/packed", "/linked"):
        web.publish(path, path, "/linked")
    web.serve(
        "/robots.txt", f"User-agent: *\nSitemap: {web.url('/maps.xml')}\nSitemap: {web.url('/maps.xml')}"
    )
    web.sitemap("/maps.xml", "/map.xml", "/map.xml.gz", "/maps.xml", is_index=True)
    web.sitemap("/map.xml", "/listed", "/gone.png")
    web.sitemap("/map.xml.gz", "/packed", is_packed=True)
    assert crawl(http, web) == ["/", "/linked", "/listed", "/packed"]
    assert web.count("/maps.xml") == 1


@pytest.mark.parametrize(
    ("mode", "found"),
    [("skip", ["/", "/linked"]), ("only", ["/", "/listed"]), ("include", ["/", "/linked", "/listed"])],
)
def test_sitemaps_may_be_skipped_or_be_all(
    http: httpx2.Client, web: Web, mode: str, found: list[str]
) -> None:
    for path in ("/", "/listed", "/linked"):
        web.publish(path, path, "/linked")
    web.sitemap("/sitemap.xml", "/listed")
    assert crawl(http, web, sitemap=mode) == found


def test_queries_tell_pages_apart_unless_they_are_ignored(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/p?n=1", "/p?n=2", "/p?n=2&utm_source=x")
    for path in ("/p?n=1", "/p?n=2", "/p"):
        web.publish(path, path)
    assert crawl(http, web) == ["/", "/p?n=1", "/p?n=2"]
    assert len(crawl(http, web, ignoreQueryParameters=True)) == 2


def test_first_page_that_fails_fails_the_crawl(http: httpx2.Client, web: Web) -> None:
    status = finish(http, start(http, "/v2/crawl", url=web.url("/gone")))
    assert (status["status"], status["code"], status["data"]) == ("failed", "upstream-not-found", [])


def test_plain_text_is_a_page_too(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "A", "/notes.txt")
    web.serve("/notes.txt", "Some notes.")
    assert crawl(http, web) == ["/", "/notes.txt"]


@pytest.mark.parametrize(
    "wish",
    [
        {"limit": 0},
        {"limit": 10_001},
        {"maxDiscoveryDepth": -1},
        {"delay": -1},
        {"webhook": "https://a.example/"},
        {"prompt": "all about cranes"},
        {"zeroDataRetention": True},
        {"robotsUserAgent": "Googlebot"},
        {"sitemap": "maybe"},
        {"scrapeOptions": {"formats": ["summary"]}},
        {"scrapeOptions": {"headers": {"Cookie": "a=b"}}},
        {"includePaths": ["a"] * 101},
        {"url": "not a url"},
    ],
)
def test_bad_wish_is_a_bad_request(http: httpx2.Client, web: Web, wish: dict[str, Any]) -> None:
    response = http.post("/v2/crawl", json={"url": web.url("/"), **wish})
    assert (response.status_code, response.json()["success"]) == (400, False), response.text


def test_crawl_s_progress_can_be_followed(http: httpx2.Client, web: Web) -> None:
    fill(web)
    job_id = start(http, "/v2/crawl", url=web.url("/")).rsplit("/", 1)[1]
    with http.stream("GET", f"/v1/download/subscribe/{job_id}") as events:
        names = [line.removeprefix("event: ") for line in events.iter_lines() if line.startswith("event: ")]
    assert names[-1] == "result"
    job = http.get(f"/api/v1/download/{job_id}").json()
    assert (job["kind"], job["status"], job["files"][0]["name"]) == ("crawl", "completed", "crawl.jsonl")
    assert len(http.get(job["files"][0]["download_url"]).text.splitlines()) == 31
