"""Whatever comes in gets a clear problem with a stable code, and leaves nothing behind."""

import contextlib
import json
import socket
from typing import Any

import httpx2
import pytest

from tests.acceptance.orders import fetch, order, wait_for
from tests.acceptance.service import ServiceProcess
from tests.origin.site import Site

JSON = {"Content-Type": "application/json"}
BAD_URLS = {
    "not a URL": ("hello there", 400, "invalid-url"),
    "empty host": ("http://", 400, "invalid-url"),
    "no scheme": ("example.com/video", 400, "invalid-url"),
    "userinfo decoy": ("http://example.com@127.0.0.1/", 400, "invalid-url"),
    "empty userinfo": ("http://@127.0.0.1/", 400, "invalid-url"),
    "unknown scheme": ("gopher://example.com/", 403, "destination-forbidden"),
    "local file": ("file:///etc/passwd", 403, "destination-forbidden"),
    "loopback": ("http://127.0.0.1/", 403, "destination-forbidden"),
    "loopback in disguise": ("http://0x7f.1/", 403, "destination-forbidden"),
    "metadata": ("http://169.254.169.254/latest/meta-data/", 403, "destination-forbidden"),
    "private": ("http://192.168.1.1/", 403, "destination-forbidden"),
    "mail port": ("http://93.184.215.14:25/", 403, "destination-forbidden"),
}


def _assert_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["code"] == code
    assert body["status"] == status
    assert {"type", "title", "detail", "instance", "retryable", "correlation_id"} <= body.keys()
    assert body["correlation_id"] == response.headers["x-request-id"]
    assert "Traceback" not in response.text
    return body


@pytest.mark.parametrize("name", BAD_URLS)
@pytest.mark.parametrize("door", ["download", "initiate", "metadata", "content"])
def test_bad_url_is_refused_at_every_door(name: str, door: str, http: httpx2.Client) -> None:
    url, status, code = BAD_URLS[name]
    match door:
        case "download":
            response = http.post("/api/v1/download", json={"url": url})
        case "initiate":
            response = http.post("/v1/download/initiate", json={"url": url})
        case "metadata":
            response = http.get("/api/v1/metadata", params={"url": url})
        case _:
            response = http.get("/api/v1/content", params={"url": url})
    _assert_problem(response, status, code)


def test_the_service_does_not_fetch_from_itself(http: httpx2.Client, service: ServiceProcess) -> None:
    _assert_problem(
        http.post("/api/v1/download", json={"url": f"{service.url}/health"}), 403, "destination-forbidden"
    )


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, "body.url"),
        ({"url": 5}, "body.url"),
        ({"url": "http://example.com/", "kind": "podcast"}, "body.kind"),
        ({"url": "http://example.com/", "qualitty": "best"}, "body.qualitty"),
        ({"url": "http://example.com/", "priority": 10}, "body.priority"),
        ({"url": "http://example.com/", "checksum": "md5:00"}, "body.checksum"),
        ({"url": "http://example.com/", "max_filesize_bytes": 0}, "body.max_filesize_bytes"),
        ({"url": "http://example.com/", "timeout_seconds": "soon"}, "body.timeout_seconds"),
        ({"url": "http://example.com/", "priority": "5"}, "body.priority"),
        ({"url": "http://example.com/", "retries": True}, "body.retries"),
        ({"url": "http://example.com/", "max_filesize_bytes": 2**63}, "body.max_filesize_bytes"),
        ({"url": "http://example.com/\ud800"}, "body.url"),
        ([], "body"),
        (None, "body"),
    ],
)
def test_what_does_not_fit_the_schema_is_named(body: Any, location: str, http: httpx2.Client) -> None:
    problem = _assert_problem(
        http.post("/api/v1/download", content=json.dumps(body), headers=JSON), 422, "validation-failed"
    )
    assert location in [error["location"] for error in problem["errors"]]
    assert all({"location", "message", "code"} == error.keys() for error in problem["errors"])


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"url": "http://example.com/", "file_id": 1},
        {"url": "http://example.com/", "options": {"archive": "zip"}},
        {"file_id": 0},
        {"url": "http://example.com/", "options": {"nonsense": 1}},
        {"url": "http://example.com/", "surprise": True},
        {"url": "http://example.com/", "userId": "\ud800"},
        {"url": "http://example.com/", "user_id": 5},
        {"file_id": "1"},
        {"file_id": 2**63},
        {"file_id": 1, "options": {"archive": "zip", "file_ids": [2**63]}},
        {"file_id": 1, "options": {"archive": "rar"}},
    ],
)
def test_an_order_says_what_it_wants(body: Any, http: httpx2.Client) -> None:
    _assert_problem(
        http.post("/v1/download/initiate", content=json.dumps(body), headers=JSON), 422, "validation-failed"
    )


