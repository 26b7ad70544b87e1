"""`/api/v1/download`: the order, the job, its log, its end, and the list."""

from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.acceptance.orders import fetch, order, wait_for, wait_for_end
from tests.origin.site import Site

FIELDS = {
    "id", "kind", "status", "url", "progress", "stage", "downloaded_bytes", "total_bytes", "speed_bps", "eta_seconds",
    "attempts", "created_at", "started_at", "finished_at", "expires_at", "source", "files", "error", "parent_id",
}  # fmt: skip


@pytest.fixture(scope="module")
def done(http: httpx2.Client, origin: Site) -> dict[str, Any]:
    """A completed job whose address nothing else has."""
    return fetch(http, origin.url(f"/files/360p.mp4?{uuid4()}"), kind="file")


def test_order_is_answered_with_the_whole_job(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/360p.mp4?ordered")
    response = http.post("/api/v1/download", json={"url": url, "kind": "file"})
    body = response.json()
    assert response.status_code == 202
    assert response.headers["location"] == f"/api/v1/download/{body['id']}"
    assert int(response.headers["retry-after"]) >= 1
    assert body.keys() == FIELDS
    assert (body["status"], body["url"], body["progress"], body["files"]) == ("queued", url, 0, [])


def test_completed_job_tells_its_files(http: httpx2.Client, origin: Site, done: dict[str, Any]) -> None:
    content = origin.media.path("360p.mp4").read_bytes()
    assert done.keys() == FIELDS
    assert (done["status"], done["kind"], done["progress"], done["error"]) == ("completed", "file", 100, None)
    (file,) = done["files"]
    assert file["size_bytes"] == len(content)
    assert file["sha256"] == origin.media.sha256("360p.mp4")
    assert file["content_type"] == "video/mp4"
    assert file["download_url"] == f"/assets/{file['asset_id']}/download"
    assert http.get(file["download_url"]).content == content


def test_times_are_told_in_utc_and_in_order(done: dict[str, Any]) -> None:
    times = [datetime.fromisoformat(done[name]) for name in ("created_at", "started_at", "finished_at")]
    assert times == sorted(times)
    assert all(done[name].endswith("Z") for name in ("created_at", "started_at", "finished_at"))


def test_failed_job_tells_its_error(http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/status/410?told"), kind="file", retries=0)
    assert job["error"].keys() == {"code", "message", "retryable"}
    assert (job["error"]["code"], job["error"]["retryable"]) == ("upstream-not-found", False)


def test_log_is_read_from_where_one_stopped(http: httpx2.Client, origin: Site) -> None:
    done = fetch(http, origin.url("/watch/jsonld"))
    path = f"/api/v1/download/{done['id']}/logs"
    lines = http.get(path).json()["items"]
    assert len(lines) > 1
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert all(line.keys() == {"seq", "at", "level", "message"} for line in lines)
    assert http.get(path, params={"after": 1}).json()["items"] == lines[1:]
    assert http.get(path, params={"after": len(lines)}).json()["items"] == []
    assert http.get(path, params={"after": -1}).status_code == 422


def test_running_job_is_canceled_once(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url(f"/stall/360p.mp4?{uuid4()}"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    response = http.delete(f"/api/v1/download/{job_id}")
    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert response.json()["finished_at"] is not None
    again = http.delete(f"/api/v1/download/{job_id}")
    assert (again.status_code, again.json()["code"]) == (409, "job-finished")


def test_finished_job_is_not_canceled(http: httpx2.Client, done: dict[str, Any]) -> None:
    response = http.delete(f"/api/v1/download/{done['id']}")
    assert (response.status_code, response.json()["code"]) == (409, "job-finished")


@pytest.mark.parametrize(
    "query",
    [
        {"status": "completed"},
        {"kind": "file"},
        {"status": "completed", "kind": "file"},
        {},
    ],
)
def test_list_finds_a_job_by(query: dict[str, str], http: httpx2.Client, done: dict[str, Any]) -> None:
    sought = done["url"].rpartition("?")[2]
    found = http.get("/api/v1/downloads", params={"q": sought, **query}).json()
    assert found == {"items": [done], "next_cursor": None}


@pytest.mark.parametrize("query", [{"status": "failed"}, {"kind": "media"}, {"q": "%"}])
def test_list_leaves_out_what_does_not_fit(
    query: dict[str, str], http: httpx2.Client, done: dict[str, Any]
) -> None:
    found = http.get("/api/v1/downloads", params={"q": done["url"].rpartition("?")[2], **query}).json()
    assert found["items"] == []


def test_list_is_read_page_by_page(http: httpx2.Client, origin: Site) -> None:
    mark = uuid4()
    made = [order(http, origin.url(f"/status/404?{mark}&{n}"), kind="file", retries=0) for n in range(5)]
    for job_id in made:
        wait_for_end(http, job_id)
    found, cursor = [], None
    for _ in range(3):
        query = {"q": str(mark), "limit": "2", **({"cursor": cursor} if cursor else {})}
        page = http.get("/api/v1/downloads", params=query).json()
        found += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert found == made[::-1]
    assert cursor is None


def test_metadata_tells_what_a_url_is(http: httpx2.Client, origin: Site) -> None:
    found = http.get("/api/v1/metadata", params={"url": origin.url("/files/360p.mp4")}).json()
    assert found["kind"] in ("file", "media")
    assert found["size_bytes"] == origin.media.path("360p.mp4").stat().st_size
