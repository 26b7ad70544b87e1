"""On a full disk every door says so, nothing half-written stays, and all goes on when there is room again."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import FINAL, fetch, job, order, wait_for, wait_for_end
from tests.acceptance.service import ServiceProcess, wait_until
from tests.origin.site import Site

MIB = 1024 * 1024
DISK_MIB = 160


class SmallDisk:
    """A file system of its own, mounted at `root`, that can be filled to the last byte and freed again."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._filler = root / "filler"

    def fill(self, *, leaving_bytes: int = 0) -> None:
        """Takes all room but `leaving_bytes`."""
        with self._filler.open("ab") as filler:
            while (free := self.free_bytes() - leaving_bytes) > 0:
                with contextlib.suppress(OSError):  # somebody was quicker: we take what is left
                    os.posix_fallocate(filler.fileno(), filler.seek(0, os.SEEK_END), free)

    def free(self) -> None:
        """Gives the room back."""
        self._filler.unlink()

    def free_bytes(self) -> int:
        facts = os.statvfs(self.root)
        return facts.f_bavail * facts.f_frsize

    def files(self, *folders: str) -> list[Path]:
        """The files below these folders, locks left out."""
        return [path for folder in folders for path in (self.root / folder).rglob("*") if path.is_file()]


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    root = tmp_path_factory.mktemp("disk")
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "none", root], check=True)
    try:
        yield SmallDisk(root)
    finally:
        subprocess.run(["umount", "--lazy", root], check=True)


@pytest.fixture(scope="module")
def service_on_disk(disk: SmallDisk, origin: Site) -> Iterator[ServiceProcess]:
    with ServiceProcess(disk.root, settings=allowing(origin)) as service:
        yield service


@pytest.fixture
def http(service_on_disk: ServiceProcess, disk: SmallDisk) -> Iterator[httpx2.Client]:
    """The service's doors; the disk has room again afterwards."""
    with httpx2.Client(base_url=service_on_disk.url, timeout=30, trust_env=False) as client:
        yield client
        with contextlib.suppress(FileNotFoundError):
            disk.free()
        wait_until(lambda: not _unfinished(client))


def _unfinished(http: httpx2.Client) -> list[str]:
    jobs = http.get("/api/v1/downloads").json()["items"]
    return [job["id"] for job in jobs if job["status"] not in FINAL]


def is_full(response: httpx2.Response) -> bool:
    body = response.json()
    told = (response.status_code, body["status"], body["code"], body["retryable"])
    return told == (507, 507, "storage-full", True) and "Traceback" not in response.text


@pytest.mark.parametrize("path", ["/api/v1/download", "/v1/download/initiate"])
def test_an_order_is_answered_507_and_taken_later(
    http: httpx2.Client, disk: SmallDisk, origin: Site, path: str
) -> None:
    body = {"url": origin.url("/files/360p.mp4?order")}
    disk.fill()
    assert is_full(http.post(path, json=body))
    disk.free()
    assert http.post(path, json=body).status_code == 202


def test_a_page_that_cannot_be_converted_is_answered_507_and_read_later(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    query = {"url": origin.url("/article"), "format": "markdown"}
    disk.fill()
    assert is_full(http.get("/api/v1/content", params=query))
    disk.free()
    assert http.get("/api/v1/content", params=query).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/health", 200),
        ("/health/ready", 503),
        ("/api/v1/downloads", 200),
        ("/assets", 200),
        ("/assets/none/download", 404),
        ("/v1/download/status/none", 404),
        ("/api/openapi.json", 200),
    ],
)
def test_what_needs_no_room_is_answered_as_ever(
    http: httpx2.Client, disk: SmallDisk, path: str, status: int
) -> None:
    disk.fill()
    assert http.get(path).status_code == status


def test_what_is_kept_is_delivered(http: httpx2.Client, disk: SmallDisk, origin: Site) -> None:
    [file] = fetch(http, origin.url("/files/360p.mp4?kept"), kind="file")["files"]
    disk.fill()
    delivered = http.get(file["download_url"])
    assert (delivered.status_code, delivered.content) == (200, origin.media.path("360p.mp4").read_bytes())


def test_readiness_comes_back_with_the_room(http: httpx2.Client, disk: SmallDisk) -> None:
    disk.fill()
    assert http.get("/health/ready").status_code == 503
    disk.free()
    assert http.get("/health/ready").status_code == 200


