"""Files from honest and dishonest origins: what is stored is what the origin has, or nothing is."""

import asyncio
import gzip
import hashlib
import os
import random
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import (
    AppError,
    BadInput,
    ChecksumMismatch,
    ContentTooLarge,
    DestinationForbidden,
    InvalidURL,
    StorageFull,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailure,
    UpstreamNotFound,
    UpstreamTimeout,
)
from entrepot.fetch.guard import Guard
from entrepot.fetch.retry import Backoff
from entrepot.jobs.work import Stage
from entrepot.pipelines import receive
from entrepot.pipelines.file import FilePipeline
from tests.fetch.fetching import eventually, limits
from tests.origin.canary import listening_canary
from tests.origin.hostile import Exchange, HostileOrigin
from tests.origin.site import Site
from tests.pipelines.bench import Bench, new_client

BODY = random.Random(7).randbytes(3_000_000)
SHA256 = hashlib.sha256(BODY).hexdigest()
ONCE = Backoff(attempts=1)


def test_file_is_stored_under_its_hash(bench: Bench, site: Site) -> None:
    outcome = bench.fetch_file(site.url("/files/360p.mp4"))
    (stored,) = outcome.files
    content = site.media.path("360p.mp4").read_bytes()
    assert (stored.sha256, stored.size_bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (stored.role, stored.name, stored.content_type) == ("main", "360p.mp4", "video/mp4")
    assert stored.library_path == "files/360p.mp4"
    assert bench.content(outcome) == content


def test_nothing_but_the_blob_is_left(bench: Bench, site: Site) -> None:
    sha256 = bench.fetch_file(site.url("/files/360p.mp4")).files[0].sha256
    assert [name for name in bench.leftovers() if not name.startswith("work/")] == [
        f"data/blobs/{sha256[:2]}/{sha256[2:4]}/{sha256}"
    ]
    assert not (bench.folder(1) / "partial").exists()


def test_source_tells_where_it_came_from(bench: Bench, site: Site) -> None:
    url = site.url("/files/360p.mp4?x=1")
    source = bench.fetch_file(url).source
    assert (source.url, source.title) == (url, "360p.mp4")
    assert source.details == {"last_modified": "Thu, 01 Jan 2026 00:00:00 GMT"}
    assert bench.notes.sources[0].title == "360p.mp4"


def test_progress_rises_to_the_whole_file(bench: Bench, site: Site) -> None:
    bench.fetch_file(site.url("/throttled/360p.mp4?bps=2000000"))
    steps = bench.notes.steps
    percents = [step.percent for step in steps]
    assert percents == sorted(percents)
    assert [step.stage for step in steps[-2:]] == [Stage.DOWNLOADING, Stage.STORING]
    between = [step for step in steps if 5 < step.percent < 95]
    assert between
    assert all(step.total_bytes == 1_167_119 and step.downloaded_bytes for step in between)
    assert any(step.speed_bps and step.eta_seconds for step in between)


def test_empty_file_is_a_file(bench: Bench, origin: HostileOrigin) -> None:
    url = origin.on("/empty.bin", lambda exchange: exchange.answer())
    stored = bench.fetch_file(url).files[0]
    assert (stored.size_bytes, stored.sha256) == (0, hashlib.sha256(b"").hexdigest())


# --- what the order asks for ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spell", [str, str.upper])
def test_right_checksum_is_accepted(spell: type[str], bench: Bench, origin: HostileOrigin) -> None:
    url = origin.on("/a", lambda exchange: exchange.answer(BODY))
    assert bench.fetch_file(url, checksum=f"sha256:{spell(SHA256)}").files[0].sha256 == SHA256


def test_wrong_checksum_keeps_nothing(bench: Bench, origin: HostileOrigin) -> None:
    url = origin.on("/a", lambda exchange: exchange.answer(BODY, 'ETag: "1"'))
    with pytest.raises(ChecksumMismatch):
        bench.fetch_file(url, checksum="sha256:" + "0" * 64)
    assert bench.leftovers() == []


@pytest.mark.parametrize("checksum", ["md5:00", "0" * 64, "sha256:" + "0" * 63, "sha256:" + "g" * 64])
def test_checksum_of_another_form_is_refused(checksum: str, bench: Bench, origin: HostileOrigin) -> None:
    with pytest.raises(BadInput):
        bench.fetch_file(origin.url("/a"), checksum=checksum)
    assert not origin.requests


def test_headers_and_referer_reach_the_origin(bench: Bench, origin: HostileOrigin) -> None:
    url = origin.on("/a", lambda exchange: exchange.answer(b"x"))
    bench.fetch_file(url, headers={"X-Token": "1"}, referer="https://example.org/page")
    headers = origin.requests[0].headers
    assert (headers["x-token"], headers["referer"]) == ("1", "https://example.org/page")
    assert headers["accept-encoding"] == "identity"


def test_headers_do_not_follow_to_another_origin(bench: Bench, origin: HostileOrigin, site: Site) -> None:
    url = origin.raw(
        "/a", b"HTTP/1.1 302 x\r\nLocation: %b\r\n\r\n" % site.url("/files/360p.mp4?own").encode()
    )
    bench.fetch_file(url, headers={"X-Token": "1"})
    assert origin.requests[0].headers["x-token"] == "1"
    (seen,) = [headers for target, headers in site.request_headers if target == "/files/360p.mp4?own"]
    assert "X-Token" not in seen


# --- origins that say no ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/status/404", UpstreamNotFound),
        ("/status/410", UpstreamNotFound),
        ("/status/403", UpstreamFailure),
        ("/status/500", UpstreamBusy),
        ("/status/503", UpstreamBusy),
        ("/status/204", UpstreamFailure),
        ("/redirect/loop/1", TooManyRedirects),
        ("/redirect?to=ftp://example.org/x", DestinationForbidden),
        ("/redirect?to=http://192.168.7.7/", DestinationForbidden),
        ("/redirect?to=http://[", InvalidURL),
    ],
)
def test_refusal_has_its_code(path: str, error: type[AppError], bench: Bench, site: Site) -> None:
    with pytest.raises(error) as raised:
        bench.fetch_file(site.url(path))
    assert raised.value.code == error.code
    assert "192.168" not in raised.value.detail
    assert bench.leftovers() in ([], [f"work/{bench.folder(1).name}/partial"])


