"""What yt-dlp's dictionaries are read as."""

from typing import Any

import pytest

from entrepot.media.extractors.ytdlp_info import prefer_mp4

PICTURE = {"ext": "mp4", "vcodec": "avc1.42c01e", "acodec": "none"}
SOUND: dict[str, Any] = {"ext": "mp4", "vcodec": "none"}


@pytest.mark.parametrize(
    ("parts", "extension"),
    [
        ([PICTURE, SOUND], "mp4"),
        ([PICTURE, {**SOUND, "acodec": "mp4a.40.2"}], "mp4"),
        ([PICTURE, {**SOUND, "acodec": "vorbis"}], "mkv"),
        ([PICTURE, {**SOUND, "ext": "webm"}], "mkv"),
        ([{**PICTURE, "vcodec": "vp9"}, SOUND], "mkv"),
    ],
)
def test_parts_of_untold_codecs_become_mp4(parts: list[dict[str, Any]], extension: str) -> None:
    info = {"ext": "mkv", "requested_formats": parts}
    prefer_mp4(info)
    assert info["ext"] == extension


@pytest.mark.parametrize("extension", ["mkv", "webm"])
def test_single_file_keeps_its_container(extension: str) -> None:
    info: dict[str, Any] = {"ext": extension}
    prefer_mp4(info)
    assert info == {"ext": extension}
