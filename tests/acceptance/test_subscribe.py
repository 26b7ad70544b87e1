"""Server-sent events of the running service: the present state at once, what follows, and what was missed."""

from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import fetch, order, wait_for
from tests.acceptance.service import ServiceProcess
from tests.acceptance.streams import Message, follow, read_messages
from tests.origin.site import Site

FIELDS = {
    "jobId", "status", "progress", "etaSeconds", "stage", "downloadedBytes", "totalBytes", "speedBps", "attempts",
}  # fmt: skip


@pytest.fixture(scope="module")
def done(http: httpx2.Client, origin: Site) -> dict[str, Any]:
    return fetch(http, origin.url("/files/360p.mp4?subscribed"), kind="file")


def _events(http: httpx2.Client, job_id: str, *, after: int | None = None) -> list[Message]:
    return list(follow(http, f"/v1/download/subscribe/{job_id}", after=after))


def test_stream_is_one_that_proxies_let_through(http: httpx2.Client, done: dict[str, Any]) -> None:
    with http.stream("GET", f"/v1/download/subscribe/{done['id']}") as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert response.headers["cache-control"] == "no-cache"
        assert response.headers["x-accel-buffering"] == "no"
        assert next(response.iter_lines()).startswith("retry: ")


def test_whole_life_of_a_job_is_told_in_order(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url(f"/throttled/360p.mp4?bps=900000&{uuid4()}"), kind="file")
    events = _events(http, job_id)
    ids = [message.id for message in events]
    assert ids == sorted(set(ids))
    assert all(message.data.keys() >= FIELDS for message in events)
    assert all(message.data["jobId"] == job_id for message in events)
    assert {message.event for message in events} == {"status", "progress", "result"}
    progress = [message.data["progress"] for message in events if message.event == "progress"]
    assert progress == sorted(progress)
    assert [message.event for message in events][-2:] == ["status", "result"]
    assert events[-1].data["result"]["url"].startswith("/assets/")
    assert events[-1].data["result"]["expiresAt"] is None


def test_watcher_of_a_running_job_gets_its_state_at_once(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url(f"/stall/360p.mp4?{uuid4()}"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    stream = follow(http, f"/v1/download/subscribe/{job_id}")
    first = next(stream)
    assert (first.event, first.data["status"]) == ("status", "running")
    http.post(f"/v1/download/cancel/{job_id}")
    *_, last = stream
    assert (last.event, last.data["status"]) == ("status", "canceled")


def test_watcher_of_a_completed_job_gets_its_end(http: httpx2.Client, done: dict[str, Any]) -> None:
    events = _events(http, done["id"])
    assert [message.event for message in events] == ["status", "result"]
    assert events[0].data["status"] == "completed"
    assert http.get(events[1].data["result"]["url"]).status_code == 200


def test_watcher_of_a_failed_job_gets_the_reason(http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/status/404?subscribed"), kind="file", retries=0)
    last = _events(http, job["id"])[-1]
    assert last.event == "error"
    assert last.data["error"].keys() == {"code", "message"}
    assert last.data["error"]["code"] == "upstream-not-found"


def test_what_came_after_the_last_event_is_told_again(http: httpx2.Client, done: dict[str, Any]) -> None:
    everything = _events(http, done["id"], after=0)
    assert [message.event for message in everything][-2:] == ["status", "result"]
    for place, message in enumerate(everything):
        assert _events(http, done["id"], after=message.id) == everything[place + 1 :]


def test_watching_goes_on_over_a_crash(origin: Site, data_dir: Any) -> None:
    service = ServiceProcess(data_dir, settings=allowing(origin)).start()
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        job_id = order(http, origin.url("/throttled/360p.mp4?bps=400000&watched=1"), kind="file")
        path = f"/v1/download/subscribe/{job_id}"
        stream = follow(http, path)
        seen = [next(stream) for _ in range(3)]
        service.kill()
        service.start()
        try:
            later = list(follow(http, path, after=seen[-1].id))
        finally:
            service.stop()
    ids = [message.id for message in (*seen, *later)]
    assert ids == sorted(set(ids))
    assert later[-1].event == "result"
    statuses = [message.data["status"] for message in later if message.event == "status"]
    assert statuses == ["queued", "running", "completed"]


def test_stop_of_the_service_ends_the_streams(origin: Site, data_dir: Any) -> None:
    with (
        ServiceProcess(data_dir, settings=allowing(origin)) as service,
        httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http,
    ):
        job_id = order(http, origin.url("/stall/360p.mp4?stopped"), kind="file")
        stream = follow(http, f"/v1/download/subscribe/{job_id}")
        next(stream)
        assert service.stop(timeout_seconds=8) == 0
        assert "result" not in [message.event for message in stream]


def test_all_jobs_are_followed_at_once(http: httpx2.Client, origin: Site) -> None:
    with http.stream("GET", "/api/v1/downloads/events") as response:
        lines = response.iter_lines()
        next(lines)  # the stream is open: what happens from here on is told
        job_id = order(http, origin.url(f"/files/360p.mp4?{uuid4()}"), kind="file")
        mine = (message for message in read_messages(lines) if message.data["id"] == job_id)
        last = next(message for message in mine if message.data["status"] == "completed")
    assert last.event == "job"
    assert last.data == http.get(f"/api/v1/download/{job_id}").json()