@pytest.mark.parametrize("content", [b'{"url": ', b'{"url": "\xff"}', b'{"url": ' + b"9" * 5000 + b"}"])
def test_broken_json_is_told_from_a_wrong_schema(content: bytes, http: httpx2.Client) -> None:
    headers = {"Content-Type": "application/json"}
    _assert_problem(http.post("/api/v1/download", content=content, headers=headers), 400, "malformed-json")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_body_that_is_no_json_is_refused(content_type: str, http: httpx2.Client) -> None:
    headers = {"Content-Type": content_type}
    response = http.post("/api/v1/download", content=b'{"url": "http://example.com/"}', headers=headers)
    _assert_problem(response, 415, "unsupported-media-type")


def test_order_without_a_body_is_refused(http: httpx2.Client) -> None:
    _assert_problem(http.post("/api/v1/download"), 422, "validation-failed")


@pytest.mark.parametrize("after", [-1, 2**63, "x"])
def test_senseless_place_in_a_log_is_refused(after: Any, http: httpx2.Client, origin: Site) -> None:
    done = fetch(http, origin.url("/files/360p.mp4?done"), kind="file")
    response = http.get(f"/api/v1/download/{done['id']}/logs", params={"after": after})
    _assert_problem(response, 422, "validation-failed")


def test_ten_megabytes_of_json_are_refused(http: httpx2.Client) -> None:
    body = b'{"url": "' + b"a" * 10_000_000 + b'"}'
    headers = {"Content-Type": "application/json"}
    _assert_problem(http.post("/api/v1/download", content=body, headers=headers), 413, "payload-too-large")


def test_ten_megabytes_without_a_length_are_refused(http: httpx2.Client) -> None:
    pieces = (b"[" * 100_000 for _ in range(100))
    headers = {"Content-Type": "application/json"}
    _assert_problem(http.post("/api/v1/download", content=pieces, headers=headers), 413, "payload-too-large")


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\n" + b"X: a\r\n" * 20_000, 431),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 1_000_000, 431),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
    ],
    ids=["20,000 fields", "a megabyte", "two hosts", "no HTTP"],
)
def test_hostile_head_is_refused(head: bytes, status: int, service: ServiceProcess) -> None:
    with socket.create_connection(("127.0.0.1", int(service.url.rsplit(":", 1)[1])), 10) as connection:
        with contextlib.suppress(ConnectionError):  # it may be refused before we have said it all
            connection.sendall(head)
        answer = connection.recv(4096)
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/download/{id}"),
        ("GET", "/api/v1/download/{id}/logs"),
        ("DELETE", "/api/v1/download/{id}"),
        ("GET", "/v1/download/status/{id}"),
        ("GET", "/v1/download/subscribe/{id}"),
        ("GET", "/v1/download/{id}"),
        ("POST", "/v1/download/cancel/{id}"),
        ("POST", "/v1/download/retry/{id}"),
    ],
)
@pytest.mark.parametrize("job_id", ["00000000-0000-4000-8000-000000000000", "nonsense", "%00", "..%2f.."])
def test_unknown_job_is_not_found(method: str, path: str, job_id: str, http: httpx2.Client) -> None:
    response = http.request(method, path.format(id=job_id))
    assert response.status_code == 404, response.text
    assert response.json()["code"] in ("job-not-found", "not-found")


def test_unknown_asset_is_not_found(http: httpx2.Client) -> None:
    _assert_problem(http.get("/assets/00000000-0000-4000-8000-000000000000/download"), 404, "asset-not-found")
    _assert_problem(http.post("/v1/download/initiate", json={"file_id": 999_999}), 404, "asset-not-found")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/api/v1/download"), ("POST", "/health"), ("PATCH", "/v1/download/initiate")]
)
def test_wrong_method_says_which_are_allowed(method: str, path: str, http: httpx2.Client) -> None:
    response = http.request(method, path)
    _assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"]


def test_unknown_path_is_a_problem_too(http: httpx2.Client) -> None:
    _assert_problem(http.get("/api/v1/nothing/here"), 404, "not-found")


def test_result_before_the_end_is_a_conflict(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url("/stall/360p.mp4?result"), kind="file")
    response = http.get(f"/v1/download/{job_id}")
    _assert_problem(response, 409, "job-not-finished")
    assert int(response.headers["retry-after"]) >= 1
    http.delete(f"/api/v1/download/{job_id}")
    _assert_problem(http.get(f"/v1/download/{job_id}"), 409, "job-canceled")
    _assert_problem(http.delete(f"/api/v1/download/{job_id}"), 409, "job-finished")


