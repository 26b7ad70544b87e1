"""A file far larger than any memory that we mean to use goes through fetch, storage and delivery."""

import hashlib
import os
import shutil
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.orders import order, wait_for_end
from tests.acceptance.service import ServiceProcess

MIB = 1024 * 1024
FILE_MIB = 2048
ROOM_BYTES = 64 * MIB
_BLOCK = os.urandom(MIB - 8)


class _Giant(BaseHTTPRequestHandler):
    """`/{mib}`: so many MiB, made while they are sent: each is its number and the one block.

    `/page/{mib}` says that they are HTML, `/page/{mib}/undeclared` does not say how many they are.
    """

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        size_mib = next(int(part) for part in self.path.split("/") if part.isdigit())
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if "page" in self.path else "application/octet-stream")
        if "undeclared" in self.path:
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(size_mib * MIB))
        self.end_headers()
        with suppress(ConnectionError):  # whoever has had enough leaves
            for number in range(size_mib):
                self.wfile.write(struct.pack(">Q", number))
                self.wfile.write(_BLOCK)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Nothing goes to stderr."""


@pytest.fixture
def giant() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Giant) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join(5)


@pytest.fixture
def big_service(giant: str, data_dir: Path) -> Iterator[ServiceProcess]:
    """A service whose data folder does not outlive the test: it is big."""
    allowed = giant.removeprefix("http://")
    try:
        with ServiceProcess(data_dir, settings={"ENTREPOT_EGRESS_ALLOW": allowed}) as service:
            yield service
    finally:
        shutil.rmtree(data_dir)


@pytest.mark.timeout(300)
def test_two_gibibytes_pass_through_with_little_memory(giant: str, big_service: ServiceProcess) -> None:
    client = httpx2.Client(base_url=big_service.url, timeout=60, trust_env=False)
    with client as http, _watching(big_service) as growth:
        job_id = order(http, f"{giant}/{FILE_MIB}", kind="file", retries=0)
        done = wait_for_end(http, job_id, timeout_seconds=200)
        assert done["status"] == "completed", done["error"]
        [file] = done["files"]
        assert file["size_bytes"] == FILE_MIB * MIB
        assert file["sha256"] == _expected_sha256()
        assert _delivered_sha256(http, file["download_url"]) == file["sha256"]
    assert len(growth) > 1
    assert max(growth.values()) < ROOM_BYTES, {pid: grown // MIB for pid, grown in growth.items()}


@pytest.mark.timeout(300)
def test_two_gibibytes_pass_through_the_content_door_with_little_memory(
    giant: str, big_service: ServiceProcess
) -> None:
    client = httpx2.Client(base_url=big_service.url, timeout=60, trust_env=False)
    with client as http, _watching(big_service) as growth:
        assert (
            _delivered_sha256(http, f"/api/v1/content?format=raw&url={giant}/{FILE_MIB}")
            == _expected_sha256()
        )
    assert max(growth.values()) < ROOM_BYTES, {pid: grown // MIB for pid, grown in growth.items()}
    assert not list((big_service.data_dir / "spool").iterdir())


def test_giant_that_claims_to_be_a_page_is_refused_at_the_limit(
    giant: str, big_service: ServiceProcess
) -> None:
    client = httpx2.Client(base_url=big_service.url, timeout=60, trust_env=False)
    with client as http, _watching(big_service) as growth:
        for path in ("page/500", "page/500/undeclared"):
            asked = {"url": f"{giant}/{path}", "format": "markdown"}
            response = http.get("/api/v1/content", params=asked)
            assert (response.status_code, response.json()["code"]) == (413, "content-too-large")
    assert max(growth.values()) < ROOM_BYTES, {pid: grown // MIB for pid, grown in growth.items()}


def _expected_sha256() -> str:
    digest = hashlib.sha256()
    for number in range(FILE_MIB):
        digest.update(struct.pack(">Q", number))
        digest.update(_BLOCK)
    return digest.hexdigest()


def _delivered_sha256(http: httpx2.Client, path: str) -> str:
    digest = hashlib.sha256()
    with http.stream("GET", path) as response:
        assert response.status_code == 200
        for piece in response.iter_raw(MIB):
            digest.update(piece)
    return digest.hexdigest()


@contextmanager
def _watching(service: ServiceProcess) -> Iterator[dict[int, int]]:
    """By how many bytes each process of the service has grown at most, page cache left out; filled while the block runs.

    A process that begins meanwhile is a fork of one that was there: it is measured from that one's size at the start.
    """
    before = {pid: _anonymous_bytes(pid) for pid in service.tree()}
    largest = max(before.values())
    growth: dict[int, int] = {}
    is_over = threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            for pid in service.tree():
                grown = _anonymous_bytes(pid) - before.get(pid, largest)
                growth[pid] = max(grown, growth.get(pid, 0))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield growth
    finally:
        is_over.set()
        watcher.join(5)


def _anonymous_bytes(pid: int) -> int:
    """Memory of the process that no file stands behind; 0 when it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    sizes = [int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")]
    return sum(sizes) * 1024
