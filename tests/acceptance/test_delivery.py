"""What was fetched goes out again through the real service: whole, resumed, in many hands, and in its newest version."""

import hashlib
import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pycurl
import pytest

from tests.acceptance.orders import fetch
from tests.acceptance.service import ServiceProcess, resident_bytes
from tests.origin.site import Site

MIB = 1024 * 1024
CONTENT = os.urandom(20 * MIB)
READERS = 200


@pytest.fixture(scope="module")
def file(http: httpx2.Client, origin: Site) -> dict[str, Any]:
    """A fetched file of 20 MiB, as its job lists it."""
    url = origin.publish("/delivery/big.bin", CONTENT, "application/octet-stream")
    [file] = fetch(http, url, kind="file")["files"]
    return dict(file)


@pytest.mark.parametrize("already_there", [0, 1, 7 * MIB + 13, len(CONTENT) - 1])
def test_libcurl_goes_on_with_a_file_that_was_broken_off(
    service: ServiceProcess, file: dict[str, Any], tmp_path: Path, already_there: int
) -> None:
    part = tmp_path / "part"
    part.write_bytes(CONTENT[:already_there])
    with part.open("ab") as target, closing(pycurl.Curl()) as curl:
        curl.setopt(pycurl.URL, service.url + file["download_url"])
        curl.setopt(pycurl.RESUME_FROM_LARGE, already_there)
        curl.setopt(pycurl.WRITEDATA, target)
        curl.setopt(pycurl.NOPROXY, "*")
        curl.perform()
        assert curl.getinfo(pycurl.RESPONSE_CODE) == (206 if already_there else 200)
    assert part.read_bytes() == CONTENT


def test_pieces_that_many_fetch_at_once_make_the_file(http: httpx2.Client, file: dict[str, Any]) -> None:
    bounds = [(first, min(first + 3 * MIB, len(CONTENT)) - 1) for first in range(0, len(CONTENT), 3 * MIB)]
    with ExitStack() as stack:
        answers = [
            stack.enter_context(
                http.stream("GET", file["download_url"], headers={"Range": f"bytes={first}-{last}"})
            )
            for first, last in bounds
        ]
        assert {answer.status_code for answer in answers} == {206}
        assert b"".join(answer.read() for answer in answers) == CONTENT


def test_hundreds_of_readers_that_do_not_read_cost_little_memory(
    service: ServiceProcess, http: httpx2.Client, file: dict[str, Any]
) -> None:
    before = resident_bytes([service.pid], "Anonymous")
    with _readers(service, file["download_url"], READERS):
        assert http.get("/health").status_code == 200
        grown = resident_bytes([service.pid], "Anonymous") - before
    assert grown < READERS * 192 * 1024


def test_a_changed_file_is_delivered_under_a_new_tag(http: httpx2.Client, origin: Site) -> None:
    path = "/delivery/changing.txt"
    [first] = fetch(http, origin.publish(path, "one", "text/plain"), kind="file")["files"]
    old = http.get(first["download_url"]).headers["etag"]
    [second] = fetch(http, origin.publish(path, "changed", "text/plain"), kind="file")["files"]
    assert second["asset_id"] == first["asset_id"]
    answer = http.get(second["download_url"], headers={"If-None-Match": old})
    assert (answer.status_code, answer.text) == (200, "changed")
    resumed = http.get(second["download_url"], headers={"If-Range": old, "Range": "bytes=1-"})
    assert (resumed.status_code, resumed.text) == (200, "changed")


def test_a_reader_gets_the_version_that_it_began_with(http: httpx2.Client, origin: Site) -> None:
    path, kind = "/delivery/replaced.bin", "application/octet-stream"
    old = os.urandom(12 * MIB)
    [file] = fetch(http, origin.publish(path, old, kind), kind="file")["files"]
    with http.stream("GET", file["download_url"]) as answer:
        fetch(http, origin.publish(path, b"new", kind), kind="file")
        assert answer.read() == old
    assert http.get(file["download_url"]).content == b"new"


def test_a_reader_gets_all_of_an_asset_that_is_deleted_meanwhile(http: httpx2.Client, origin: Site) -> None:
    content = os.urandom(12 * MIB)
    url = origin.publish("/delivery/deleted.bin", content, "application/octet-stream")
    [file] = fetch(http, url, kind="file")["files"]
    with http.stream("GET", file["download_url"]) as answer:
        assert http.delete(f"/assets/{file['asset_id']}").status_code == 204
        assert answer.read() == content
    assert http.get(file["download_url"]).status_code == 404


def test_the_same_bytes_are_one_file_on_the_disk(
    service: ServiceProcess, http: httpx2.Client, origin: Site
) -> None:
    content = os.urandom(1000)
    urls = [origin.publish(f"/delivery/{name}.bin", content, "application/octet-stream") for name in "ab"]
    files = [fetch(http, url, kind="file")["files"][0] for url in urls]
    assert files[0]["asset_id"] != files[1]["asset_id"]
    sha256 = hashlib.sha256(content).hexdigest()
    blob = service.data_dir / "blobs" / sha256[:2] / sha256[2:4] / sha256
    assert all((service.data_dir / "library" / file["path"]).samefile(blob) for file in files)
    assert blob.stat().st_nlink == 3


def test_the_page_of_a_stranger_runs_nothing(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/delivery/evil.html", "<script>alert(1)</script>")
    [file] = fetch(http, url, kind="file")["files"]
    answer = http.get(file["download_url"], params={"inline": "true"})
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"


@contextmanager
def _readers(service: ServiceProcess, path: str, count: int) -> Iterator[None]:
    """So many connections that have asked for `path`, have got the answer's beginning, and take no more of it."""
    port = int(service.url.rsplit(":", 1)[1])
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
    with ExitStack() as stack:
        for _ in range(count):
            connection = stack.enter_context(socket.create_connection(("127.0.0.1", port), 20))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request)
            assert connection.recv(12) == b"HTTP/1.1 200"
        yield
