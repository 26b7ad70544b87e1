"""Downloads that go on where they broke off, and those that had better not."""

import random

import pytest

from entrepot.errors import ContentTooLarge, UpstreamBroken
from entrepot.fetch.retry import Backoff
from tests.fetch.fetching import limits
from tests.origin.hostile import Exchange, HostileOrigin
from tests.origin.site import Site
from tests.pipelines.bench import Bench

BODY = random.Random(7).randbytes(400_000)
ONCE = Backoff(attempts=1)


def _ranges(site: Site, path: str) -> list[tuple[str | None, str | None]]:
    """`Range` and `If-Range` of every request for `path`, in order."""
    return [
        (headers.get("Range"), headers.get("If-Range"))
        for target, headers in site.request_headers
        if target == path
    ]


def test_broken_transfer_goes_on_where_it_broke(bench: Bench, site: Site) -> None:
    path = "/reset/360p.mp4?after=300000&times=1&resumed"
    outcome = bench.fetch_file(site.url(path))
    assert bench.content(outcome) == site.media.path("360p.mp4").read_bytes()
    first, second = _ranges(site, path)
    assert first == (None, None)
    offset, etag = int((second[0] or "")[6:-1]), second[1] or ""
    assert 0 < offset <= 300_000
    assert etag.startswith('"')
    assert f"Going on from byte {offset}" in bench.notes.text


def test_next_attempt_goes_on_with_an_earlier_ones_file(bench: Bench, site: Site) -> None:
    path = "/reset/360p.mp4?after=300000&times=1&fenced"
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(site.url(path), backoff=ONCE)
    left = (bench.folder(1) / "partial").stat().st_size
    outcome = bench.fetch_file(site.url(path), backoff=ONCE)
    assert bench.content(outcome) == site.media.path("360p.mp4").read_bytes()
    assert _ranges(site, path)[1][0] == f"bytes={left}-"
    assert list(bench.folder(1).iterdir()) == []


def _versions(*etags: str) -> "Versions":
    return Versions(list(etags))


class Versions:
    """An origin's file whose answers break off half-way until the last; `etags` are those of its answers in turn."""

    def __init__(self, etags: list[str]) -> None:
        self.etags = etags
        self.served = 0
        self.bodies = {etag: random.Random(etag).randbytes(400_000) for etag in etags}

    async def __call__(self, exchange: Exchange) -> None:
        etag, self.served = self.etags[self.served], self.served + 1
        body = self.bodies[etag]
        headers = exchange.request.headers
        start = 0
        if headers.get("if-range") == etag and "range" in headers:
            start = int(headers["range"][6:-1])
        head = (
            f"HTTP/1.1 {206 if start else 200} x\r\nContent-Length: {len(body) - start}\r\nETag: {etag}\r\n"
        )
        if start:
            head += f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}\r\n"
        await exchange.send(head.encode() + b"\r\n")
        is_last = self.served == len(self.etags)
        await exchange.send(body[start:] if is_last else body[start : start + len(body) // 2])


def test_changed_file_starts_anew(bench: Bench, origin: HostileOrigin) -> None:
    versions = _versions('"one"', '"two"')
    outcome = bench.fetch_file(origin.on("/a", versions))
    assert bench.content(outcome) == versions.bodies['"two"']
    assert "starting over" in bench.notes.text


def test_file_that_changes_between_attempts_starts_anew(bench: Bench, origin: HostileOrigin) -> None:
    versions = _versions('"one"', '"two"')
    url = origin.on("/a", versions)
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(url, backoff=ONCE)
    assert bench.content(bench.fetch_file(url, backoff=ONCE)) == versions.bodies['"two"']


def test_weak_etag_is_not_resumed(bench: Bench, origin: HostileOrigin) -> None:
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(origin.on("/a", _versions('W/"one"', 'W/"one"')))
    assert len(origin.requests) == 1
    assert not (bench.folder(1) / "partial.json").exists()


def test_facts_lie_beside_the_partial_file(bench: Bench, site: Site) -> None:
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(site.url("/reset/360p.mp4?after=300000&sig=secret"), backoff=ONCE)
    text = (bench.folder(1) / "partial.json").read_text()
    assert '"total_bytes": 1167119' in text
    assert "secret" not in text


LIES = {
    "another range": "Content-Range: bytes 0-399999/400000",
    "a later range": "Content-Range: bytes 250000-399999/400000",
    "another size": "Content-Range: bytes 200000-399999/500000",
    "no range": "X-Nothing: 1",
    "two ranges": "Content-Type: multipart/byteranges; boundary=x",
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_part_that_does_not_fit_starts_anew(lie: str, bench: Bench, origin: HostileOrigin) -> None:
    async def serve(exchange: Exchange) -> None:
        head = 'HTTP/1.1 {} x\r\nETag: "1"\r\nContent-Length: {}\r\n{}\r\n\r\n'
        if len(origin.requests) == 1:
            await exchange.send(head.format(200, 400_000, "X: 1").encode() + BODY[:200_000])
        elif "range" in exchange.request.headers:
            await exchange.send(head.format(206, 200_000, lie).encode() + bytes(200_000))
        else:
            await exchange.answer(BODY, 'ETag: "1"')

    assert bench.content(bench.fetch_file(origin.on("/a", serve))) == BODY


def test_range_that_the_origin_no_longer_has_starts_anew(bench: Bench, origin: HostileOrigin) -> None:
    async def serve(exchange: Exchange) -> None:
        if len(origin.requests) == 1:
            await exchange.send(
                b'HTTP/1.1 200 x\r\nETag: "1"\r\nContent-Length: 400000\r\n\r\n' + bytes(200_000)
            )
        elif "range" in exchange.request.headers:
            await exchange.answer(status="416 Range Not Satisfiable")
        else:
            await exchange.answer(BODY)

    assert bench.content(bench.fetch_file(origin.on("/a", serve))) == BODY


def test_unasked_part_is_refused(bench: Bench, origin: HostileOrigin) -> None:
    answer = b"HTTP/1.1 206 x\r\nContent-Range: bytes 0-4/9\r\nContent-Length: 5\r\n\r\nshort"
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(origin.raw("/a", answer))


def test_failures_without_headway_come_to_an_end(bench: Bench, site: Site) -> None:
    path = "/reset/360p.mp4?after=1000&tries"
    with pytest.raises(UpstreamBroken):
        bench.fetch_file(site.url(path), backoff=Backoff(attempts=4, base_seconds=0.01))
    assert len(_ranges(site, path)) == 4


def test_resumed_file_may_not_outgrow_its_limit(bench: Bench, origin: HostileOrigin) -> None:
    async def serve(exchange: Exchange) -> None:
        if len(origin.requests) == 1:
            await exchange.send(b'HTTP/1.1 200 x\r\nETag: "1"\r\nTransfer-Encoding: chunked\r\n\r\n')
            await exchange.send(b"ea60\r\n" + bytes(60_000) + b"\r\n")
        else:
            part = "Content-Range: bytes 60000-139999/*"
            await exchange.answer(bytes(80_000), 'ETag: "1"', part, status="206 Partial Content")

    with pytest.raises(ContentTooLarge):
        bench.fetch_file(origin.on("/a", serve), limits(max_bytes=100_000))
    assert len(origin.requests) == 2
