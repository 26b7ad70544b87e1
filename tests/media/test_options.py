"""From our fields to yt-dlp's options: nothing comes through that is not ours."""

from pathlib import Path

import pytest
from yt_dlp import YoutubeDL

from entrepot.media.contract import Container, Equipment, MediaRequest, Quality
from entrepot.media.options import (
    choose_format,
    download_options,
    extraction_options,
    pause_before_retry,
    side_limit,
)

EQUIPMENT = Equipment(proxy_url="http://u:s@127.0.0.1:9", ffmpeg=Path("/opt/ffmpeg"))
FORBIDDEN = ("exec", "exec_cmd", "exec_before_download", "cookiesfrombrowser", "config_location", "plugin_dirs", "netrc_cmd",
             "external_downloader_args", "postprocessor_args", "match_filter", "load_info_filename", "print_to_file")  # fmt: skip
OFFERS = [(1920, 1080), (1280, 720), (854, 480), (640, 360), (1080, 1920), (720, 1280)]


def _formats(sizes: list[tuple[int, int]]) -> list[dict[str, object]]:
    return [
        {"format_id": f"{width}x{height}", "url": f"http://x/{width}", "ext": "mp4", "width": width, "height": height,
         "vcodec": "avc1", "acodec": "mp4a", "protocol": "http"} for width, height in sizes
    ]  # fmt: skip


def _chosen(quality: Quality, container: Container | None, formats: list[dict[str, object]]) -> list[str]:
    options = download_options(MediaRequest("http://x/", quality, container), EQUIPMENT, Path("/job"))
    with YoutubeDL(
        {"quiet": True, "format": options["format"], "format_sort": options["format_sort"]}
    ) as session:
        info = session.process_video_result(
            {"id": "x", "title": "x", "formats": formats, "extractor": "x", "extractor_key": "X"}, download=False  # type: ignore[typeddict-unknown-key]  # made up
        )  # fmt: skip
    return [str(one["format_id"]) for one in info.get("requested_formats") or [info]]  # type: ignore[typeddict-item]  # a dict


@pytest.mark.parametrize(
    ("quality", "expected"),
    [("best", "1920x1080"), ("2160p", "1920x1080"), ("1080p", "1920x1080"), ("720p", "1280x720"), ("480p", "854x480"),
     ("360p", "640x360")],
)  # fmt: skip
def test_quality_takes_the_largest_that_fits(quality: Quality, expected: str) -> None:
    assert _chosen(quality, None, _formats(OFFERS[:4])) == [expected]


def test_upright_video_is_measured_by_its_shorter_side() -> None:
    assert _chosen("720p", None, _formats(OFFERS[4:])) == ["720x1280"]


def test_next_larger_is_taken_where_nothing_fits() -> None:
    assert _chosen("360p", None, _formats(OFFERS[:2])) == ["1280x720"]


def test_browsers_codecs_win_at_the_same_size() -> None:
    both = [
        dict(_formats(OFFERS[1:2])[0], format_id=codec, vcodec=codec) for codec in ("av01", "avc1", "vp9")
    ]
    assert _chosen("best", None, both) == ["avc1"]


def test_video_and_sound_are_merged() -> None:
    video = [dict(one, acodec="none") for one in _formats(OFFERS[:2])]
    sound: dict[str, object] = {
        "format_id": "sound",
        "url": "http://x/s",
        "ext": "m4a",
        "vcodec": "none",
        "acodec": "mp4a",
        "protocol": "http",
    }
    assert _chosen("720p", None, [*video, sound]) == ["1280x720", "sound"]
    assert _chosen("audio", None, [*video, sound]) == ["sound"]


def test_options_confine_and_complain() -> None:
    options = download_options(MediaRequest("http://x/"), EQUIPMENT, Path("/job"))
    assert options["proxy"] == EQUIPMENT.proxy_url
    assert options["paths"] == {"home": "/job"}
    assert options["outtmpl"] == {"default": "media.%(ext)s"}
    assert options["skip_unavailable_fragments"] is False
    assert options["enable_file_urls"] is False
    assert options["cachedir"] is False
    assert options["js_runtimes"] == {}
    assert not any(options.get(name) for name in FORBIDDEN)


def test_fields_reach_their_options_and_no_others() -> None:
    plain = download_options(MediaRequest("http://x/"), EQUIPMENT, Path("/job"))
    request = MediaRequest("http://x/", "720p", "mkv", retries=7, rate_limit_bps=1000)
    changed = download_options(request, EQUIPMENT, Path("/job"))
    assert changed["retries"] == changed["fragment_retries"] == 7
    assert changed["ratelimit"] == 1000
    assert changed["postprocessors"] == [{"key": "FFmpegVideoRemuxer", "preferedformat": "mkv"}]
    different = {name for name in changed if changed[name] != plain.get(name)}
    assert different == {"retries", "fragment_retries", "extractor_retries", "ratelimit", "postprocessors", "format_sort",
                         "merge_output_format"}  # fmt: skip


def test_deno_is_offered_where_it_is_installed() -> None:
    equipment = Equipment(proxy_url="", ffmpeg=Path("/f"), deno=Path("/opt/deno"), user_agent="Someone/1")
    options = extraction_options(equipment)
    assert options["js_runtimes"] == {"deno": {"path": "/opt/deno"}}
    assert options["http_headers"] == {"User-Agent": "Someone/1"}


def test_webm_takes_only_what_fits_into_it() -> None:
    assert "webm" in choose_format("best", "webm").selector
    assert choose_format("best", "webm").merge_into == "webm"


@pytest.mark.parametrize(
    ("quality", "limit"), [("best", None), ("audio", None), ("1080p", 1080), ("360p", 360)]
)
def test_limit_of_a_quality(quality: Quality, limit: int | None) -> None:
    assert side_limit(quality) == limit


def test_pauses_grow_and_are_capped() -> None:
    assert [pause_before_retry(n=n) for n in (0, 1, 2, 3, 4, 500)] == [0.5, 1, 2, 4, 8, 8]
