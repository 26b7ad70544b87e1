"""A large file from an origin that throttles each connection: fetched over several, and gone on with after `kill -9`."""

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess, wait_until

SIZE_MIB = 40
BPS = 2 * 1024 * 1024  # on each connection
_REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def throttled() -> Iterator[str]:
    command = [sys.executable, "-m", "bench.ranges", str(SIZE_MIB)]
    with subprocess.Popen(command, cwd=_REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/throttled?bps={BPS}"
        finally:
            process.kill()


def test_pieces_survive_the_service(throttled: str, data_dir: Path) -> None:
    service = ServiceProcess(data_dir, settings={"ENTREPOT_EGRESS_ALLOW": "127.0.0.1"}).start()
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        job = http.post("/api/v1/download", json={"url": throttled, "kind": "file"}).json()["id"]
        path = f"/api/v1/download/{job}"
        wait_until(lambda: (http.get(path).json()["downloaded_bytes"] or 0) > SIZE_MIB * 1024**2 // 3)
    service.kill()
    with service, httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        wait_until(lambda: http.get(path).json()["status"] not in ("queued", "running"))
        done, logs = http.get(path).json(), http.get(f"{path}/logs").json()["items"]
    assert done["status"] == "completed"
    assert done["files"][0]["sha256"] == hashlib.sha256(bytes(SIZE_MIB * 1024**2)).hexdigest()
    assert any("bytes behind it there already" in line["message"] for line in logs)
    assert any("connections" in line["message"] for line in logs)
