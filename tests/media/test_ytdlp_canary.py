"""Nothing that a page, a playlist or a file says makes yt-dlp or ffmpeg connect to an address that the guard refuses."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.media.contract import Equipment, MediaRequest
from tests.media.conftest import Download
from tests.media.tasks import download_in_child, probe
from tests.origin import pages
from tests.origin.canary import Canary
from tests.origin.children import run_in_child
from tests.origin.guarded import running_proxy
from tests.origin.site import Site

HLS, DASH = "application/vnd.apple.mpegurl", "application/dash+xml"
Lure = Callable[[Site, str], str]


def _playlist(*lines: str) -> str:
    return "\n".join(["#EXTM3U", "#EXT-X-VERSION:6", "#EXT-X-TARGETDURATION:2", "#EXT-X-PLAYLIST-TYPE:VOD", *lines,
                      "#EXT-X-ENDLIST", ""])  # fmt: skip


def _hls(*lines: str) -> Lure:
    return lambda site, secret: site.publish(
        "/lure/list.m3u8", _playlist(*(line.format(secret=secret, site=site.base) for line in lines)), HLS
    )


def _master(*lines: str) -> Lure:
    return lambda site, secret: site.publish(
        "/lure/master.m3u8",
        "\n".join(["#EXTM3U", *(line.format(secret=secret, site=site.base) for line in lines), ""]),
        HLS,
    )


def _mpd(site: Site, secret: str) -> str:
    manifest = (site.media.path("dash/manifest.mpd").read_text()).replace(
        '<Period id="0"', f'<BaseURL>{secret.removesuffix("secret")}</BaseURL><Period id="0"'
    )
    return site.publish("/lure/manifest.mpd", manifest, DASH)


def _page(html: Callable[[Site, str], str]) -> Lure:
    return lambda site, secret: site.publish("/lure/page", html(site, secret))


def _segment(site: Site, secret: str) -> str:
    manifest = (site.media.path("dash/manifest.mpd").read_text()).replace('media="', f'media="{secret}?')
    return site.publish("/lure/segments.mpd", manifest, DASH)


LURES: dict[str, Lure] = {
    "the URL itself": lambda _site, secret: secret,
    "an address as a number": lambda _site, secret: secret.replace("127.0.0.1", "2130706433"),
    "a loopback name": lambda _site, secret: secret.replace("127.0.0.1", "localhost"),
    "an IPv4-mapped address": lambda _site, secret: secret.replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    "https to it": lambda _site, secret: secret.replace("http:", "https:"),
    "a redirect of the page": lambda site, secret: site.url(f"/redirect?to={secret}"),
    "a redirect of the file": _page(lambda site, secret: pages.video_of(f"{site.base}/redirect?to={secret}")),
    "a video's source": _page(lambda _site, secret: pages.video_of(secret)),
    "a video's source in another case": _page(lambda _site, secret: pages.video_of(secret.replace("http", "HTTP"))),
    "JSON-LD": _page(lambda site, secret: pages.json_ld(site.base).replace(f"{site.base}/files/720p.mp4", secret)),
    "Open Graph": _page(lambda site, secret: pages.open_graph(site.base).replace(f"{site.base}/files/480p.mp4", f"{secret}.mp4")),
    "a frame": _page(lambda _site, secret: pages.page("Frame", f'<iframe src="{secret}"></iframe>')),
    "a refresh": _page(lambda _site, secret: pages.page("R", "", f'<meta http-equiv="refresh" content="0; url={secret}">')),
    "an HLS segment": _hls("#EXTINF:2,", "{secret}"),
    "an HLS segment after an honest one": _hls("#EXTINF:2,", "{site}/files/hls/360-00.ts", "#EXTINF:2,", "{secret}"),
    "an HLS key": _hls('#EXT-X-KEY:METHOD=AES-128,URI="{secret}"', "#EXTINF:2,", "{site}/files/hls/encrypted-00.ts"),
    "an HLS map": _hls('#EXT-X-MAP:URI="{secret}"', "#EXTINF:2,", "{site}/files/hls/360-00.ts"),
    "an HLS variant": _master("#EXT-X-STREAM-INF:BANDWIDTH=1000", "{secret}"),
    "a redirect of an HLS segment": _hls("#EXTINF:2,", "{site}/redirect?to={secret}"),
    "a redirect of an HLS key": _hls(
        '#EXT-X-KEY:METHOD=AES-128,URI="{site}/redirect?to={secret}"', "#EXTINF:2,", "{site}/files/hls/encrypted-00.ts"
    ),
    "the sound of an HLS variant": _master(
        '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="a",NAME="a",DEFAULT=YES,URI="{secret}"',
        '#EXT-X-STREAM-INF:BANDWIDTH=1000,AUDIO="a",CODECS="avc1.42c01f",RESOLUTION=640x360', "{site}/files/hls/360.m3u8",
    ),
    "an HLS segment put together by ffmpeg": _hls(
        '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{site}/files/hls/secret.key"', "#EXTINF:2,", "concat:{secret}|{secret}"
    ),
    "an HLS segment in another protocol": _hls("#EXTINF:2,", "crypto+{secret}"),
    "an HLS segment on the disk": _hls("#EXTINF:2,", "file:///etc/hostname"),
    "a playlist inside the address": _page(lambda _site, secret: pages.video_of(
        f"data:application/vnd.apple.mpegurl,%23EXTM3U%0A%23EXTINF:2,%0A{secret}%0A%23EXT-X-ENDLIST", kind=HLS
    )),
    "DASH segments": _segment,
    "a list of parts": lambda site, secret: site.publish(
        "/lure/parts.f4m", f"<manifest xmlns='http://ns.adobe.com/f4m/1.0'><media url='{secret}' bitrate='1'/></manifest>",
        "application/f4m+xml",
    ),
    "a presentation": lambda site, secret: site.publish(
        "/lure/show.smil", f"<smil><body><video src='{secret}' /></body></smil>", "application/smil+xml"
    ),
    "a channel's episode": lambda site, secret: site.publish(
        "/lure/feed.xml",
        f"<rss version='2.0'><channel><title>x</title><item><title>y</title><enclosure url='{secret}'/></item></channel></rss>",
        "application/rss+xml",
    ),
    "a playlist behind an ID3 tag": lambda site, secret: site.publish(
        "/lure/tagged.mp3", b"ID3\x04\x00\x00\x00\x00\x00\x00" + _playlist("#EXTINF:2,", secret).encode(), "audio/mpeg"
    ),
    "a web socket": _page(lambda _site, secret: pages.video_of(secret.replace("http:", "ws:"))),
    "HLS that is left to ffmpeg": _hls('#EXT-X-KEY:METHOD=SAMPLE-AES,URI="{secret}"', "#EXTINF:2,", "{secret}.ts"),
    "a DASH base": _mpd,
    "a playlist called a video": lambda site, secret: site.url(f"/lying/playlist.mp4?to={secret}"),
    "an ffconcat script called a video": lambda site, secret: site.publish(
        "/lure/concat.mp4", f"ffconcat version 1.0\nfile {secret}\n", "video/mp4"
    ),
    "an SDP file called a video": lambda site, secret: site.publish(
        "/lure/sdp.mp4", f"v=0\nc=IN IP4 127.0.0.1\nm=video {secret.split(':')[2][:5]} RTP/AVP 96\n", "video/mp4"
    ),
    "RTMP": _page(lambda _site, secret: pages.video_of(secret.replace("http:", "rtmp:"))),
    "RTSP": _page(lambda _site, secret: pages.video_of(secret.replace("http:", "rtsp:"))),
    "FTP": _page(lambda _site, secret: pages.video_of(secret.replace("http:", "ftp:"))),
    "a file": _page(lambda _site, _secret: pages.video_of("file:///etc/hostname")),
}  # fmt: skip


@pytest.mark.parametrize("lure", LURES.values(), ids=LURES.keys())
def test_no_way_leads_to_the_canary(lure: Lure, site: Site, canary: Canary, download: Download) -> None:
    report = download(lure(site, canary.url))
    assert canary.connections == 0
    assert report.code is not None
    assert report.code != "job-crashed"


LEADING = ("the URL itself", "a redirect of the page", "a redirect of the file", "a video's source", "JSON-LD", "Open Graph",
           "a refresh", "an HLS segment", "an HLS segment after an honest one", "an HLS key", "an HLS map", "an HLS variant",
           "HLS that is left to ffmpeg", "a DASH base", "https to it", "a redirect of an HLS segment", "a redirect of an HLS key",
           "the sound of an HLS variant", "DASH segments", "a presentation", "a channel's episode")  # fmt: skip


@pytest.mark.parametrize("lure", LEADING)
def test_lure_leads_to_the_canary_where_the_guard_lets_it(
    lure: str, site: Site, canary: Canary, ffmpeg: Path, tmp_path: Path
) -> None:
    with running_proxy(["127.0.0.0/8"]) as open_proxy:
        url = LURES[lure](site, canary.url)
        report = download_in_child(Equipment(open_proxy.url, ffmpeg), MediaRequest(url, retries=0), tmp_path)
    assert canary.connections > 0
    assert report.code is not None


@pytest.mark.parametrize(
    "lure", ["the URL itself", "a redirect of the page", "a video's source", "an HLS segment", "https to it"]
)
def test_refused_address_is_told_as_forbidden_and_not_named(
    lure: str, site: Site, canary: Canary, download: Download
) -> None:
    report = download(LURES[lure](site, canary.url))
    assert report.code == "destination-forbidden"
    assert not report.retryable
    assert "127.0.0.1" not in report.message


def test_thumbnail_at_a_refused_address_costs_only_the_thumbnail(
    site: Site, canary: Canary, download: Download
) -> None:
    html = pages.json_ld(site.base).replace(f"{site.base}/files/thumbnail.jpg", canary.url)
    report = download(site.publish("/lure/thumbnail", html))
    assert report.media is not None
    assert [file.role for file in report.media.files] == ["video"]
    assert canary.connections == 0


SIDE_DISHES: dict[str, Lure] = {
    "subtitles": _page(lambda _site, secret: pages.page(
        "S", f'<video src="/files/360p.mp4"><track kind="subtitles" srclang="en" src="{secret}"></video>'
    )),
    "a poster": _page(lambda _site, secret: pages.page("P", f'<video src="/files/360p.mp4" poster="{secret}"></video>')),
    "subtitles of an HLS variant": _master(
        '#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="s",NAME="s",LANGUAGE="en",DEFAULT=YES,URI="{secret}"',
        '#EXT-X-STREAM-INF:BANDWIDTH=1000,SUBTITLES="s",RESOLUTION=640x360', "{site}/files/hls/360.m3u8",
    ),
    "a session's key": _hls(
        '#EXT-X-SESSION-KEY:METHOD=AES-128,URI="{secret}"', "#EXTINF:2,", "{site}/files/hls/360-00.ts"
    ),
    "pictures of an HLS variant": _master(
        '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=10,URI="{secret}"',
        "#EXT-X-STREAM-INF:BANDWIDTH=1000,RESOLUTION=640x360", "{site}/files/hls/360.m3u8",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lure", SIDE_DISHES.values(), ids=SIDE_DISHES.keys())
def test_media_comes_without_what_stands_at_a_refused_address(
    lure: Lure, site: Site, canary: Canary, download: Download
) -> None:
    report = download(lure(site, canary.url))
    assert report.media is not None, (report.code, report.message)
    assert canary.connections == 0


def test_the_canary_would_notice_a_visitor(canary: Canary) -> None:
    with socket.create_connection(("127.0.0.1", canary.port)) as visitor:
        visitor.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"secret" in visitor.recv(4096)
    assert canary.connections == 1


def test_probe_does_not_reach_the_canary_either(site: Site, canary: Canary, equipment: Equipment) -> None:
    url = LURES["an HLS variant"](site, canary.url)
    run_in_child(probe, equipment, url)
    assert canary.connections == 0


def test_proxy_secret_is_never_told(
    site: Site, canary: Canary, download: Download, equipment: Equipment
) -> None:
    secret = equipment.proxy_url.split("@")[0].rsplit(":", 1)[1]
    report = download(LURES["HLS that is left to ffmpeg"](site, canary.url))
    assert report.logs
    assert secret not in report.everything_said


def test_broken_proxy_is_no_reason_to_go_without(site: Site, ffmpeg: Path) -> None:
    before = site.count("/watch/tag")
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
    dead = Equipment(proxy_url=f"http://x:y@127.0.0.1:{port}", ffmpeg=ffmpeg)
    with pytest.raises(Exception, match="could not be reached"):
        run_in_child(probe, dead, site.url("/watch/tag"))
    assert site.count("/watch/tag") == before
