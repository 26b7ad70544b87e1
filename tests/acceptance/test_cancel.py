"""Cancelling is done within two seconds, whatever the job is at."""

import time
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.orders import job, order, wait_for
from tests.acceptance.service import ServiceProcess, wait_until
from tests.origin.site import Site

SLOW = {
    "stalled origin": ("/stall/720p.mp4", {"kind": "file"}),
    "throttled file": ("/throttled/720p.mp4?bps=20000", {"kind": "file"}),
    "throttled media": ("/throttled/720p.mp4?bps=20001", {"kind": "media"}),
    "stalled media": ("/stall/480p.mp4", {"kind": "media"}),
    "endless media": ("/endless?n=1", {"kind": "media"}),
    "endless file": ("/endless?n=2", {"kind": "file"}),
    "stalled look": ("/delayed?seconds=60&to=/article", {}),
    "stalled page": ("/delayed?seconds=61&to=/article", {"kind": "page"}),
    "stalled extraction": ("/delayed?seconds=62&to=/watch/jsonld", {"kind": "media"}),
}
BEFORE_THE_FIRST_BYTE = {"stalled look", "stalled page", "stalled extraction"}


@pytest.mark.parametrize("name", SLOW)
def test_running_job_is_canceled_without_a_trace(
    name: str, http: httpx2.Client, service: ServiceProcess, origin: Site
) -> None:
    path, options = SLOW[name]
    idle = len(service.tree())
    job_id = order(http, origin.url(path), **options)
    if name in BEFORE_THE_FIRST_BYTE:
        wait_until(lambda: origin.requests[path] > 0)
    else:
        wait_for(http, job_id, lambda found: (found["downloaded_bytes"] or 0) > 0)
    _cancel_in_time(http, job_id)
    _left_nothing(service, job_id, idle)


def test_ffmpeg_is_canceled_without_a_trace(
    http: httpx2.Client, service: ServiceProcess, origin: Site
) -> None:
    """A stream whose encryption is left to ffmpeg, from an origin that sends it drop by drop."""
    playlist = "\n".join([
        "#EXTM3U", "#EXT-X-TARGETDURATION:2", "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{origin.base}/files/hls/secret.key"',
        "#EXTINF:2,", f"{origin.base}/throttled/hls/720-00.ts?bps=3000", "#EXT-X-ENDLIST", "",
    ])  # fmt: skip
    address = origin.publish("/cancel/list.m3u8", playlist, "application/vnd.apple.mpegurl")
    idle = len(service.tree())
    job_id = order(http, address, kind="media")
    wait_until(lambda: _programs(service, "ffmpeg"))
    wait_until(lambda: origin.count("/throttled/hls/720-00.ts") > 0)
    _cancel_in_time(http, job_id)
    assert not _programs(service, "ffmpeg")
    _left_nothing(service, job_id, idle)


def _cancel_in_time(http: httpx2.Client, job_id: str) -> None:
    started = time.monotonic()
    response = http.delete(f"/api/v1/download/{job_id}")
    assert time.monotonic() - started < 2
    assert (response.status_code, response.json()["status"]) == (200, "canceled")
    assert http.delete(f"/api/v1/download/{job_id}").json()["code"] == "job-finished"


def _left_nothing(service: ServiceProcess, job_id: str, processes: int) -> None:
    """No process more than before, and no partial file, as soon as the cancel was answered."""
    assert len(service.tree()) <= processes
    assert not list((service.data_dir / "work").glob(f"{job_id}*"))
    for place in (service.data_dir / "spool", service.data_dir / "blobs" / "incoming"):
        assert not [path for path in place.rglob("*") if path.is_file()]


def _programs(service: ServiceProcess, name: str) -> list[int]:
    """The service's processes that run this program."""
    found = []
    for pid in service.tree():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
        except OSError:
            continue
        if Path(command).name.startswith(name):
            found.append(pid)
    return found


def test_queued_job_is_canceled(http: httpx2.Client, origin: Site) -> None:
    blockers = [order(http, origin.url(f"/stall/360p.mp4?blocker={n}"), kind="file") for n in range(4)]
    for blocker in blockers:
        wait_for(http, blocker, lambda found: found["status"] == "running")
    job_id = order(http, origin.url("/files/360p.mp4?queued"), kind="file")
    assert job(http, job_id)["status"] == "queued"
    assert http.post(f"/v1/download/cancel/{job_id}").json()["status"] == "canceled"
    for blocker in blockers:
        assert http.post(f"/v1/download/cancel/{blocker}").status_code == 200


def test_canceled_job_can_be_retried(http: httpx2.Client, origin: Site) -> None:
    job_id = order(http, origin.url("/throttled/360p.mp4?bps=400000&again=1"), kind="file")
    wait_for(http, job_id, lambda found: found["status"] == "running")
    http.delete(f"/api/v1/download/{job_id}")
    answer = http.post(f"/v1/download/retry/{job_id}")
    assert (answer.status_code, answer.json()) == (202, {"jobId": job_id, "status": "queued"})
    assert wait_for(http, job_id, lambda found: found["status"] == "completed")["files"]
