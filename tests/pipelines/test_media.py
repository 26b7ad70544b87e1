"""From an order to stored media: options, names, and what is told on the way. What yt-dlp brings is tested in `tests/media`."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import BadInput, DestinationForbidden, ValidationFailed
from entrepot.jobs.work import Kind, Stage
from entrepot.media.contract import (
    DownloadedMedia,
    Listener,
    MediaFile,
    MediaInfo,
    MediaProgress,
    MediaRequest,
)
from entrepot.pipelines.media import MediaPipeline
from tests.origin import pages
from tests.origin.canary import Canary
from tests.pipelines.bench import Bench
from tests.pipelines.tasks import Studio


@pytest.mark.parametrize(
    ("path", "options", "content_type", "shown"),
    [
        ("/watch/jsonld", {}, "video/mp4", ("h264", "x720", "aac")),
        ("/watch/og", {}, "video/mp4", ("h264", "x480", "aac")),
        ("/watch/tag", {"quality": "480p"}, "video/mp4", ("h264", "x480", "aac")),
        ("/watch/hls", {"quality": "360p"}, "video/mp4", ("h264", "x360", "aac")),
        ("/watch/dash", {"container": "mkv"}, "video/x-matroska", ("h264", "x720", "aac")),
        ("/watch/dash", {"quality": "audio"}, "audio/mp4", ("aac",)),
        ("/watch/tag", {"audio_only": True}, "audio/mp4", ("aac",)),
    ],
)
def test_media_is_stored_in_the_wanted_form(
    path: str, options: dict[str, Any], content_type: str, shown: tuple[str, ...], studio: Studio
) -> None:
    report = studio.run(path, **options)
    streams = studio.streams(report)
    assert report.files[0].content_type == content_type
    assert all(word in streams for word in shown)
    assert ("Video:" in streams) is content_type.startswith("video/")


def test_video_and_thumbnail_are_named_by_the_title(studio: Studio) -> None:
    report = studio.run("/watch/jsonld")
    video, picture = report.files
    assert (video.role, video.name) == ("main", "Cranes at dawn.mp4")
    assert video.library_path == "videos/Cranes at dawn [jsonld].mp4"
    assert video.sha256 == studio.site.media.sha256("720p.mp4")
    assert (picture.role, picture.name, picture.library_path) == ("thumbnail", "Cranes at dawn.jpg", None)
    assert picture.sha256 == studio.site.media.sha256("thumbnail.jpg")


def test_source_tells_what_is_known(studio: Studio) -> None:
    report = studio.run("/watch/jsonld", thumbnail=False)
    assert report.outcome is not None
    assert len(report.files) == 1
    source = report.outcome.source
    assert (source.title, source.uploader, source.duration_seconds) == ("Cranes at dawn", "Saltmere TV", 6.0)
    assert source.thumbnail_url == studio.site.url("/files/thumbnail.jpg")
    assert source.details["upload_date"] == "2026-03-01"
    assert source.details["height"] == 720
    assert report.notes.sources[0].title == "Cranes at dawn"


def test_stages_follow_each_other_and_progress_never_falls(studio: Studio) -> None:
    steps = studio.run("/watch/dash").notes.steps
    stages = list(dict.fromkeys(step.stage for step in steps))
    assert stages == [Stage.EXTRACTING, Stage.DOWNLOADING, Stage.CONVERTING, Stage.STORING]
    percents = [step.percent for step in steps]
    assert percents == sorted(percents)
    assert percents[-1] <= 100


def test_slow_media_tells_speed_and_eta(studio: Studio) -> None:
    steps = studio.run("/throttled/360p.mp4?bps=1500000").notes.steps
    assert any(
        step.speed_bps and step.eta_seconds is not None and step.total_bytes == 1_167_119 for step in steps
    )


@pytest.mark.parametrize(
    ("path", "options", "code"),
    [
        ("/watch/fake", {}, "media-broken"),
        ("/lying/html.mp4", {}, "media-broken"),
        ("/lying/playlist.mp4?to=x", {}, "media-broken"),
        ("/watch/truncated", {}, "media-broken"),
        ("/files/hls/broken.m3u8", {}, "media-broken"),
        ("/article", {}, "media-not-found"),
        ("/watch/jsonld", {"max_filesize_bytes": 100_000}, "content-too-large"),
        ("/watch/hls", {"max_filesize_bytes": 100_000}, "content-too-large"),
        ("/nope", {}, "upstream-not-found"),
    ],
)
def test_failed_media_stores_nothing(path: str, options: dict[str, Any], code: str, studio: Studio) -> None:
    report = studio.run(path, **options)
    assert (report.code, report.outcome) == (code, None), report.message
    assert not [name for name in studio.bench.leftovers() if name.startswith("data/")]


def test_what_an_earlier_attempt_left_is_not_gone_on_with(studio: Studio) -> None:
    studio.run("/nope")
    for name in ("media.mp4.part", "media.mp4", "media.mp4.ytdl"):
        (studio.bench.folder(1) / name).write_bytes(b"another file")
    assert studio.run("/watch/jsonld").files[0].sha256 == studio.site.media.sha256("720p.mp4")


def test_hostile_title_names_no_other_folder(studio: Studio) -> None:
    title = "../../../etc/cron.d/%(id)s {title} ~ $HOME \u202egpj"
    studio.site.publish("/hostile-title", pages.video_of("/files/360p.webm", title))
    report = studio.run("/hostile-title", thumbnail=False)
    (stored,) = report.files
    assert "/" not in stored.name
    assert "\u202e" not in stored.name
    assert stored.name.endswith(".webm")
    assert (stored.library_path or "").count("/") == 1
    assert not list(studio.bench.root.rglob("cron.d"))


def test_canary_is_not_reached_by_an_order(studio: Studio, canary: Canary) -> None:
    report = studio.run(canary.url)
    assert report.code == "destination-forbidden"
    assert canary.connections == 0


# --- orders, with an extractor that brings a file at once -------------------------------------------------------------


class Courier:
    """An extractor that notes what it was asked for and brings a prepared file."""

    name = "courier"

    def __init__(self, info: MediaInfo, role: str = "video") -> None:
        self.info = info
        self.role = role
        self.requests: list[MediaRequest] = []

    def claims(self, url: str) -> bool:
        return url.startswith("http")

    def knows(self, url: str) -> bool:
        return not self.claims(url)

    def probe(self, url: str) -> MediaInfo:
        return replace(self.info, url=url)

    def download(self, request: MediaRequest, folder: Path, listener: Listener) -> DownloadedMedia:
        self.requests.append(request)
        listener.info(self.info)
        listener.progress(MediaProgress("converting", 100.0, 7, 7))
        listener.log("info", "brought")
        path = folder / "media.mp4"
        path.write_bytes(b"content")
        return DownloadedMedia((MediaFile(self.role, path, "video/mp4"),), self.info)  # type: ignore[arg-type]  # a role


INFO = MediaInfo("http://x/", "id-1", "Courier", title="A title")


def _courier_run(bench: Bench, courier: Courier, **options: Any) -> Any:
    order = bench.order("http://origin.example/v", kind=Kind.MEDIA, **options)
    return MediaPipeline([courier], bench.store, retries=5).run(order, bench.notes)


def test_order_without_options_takes_the_defaults(bench: Bench) -> None:
    courier = Courier(INFO)
    _courier_run(bench, courier)
    assert courier.requests == [MediaRequest("http://origin.example/v", retries=5)]


def test_every_option_reaches_the_extractor(bench: Bench) -> None:
    courier = Courier(INFO)
    _courier_run(bench, courier, quality="720p", container="mkv", max_filesize_bytes=9, rate_limit_bps=8,
                 thumbnail=False, colour="red")  # fmt: skip
    assert courier.requests == [
        MediaRequest("http://origin.example/v", "720p", "mkv", 9, 5, 8, thumbnail=False)
    ]


@pytest.mark.parametrize(
    "options",
    [{"quality": "144p"}, {"quality": 720}, {"container": "exe"}, {"max_filesize_bytes": -1}, {"max_filesize_bytes": "many"},
     {"max_filesize_bytes": True}, {"rate_limit_bps": 1.5}],
)  # fmt: skip
def test_senseless_option_is_refused(options: dict[str, Any], bench: Bench) -> None:
    courier = Courier(INFO)
    with pytest.raises(ValidationFailed):
        _courier_run(bench, courier, **options)
    assert courier.requests == []


@pytest.mark.parametrize(
    ("url", "error"), [("nonsense", BadInput), ("file:///etc/passwd", DestinationForbidden)]
)
def test_senseless_address_is_refused(url: str, error: type[Exception], bench: Bench) -> None:
    with pytest.raises(error):
        MediaPipeline([Courier(INFO)], bench.store).run(bench.order(url, kind=Kind.MEDIA), bench.notes)


@pytest.mark.parametrize(
    ("info", "role", "name", "library_path"),
    [
        (INFO, "video", "A title.mp4", "videos/A title [id-1].mp4"),
        (INFO, "audio", "A title.mp4", "audio/A title [id-1].mp4"),
        (MediaInfo("http://x/", "id-1", "C"), "video", "id-1.mp4", "videos/id-1 [id-1].mp4"),
        (MediaInfo("http://x/", "", "C", title="../.."), "video", "media.mp4", "videos/media [media].mp4"),
        (MediaInfo("http://x/", "../../up", "C", title="t"), "video", "t.mp4", "videos/t [up].mp4"),
    ],
)
def test_names_come_from_title_and_id(
    info: MediaInfo, role: str, name: str, library_path: str, bench: Bench
) -> None:
    (stored,) = _courier_run(bench, Courier(info, role)).files
    assert (stored.name, stored.library_path) == (name, library_path)
    assert stored.sha256 == hashlib.sha256(b"content").hexdigest()


def test_extractors_word_reaches_the_desk(bench: Bench) -> None:
    _courier_run(bench, Courier(INFO))
    assert bench.notes.logs == [("info", "brought")]
    assert [(step.stage, step.percent) for step in bench.notes.steps] == [
        (Stage.EXTRACTING, 0.0), (Stage.CONVERTING, 97.0), (Stage.STORING, 98.0),
    ]  # fmt: skip
