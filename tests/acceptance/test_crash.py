"""Nothing is lost when any process is killed."""

import hashlib
import os
import signal
from pathlib import Path

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import order, wait_for, wait_for_end
from tests.acceptance.service import ServiceProcess, descendants, wait_until
from tests.acceptance.survival import Ordeal, all_jobs, assert_completed_once, blobs, client_of
from tests.origin.site import Site


def test_jobs_survive_kills_of_the_whole_tree(origin: Site, data_dir: Path) -> None:
    ordeal = Ordeal(origin, data_dir, jobs=10, bps=300_000)
    ordeal.kill_and_restart(2)
    found = ordeal.finish()
    assert sorted(found) == sorted(ordeal.ids)
    assert_completed_once(ordeal, found, ordeal.ids)
    assert ordeal.rescued() >= 2
    assert [hashlib.sha256(path.read_bytes()).hexdigest() for path in blobs(data_dir)] == [ordeal.sha256]


def test_repeated_order_gives_the_same_job_over_a_crash(origin: Site, data_dir: Path) -> None:
    body = {"url": origin.url("/throttled/360p.mp4?bps=200000&once=1"), "options": {"kind": "file"}}
    headers = {"Idempotency-Key": "over-a-crash"}
    service = ServiceProcess(data_dir, settings=allowing(origin)).start()
    with client_of(service) as http:
        first = http.post("/v1/download/initiate", json=body, headers=headers)
        assert first.status_code == 202
    service.kill()
    service.start()
    try:
        with client_of(service) as http:
            again = http.post("/v1/download/initiate", json=body, headers=headers)
            assert (again.status_code, again.json()) == (202, first.json())
            other = http.post("/v1/download/initiate", json={**body, "userId": "else"}, headers=headers)
            assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")
            assert wait_for_end(http, first.json()["jobId"])["status"] == "completed"
            assert len(all_jobs(http)) == 1
    finally:
        service.stop()


def test_no_process_outlives_the_service(origin: Site, data_dir: Path) -> None:
    service = ServiceProcess(data_dir, settings=allowing(origin)).start()
    with client_of(service) as http:
        job_id = order(http, origin.url("/stall/720p.mp4"), kind="file")
        media_id = order(http, origin.url("/throttled/720p.mp4?bps=20000"), kind="media")
        wait_for(http, job_id, lambda job: (job["downloaded_bytes"] or 0) > 0)
        wait_for(
            http, media_id, lambda job: job["status"] == "running" and (job["downloaded_bytes"] or 0) > 0
        )
    tree = service.tree()
    assert len(tree) >= 4
    os.kill(service.pid, signal.SIGKILL)
    wait_until(lambda: not any(_is_alive(pid) for pid in tree), timeout_seconds=3)
    assert len(descendants(service.pid)) == 1
    service.kill()


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_killed_nursery_is_replaced_and_its_jobs_go_on(origin: Site, data_dir: Path) -> None:
    with ServiceProcess(data_dir, settings=allowing(origin)) as service, client_of(service) as http:
        job_id = order(http, origin.url("/throttled/360p.mp4?bps=150000&nursery=1"), kind="file")
        wait_for(http, job_id, lambda job: (job["downloaded_bytes"] or 0) > 0)
        child_of_service = next(pid for pid in service.tree() if pid != service.pid)
        os.kill(child_of_service, signal.SIGKILL)
        assert wait_for_end(http, job_id)["status"] == "completed"


def test_graceful_stop_gives_running_jobs_back(origin: Site, data_dir: Path) -> None:
    service = ServiceProcess(data_dir, settings=allowing(origin)).start()
    with client_of(service) as http:
        job_id = order(http, origin.url("/throttled/360p.mp4?bps=150000&graceful=1"), kind="file")
        wait_for(http, job_id, lambda job: (job["downloaded_bytes"] or 0) > 0)
    assert service.stop() == 0
    service.start()
    try:
        with client_of(service) as http:
            ended = wait_for_end(http, job_id)
            assert ended["status"] == "completed"
            assert ended["error"] is None
    finally:
        service.stop()
