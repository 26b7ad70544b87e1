"""`/assets/{id}/download` over real HTTP: whole, in part, not again, refused, and at the reader's pace."""

import base64
import contextlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx2
import pytest

from entrepot.assets.records import Asset
from tests.assets.served import Served, serving
from tests.assets.shelf import Shelf

CONTENT = os.urandom(1_000_003)
UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("data")) as served:
        yield served


@pytest.fixture(scope="module")
def asset(served: Served) -> Asset:
    return served.put(CONTENT, "talk.mp4", content_type="video/mp4")


def ask(served: Served, asset: Asset, method: str = "GET", **fields: str) -> httpx2.Response:
    headers = {name.replace("_", "-"): value for name, value in fields.items()}
    return served.http.request(method, f"/assets/{asset.id}/download", headers=headers)


def is_problem(response: httpx2.Response, status: int, code: str) -> bool:
    body = response.json()
    return (
        response.headers["content-type"] == "application/problem+json"
        and response.headers["cache-control"] == "no-store"
        and (response.status_code, body["status"], body["code"]) == (status, status, code)
        and body["correlation_id"] == response.headers["x-request-id"]
    )


def test_the_whole_is_delivered_with_its_fields(served: Served, asset: Asset) -> None:
    response = ask(served, asset)
    assert (response.status_code, response.content) == (200, CONTENT)
    sha256 = asset.version.sha256
    expected = {
        "etag": f'"{sha256}"',
        "repr-digest": f"sha-256=:{base64.b64encode(bytes.fromhex(sha256)).decode()}:",
        "content-length": str(len(CONTENT)),
        "content-type": "video/mp4",
        "content-disposition": 'attachment; filename="talk.mp4"',
        "accept-ranges": "bytes",
        "x-content-type-options": "nosniff",
        "cache-control": "private, no-cache",
        "referrer-policy": "no-referrer",
        "cross-origin-resource-policy": "same-origin",
        "x-frame-options": "DENY",
    }
    assert {name: response.headers.get(name) for name in expected} == expected
    assert {"last-modified", "x-request-id", "date"} <= set(response.headers)


def test_head_has_the_same_fields_and_no_body(served: Served, asset: Asset) -> None:
    of_its_own = {"date", "x-request-id"}
    get, head = ask(served, asset), ask(served, asset, "HEAD")
    assert (head.status_code, head.content) == (200, b"")
    assert {name: value for name, value in head.headers.items() if name not in of_its_own} == {
        name: value for name, value in get.headers.items() if name not in of_its_own
    }


def test_a_connection_can_be_used_again_after_head(served: Served, asset: Asset) -> None:
    with served.connect() as connection, connection.makefile("rb") as answers:
        path = f"/assets/{asset.id}/download"
        connection.sendall(
            f"HEAD {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=0-2\r\nConnection: close\r\n\r\n".encode()
        )
        first, _, rest = answers.read().partition(b"\r\n\r\n")
        assert first.startswith(b"HTTP/1.1 200")
        assert rest.startswith(b"HTTP/1.1 206")
        assert rest.endswith(b"\r\n\r\n" + CONTENT[:3])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_what_the_caller_has_is_not_sent_again(served: Served, asset: Asset, method: str) -> None:
    response = ask(served, asset, method, if_none_match=f'"x", W/"{asset.version.sha256}"')
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == f'"{asset.version.sha256}"'
    assert response.headers["cache-control"] == "private, no-cache"
    assert "content-length" not in response.headers


def test_a_date_will_do_where_there_is_no_tag(served: Served, asset: Asset) -> None:
    modified = ask(served, asset, "HEAD").headers["last-modified"]
    assert ask(served, asset, if_modified_since=modified).status_code == 304


@pytest.mark.parametrize(
    ("value", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-99", 10, 99),
        ("bytes=1000000-", 1_000_000, 1_000_002),
        ("bytes=-5", 999_998, 1_000_002),
        ("bytes=300000-900000", 300_000, 900_000),
        ("bytes=0-99999999", 0, 1_000_002),
    ],
)
def test_a_part_is_delivered(served: Served, asset: Asset, value: str, first: int, last: int) -> None:
    response = ask(served, asset, range=value)
    assert (response.status_code, response.content) == (206, CONTENT[first : last + 1])
    assert response.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"
    assert response.headers["content-length"] == str(last - first + 1)
    assert response.headers["etag"] == f'"{asset.version.sha256}"'