def test_completed_job_is_not_retried(http: httpx2.Client, origin: Site) -> None:
    done = fetch(http, origin.url("/files/360p.mp4?done"), kind="file")
    _assert_problem(http.post(f"/v1/download/retry/{done['id']}"), 409, "retry-refused")


@pytest.mark.parametrize("key", ["", "a b", "ü", "x" * 256])
def test_senseless_idempotency_key_is_refused(key: str, http: httpx2.Client) -> None:
    headers = [(b"Idempotency-Key", key.encode("utf-8")), (b"Content-Type", b"application/json")]
    response = http.post("/v1/download/initiate", content=b'{"url": "http://example.com/"}', headers=headers)
    _assert_problem(response, 400, "bad-request")


@pytest.mark.parametrize("value", ["abc", "-1", "9" * 30])
def test_senseless_last_event_id_is_refused(value: str, http: httpx2.Client, origin: Site) -> None:
    done = fetch(http, origin.url("/files/360p.mp4?done"), kind="file")
    response = http.get(f"/v1/download/subscribe/{done['id']}", headers={"Last-Event-ID": value})
    _assert_problem(response, 400, "bad-request")


BAD_ORIGINS = {
    "not found": ("/status/404", "file", {"upstream-not-found"}),
    "gone": ("/status/410", "file", {"upstream-not-found"}),
    "error": ("/status/500", "file", {"upstream-unavailable"}),
    "forbidden": ("/status/403", "file", {"upstream-error"}),
    "reset": ("/reset/360p.mp4?after=50000", "file", {"upstream-broken"}),
    "redirect loop": ("/redirect/loop/1", "file", {"too-many-redirects"}),
    "redirect to loopback": ("/redirect?to=http://127.0.0.1:9/", "file", {"destination-forbidden"}),
    "gzip bomb": ("/bomb?mib=256", "page", {"content-too-large", "upstream-broken"}),
    "too short": ("/lying/length/360p.mp4", "file", {"upstream-broken"}),
    "page without content": ("/empty", "page", {"no-content"}),
    "video that is not one": ("/watch/fake", "media", {"media-broken"}),
    "page without a video": ("/article", "media", {"media-not-found"}),
    "missing fragment": ("/files/hls/broken.m3u8", "media", {"media-broken"}),
    "nothing listens": ("http://127.0.0.1:{port}/", "file", {"upstream-unreachable"}),
}


@pytest.mark.parametrize("name", BAD_ORIGINS)
def test_bad_origin_fails_the_job_with_its_reason(
    name: str, http: httpx2.Client, service: ServiceProcess, origin: Site, unused_port: int
) -> None:
    path, kind, codes = BAD_ORIGINS[name]
    origin.publish("/empty", "<html><head><title>x</title></head><body></body></html>")
    url = path.format(port=unused_port) if path.startswith("http") else origin.url(path)
    failed = fetch(http, url, kind=kind, retries=0)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] in codes
    assert failed["files"] == []
    assert "127.0.0.1" not in failed["error"]["message"]
    assert not list((service.data_dir / "work").glob(f"{failed['id']}*"))
    assert not [path for path in (service.data_dir / "blobs" / "incoming").glob("*") if path.is_file()]
    _assert_problem(http.get(f"/v1/download/{failed['id']}"), 409, "job-failed")


def test_limits_and_checksums_hold(http: httpx2.Client, origin: Site) -> None:
    small = fetch(http, origin.url("/files/360p.mp4?small"), kind="file", max_filesize_bytes=1000, retries=0)
    assert small["error"]["code"] == "content-too-large"
    wrong = fetch(
        http, origin.url("/files/360p.mp4?wrong"), kind="file", checksum="sha256:" + "0" * 64, retries=0
    )
    assert wrong["error"]["code"] == "checksum-mismatch"
    right = fetch(
        http,
        origin.url("/files/360p.mp4?right"),
        kind="file",
        checksum="sha256:" + origin.media.sha256("360p.mp4"),
    )
    assert right["status"] == "completed"


def test_flaky_origin_is_tried_again(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url("/flaky/360p.mp4?token=retry&fail=1"), kind="file", retries=3)
    done = wait_for(
        http, job_id, lambda found: found["status"] in ("completed", "failed"), timeout_seconds=60
    )
    assert done["status"] == "completed"
    assert done["error"] is None
