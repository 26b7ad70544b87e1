"""What an address is taken for, and what is promised of it before anything starts."""

import pytest

from entrepot.jobs.work import Kind
from entrepot.media.contract import MediaFormat
from entrepot.pipelines.choose import Choice, qualities_of
from tests.origin import pages
from tests.origin.canary import Canary
from tests.pipelines.tasks import Studio

MEDIA_OR_PAGE = Choice(Kind.MEDIA, otherwise=Kind.PAGE)


@pytest.mark.parametrize(
    ("path", "choice"),
    [
        ("/files/360p.mp4", Choice(Kind.FILE)),
        ("/files/thumbnail.jpg", Choice(Kind.FILE)),
        ("/files/subtitles.en.vtt", Choice(Kind.FILE)),
        ("/lying/type/360p.mp4?type=text/html", Choice(Kind.FILE)),
        ("/feed.xml", Choice(Kind.FILE)),
        ("/files/hls/master.m3u8", Choice(Kind.MEDIA)),
        ("/files/dash/manifest.mpd", Choice(Kind.MEDIA)),
        ("/watch/jsonld", MEDIA_OR_PAGE),
        ("/watch/og", MEDIA_OR_PAGE),
        ("/watch/tag", MEDIA_OR_PAGE),
        ("/article", Choice(Kind.PAGE)),
        ("/lying/html.mp4", Choice(Kind.FILE)),
        ("/redirect?to=/files/audio.mp3", Choice(Kind.FILE)),
    ],
)
def test_address_is_taken_for_what_it_is(path: str, choice: Choice, studio: Studio) -> None:
    assert studio.choose(path) == choice


def test_page_that_cannot_be_read_in_time_is_a_page(studio: Studio) -> None:
    studio.site.publish("/deep", "<!doctype html><html><body>" + "<p><b>" * 80_000)
    assert studio.choose("/deep", hint_seconds=0.2) == Choice(Kind.PAGE)


def test_known_site_is_not_looked_at(studio: Studio) -> None:
    assert studio.choose("https://www.youtube.com/watch?v=dQw4w9WgXcQ") == MEDIA_OR_PAGE


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("/files/360p.mp4", Kind.FILE, "360p.mp4"),
        ("/files/hls/360.m3u8", Kind.MEDIA, "360.mp4"),
        ("/watch/jsonld", Kind.MEDIA, "Cranes at dawn.mp4"),
        ("/article", Kind.PAGE, "How the harbour of Saltmere got its second crane.md"),
    ],
)
def test_automatic_job_brings_what_is_there(path: str, kind: Kind, name: str, studio: Studio) -> None:
    report = studio.run(path, Kind.AUTO)
    assert report.files[0].name == name
    assert report.notes.kinds == [kind]


def test_page_that_promises_media_and_has_none_is_kept_as_a_page(studio: Studio) -> None:
    studio.site.publish("/promise", pages.article().replace('content="article"', 'content="video.other"'))
    report = studio.run("/promise", Kind.AUTO)
    assert report.files[0].content_type.startswith("text/markdown")
    assert report.notes.kinds == [Kind.MEDIA, Kind.PAGE]
    assert "kept as a page" in report.notes.text


@pytest.mark.parametrize(("path", "code"), [("/nope", "upstream-not-found"), ("/redirect/loop/1", "too-many-redirects"),
                                            ("/status/500", "upstream-unavailable")])  # fmt: skip
def test_failure_of_the_first_look_is_the_jobs(path: str, code: str, studio: Studio) -> None:
    assert studio.run(path, Kind.AUTO).code == code


def test_first_look_does_not_reach_the_canary(studio: Studio, canary: Canary) -> None:
    report = studio.run(f"/redirect?to={canary.url}", Kind.AUTO)
    assert report.code == "destination-forbidden"
    assert canary.connections == 0


# --- the preview ------------------------------------------------------------------------------------------------------


def test_file_is_described(studio: Studio) -> None:
    told = studio.describe("/files/360p.mp4")
    assert (told["kind"], told["title"], told["content_type"]) == ("file", "360p.mp4", "video/mp4")
    assert told["size_bytes"] == 1_167_119


def test_page_is_described(studio: Studio) -> None:
    told = studio.describe("/article")
    assert (told["kind"], told["title"]) == ("page", "How the harbour of Saltmere got its second crane")
    assert told["qualities"] == ()


def test_video_is_described_with_its_qualities(studio: Studio) -> None:
    told = studio.describe("/watch/tag")
    assert (told["kind"], told["title"], told["extractor"]) == ("media", "Nets at dusk", "HTML5MediaEmbed")
    assert told["qualities"] == ("best", "1080p", "720p", "480p", "360p", "audio")
    assert told["thumbnail_url"] == studio.site.url("/files/thumbnail.jpg")


def test_stream_is_described(studio: Studio) -> None:
    told = studio.describe("/files/hls/master.m3u8")
    assert told["kind"] == "media"
    assert told["qualities"] == ("best", "720p", "480p", "360p", "audio")


def test_describing_downloads_nothing(studio: Studio) -> None:
    before = studio.site.count("/files/720p.mp4")
    studio.describe("/watch/jsonld")
    assert studio.site.count("/files/720p.mp4") - before <= 1


@pytest.mark.parametrize(
    ("url", "code"),
    [("http://169.254.169.254/", "destination-forbidden"), ("ftp://example.org/", "destination-forbidden"),
     ("nonsense", "invalid-url"), ("/nope", "upstream-not-found")],
)  # fmt: skip
def test_what_cannot_be_described_has_its_code(url: str, code: str, studio: Studio) -> None:
    message = studio.preview(url)
    assert message["error"]["code"] == code


# --- qualities --------------------------------------------------------------------------------------------------------


def _format(height: int | None, width: int | None = None, **codecs: str) -> MediaFormat:
    return MediaFormat("x", height=height, width=width, **codecs)  # type: ignore[arg-type]  # codecs are strings


@pytest.mark.parametrize(
    ("formats", "expected"),
    [
        ([], ("best",)),
        ([_format(None)], ("best", "audio")),
        ([_format(1080), _format(360)], ("best", "1080p", "720p", "480p", "360p", "audio")),
        ([_format(720, 1280)], ("best", "720p", "audio")),
        ([_format(1920, 1080)], ("best", "1080p", "audio")),
        ([_format(4320)], ("best", "audio")),
        ([_format(720, audio_codec="none")], ("best", "720p")),
        ([_format(720, video_codec="none")], ("best", "audio")),
        ([_format(500)], ("best", "audio")),
    ],
)  # fmt: skip
def test_only_qualities_that_differ_are_offered(
    formats: list[MediaFormat], expected: tuple[str, ...]
) -> None:
    assert qualities_of(formats) == expected
