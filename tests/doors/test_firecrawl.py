"""Firecrawl's door in its bare HTTP: shapes, limits and refusals."""

from typing import Any

import httpx2
import pytest

from tests.acceptance.service import wait_until
from tests.doors.conftest import finish, look, sources, start
from tests.doors.web import Web


def refused(http: httpx2.Client, path: str, body: Any, status: int = 400) -> str:
    response = http.post(path, json=body)
    assert response.status_code == status, response.text
    told = response.json()
    assert told["success"] is False
    assert response.headers["content-type"] == "application/json"
    return str(told["error"])


@pytest.mark.parametrize(
    "format_",
    ["summary", "json", "changeTracking", "branding", "audio", "rawBase64", "nonsense", "", {"type": "json", "prompt": "x"},
     {"type": "screenshot", "quality": 5}, {"kind": "markdown"}],
)  # fmt: skip
def test_format_that_cannot_be_had_is_named(http: httpx2.Client, web: Web, format_: Any) -> None:
    error = refused(http, "/v2/scrape", {"url": web.url("/"), "formats": [format_]})
    name = format_ if isinstance(format_, str) else format_.get("type", "")
    assert name in error
    assert web.count("/") == 0


@pytest.mark.parametrize(
    "wish",
    [
        {"actions": [{"type": "click", "selector": "a"}]},
        {"proxy": "stealth"},
        {"location": {"country": "DE"}},
        {"parsers": [{"type": "pdf", "maxPages": 3}]},
        {"zeroDataRetention": True},
        {"minAge": 1000},
        {"lockdown": True},
        {"nonsense": 1},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"X": "a\r\nb: c"}},
        {"timeout": 0},
        {"maxAge": -1},
        {"waitFor": "long"},
        {"includeTags": ["p["]},
        {"url": ""},
        {"url": "http://"},
        {"url": "http://a@127.0.0.1/"},
    ],
)
def test_wish_that_cannot_be_fulfilled_is_a_bad_request(
    http: httpx2.Client, web: Web, wish: dict[str, Any]
) -> None:
    refused(http, "/v2/scrape", {"url": web.publish("/", "Harbour"), **wish})


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'"x"', b"{}"])
def test_body_that_is_none_is_a_bad_request(http: httpx2.Client, body: bytes) -> None:
    response = http.post("/v2/scrape", content=body, headers={"Content-Type": "application/json"})
    assert response.status_code == 400
    assert response.json()["success"] is False


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "file:///etc/passwd", "http://localhost.localdomain/"])
@pytest.mark.parametrize("path", ["/v2/scrape", "/v2/map", "/v2/crawl"])
def test_forbidden_destination_is_refused_at_every_door(http: httpx2.Client, path: str, url: str) -> None:
    refused(http, path, {"url": url}, 403)


@pytest.mark.parametrize("path", ["/v2/search", "/v2/extract", "/v2/agent/abc", "/v2/team/credit-usage"])
def test_what_is_not_offered_says_so(http: httpx2.Client, path: str) -> None:
    response = http.get(path)
    assert (response.status_code, response.json()["success"]) == (404, False)
    assert path in response.json()["error"]


def test_address_without_a_scheme_is_read(http: httpx2.Client, web: Web) -> None:
    web.publish("/", "Harbour")
    response = http.post("/v2/scrape", json={"url": f"127.0.0.1:{web.port}/"})
    assert response.json()["data"]["metadata"]["title"] == "Harbour"


def test_headers_and_phones_are_told_to_the_origin(http: httpx2.Client, web: Web) -> None:
    body = {
        "url": web.publish("/", "Harbour"),
        "headers": {"Cookie": "a=b"},
        "mobile": True,
        "location": {"languages": ["de-AT"]},
    }
    assert http.post("/v2/scrape", json=body).status_code == 200
    sent = next(headers for path, headers in web.seen if path == "/")
    assert (sent["Cookie"], sent["Accept-Language"]) == ("a=b", "de-AT")
    assert "Mobile" in sent["User-Agent"]


def test_max_age_of_none_fetches_anew(http: httpx2.Client, web: Web) -> None:
    url = web.publish("/", "Harbour")
    for _ in range(2):
        response = http.post(
            "/v2/scrape", json={"url": url, "maxAge": 0, "formats": ["markdown", "html", "links"]}
        )
        assert response.json()["data"]["metadata"]["cacheState"] == "miss"
    assert web.count("/") == 2


def test_cached_page_says_so(http: httpx2.Client, web: Web) -> None:
    url = web.publish("/", "Harbour")
    http.post("/v2/scrape", json={"url": url})
    metadata = http.post("/v2/scrape", json={"url": url, "maxAge": 3_600_000}).json()["data"]["metadata"]
    assert metadata["cacheState"] == "hit"
    assert metadata["cachedAt"].endswith("Z")
    assert web.count("/") == 1


# --- batches ----------------------------------------------------------------------------------------------------------


def test_batch_names_addresses_that_are_none(http: httpx2.Client, web: Web) -> None:
    url = web.publish("/", "Harbour")
    response = http.post("/v2/batch/scrape", json={"urls": [url, "ftp://a.example/", "http://"]})
    assert response.json()["invalidURLs"] == ["ftp://a.example/", "http://"]
    status = finish(http, f"/v2/batch/scrape/{response.json()['id']}")
    assert (status["total"], sources(status)) == (1, [url])


