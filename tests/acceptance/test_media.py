"""A video's address goes in over HTTP; a whole, playable file comes out, and whoever watches sees it come."""

import hashlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from imageio_ffmpeg import get_ffmpeg_exe

from tests.acceptance.orders import FINAL, fetch, job, order
from tests.acceptance.service import ServiceProcess, wait_until
from tests.origin import pages
from tests.origin.canary import Canary, listening_canary
from tests.origin.site import Site

Form = tuple[str, str, tuple[str, ...]]


@pytest.fixture
def canary() -> Iterator[Canary]:
    with listening_canary() as canary:
        yield canary


def _downloaded(http: httpx2.Client, ended: dict[str, Any], folder: Path) -> Path:
    """The job's main file, as a client gets it; its bytes are those that the job promised."""
    assert ended["status"] == "completed", ended["error"]
    promised = ended["files"][0]
    response = http.get(promised["download_url"])
    assert response.status_code == 200
    assert len(response.content) == promised["size_bytes"]
    assert hashlib.sha256(response.content).hexdigest() == promised["sha256"]
    assert response.headers["content-type"] == promised["content_type"]
    file = folder / "downloaded"
    file.write_bytes(response.content)
    return file


def _played(file: Path) -> str:
    """What ffmpeg says of the file's streams; fails unless all of it can be decoded."""
    command = [get_ffmpeg_exe(), "-hide_banner", "-nostdin", "-xerror", "-i", file, "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "time=00:00:05.9" in done.stderr or "time=00:00:06.0" in done.stderr, done.stderr[-500:]
    return "\n".join(re.findall(r"Stream #0.*", done.stderr))


def _watch(http: httpx2.Client, job_id: str) -> list[dict[str, Any]]:
    """Every state that polling shows until the job has ended."""
    seen, deadline = [job(http, job_id)], time.monotonic() + 60
    while seen[-1]["status"] not in FINAL:
        assert time.monotonic() < deadline, seen[-1]
        time.sleep(0.02)
        seen.append(job(http, job_id))
    return seen


FORMS: list[tuple[str, dict[str, Any], Form]] = [
    ("/watch/jsonld", {}, ("Cranes at dawn.mp4", "video/mp4", ("h264", "x720", "aac"))),
    ("/watch/og", {"kind": "media"}, ("Gulls at noon.mp4", "video/mp4", ("h264", "x480", "aac"))),
    ("/watch/tag", {"quality": "360p"}, ("Nets at dusk.mp4", "video/mp4", ("h264", "x360", "aac"))),
    ("/watch/hls", {}, ("Streamed.mp4", "video/mp4", ("h264", "x720", "aac"))),
    ("/watch/dash", {}, ("Dashed.mp4", "video/mp4", ("h264", "x720", "aac"))),
    ("/watch/dash", {"container": "mkv"}, ("Dashed.mkv", "video/x-matroska", ("h264", "x720", "aac"))),
    ("/files/hls/master.m3u8", {"quality": "360p"}, ("master.mp4", "video/mp4", ("h264", "x360", "aac"))),
]


@pytest.mark.parametrize("wish", FORMS, ids=[f"{path} {options}" for path, options, _ in FORMS])
def test_video_comes_whole(
    wish: tuple[str, dict[str, Any], Form], http: httpx2.Client, origin: Site, tmp_path: Path
) -> None:
    path, options, (name, content_type, shown) = wish
    ended = fetch(http, origin.url(path), **options)
    streams = _played(_downloaded(http, ended, tmp_path))
    assert ended["kind"] == "media"
    assert (ended["files"][0]["name"], ended["files"][0]["content_type"]) == (name, content_type)
    assert all(word in streams for word in shown)


@pytest.mark.parametrize("path", ["/watch/dash", "/watch/tag"])
def test_sound_comes_alone(path: str, http: httpx2.Client, origin: Site, tmp_path: Path) -> None:
    ended = fetch(http, origin.url(path), kind="media", quality="audio")
    streams = _played(_downloaded(http, ended, tmp_path))
    assert ended["files"][0]["content_type"] == "audio/mp4"
    assert "Audio: aac" in streams
    assert "Video:" not in streams


def test_video_that_is_one_file_keeps_its_bytes(http: httpx2.Client, origin: Site) -> None:
    ended = fetch(http, origin.url("/watch/jsonld?bytes"))
    assert ended["files"][0]["sha256"] == origin.media.sha256("720p.mp4")
    assert (ended["source"]["title"], ended["source"]["uploader"]) == ("Cranes at dawn", "Saltmere TV")
    assert ended["source"]["duration_seconds"] == 6.0


def test_thumbnail_comes_along(http: httpx2.Client, origin: Site) -> None:
    picture = fetch(http, origin.url("/watch/jsonld?picture"))["files"][1]
    assert (picture["content_type"], picture["sha256"]) == (
        "image/jpeg",
        origin.media.sha256("thumbnail.jpg"),
    )


def test_library_holds_the_video_under_its_title(
    http: httpx2.Client, origin: Site, service: ServiceProcess
) -> None:
    file = fetch(http, origin.url("/watch/jsonld?library"))["files"][0]
    linked = service.data_dir / "library" / file["path"]
    assert re.fullmatch(r"videos/Cranes at dawn \[[\w-]+\](?: \(\d+\))?\.mp4", file["path"])
    wait_until(linked.exists)  # the job is over a moment sooner
    assert hashlib.sha256(linked.read_bytes()).hexdigest() == file["sha256"]


def test_who_watches_sees_it_come(http: httpx2.Client, origin: Site) -> None:
    """A slow look, two slow parts, put together by ffmpeg."""
    slow = origin.media.path("dash/manifest.mpd").read_text()
    slow = slow.replace("<Period ", f"<BaseURL>{origin.base}/throttled/dash/</BaseURL><Period ", 1)
    slow = slow.replace("$Number%05d$.m4s", "$Number%05d$.m4s?bps=60000")
    origin.publish("/slow/manifest.mpd", slow, "application/dash+xml")
    address = origin.url("/delayed?seconds=0.7&to=/slow/manifest.mpd")
    seen = _watch(http, order(http, address, kind="media", quality="360p"))
    assert seen[-1]["status"] == "completed", seen[-1]["error"]
    stages = dict.fromkeys(one["stage"] for one in seen if one["stage"] and one["status"] == "running")
    assert list(stages)[:2] == ["extracting", "downloading"]
    progress = [one["progress"] for one in seen]
    assert progress == sorted(progress)
    assert progress[-1] == 100
    assert len({value for value in progress if 0 < value < 100}) >= 3
    between = [one for one in seen if one["stage"] == "downloading" and 0 < one["progress"] < 90]
    assert any(one["speed_bps"] and one["downloaded_bytes"] for one in between)
    assert any(one["eta_seconds"] is not None for one in between)
    assert all(one["source"]["title"] == "manifest" for one in between)


def test_result_leads_to_the_file(http: httpx2.Client, origin: Site) -> None:
    ended = fetch(http, origin.url("/watch/jsonld?result"))
    status = http.get(f"/v1/download/status/{ended['id']}").json()
    assert (status["status"], status["progress"]) == ("completed", 100)
    answer = http.get(f"/v1/download/{ended['id']}")
    assert answer.status_code == 302
    body = http.get(answer.headers["location"]).content
    assert hashlib.sha256(body).hexdigest() == ended["files"][0]["sha256"]


def test_video_is_described_before_it_is_ordered(http: httpx2.Client, origin: Site) -> None:
    told = http.get("/api/v1/metadata", params={"url": origin.url("/watch/tag")}).json()
    assert (told["kind"], told["title"]) == ("media", "Nets at dusk")
    assert list(told["qualities"]) == ["best", "1080p", "720p", "480p", "360p", "audio"]


@pytest.mark.parametrize(
    ("path", "options", "code"),
    [
        ("/watch/fake", {}, "media-broken"),
        ("/watch/truncated", {}, "media-broken"),
        ("/article", {}, "media-not-found"),
        ("/files/hls/broken.m3u8", {}, "media-broken"),
        ("/files/hls/live.m3u8", {}, "media-unavailable"),
        ("/watch/hls", {"max_filesize_bytes": 100_000}, "content-too-large"),
        ("/watch/hls", {"quality": "360p", "container": "webm"}, "quality-unavailable"),
        ("/reset/720p.mp4?after=100000&media", {}, "upstream-broken"),
    ],
)
def test_media_that_cannot_be_had_says_why(
    path: str, options: dict[str, Any], code: str, http: httpx2.Client, origin: Site
) -> None:
    ended = fetch(http, origin.url(path), kind="media", retries=0, **options)
    assert (ended["status"], ended["error"]["code"]) == ("failed", code)
    assert ended["files"] == []


LURES = {
    "a video": lambda site, secret: site.publish("/lured/video", pages.video_of(secret)),
    "a redirect": lambda site, secret: site.url(f"/redirect?to={secret}"),
    "a segment": lambda site, secret: site.publish(
        "/lured/list.m3u8",
        f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{site.base}/files/hls/360-00.ts\n#EXTINF:2,\n{secret}\n#EXT-X-ENDLIST\n",
        "application/vnd.apple.mpegurl",
    ),
}


@pytest.mark.parametrize("lure", LURES)
def test_canary_is_not_reached(lure: str, http: httpx2.Client, origin: Site, canary: Canary) -> None:
    ended = fetch(http, LURES[lure](origin, canary.url), kind="media", retries=0)
    assert ended["error"]["code"] == "destination-forbidden"
    assert "127.0.0.1" not in ended["error"]["message"]
    assert canary.connections == 0