def test_a_part_beyond_the_end_is_a_problem_that_tells_the_size(served: Served, asset: Asset) -> None:
    response = ask(served, asset, range="bytes=1000003-")
    assert is_problem(response, 416, "range-not-satisfiable")
    assert response.headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize("value", ["bytes=0-1,5-6", "lines=1-2", "bytes=5-2"])
def test_ranges_that_are_not_served_give_the_whole(served: Served, asset: Asset, value: str) -> None:
    response = ask(served, asset, range=value)
    assert (response.status_code, len(response.content)) == (200, len(CONTENT))


def test_a_download_is_resumed_only_where_the_bytes_are_the_same(served: Served, asset: Asset) -> None:
    same = ask(served, asset, range="bytes=5-9", if_range=f'"{asset.version.sha256}"')
    other = ask(served, asset, range="bytes=5-9", if_range='"another"')
    assert (same.status_code, same.content) == (206, CONTENT[5:10])
    assert (other.status_code, other.content) == (200, CONTENT)


def test_a_failed_precondition_is_a_problem(served: Served, asset: Asset) -> None:
    response = ask(served, asset, if_match='"another"')
    assert is_problem(response, 412, "precondition-failed")
    assert response.headers["etag"] == f'"{asset.version.sha256}"'


def test_conditions_on_several_lines_count_together(served: Served, asset: Asset) -> None:
    lines = [("If-None-Match", '"x"'), ("If-None-Match", f'"{asset.version.sha256}"')]
    response = served.http.get(f"/assets/{asset.id}/download", headers=lines)
    assert response.status_code == 304


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("asset_id", [UNKNOWN, "nonsense", "%00", "%2e%2e", "a" * 2000, "' or 1=1 --"])
def test_an_unknown_asset_is_not_found(served: Served, asset_id: str, method: str) -> None:
    response = served.http.request(method, f"/assets/{asset_id}/download")
    assert response.status_code == 404
    assert method == "HEAD" or is_problem(response, 404, "asset-not-found")


def test_anothers_asset_is_not_found(served: Served) -> None:
    theirs = served.put(b"secret", owner="bob")
    for method in ("GET", "HEAD"):
        response = ask(served, theirs, method)
        assert (response.status_code, response.headers.get("etag")) == (404, None)
    assert is_problem(ask(served, theirs), 404, "asset-not-found")


def test_anothers_public_asset_is_delivered(served: Served) -> None:
    theirs = served.put(b"for all", owner="bob")
    served.make_public(theirs)
    response = ask(served, theirs)
    assert (response.status_code, response.content) == (200, b"for all")
    assert response.headers["cache-control"] == "public, s-maxage=3600, max-age=60"


def test_no_cache_keeps_why_a_public_asset_was_refused(served: Served) -> None:
    public = served.put(b"for all")
    served.make_public(public)
    assert is_problem(ask(served, public, if_match='"x"'), 412, "precondition-failed")
    assert is_problem(ask(served, public, range="bytes=99-"), 416, "range-not-satisfiable")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_learn_which_are_allowed(served: Served, asset: Asset, method: str) -> None:
    response = ask(served, asset, method)
    assert is_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/xhtml+xml", "text/xml"])
def test_active_content_is_never_shown_as_ours(served: Served, content_type: str) -> None:
    page = served.put(b"<script>alert(1)</script>", "page.html", content_type=content_type)
    response = served.http.get(f"/assets/{page.id}/download", params={"inline": "true"})
    assert response.headers["content-disposition"] == 'attachment; filename="page.html"'
    assert response.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"


def test_safe_content_is_shown_when_asked_for(served: Served, asset: Asset) -> None:
    response = served.http.head(f"/assets/{asset.id}/download", params={"inline": "true"})
    assert response.headers["content-disposition"] == 'inline; filename="talk.mp4"'
    assert response.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_hostile_name_stays_within_its_field(served: Served) -> None:
    hostile = served.put(b"x", 'é"; filename="evil.exe\r\nX-Evil: 1')
    response = ask(served, hostile)
    assert "x-evil" not in response.headers
    assert response.headers["content-disposition"] == (
        'attachment; filename="e_; filename=_evil.exe X-Evil_ 1"; '
        "filename*=UTF-8''%C3%A9_%3B%20filename%3D_evil.exe%20X-Evil_%201"
    )


