"""Real downloads by yt-dlp, fenced, over the real guard proxy; what came out is asked of ffmpeg."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from entrepot.media.contract import Equipment, MediaInfo, MediaRequest
from entrepot.media.extractors.ytdlp import YtDlp
from tests.media.conftest import Download
from tests.media.tasks import Report, download_in_child, probe
from tests.origin import pages
from tests.origin.children import run_in_child
from tests.origin.site import Site

Form = tuple[str, int, tuple[str, ...]]


def _streams(file: Path) -> str:
    done = subprocess.run(
        [get_ffmpeg_exe(), "-hide_banner", "-i", file],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    return "\n".join(re.findall(r"Stream #.*", done.stderr))


def _media(report: Report) -> Path:
    assert report.media is not None, (report.code, report.message)
    return report.media.files[0].path


@pytest.mark.parametrize(
    ("path", "options", "expected"),
    [
        ("/watch/tag", {}, (".mp4", 1080, ("h264", "aac"))),
        ("/watch/tag", {"quality": "720p"}, (".mp4", 720, ("h264", "aac"))),
        ("/watch/tag", {"quality": "360p"}, (".mp4", 360, ("h264", "aac"))),
        ("/watch/tag", {"quality": "1440p"}, (".mp4", 1080, ("h264", "aac"))),
        ("/watch/jsonld", {}, (".mp4", 720, ("h264", "aac"))),
        ("/watch/og", {}, (".mp4", 480, ("h264", "aac"))),
        ("/watch/webm", {}, (".webm", 360, ("vp9", "opus"))),
        ("/watch/hls", {}, (".mp4", 720, ("h264", "aac"))),
        ("/watch/hls", {"quality": "480p"}, (".mp4", 360, ("h264", "aac"))),
        ("/watch/dash", {}, (".mp4", 720, ("h264", "aac"))),
        ("/watch/dash", {"quality": "360p", "container": "mkv"}, (".mkv", 360, ("h264", "aac"))),
        ("/watch/webm", {"container": "mkv"}, (".mkv", 360, ("vp9", "opus"))),
        ("/files/hls/master.m3u8", {}, (".mp4", 720, ("h264", "aac"))),
        ("/files/hls/encrypted.m3u8", {}, (".mp4", 360, ("h264", "aac"))),
        ("/files/hls/split.m3u8", {}, (".mp4", 360, ("h264", "aac"))),
        ("/files/hls/ranges.m3u8", {}, (".mp4", 360, ("h264", "aac"))),
        ("/files/dash/manifest.mpd", {}, (".mp4", 720, ("h264", "aac"))),
        ("/lying/type/480p.mp4?type=video/webm", {}, (".mp4", 480, ("h264", "aac"))),
    ],
)
def test_media_comes_whole_in_the_wanted_form(
    path: str, options: dict[str, object], expected: Form, site: Site, download: Download
) -> None:
    suffix, height, codecs = expected
    report = download(site.url(path), **options)
    file = _media(report)
    streams = _streams(file)
    assert file.suffix == suffix
    assert f"x{height}" in streams
    assert all(codec in streams for codec in codecs)
    assert report.media is not None
    assert report.media.files[0].height == height
    assert report.media.files[0].duration_seconds == pytest.approx(6.0, abs=0.2)


@pytest.mark.parametrize(("path", "suffix"), [("/watch/tag", ".m4a"), ("/watch/dash", ".m4a"), ("/watch/webm", ".opus"),
                                              ("/files/hls/split.m3u8", ".m4a"), ("/watch/hls", ".m4a"), ("/files/audio.mp3", ".mp3")])  # fmt: skip
def test_quality_audio_brings_sound_alone(path: str, suffix: str, site: Site, download: Download) -> None:
    report = download(site.url(path), quality="audio")
    streams = _streams(_media(report))
    assert _media(report).suffix == suffix
    assert "Audio:" in streams
    assert "Video:" not in streams
    assert report.media is not None
    assert report.media.files[0].role == "audio"


def test_direct_file_keeps_its_bytes(site: Site, download: Download) -> None:
    file = _media(download(site.url("/watch/jsonld")))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == site.media.sha256("720p.mp4")


def test_title_and_picture_come_along(site: Site, download: Download) -> None:
    report = download(site.url("/watch/jsonld"))
    assert report.media is not None
    info = report.media.info
    assert (info.title, info.uploader, info.duration_seconds) == ("Cranes at dawn", "Saltmere TV", 6.0)
    assert info.upload_date == "2026-03-01"
    assert report.infos == [info]
    picture = report.media.files[1]
    assert (picture.role, picture.content_type) == ("thumbnail", "image/jpeg")
    assert picture.path.read_bytes() == site.media.path("thumbnail.jpg").read_bytes()


def test_merged_file_can_start_before_it_is_loaded_whole(site: Site, download: Download) -> None:
    head = _media(download(site.url("/watch/dash"))).read_bytes()[: 64 * 1024]
    assert 0 <= head.find(b"moov") < (head.find(b"mdat") if b"mdat" in head else len(head))


def test_progress_never_falls_and_names_the_stages(site: Site, download: Download) -> None:
    steps = download(site.url("/watch/dash")).steps
    percents = [step.percent for step in steps]
    assert percents == sorted(percents)
    assert percents[-1] >= 90
    assert [step.stage for step in steps if step.stage != "downloading"]
    assert steps[-1].downloaded_bytes == steps[-1].total_bytes
    assert max(step.downloaded_bytes or 0 for step in steps) > 4_000_000


def test_slow_download_is_told_on_the_way(site: Site, download: Download) -> None:
    steps = download(site.url("/throttled/360p.mp4?bps=1500000")).steps
    between = [step for step in steps if 5 < step.percent < 85]
    assert between
    assert all(step.speed_bps and step.total_bytes == 1_167_119 for step in between)


@pytest.mark.parametrize(
    ("path", "options", "expected"),
    [
        ("/article", {}, ("media-not-found", False)),
        ("/nope", {}, ("upstream-not-found", False)),
        ("/status/410", {}, ("upstream-not-found", False)),
        ("/status/403", {}, ("media-unavailable", False)),
        ("/status/451", {}, ("media-unavailable", False)),
        ("/status/429", {}, ("upstream-unavailable", True)),
        ("/status/500", {}, ("upstream-unavailable", True)),
        ("/status/503", {}, ("upstream-unavailable", True)),
        ("/redirect/loop/0", {}, ("too-many-redirects", False)),
        ("/watch/fake", {}, ("media-broken", True)),
        ("/lying/html.mp4", {}, ("media-broken", True)),
        ("/watch/truncated", {}, ("media-broken", True)),
        ("/lying/length/720p.mp4", {}, ("upstream-broken", True)),
        ("/reset/720p.mp4?after=200000", {}, ("upstream-broken", True)),
        ("/files/hls/broken.m3u8", {}, ("media-broken", True)),
        ("/files/hls/live.m3u8", {}, ("media-unavailable", False)),
        ("/watch/tag", {"max_filesize_bytes": 1_000_000}, ("content-too-large", False)),
        ("/watch/hls", {"max_filesize_bytes": 1_000_000}, ("content-too-large", False)),
        ("/endless", {"max_filesize_bytes": 2_000_000}, ("content-too-large", False)),
        ("/watch/hls", {"quality": "360p", "container": "webm"}, ("quality-unavailable", False)),
        ("/feed.xml", {}, ("media-failed", False)),
    ],
)
def test_failure_is_told_by_its_code(
    path: str, options: dict[str, object], expected: tuple[str, bool], site: Site, download: Download
) -> None:
    report = download(site.url(path), **options)
    assert (report.code, report.retryable) == expected, report.message
    assert len(report.message) <= 300
    assert not re.search(r"\x1b|yt-dlp|please report|caused by|/job/|\n", report.message)


def test_smaller_picture_than_offered_is_refused(site: Site, download: Download) -> None:
    only_large = pages.page(
        "Large", '<video><source src="/files/1080p.mp4" label="1080p" res="1080"></video>'
    )
    report = download(site.publish("/only-large", only_large), quality="360p")
    assert report.code == "quality-unavailable"


def test_stalled_origin_times_out(site: Site, equipment: Equipment, tmp_path: Path) -> None:
    impatient = Equipment(equipment.proxy_url, equipment.ffmpeg, idle_seconds=1)
    report = download_in_child(impatient, MediaRequest(site.url("/stall/720p.mp4"), retries=0), tmp_path)
    assert (report.code, report.retryable) == ("upstream-timeout", True)


@pytest.mark.parametrize("path", ["/flaky/480p.mp4?fail=1", "/reset/480p.mp4?after=300000&times=1"])
def test_passing_fault_is_overcome_by_a_retry(path: str, site: Site, download: Download) -> None:
    page = site.publish("/flaky-page", pages.video_of(site.url(path)))
    file = _media(download(page, retries=3))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == site.media.sha256("480p.mp4")


def test_resumed_download_asks_for_the_same_version(site: Site, download: Download) -> None:
    path = "/reset/480p.mp4?after=400000&times=1&unique=if-range"
    _media(download(site.publish("/resumed-page", pages.video_of(site.url(path))), retries=3))
    resumed = [headers for target, headers in site.request_headers if target == path and "Range" in headers]
    assert resumed
    assert all(headers.get("If-Range", "").startswith('"') for headers in resumed)


def test_file_that_changes_on_the_way_is_fetched_anew(site: Site, download: Download) -> None:
    path = "/changing/480p.mp4?then=360p.mp4&after=300000"
    file = _media(download(site.publish("/changing-page", pages.video_of(site.url(path))), retries=3))
    assert hashlib.sha256(file.read_bytes()).hexdigest() == site.media.sha256("360p.mp4")


def test_two_files_are_never_put_together(site: Site, download: Download) -> None:
    path = "/changing/480p.mp4?then=720p.mp4&after=300000&blind=1"
    report = download(site.publish("/blind-page", pages.video_of(site.url(path))), retries=3)
    assert (report.code, report.retryable) == ("upstream-broken", True)


def test_segment_that_is_no_media_does_not_pass_as_success(site: Site, download: Download) -> None:
    playlist = site.media.path("hls/360.m3u8").read_text().replace("360-", f"{site.base}/files/hls/360-")
    playlist = playlist.replace(f"{site.base}/files/hls/360-02.ts", f"{site.base}/article")
    playlist = playlist.replace(f"{site.base}/files/hls/360-01.ts", f"{site.base}/article")
    report = download(site.publish("/swapped.m3u8", playlist, "application/vnd.apple.mpegurl"))
    assert report.code == "media-broken"


def test_nothing_but_the_media_and_its_picture_is_left(site: Site, download: Download) -> None:
    folder = _media(download(site.url("/watch/dash"))).parent
    assert {file.name for file in folder.iterdir()} == {"media.mp4"}


def test_hostile_title_stays_a_title(site: Site, download: Download) -> None:
    title = "../../etc/passwd\u202egnp.exe %(id)s"
    html = pages.video_of("/files/360p.webm", title).replace("%(id)s", "%(id)s")
    report = download(site.publish("/hostile", html))
    assert _media(report).name == "media.webm"
    assert report.media is not None
    assert "\u202e" not in (report.media.info.title or "")


def test_probe_tells_title_and_formats_without_downloading(site: Site, equipment: Equipment) -> None:
    before = site.count("/files/1080p.mp4")
    info = run_in_child(probe, equipment, site.url("/watch/tag"))
    assert isinstance(info, MediaInfo)
    assert info.title == "Nets at dusk"
    assert sorted(one.height or 0 for one in info.formats) == [360, 480, 720, 1080]
    assert site.count("/files/1080p.mp4") == before


@pytest.mark.parametrize(
    ("url", "is_known"),
    [
        ("https://www.youtube.com/watch?v=dQw4w9WgXcQ", True),
        ("https://vimeo.com/76979871", True),
        ("https://example.org/watch/1", False),
        ("http://127.0.0.1:8080/x.mp4", False),
        ("https://en.wikipedia.org/wiki/Crane", False),
        ("ftp://example.org/x", False),
        ("ytsearch:harbour", False),
    ],
)
def test_sites_are_known_by_their_addresses(url: str, is_known: bool, equipment: Equipment) -> None:
    assert YtDlp(equipment).knows(url) is is_known
