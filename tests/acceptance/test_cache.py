"""The cache as callers meet it: what is answered from it, for how long, and how it is emptied and filled."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.conftest import allowing
from tests.acceptance.service import ServiceProcess, wait_until
from tests.content.reading import ARTICLE
from tests.origin.site import Site


def _publish(origin: Site, path: str, word: str = "crane") -> str:
    return origin.publish(path, f"<title>Cached {word}</title><main><h1>Cached {word}</h1>{ARTICLE}</main>")


def _read(
    http: httpx2.Client, url: str, headers: dict[str, str] | None = None, **query: Any
) -> httpx2.Response:
    response = http.get(
        "/api/v1/content", params={"url": url, "format": "markdown", **query}, headers=headers
    )
    assert response.status_code in (200, 304), response.text
    return response


@pytest.mark.parametrize("format_", ["markdown", "text", "html", "json", "raw"])
def test_second_asker_is_answered_from_the_cache(format_: str, http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, f"/cache/twice/{format_}")
    first, second = _read(http, url, format=format_), _read(http, url, format=format_)
    assert "fwd=uri-miss" in first.headers["cache-status"]
    assert second.headers["cache-status"].startswith("Entrepot; hit; ttl=")
    assert origin.count(f"/cache/twice/{format_}") == 1
    if format_ == "json":
        assert (first.json()["cache"]["hit"], second.json()["cache"]["hit"]) == (False, True)
    else:
        assert first.content == second.content
    told = ("etag", "content-type", "content-location", "vary", "x-content-type-options", "x-frame-options")
    assert {name: first.headers[name] for name in told} == {name: second.headers[name] for name in told}


def test_other_format_needs_no_other_fetch(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/cache/formats")
    for format_ in ("markdown", "text", "html", "json", "raw"):
        _read(http, url, format=format_)
    assert origin.count("/cache/formats") == 1


def test_answer_says_how_long_it_will_do(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/cache/lifetime")
    response = _read(http, url)
    assert response.headers["cache-control"] in ("private, max-age=299", "private, max-age=300")


def test_known_content_is_not_sent_again_from_memory_either(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/cache/known")
    tag = _read(http, url).headers["etag"]
    for _ in range(2):
        again = _read(http, url, headers={"If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["cache-status"].startswith("Entrepot; hit")


def test_head_is_answered_from_memory(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/cache/head")
    whole = _read(http, url)
    head = http.head("/api/v1/content", params={"url": url, "format": "markdown"})
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == str(len(whole.content))
    assert head.headers["etag"] == whole.headers["etag"]


def test_max_age_of_zero_fetches_anew_and_stores(http: httpx2.Client, origin: Site) -> None:
    url = _publish(origin, "/cache/anew", "old")
    _read(http, url)
    _publish(origin, "/cache/anew", "new")
    assert "Cached old" in _read(http, url).text
    assert "Cached new" in _read(http, url, max_age=0).text
    assert "Cached new" in _read(http, url).text
    assert origin.count("/cache/anew") == 2


def test_failure_is_remembered_for_a_while(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/cache/missing")
    before = origin.count("/cache/missing")
    for _ in range(3):
        response = http.get("/api/v1/content", params={"url": url, "format": "text"})
        assert (response.status_code, response.json()["code"]) == (404, "upstream-not-found")
    assert origin.count("/cache/missing") == before + 1


def test_many_at_once_are_one_fetch(service: ServiceProcess, origin: Site) -> None:
    url = _publish(origin, "/cache/herd")
    with (
        httpx2.Client(base_url=service.url, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor(40) as pool,
    ):
        answers = list(pool.map(lambda _: _read(http, url), range(120)))
    assert len({answer.content for answer in answers}) == 1
    assert origin.count("/cache/herd") == 1


@pytest.mark.parametrize("by", ["url", "prefix", "tag"])
def test_content_can_be_dropped(by: str, http: httpx2.Client, origin: Site) -> None:
    path = f"/cache/drop/{by}/page"
    url = _publish(origin, path)
    other = _publish(origin, f"/cache/kept/{by}")
    _read(http, url)
    _read(http, other)
    selection = {"url": url, "prefix": origin.url(f"/cache/drop/{by}/"), "tag": "host:127.0.0.1"}[by]
    removed = http.delete("/api/v1/content/cache", params={by: selection}).json()["removed"]
    assert removed >= 1
    assert "fwd=uri-miss" in _read(http, url).headers["cache-status"]
    assert ("hit" in _read(http, other).headers["cache-status"]) is (by != "tag")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({}, 422, "validation-failed"),
        ({"url": "nonsense"}, 400, "invalid-url"),
        ({"prefix": "ftp://a.example/"}, 422, "validation-failed"),
        ({"everything": "true"}, 422, "validation-failed"),
    ],
)
def test_wrong_selection_is_refused(
    query: dict[str, str], status: int, code: str, http: httpx2.Client
) -> None:
    response = http.delete("/api/v1/content/cache", params=query)
    assert (response.status_code, response.json()["code"]) == (status, code)


def test_cache_tells_of_itself(http: httpx2.Client, origin: Site) -> None:
    before = http.get("/api/v1/content/cache").json()
    url = _publish(origin, "/cache/report")
    _read(http, url)
    _read(http, url)
    after = http.get("/api/v1/content/cache").json()
    assert after["entries"] > before["entries"]
    assert after["bytes"] > before["bytes"]
    assert after["misses"] == before["misses"] + 1
    assert after["hits"] == before["hits"] + 1
    assert 0 <= after["hit_rate"] <= 1
    assert after["max_bytes"] == 2 * 1024**3


def test_cache_survives_a_crash(data_dir: Path, origin: Site) -> None:
    url = _publish(origin, "/cache/crash")
    with ServiceProcess(data_dir, settings=allowing(origin)) as service:
        with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
            first = _read(http, url)
        service.kill()
        service.start()
        with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
            second = _read(http, url)
    assert "hit" in second.headers["cache-status"]
    assert first.content == second.content
    assert origin.count("/cache/crash") == 1


def test_warmed_content_is_ready_for_the_first_asker(http: httpx2.Client, origin: Site) -> None:
    urls = [_publish(origin, f"/cache/warm/{number}") for number in range(3)]
    missing = origin.url("/status/404?warm")
    ordered = http.post(
        "/api/v1/content/warm", json={"urls": [*urls, missing], "formats": ["markdown", "text"]}
    )
    assert ordered.status_code == 202
    assert ordered.headers["location"] == f"/api/v1/download/{ordered.json()['id']}"
    wait_until(lambda: http.get(ordered.headers["location"]).json()["status"] == "completed")
    for url in urls:
        assert _read(http, url).headers["cache-status"].startswith("Entrepot; hit")
        assert _read(http, url, format="text").headers["cache-status"].startswith("Entrepot; hit")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"urls": []}, 422, "validation-failed"),
        ({"urls": ["nonsense"]}, 400, "invalid-url"),
        ({"urls": ["https://a.example/"] * 1001}, 422, "validation-failed"),
        ({"urls": ["https://a.example/"], "formats": ["docx"]}, 422, "validation-failed"),
    ],
)
def test_wrong_warming_is_refused(body: dict[str, Any], status: int, code: str, http: httpx2.Client) -> None:
    response = http.post("/api/v1/content/warm", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
