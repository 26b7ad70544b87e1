"""`/v1/download`, the asynchronous contract, line by line."""

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from tests.acceptance.orders import fetch, order, wait_for, wait_for_end
from tests.acceptance.service import ServiceProcess
from tests.origin.site import Site

UNKNOWN = "00000000-0000-4000-8000-000000000000"
STATUS_FIELDS = {"jobId", "status", "progress", "etaSeconds"}


@pytest.fixture(scope="module")
def done(http: httpx2.Client, origin: Site) -> dict[str, Any]:
    """A completed job."""
    return fetch(http, origin.url("/files/360p.mp4?contract"), kind="file")


@pytest.fixture(scope="module")
def failed(http: httpx2.Client, origin: Site) -> dict[str, Any]:
    """A job that failed for good."""
    return fetch(http, origin.url("/status/404?contract"), kind="file", retries=0)


@pytest.fixture
def stalled(http: httpx2.Client, origin: Site) -> Any:
    """The id of a job that runs and gets nowhere."""
    job_id = order(http, origin.url(f"/stall/360p.mp4?{uuid4()}"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    yield job_id
    http.post(f"/v1/download/cancel/{job_id}")


def _initiate(http: httpx2.Client, key: str | None = None, **body: Any) -> httpx2.Response:
    headers = {} if key is None else {"Idempotency-Key": key}
    return http.post("/v1/download/initiate", json=body, headers=headers)


def _status(http: httpx2.Client, job_id: str) -> dict[str, Any]:
    return dict(http.get(f"/v1/download/status/{job_id}").json())


# --- initiate ---------------------------------------------------------------------------------------------------------


def test_order_is_accepted_with_where_to_look(http: httpx2.Client, origin: Site) -> None:
    response = _initiate(http, url=origin.url("/files/360p.mp4?initiate"), options={"kind": "file"})
    body = response.json()
    assert response.status_code == 202
    assert body == {"jobId": body["jobId"], "status": "queued"}
    assert response.headers["location"] == f"/v1/download/status/{body['jobId']}"
    assert int(response.headers["retry-after"]) >= 1
    assert http.get(response.headers["location"]).status_code == 200


def test_options_take_the_fields_of_a_download(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/360p.mp4?options")
    checksum = "sha256:" + "0" * 64
    job_id = _initiate(http, url=url, options={"kind": "file", "checksum": checksum}).json()["jobId"]
    wait_for_end(http, job_id)
    assert _status(http, job_id)["error"]["code"] == "checksum-mismatch"


@pytest.mark.parametrize(
    "options", [{"quality": "720p"}, {"checksum": "sha256:" + "0" * 64}, {"kind": "file"}]
)
def test_options_for_fetching_do_not_go_with_an_asset(
    http: httpx2.Client, done: dict[str, Any], options: dict[str, Any]
) -> None:
    asset = http.get(f"/assets/{done['files'][0]['asset_id']}").json()
    response = _initiate(http, file_id=asset["file_id"], options=options)
    assert (response.status_code, response.json()["code"]) == (422, "validation-failed")
    assert f"options.{next(iter(options))}" in response.text


def test_asset_is_prepared_afresh(http: httpx2.Client, done: dict[str, Any]) -> None:
    asset = http.get(f"/assets/{done['files'][0]['asset_id']}").json()
    job_id = _initiate(http, file_id=asset["file_id"]).json()["jobId"]
    copy = wait_for_end(http, job_id)
    assert (copy["status"], copy["kind"]) == ("completed", "prepare")
    assert copy["files"][0]["sha256"] == asset["sha256"]
    assert copy["files"][0]["asset_id"] != asset["id"]


def test_assets_are_packed_into_one_archive(http: httpx2.Client, done: dict[str, Any]) -> None:
    asset = http.get(f"/assets/{done['files'][0]['asset_id']}").json()
    options = {"archive": "zip", "file_ids": [asset["file_id"]]}
    job_id = _initiate(http, file_id=asset["file_id"], options=options).json()["jobId"]
    packed = wait_for_end(http, job_id)
    content = http.get(packed["files"][0]["download_url"]).content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert len(archive.namelist()) == 2
        assert archive.testzip() is None


def test_unknown_asset_cannot_be_prepared(http: httpx2.Client) -> None:
    response = _initiate(http, file_id=999_999_999)
    assert (response.status_code, response.json()["code"]) == (404, "asset-not-found")


def test_start_answers_like_initiate_and_names_its_successor(http: httpx2.Client, origin: Site) -> None:
    body = {"url": origin.url("/files/360p.mp4?start"), "options": {"kind": "file"}}
    response = http.post("/v1/download/start", json=body)
    assert (response.status_code, response.json()["status"]) == (202, "queued")
    assert response.headers["deprecation"].startswith("@")
    assert response.headers["link"] == '</v1/download/initiate>; rel="successor-version"'
    assert response.headers["location"].endswith(response.json()["jobId"])


# --- Idempotency-Key --------------------------------------------------------------------------------------------------


def test_repeated_order_gives_the_first_answer_even_when_the_job_has_ended(
    http: httpx2.Client, origin: Site
) -> None:
    order_body = {"url": origin.url("/files/360p.mp4?repeated"), "options": {"kind": "file"}}
    first = _initiate(http, "repeated", **order_body)
    wait_for_end(http, first.json()["jobId"])
    again = _initiate(http, "repeated", **order_body)
    assert (again.status_code, again.json()) == (202, first.json())
    assert again.headers["location"] == first.headers["location"]


def test_repeated_download_gives_the_first_answer(http: httpx2.Client, origin: Site) -> None:
    body = {"url": origin.url("/files/360p.mp4?twice"), "kind": "file"}
    headers = {"Idempotency-Key": "twice"}
    first = http.post("/api/v1/download", json=body, headers=headers)
    wait_for_end(http, first.json()["id"])
    again = http.post("/api/v1/download", json=body, headers=headers)
    assert (again.status_code, again.json()) == (202, first.json())


def test_order_of_the_fields_does_not_matter_to_a_key(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/360p.mp4?fields")
    first = _initiate(http, "fields", url=url, userId="ann")
    assert _initiate(http, "fields", userId="ann", url=url).json() == first.json()


@pytest.mark.parametrize("change", [{"userId": "bob"}, {"options": {"kind": "file"}}])
def test_key_with_another_body_is_refused(change: dict[str, Any], http: httpx2.Client, origin: Site) -> None:
    key, url = str(uuid4()), origin.url("/files/360p.mp4?reused")
    _initiate(http, key, url=url)
    response = _initiate(http, key, url=url, **change)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")


def test_key_at_another_door_is_refused(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/360p.mp4?door")
    _initiate(http, "door", url=url)
    response = http.post("/api/v1/download", json={"url": url}, headers={"Idempotency-Key": "door"})
    assert (response.status_code, response.json()["code"]) == (422, "idempotency-key-reused")


def test_refused_order_uses_up_no_key(http: httpx2.Client, origin: Site) -> None:
    assert _initiate(http, "refused", url="http://127.0.0.1:1/").status_code == 403
    assert _initiate(http, "refused", url=origin.url("/files/360p.mp4?allowed")).status_code == 202


def test_orders_at_the_same_moment_make_one_job(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/files/360p.mp4?moment")
    with ThreadPoolExecutor(8) as callers:
        answers = list(callers.map(lambda _: _initiate(http, "moment", url=url).json(), range(8)))
    assert len({answer["jobId"] for answer in answers}) == 1


# --- status -----------------------------------------------------------------------------------------------------------


def test_status_of_a_running_job(http: httpx2.Client, stalled: str) -> None:
    response = http.get(f"/v1/download/status/{stalled}")
    body = response.json()
    assert body.keys() == STATUS_FIELDS
    assert (body["jobId"], body["status"]) == (stalled, "running")
    assert 0 <= body["progress"] < 100
    assert int(response.headers["retry-after"]) >= 1


def test_status_of_a_completed_job(http: httpx2.Client, done: dict[str, Any]) -> None:
    response = http.get(f"/v1/download/status/{done['id']}")
    assert response.json() == {
        "jobId": done["id"],
        "status": "completed",
        "progress": 100.0,
        "etaSeconds": None,
        "result": {"url": done["files"][0]["download_url"], "expiresAt": None},
    }
    assert "retry-after" not in response.headers


def test_status_of_a_failed_job(http: httpx2.Client, failed: dict[str, Any]) -> None:
    body = _status(http, failed["id"])
    assert body.keys() == {*STATUS_FIELDS, "error"}
    assert body["status"] == "failed"
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == "upstream-not-found"


@pytest.mark.parametrize("sent", ["{etag}", 'W/{etag}, "other"', '"other", {etag}', "*"])
def test_unchanged_status_is_not_sent_again(sent: str, http: httpx2.Client, done: dict[str, Any]) -> None:
    path = f"/v1/download/status/{done['id']}"
    etag = http.get(path).headers["etag"]
    response = http.get(path, headers={"If-None-Match": sent.format(etag=etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


def test_changed_status_is_sent(http: httpx2.Client, stalled: str) -> None:
    path = f"/v1/download/status/{stalled}"
    etag = http.get(path).headers["etag"]
    http.post(f"/v1/download/cancel/{stalled}")
    response = http.get(path, headers={"If-None-Match": etag})
    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert response.headers["etag"] != etag


# --- result -----------------------------------------------------------------------------------------------------------


def test_result_redirects_to_the_artifact(http: httpx2.Client, origin: Site, done: dict[str, Any]) -> None:
    response = http.get(f"/v1/download/{done['id']}")
    assert response.status_code == 302
    assert "Accept" in response.headers["vary"]
    assert http.get(response.headers["location"]).content == origin.media.path("360p.mp4").read_bytes()


def test_result_is_told_as_json_on_request(http: httpx2.Client, done: dict[str, Any]) -> None:
    response = http.get(f"/v1/download/{done['id']}", headers={"Accept": "application/json"})
    assert response.status_code == 200
    assert response.json() == {"url": done["files"][0]["download_url"], "expiresAt": None}


def test_result_of_a_running_job_is_asked_for_too_early(http: httpx2.Client, stalled: str) -> None:
    response = http.get(f"/v1/download/{stalled}")
    assert (response.status_code, response.json()["code"]) == (409, "job-not-finished")
    assert int(response.headers["retry-after"]) >= 1


def test_failed_job_tells_why_it_has_no_result(http: httpx2.Client, failed: dict[str, Any]) -> None:
    response = http.get(f"/v1/download/{failed['id']}")
    assert (response.status_code, response.json()["code"]) == (409, "job-failed")
    assert response.json()["job_error"]["code"] == "upstream-not-found"


def test_result_whose_files_are_gone_is_gone(http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/files/360p.mp4?gone"), kind="file")
    assert http.delete(f"/assets/{job['files'][0]['asset_id']}").status_code == 204
    response = http.get(f"/v1/download/{job['id']}")
    assert (response.status_code, response.json()["code"]) == (410, "files-expired")


# --- cancel and retry -------------------------------------------------------------------------------------------------


def test_cancel_tells_the_new_status_and_happens_once(http: httpx2.Client, stalled: str) -> None:
    response = http.post(f"/v1/download/cancel/{stalled}")
    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert response.json().keys() == STATUS_FIELDS
    again = http.post(f"/v1/download/cancel/{stalled}")
    assert (again.status_code, again.json()["code"]) == (409, "job-finished")


def test_finished_job_is_not_canceled(http: httpx2.Client, done: dict[str, Any]) -> None:
    response = http.post(f"/v1/download/cancel/{done['id']}")
    assert (response.status_code, response.json()["code"]) == (409, "job-finished")


def test_failed_job_is_retried_as_often_as_is_allowed(http: httpx2.Client, origin: Site) -> None:
    job = fetch(http, origin.url("/status/404?allowed"), kind="file", retries=0)
    for _ in range(5):
        response = http.post(f"/v1/download/retry/{job['id']}")
        assert (response.status_code, response.json()) == (202, {"jobId": job["id"], "status": "queued"})
        assert response.headers["location"] == f"/v1/download/status/{job['id']}"
        assert int(response.headers["retry-after"]) >= 1
        wait_for_end(http, job["id"])
    refused = http.post(f"/v1/download/retry/{job['id']}")
    assert (refused.status_code, refused.json()["code"]) == (409, "retry-refused")


def test_running_job_is_not_retried(http: httpx2.Client, stalled: str) -> None:
    response = http.post(f"/v1/download/retry/{stalled}")
    assert (response.status_code, response.json()["code"]) == (409, "retry-refused")


# --- the list ---------------------------------------------------------------------------------------------------------


def test_list_is_filtered_by_user_and_status(http: httpx2.Client, origin: Site) -> None:
    user = f"ann {uuid4()}"
    made = [
        _initiate(http, url=origin.url(path), options={"kind": "file", "retries": 0}, userId=user).json()
        for path in ("/files/360p.mp4?list", "/status/404?list")
    ]
    for answer in made:
        wait_for_end(http, answer["jobId"])
    found = http.get("/v1/download/jobs", params={"userId": user}).json()
    assert [item["jobId"] for item in found["items"]] == [answer["jobId"] for answer in reversed(made)]
    assert found["nextCursor"] is None
    failed = http.get("/v1/download/jobs", params={"userId": user, "status": "failed"}).json()["items"]
    assert [item["jobId"] for item in failed] == [made[1]["jobId"]]
    assert failed[0].keys() == {
        *STATUS_FIELDS, "error", "url", "userId", "title", "attempts", "createdAt", "updatedAt",
    }  # fmt: skip
    assert failed[0]["userId"] == user
    assert datetime.fromisoformat(failed[0]["createdAt"]).utcoffset() is not None


def test_list_is_read_page_by_page(http: httpx2.Client, origin: Site) -> None:
    user = f"pages {uuid4()}"
    made = [
        _initiate(http, url=origin.url(f"/status/404?{n}"), options={"retries": 0}, userId=user).json()
        for n in range(3)
    ]
    first = http.get("/v1/download/jobs", params={"userId": user, "limit": 2}).json()
    rest = http.get(
        "/v1/download/jobs", params={"userId": user, "limit": 2, "cursor": first["nextCursor"]}
    ).json()
    ids = [item["jobId"] for item in first["items"] + rest["items"]]
    assert ids == [answer["jobId"] for answer in reversed(made)]
    assert rest["nextCursor"] is None


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("limit=0", 422, "validation-failed"),
        ("limit=201", 422, "validation-failed"),
        ("status=asleep", 422, "validation-failed"),
        ("userid=ann", 422, "validation-failed"),
        ("cursor=nonsense", 400, "bad-request"),
        ("cursor=%C3%BC", 400, "bad-request"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/download/jobs", "/api/v1/downloads"])
def test_senseless_list_is_refused(
    path: str, query: str, status: int, code: str, http: httpx2.Client
) -> None:
    response = http.get(f"{path}?{query}")
    assert (response.status_code, response.json()["code"]) == (status, code)


# --- every answer -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/v1/download/jobs", f"/v1/download/status/{UNKNOWN}", "/health", "/nowhere"]
)
@pytest.mark.parametrize("offered", ["mine-1.2:3_4", "a" * 64])
def test_sane_request_id_is_taken(path: str, offered: str, http: httpx2.Client) -> None:
    response = http.get(path, headers={"X-Request-ID": offered})
    assert response.headers["x-request-id"] == offered


@pytest.mark.parametrize("offered", ["", "a b", "a" * 65, "<script>"])
def test_other_request_ids_are_replaced(offered: str, http: httpx2.Client) -> None:
    taken = http.get("/health", headers={"X-Request-ID": offered}).headers["x-request-id"]
    assert taken != offered
    assert len(taken) == 32


@pytest.mark.parametrize("accept", ["text/html", "application/json", "text/event-stream", "image/png", "*/*"])
def test_problem_is_a_problem_whatever_was_asked_for(accept: str, http: httpx2.Client) -> None:
    response = http.get(f"/v1/download/status/{UNKNOWN}", headers={"Accept": accept})
    assert response.status_code == 404
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"


def test_every_door_stands_in_the_reference(http: httpx2.Client, service: ServiceProcess) -> None:
    paths = http.get("/api/openapi.json").json()["paths"]
    doors = {path: set(verbs) for path, verbs in paths.items()}
    expected = {
        "/v1/download/initiate": {"post"},
        "/v1/download/start": {"post"},
        "/v1/download/status/{job_id}": {"get"},
        "/v1/download/subscribe/{job_id}": {"get"},
        "/v1/download/{job_id}": {"get"},
        "/v1/download/cancel/{job_id}": {"post"},
        "/v1/download/retry/{job_id}": {"post"},
        "/v1/download/jobs": {"get"},
        "/api/v1/download": {"post"},
        "/api/v1/download/{job_id}": {"get", "delete"},
        "/api/v1/download/{job_id}/logs": {"get"},
        "/api/v1/downloads": {"get"},
        "/api/v1/metadata": {"get"},
        "/api/v1/content": {"get"},
        "/health": {"get"},
        "/health/live": {"get"},
        "/health/ready": {"get"},
        "/health/detailed": {"get"},
        "/api/v1/health": {"get"},
    }
    assert {path: verbs for path, verbs in expected.items() if not verbs <= doors.get(path, set())} == {}
    assert paths["/v1/download/start"]["post"]["deprecated"] is True
