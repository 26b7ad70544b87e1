"""The first look at a URL: enough to tell what it is, and no more."""

import asyncio
import gzip

import pytest

from entrepot.errors import DestinationForbidden, UpstreamNotFound
from entrepot.fetch.client import FetchClient
from entrepot.fetch.guard import Guard
from entrepot.media.sniff import sniff_media
from entrepot.pipelines.look import MAX_HEAD_BYTES, Look, look_at
from tests.fetch.fetching import with_client
from tests.origin.canary import listening_canary
from tests.origin.hostile import Exchange, HostileOrigin
from tests.origin.site import Site
from tests.pipelines.bench import new_client

PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:2\n"


def _look(url: str) -> Look:
    async def work(client: FetchClient) -> Look:
        return await look_at(client, url)

    return with_client(work)


def _of(head: bytes, media_type: str = "application/octet-stream") -> Look:
    return Look("http://x/", media_type, None, None, head)


def test_file_is_told_by_type_size_and_name(site: Site) -> None:
    look = _look(site.url("/files/360p.mp4?x=1"))
    assert (look.media_type, look.size_bytes, look.name) == ("video/mp4", 1_167_119, "360p.mp4")
    assert (look.is_html, look.is_manifest, look.is_media_file) == (False, False, True)


def test_page_is_read_to_its_end(site: Site) -> None:
    look = _look(site.url("/article"))
    assert look.is_html
    assert look.head.endswith(b"</html>")


def test_final_address_is_told(site: Site) -> None:
    look = _look(site.url("/redirect?to=/files/audio.mp3"))
    assert look.url == site.url("/files/audio.mp3")


@pytest.mark.parametrize(
    "path", ["/files/hls/master.m3u8", "/files/hls/360.m3u8", "/files/dash/manifest.mpd"]
)
def test_stream_is_told_by_its_manifest(path: str, site: Site) -> None:
    assert _look(site.url(path)).is_manifest


def test_endless_body_is_left_early(site: Site) -> None:
    look = _look(site.url("/endless?type=text/html"))
    assert len(look.head) <= MAX_HEAD_BYTES


def test_bytes_that_come_one_by_one_are_waited_for(origin: HostileOrigin) -> None:
    async def drip(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PLAYLIST))
        for byte in PLAYLIST:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0)

    assert _look(origin.on("/list", drip)).is_manifest


def test_packed_page_is_unpacked(origin: HostileOrigin) -> None:
    body = gzip.compress(b"<!doctype html><title>x</title>")
    look = _look(origin.on("/p", lambda exchange: exchange.answer(body, "Content-Encoding: gzip")))
    assert look.head == b"<!doctype html><title>x</title>"
    assert look.size_bytes is None


def test_missing_page_is_not_found(site: Site) -> None:
    with pytest.raises(UpstreamNotFound):
        _look(site.url("/nope"))


def test_canary_is_not_looked_at(site: Site) -> None:
    with listening_canary() as canary:

        async def work() -> None:
            client = new_client(Guard(allow=[f"127.0.0.1:{site.port}"]))
            try:
                await look_at(client, site.url(f"/redirect?to={canary.url}"))
            finally:
                await client.aclose()

        with pytest.raises(DestinationForbidden):
            asyncio.run(work())
        assert canary.connections == 0


@pytest.mark.parametrize(
    ("head", "is_manifest"),
    [
        (PLAYLIST, True),
        (b"\xef\xbb\xbf\r\n#EXTM3U", True),
        (b"<MPD xmlns='urn:mpeg:dash:schema:mpd:2011'>", True),
        (b'<?xml version="1.0"?>\n<!-- made -->\n<MPD type="static">', True),
        (b"<dash:MPD>", True),
        (b"# not a playlist\n#EXTM3U", False),
        (b"<!doctype html><pre>#EXTM3U", False),
        (b"<?xml version='1.0'?><rss>", False),
        (b"<MPDX>", False),
        (b"<!--" * 200_000, False),
        (b"", False),
    ],
)
def test_manifest_is_known_by_its_start(head: bytes, is_manifest: bool) -> None:
    assert _of(head).is_manifest is is_manifest


def test_media_is_told_from_its_bytes_and_not_from_its_type(site: Site) -> None:
    look = _look(site.url("/lying/type/360p.mp4?type=text/html"))
    assert look.is_media_file
    assert sniff_media(_look(site.url("/lying/html.mp4")).head) is None


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://x/a/b.txt?c=d.e", "b.txt"),
        ("http://x/", None),
        ("http://x", None),
        ("http://x/a/", None),
        ("http://x/%C3%BC", "ü"),
    ],
)
def test_name_is_the_last_part_of_the_path(url: str, name: str | None) -> None:
    assert Look(url, "", None, None, b"").name == name
