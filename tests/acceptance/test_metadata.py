"""`/api/v1/metadata`: what a URL is, before anything is downloaded."""

from typing import Any

import httpx2
import pytest

from tests.origin.site import Site

FIELDS = {
    "url", "kind", "title", "description", "content_type", "size_bytes", "duration_seconds", "uploader", "thumbnail_url",
    "qualities",
}  # fmt: skip


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/files/360p.mp4?look", {"kind": "file", "title": "360p.mp4", "content_type": "video/mp4"}),
        ("/watch/jsonld?look", {"kind": "media", "title": "Cranes at dawn", "uploader": "Saltmere TV"}),
        ("/files/hls/master.m3u8?look", {"kind": "media"}),
        ("/article?look", {"kind": "page", "content_type": "text/html", "qualities": []}),
    ],
)
def test_url_is_told_for_what_it_is(
    path: str, expected: dict[str, Any], http: httpx2.Client, origin: Site
) -> None:
    response = http.get("/api/v1/metadata", params={"url": origin.url(path)})
    body = response.json()
    assert response.status_code == 200
    assert body.keys() == FIELDS
    assert {name: body[name] for name in expected} == expected


def test_qualities_are_those_that_the_stream_has(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/hls/master.m3u8?qualities")
    qualities = http.get("/api/v1/metadata", params={"url": url}).json()["qualities"]
    assert qualities == ["best", "720p", "480p", "360p", "audio"]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/status/404", 404, "upstream-not-found"),
        ("/status/410", 404, "upstream-not-found"),
        ("/status/403", 502, "upstream-error"),
        ("/status/500", 502, "upstream-unavailable"),
        ("/redirect/loop/1", 422, "too-many-redirects"),
        ("/redirect?to=http://127.0.0.1:9/", 403, "destination-forbidden"),
        ("/reset/360p.mp4?after=0", 502, "upstream-broken"),
    ],
)
def test_origin_that_fails_is_told_with_its_reason(
    path: str, status: int, code: str, http: httpx2.Client, origin: Site
) -> None:
    response = http.get("/api/v1/metadata", params={"url": origin.url(path)})
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert "127.0.0.1" not in response.json()["detail"]


def test_looking_keeps_nothing(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/480p.mp4?kept-nowhere")
    http.get("/api/v1/metadata", params={"url": url})
    assert http.get("/api/v1/downloads", params={"q": "kept-nowhere"}).json()["items"] == []
    assert http.get("/assets", params={"q": "kept-nowhere"}).json()["items"] == []


def test_address_is_needed(http: httpx2.Client) -> None:
    response = http.get("/api/v1/metadata")
    assert (response.status_code, response.json()["code"]) == (422, "validation-failed")
    assert [error["location"] for error in response.json()["errors"]] == ["query.url"]


def test_address_that_was_not_escaped_is_not_cut_short(http: httpx2.Client, origin: Site) -> None:
    response = http.get(f"/api/v1/metadata?url={origin.url('/watch/jsonld')}?a=1&b=2")
    assert (response.status_code, response.json()["code"]) == (422, "validation-failed")
    assert [error["location"] for error in response.json()["errors"]] == ["query.b"]