def test_busy_origin_says_when_to_come_back(bench: Bench, origin: HostileOrigin) -> None:
    answer = b"HTTP/1.1 429 Slow down\r\nRetry-After: 17\r\nContent-Length: 0\r\n\r\n"
    with pytest.raises(UpstreamBusy) as raised:
        bench.fetch_file(origin.raw("/a", answer))
    assert (raised.value.retry_after_seconds, raised.value.extra["upstream_status"]) == (17, 429)


def test_canary_is_not_reached_by_a_redirect(bench: Bench, site: Site) -> None:
    with listening_canary() as canary:
        guard = Guard(allow=[f"127.0.0.1:{site.port}"])
        pipeline = FilePipeline(lambda: new_client(guard), bench.store, limits())
        with pytest.raises(DestinationForbidden):
            pipeline.run(bench.order(site.url(f"/redirect?to={canary.url}")), bench.notes)
        assert canary.connections == 0


# --- bodies that are not whole ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "error"),
    [("/lying/length/360p.mp4", UpstreamBroken), ("/reset/360p.mp4?after=50000", UpstreamBroken),
     ("/bomb?mib=80", ContentTooLarge), ("/endless", ContentTooLarge)],
)  # fmt: skip
def test_broken_body_is_not_stored(path: str, error: type[AppError], bench: Bench, site: Site) -> None:
    with pytest.raises(error):
        bench.fetch_file(site.url(path), limits(max_bytes=40_000_000))
    assert not [name for name in bench.leftovers() if name.startswith("data/")]


@pytest.mark.parametrize(
    "answer",
    [
        b"Content-Length: 10\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort\r\n",
        b"Content-Encoding: gzip\r\nContent-Length: 30\r\n\r\n" + gzip.compress(b"x" * 999)[:30],
        b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\nplain",
    ],
    ids=["too few bytes", "no last chunk", "gzip without its end", "no gzip at all"],
)
def test_truncated_body_is_broken(answer: bytes, bench: Bench, origin: HostileOrigin) -> None:
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(origin.raw("/a.bin", b"HTTP/1.1 200 OK\r\n" + answer), backoff=ONCE)
    assert not [name for name in bench.leftovers() if name.startswith("data/")]