def test_an_empty_asset_is_delivered(served: Served) -> None:
    response = ask(served, served.put(b"", "empty.txt"))
    assert (response.status_code, response.content, response.headers["content-length"]) == (200, b"", "0")


def test_an_asset_whose_bytes_are_lost_is_gone(served: Served) -> None:
    lost = served.put(b"bytes that the disk loses")
    served.on_shelf(lambda shelf: _lose(shelf, lost.version.sha256))
    assert is_problem(ask(served, lost), 410, "files-expired")


def test_a_blob_that_was_cut_breaks_the_connection(served: Served) -> None:
    cut = served.put(os.urandom(700_000), "cut.bin")
    served.on_shelf(lambda shelf: _cut(shelf, cut.version.sha256, 300_000))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(served, cut)


def test_compression_is_not_put_on_strongly_tagged_bytes(served: Served) -> None:
    text = served.put(b"a" * 100_000)
    response = ask(served, text, accept_encoding="gzip, br, zstd")
    assert "content-encoding" not in response.headers
    assert response.headers["content-length"] == "100000"


def test_a_reader_that_goes_away_gives_the_file_back(served: Served) -> None:
    big = served.put(bytes(20_000_000), "big.bin")
    before = _descriptors_of(big)
    readers = [_start_reading(served, big) for _ in range(5)]
    assert _eventually(lambda: _descriptors_of(big) == before + 5)
    for reader in readers:
        reader.close()
    assert _eventually(lambda: _descriptors_of(big) == before)


def test_a_body_that_comes_with_the_request_is_passed_over(served: Served, asset: Asset) -> None:
    response = served.http.request("GET", f"/assets/{asset.id}/download", content=b"x" * 100_000)
    assert (response.status_code, response.content) == (200, CONTENT)


def test_a_body_without_end_ends_the_answer_and_nothing_else(served: Served, asset: Asset) -> None:
    big = served.put(bytes(20_000_002), "big.bin")
    with _start_reading(served, big, "Transfer-Encoding: chunked") as reader:
        with contextlib.suppress(ConnectionError):  # the answer may end before all of the body has gone out
            for _ in range(20):
                reader.sendall(b"%x\r\n%b\r\n" % (100_000, bytes(100_000)))
        assert _count_until_end(reader) < big.version.size_bytes
    assert _eventually(lambda: _descriptors_of(big) == 0)
    assert ask(served, asset).content == CONTENT


def test_a_reader_that_left_at_once_does_not_hold_up_others(served: Served) -> None:
    big = served.put(bytes(64_000_000), "big.bin")
    path = f"/assets/{big.id}/download"
    with served.connect() as hasty:
        hasty.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    assert _eventually(lambda: _descriptors_of(big) == 0)
    assert served.http.head(path).status_code == 200


def test_slow_readers_do_not_hold_up_others(served: Served, asset: Asset) -> None:
    big = served.put(bytes(20_000_001), "big.bin")
    readers = [_start_reading(served, big) for _ in range(20)]
    try:
        started = time.monotonic()
        assert ask(served, asset).content == CONTENT
        assert time.monotonic() - started < 5
    finally:
        for reader in readers:
            reader.close()


def _start_reading(served: Served, asset: Asset, *fields: str) -> socket.socket:
    """A reader that asks and then takes its time."""
    connection = served.connect(receive_bytes=4096)
    lines = [f"GET /assets/{asset.id}/download HTTP/1.1", "Host: 127.0.0.1", *fields, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def _count_until_end(connection: socket.socket) -> int:
    """How many bytes still come."""
    count = 0
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(1_000_000):
            count += len(piece)
    return count


async def _lose(shelf: Shelf, sha256: str) -> None:
    shelf.store.delete(sha256)


async def _cut(shelf: Shelf, sha256: str, size_bytes: int) -> None:
    os.truncate(shelf.store.path(sha256), size_bytes)


def _descriptors_of(asset: Asset) -> int:
    """How often this process has the asset's blob open: the application runs in a thread of ours."""
    found = 0
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += asset.version.sha256 == link.readlink().name
    return found


def _eventually(condition: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