def test_a_file_that_cannot_fit_is_refused_before_it_is_fetched(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    disk.fill(leaving_bytes=32 * MIB)
    done = fetch(http, origin.url("/files/720p.mp4?too-big"), kind="file", retries=0)
    assert (done["status"], done["error"]["code"]) == ("failed", "storage-full")
    assert done["error"]["retryable"] is True
    assert not done["downloaded_bytes"]
    assert disk.free_bytes() > 31 * MIB


@pytest.mark.parametrize("kind", ["file", "media"])
def test_a_stream_that_fills_the_disk_fails_and_leaves_nothing(
    http: httpx2.Client, disk: SmallDisk, origin: Site, kind: str
) -> None:
    kept = set(disk.files("blobs", "library"))
    disk.fill(leaving_bytes=70 * MIB)
    done = fetch(http, origin.url(f"/endless?{kind}"), kind=kind, retries=0)
    assert (done["status"], done["error"]["code"], done["files"]) == ("failed", "storage-full", [])
    assert disk.files("work", "spool") == []
    assert set(disk.files("blobs", "library")) == kept
    assert disk.free_bytes() > 60 * MIB


@pytest.mark.parametrize("kind", ["file", "media"])
def test_a_job_to_be_tried_again_does_not_keep_the_disk_full(
    http: httpx2.Client, disk: SmallDisk, origin: Site, kind: str
) -> None:
    disk.fill(leaving_bytes=70 * MIB)
    job_id = order(http, origin.url(f"/endless?again-{kind}"), kind=kind, retries=3)
    waiting = wait_for(http, job_id, lambda found: found["status"] == "queued" and found["attempts"] == 1)
    assert waiting["error"]["code"] == "storage-full"
    assert disk.files("work", "spool") == []
    assert http.delete(f"/api/v1/download/{job_id}").json()["status"] == "canceled"


def test_an_archive_that_does_not_fit_leaves_nothing(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    [file] = fetch(http, origin.url("/files/720p.mp4?packed"), kind="file")["files"]
    number = http.get(f"/assets/{file['asset_id']}").json()["file_id"]
    disk.fill(leaving_bytes=file["size_bytes"] // 2)
    order_id = http.post("/v1/download/initiate", json={"file_id": number, "options": {"archive": "zip"}})
    job_id = order_id.json()["jobId"]
    waiting = wait_for(http, job_id, lambda found: found["status"] == "queued" and found["attempts"] == 1)
    assert waiting["error"]["code"] == "storage-full"
    assert disk.files("work", "spool") == []
    assert http.delete(f"/api/v1/download/{job_id}").json()["status"] == "canceled"


def test_a_job_that_met_a_full_disk_is_completed_when_there_is_room(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    job_id = order(http, origin.url("/throttled/360p.mp4?bps=1000000&full"), kind="file", retries=3)
    wait_for(http, job_id, lambda found: found["status"] == "running")
    disk.fill()
    assert is_full(http.post("/api/v1/download", json={"url": origin.url("/files/360p.mp4?beside")}))
    assert job(http, job_id)["status"] in ("running", "queued")
    disk.free()
    done = wait_for_end(http, job_id)
    assert (done["status"], done["files"][0]["sha256"]) == ("completed", origin.media.sha256("360p.mp4"))


def test_a_refused_order_is_taken_under_the_same_key(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    body, headers = {"url": origin.url("/files/360p.mp4?key")}, {"Idempotency-Key": "full-disk"}
    disk.fill()
    assert is_full(http.post("/api/v1/download", json=body, headers=headers))
    disk.free()
    first = http.post("/api/v1/download", json=body, headers=headers)
    again = http.post("/api/v1/download", json=body, headers=headers)
    assert (first.status_code, again.json()["id"]) == (202, first.json()["id"])


def test_a_cancel_that_finds_no_room_can_be_asked_for_again(
    http: httpx2.Client, disk: SmallDisk, origin: Site
) -> None:
    job_id = order(http, origin.url("/stall/360p.mp4?full"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    disk.fill()
    refused = http.delete(f"/api/v1/download/{job_id}")
    disk.free()
    assert is_full(refused)
    assert http.delete(f"/api/v1/download/{job_id}").json()["status"] == "canceled"


def test_the_service_starts_again_after_a_kill_on_a_full_disk(
    http: httpx2.Client, disk: SmallDisk, origin: Site, service_on_disk: ServiceProcess
) -> None:
    [file] = fetch(http, origin.url("/files/360p.mp4?before-kill"), kind="file")["files"]
    job_id = order(http, origin.url("/throttled/360p.mp4?bps=1000000&killed"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    disk.fill()
    service_on_disk.kill()
    disk.free()
    service_on_disk.start()
    assert wait_for_end(http, job_id)["status"] == "completed"
    assert http.head(file["download_url"]).status_code == 200