def test_body_of_unknown_length_that_is_reset_is_broken(bench: Bench, origin: HostileOrigin) -> None:
    async def serve(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n\r\nsome")
        await asyncio.sleep(0.05)  # a reset drops what has not gone out yet
        exchange.reset()

    with pytest.raises(UpstreamBroken):
        bench.fetch_file(origin.on("/a", serve))


def test_packed_body_is_stored_unpacked(bench: Bench, origin: HostileOrigin) -> None:
    packed = gzip.compress(BODY[:50_000])
    url = origin.on("/a", lambda exchange: exchange.answer(packed, "Content-Encoding: gzip", 'ETag: "1"'))
    assert bench.content(bench.fetch_file(url)) == BODY[:50_000]


def test_body_that_only_the_connection_ends_is_kept_with_a_warning(
    bench: Bench, origin: HostileOrigin
) -> None:
    outcome = bench.fetch_file(origin.raw("/a", b"HTTP/1.1 200 OK\r\n\r\nsome"))
    assert bench.content(outcome) == b"some"
    assert (
        "warning",
        "The origin does not tell the file's length: nothing proves that it is whole.",
    ) in bench.notes.logs


@pytest.mark.parametrize("option", [True, False])
def test_announced_excess_is_refused_before_its_first_byte(option: bool, bench: Bench, site: Site) -> None:
    options: dict[str, Any] = {"max_filesize_bytes": 1000} if option else {"limit": limits(max_bytes=1000)}
    with pytest.raises(ContentTooLarge):
        bench.fetch_file(site.url("/files/360p.mp4"), **options)
    assert not [step for step in bench.notes.steps if step.downloaded_bytes]


def test_larger_option_does_not_lift_the_limit(bench: Bench, site: Site) -> None:
    with pytest.raises(ContentTooLarge):
        bench.fetch_file(site.url("/files/360p.mp4"), limits(max_bytes=1000), max_filesize_bytes=10**12)


def test_full_disk_is_told_before_the_download(
    bench: Bench, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receive, "RESERVE_BYTES", 1 << 62)
    with pytest.raises(StorageFull):
        bench.fetch_file(site.url("/files/360p.mp4"))


# --- origins that take their time -------------------------------------------------------------------------------------


def test_stalled_origin_times_out(bench: Bench, site: Site) -> None:
    with pytest.raises(UpstreamTimeout):
        bench.fetch_file(site.url("/stall/360p.mp4"), limits(idle_seconds=0.3))


def test_what_a_stalled_origin_has_sent_is_told_and_on_the_disk(bench: Bench, site: Site) -> None:
    half = site.media.path("360p.mp4").stat().st_size // 2
    with pytest.raises(UpstreamTimeout):
        bench.fetch_file(site.url("/stall/360p.mp4"), limits(idle_seconds=1.0))
    assert bench.notes.steps[-1].downloaded_bytes == half
    assert (bench.folder(1) / "partial").stat().st_size == half


def test_first_bytes_are_told_and_written_while_nothing_follows(bench: Bench, origin: HostileOrigin) -> None:
    release = threading.Event()

    async def drip(exchange: Exchange) -> None:
        await exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 200000\r\nETag: "1"\r\n\r\n' + bytes(1000))
        while not release.is_set():
            await asyncio.sleep(0.01)
        await exchange.send(bytes(199_000))

    url = origin.on("/drip", drip)
    job = threading.Thread(target=bench.fetch_file, args=(url,))
    job.start()
    try:
        assert eventually(lambda: any(step.downloaded_bytes == 1000 for step in bench.notes.steps), 2)
        assert (bench.folder(1) / "partial").stat().st_size == 1000
        assert (bench.folder(1) / "partial.json").exists()
    finally:
        release.set()
        job.join(10)
    assert not job.is_alive()


def test_whole_time_is_limited(bench: Bench, site: Site) -> None:
    with pytest.raises(UpstreamTimeout):
        bench.fetch_file(site.url("/throttled/360p.mp4?bps=100000"), limits(total_seconds=0.5))


def test_drop_by_drop_is_too_slow(bench: Bench, site: Site) -> None:
    limit = limits(min_bytes_per_second=1_000_000, idle_seconds=1)
    with pytest.raises(UpstreamTimeout):
        bench.fetch_file(site.url("/throttled/360p.mp4?bps=50000"), limit, backoff=ONCE)


# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposition", "name"),
    [
        ('attachment; filename="report.pdf"', "report.pdf"),
        ('attachment; filename="../../etc/passwd"', "passwd"),
        ("attachment; filename*=UTF-8''%2e%2e%2fGr%C3%BC%C3%9Fe.txt", "Grüße.txt"),
        ('attachment; filename="/abs.txt"', "abs.txt"),
        ('attachment; filename=".."', "a.bin"),
    ],
)
def test_disposition_names_the_file_safely(
    disposition: str, name: str, bench: Bench, origin: HostileOrigin
) -> None:
    url = origin.on(
        "/dir/a.bin", lambda exchange: exchange.answer(b"x", f"Content-Disposition: {disposition}")
    )
    stored = bench.fetch_file(url).files[0]
    assert (stored.name, stored.library_path) == (name, f"files/{name}")
    assert not any(Path(left).name == name for left in bench.leftovers())


def test_final_address_names_the_file(bench: Bench, site: Site) -> None:
    outcome = bench.fetch_file(site.url("/redirect?to=/files/audio.mp3"))
    assert (outcome.files[0].name, outcome.files[0].content_type) == ("audio.mp3", "audio/mpeg")


def test_large_file_grows_no_memory(bench: Bench, origin: HostileOrigin) -> None:
    """256 MiB through fetch and store: the process does not keep them."""
    piece = os.urandom(1024 * 1024)

    async def serve(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (256 * len(piece)))
        for _ in range(256):
            await exchange.send(piece)

    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here (proc_pid_clear_refs(5))
    before = _peak_bytes()
    outcome = bench.fetch_file(origin.on("/big", serve), replace(limits(), max_bytes=1 << 40))
    assert outcome.files[0].size_bytes == 256 * len(piece)
    assert _peak_bytes() - before < 48 * 1024 * 1024


def _peak_bytes() -> int:
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    return int(line.split()[1]) * 1024