def test_batch_may_insist_on_all_its_addresses(http: httpx2.Client, web: Web) -> None:
    refused(http, "/v2/batch/scrape", {"urls": [web.url("/"), "http://"], "ignoreInvalidURLs": False})


@pytest.mark.parametrize(
    "body",
    [
        {"urls": []},
        {"urls": ["http://"]},
        {"urls": ["https://a.example/"], "webhook": "https://b.example/"},
        {"urls": ["https://a.example/"], "appendToId": "x"},
        {"urls": ["https://a.example/"], "formats": ["summary"]},
        {"urls": ["https://a.example/"], "headers": {"Authorization": "Bearer x"}},
        {"urls": ["https://a.example/"], "maxConcurrency": 0},
        {"urls": ["https://a.example/"] * 10_001},
    ],
)
def test_bad_batch_is_a_bad_request(http: httpx2.Client, body: dict[str, Any]) -> None:
    refused(http, "/v2/batch/scrape", body)


def test_address_that_is_given_twice_is_read_for_each(http: httpx2.Client, web: Web) -> None:
    url = web.publish("/", "Harbour")
    status = finish(http, start(http, "/v2/batch/scrape", urls=[url, url]))
    assert sources(status) == [url, url]


def test_more_than_a_hundred_pages_are_a_batch(http: httpx2.Client, web: Web) -> None:
    urls = [web.publish(f"/{n}", f"Page {n}") for n in range(101)]
    path = start(http, "/v2/batch/scrape", urls=urls, formats=["links"])
    status = finish(http, path)
    assert (status["completed"], len(status["data"])) == (101, 100)
    assert status["next"] == f"{http.base_url}{path}?skip=100&limit=100".replace("//v2", "/v2")
    assert len(look(http, status["next"])["data"]) == 1


def test_same_idempotency_key_gives_the_same_batch(http: httpx2.Client, web: Web) -> None:
    body, headers = {"urls": [web.publish("/", "Harbour")]}, {"x-idempotency-key": web.base}
    first, second = (http.post("/v2/batch/scrape", json=body, headers=headers).json() for _ in range(2))
    assert first["id"] == second["id"]


def test_page_that_cannot_be_converted_fails_alone(http: httpx2.Client, web: Web) -> None:
    urls = [
        web.serve("/a.bin", b"\x00\x01\x02\x03" * 100, "application/octet-stream"),
        web.publish("/b", "B"),
    ]
    path = start(http, "/v2/batch/scrape", urls=urls)
    assert sources(finish(http, path)) == [web.url("/b")]
    (error,) = look(http, f"{path}/errors")["errors"]
    assert (error["url"], error["code"]) == (web.url("/a.bin"), "conversion-unsupported")


@pytest.mark.parametrize("path", ["/v2/crawl/{id}", "/v2/batch/scrape/{id}", "/v2/crawl/{id}/errors"])
@pytest.mark.parametrize("job_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_unknown_job_is_not_found(http: httpx2.Client, path: str, job_id: str) -> None:
    response = http.get(path.format(id=job_id))
    assert (response.status_code, response.json()["success"]) == (404, False)


def test_batch_is_no_crawl(http: httpx2.Client, web: Web) -> None:
    path = start(http, "/v2/batch/scrape", urls=[web.publish("/", "Harbour")])
    assert http.get(path.replace("/batch/scrape/", "/crawl/")).status_code == 404
    assert http.delete(path.replace("/batch/scrape/", "/crawl/")).status_code == 404


def test_batch_is_a_job_like_any_other(http: httpx2.Client, web: Web) -> None:
    path = start(http, "/v2/batch/scrape", urls=[web.publish("/", "Harbour"), web.url("/gone")])
    finish(http, path)
    job_id = path.rsplit("/", 1)[1]
    wait_until(lambda: http.get(f"/api/v1/download/{job_id}").json()["status"] == "completed")
    job = http.get(f"/api/v1/download/{job_id}").json()
    assert (job["kind"], job["progress"], job["source"]["details"]) == (
        "scrape",
        100,
        {"pages": 1, "failed": 1},
    )
    lines = [
        httpx2.Response(200, content=line).json()
        for line in http.get(job["files"][0]["download_url"]).iter_lines()
    ]
    assert [line["url"] for line in lines] == [web.url("/"), web.url("/gone")]
    assert "# Harbour" in lines[0]["markdown"]
    assert lines[1]["error"]["code"] == "upstream-not-found"


def test_other_site_s_page_starts_no_crawl(http: httpx2.Client, web: Web) -> None:
    response = http.post("/v2/crawl", json={"url": web.url("/")}, headers={"Origin": "https://evil.example"})
    assert response.status_code == 403


def test_any_bearer_passes_while_there_are_no_keys(http: httpx2.Client, web: Web) -> None:
    response = http.post(
        "/v2/scrape", json={"url": web.publish("/", "A")}, headers={"Authorization": "Bearer x"}
    )
    assert response.status_code == 200
    assert "Authorization" not in next(headers for path, headers in web.seen if path == "/")
