"""`POST /api/v1/content/batch`: many URLs in one request, each with its own result."""

import base64
import json
from typing import Any

import httpx2
import pytest

from tests.acceptance.service import wait_until
from tests.content.reading import ARTICLE, PROSE
from tests.origin.site import Site

PATH = "/api/v1/content/batch"


@pytest.fixture(scope="module")
def pages(origin: Site) -> list[str]:
    return [
        origin.publish(
            f"/batch/{number}", f"<title>Page {number}</title><main><h1>Page {number}</h1>{ARTICLE}</main>"
        )
        for number in range(12)
    ]


def _batch(http: httpx2.Client, urls: list[str], **body: Any) -> dict[str, Any]:
    response = http.post(PATH, json={"urls": urls, **body})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_results_come_in_the_order_of_the_request(http: httpx2.Client, pages: list[str]) -> None:
    found = _batch(http, pages)
    assert (found["succeeded"], found["failed"]) == (12, 0)
    assert [item["url"] for item in found["items"]] == pages
    assert [item["index"] for item in found["items"]] == list(range(12))
    for number, item in enumerate(found["items"]):
        assert item["status"] == "ok"
        assert item["content"].startswith(f"# Page {number}\n")
        assert item["content_type"] == "text/markdown; charset=utf-8"


def test_one_failure_is_never_anothers(http: httpx2.Client, origin: Site, pages: list[str]) -> None:
    urls = [
        pages[0],
        "ftp://a.example/",
        origin.url("/status/404"),
        "not an address",
        "http://169.254.169.254/latest/",
        origin.url("/reset/360p.webm?after=1000"),
        pages[1],
    ]
    found = _batch(http, urls, format="text")
    assert (found["succeeded"], found["failed"]) == (2, 5)
    codes = [item.get("problem", {}).get("code") for item in found["items"]]
    assert codes == [
        None, "destination-forbidden", "upstream-not-found", "invalid-url", "destination-forbidden", "upstream-broken", None,
    ]  # fmt: skip
    assert PROSE[0] in found["items"][6]["content"]


def test_lines_come_as_soon_as_they_are_ready(http: httpx2.Client, origin: Site, pages: list[str]) -> None:
    urls = [origin.url("/stall/360p.mp4"), pages[0], pages[1]]
    with http.stream(
        "POST", PATH, json={"urls": urls, "timeout": 3}, headers={"Accept": "application/x-ndjson"}
    ) as response:
        assert response.headers["content-type"] == "application/x-ndjson"
        items = [json.loads(line) for line in response.iter_lines()]
    assert sorted(item["index"] for item in items[:2]) == [1, 2]
    assert (items[2]["index"], items[2]["problem"]["code"]) == (0, "upstream-timeout")


def test_duplicates_are_each_answered_and_fetched_once(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/batch/twice", f"<main><h1>Twice</h1>{ARTICLE}</main>")
    found = _batch(http, [url] * 20, format="text")
    assert found["succeeded"] == 20
    assert len({item["content"] for item in found["items"]}) == 1
    assert origin.count("/batch/twice") == 1


def test_many_slow_addresses_lose_no_other(http: httpx2.Client, origin: Site, pages: list[str]) -> None:
    slow = [origin.url(f"/stall/360p.mp4?n={number}") for number in range(30)]
    swift = pages[:2]
    with http.stream(
        "POST", PATH, json={"urls": [*slow, *swift], "timeout": 2}, headers={"Accept": "application/x-ndjson"},
        timeout=60,
    ) as response:  # fmt: skip
        items = [json.loads(line) for line in response.iter_lines()]
    assert len(items) == 32
    assert sum(item["status"] == "ok" for item in items) == 2


def test_json_is_an_object(http: httpx2.Client, pages: list[str]) -> None:
    (item,) = _batch(http, pages[:1], format="json")["items"]
    assert item["content"]["title"] == "Page 0"


def test_what_is_no_text_comes_in_base64(http: httpx2.Client, origin: Site) -> None:
    (item,) = _batch(http, [origin.url("/files/360p.webm")], format="raw")["items"]
    assert item["encoding"] == "base64"
    assert base64.b64decode(item["content"]) == origin.media.path("360p.webm").read_bytes()


@pytest.mark.parametrize("count", [0, 101])
def test_count_of_urls_is_limited(count: int, http: httpx2.Client) -> None:
    response = http.post(PATH, json={"urls": ["https://a.example/"] * count})
    assert response.status_code == 422
    assert response.json()["errors"][0]["location"] == "body.urls"


def test_payload_is_limited(http: httpx2.Client) -> None:
    response = http.post(
        PATH, json={"urls": ["https://a.example/" + "x" * 7000] * 100, "selector": "p" * 900_000}
    )
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "body.urls"),
        ({"urls": "https://a.example/"}, "body.urls"),
        ({"urls": ["https://a.example/"], "format": "raw", "selector": "p"}, "body"),
        ({"urls": [1]}, "body.urls.0"),
        ({"urls": ["https://a.example/"], "format": "docx"}, "body.format"),
        ({"urls": ["https://a.example/"], "max_age": -1}, "body.max_age"),
        ({"urls": ["https://a.example/"], "webhook": "x"}, "body.webhook"),
    ],
)
def test_wrong_body_is_named(body: dict[str, Any], location: str, http: httpx2.Client) -> None:
    response = http.post(PATH, json=body)
    assert (response.status_code, response.json()["code"]) == (422, "validation-failed")
    assert response.json()["errors"][0]["location"] == location


def test_caller_that_leaves_ends_the_fetches(http: httpx2.Client, origin: Site) -> None:
    before = origin.open_responses
    urls = [origin.url(f"/stall/360p.mp4?left={number}") for number in range(8)]
    with http.stream("POST", PATH, json={"urls": urls}, headers={"Accept": "application/x-ndjson"}):
        wait_until(lambda: origin.open_responses > before)
    wait_until(lambda: origin.open_responses == before)
