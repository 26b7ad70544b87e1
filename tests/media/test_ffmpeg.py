"""ffmpeg's lead: its inputs, what it says of real files, and which of them are whole."""

import re
import subprocess
from pathlib import Path

import pytest

from entrepot.errors import MediaBroken, MediaUnavailable
from entrepot.media.ffmpeg import (
    LOCAL_FORMATS,
    LOCAL_PROTOCOLS,
    NETWORK_FORMATS,
    NETWORK_PROTOCOLS,
    Ffmpeg,
    check_inputs,
    has_remote_input,
    protect_inputs,
)
from tests.origin.media_files import make_media


def test_every_input_gets_its_whitelists() -> None:
    command = [
        "ffmpeg",
        "-y",
        "-i",
        "file:a.mp4",
        "-ss",
        "1",
        "-i",
        "https://x/y.m3u8",
        "-c",
        "copy",
        "file:out.mp4",
    ]
    assert protect_inputs(command) == [
        "ffmpeg", "-y", "-protocol_whitelist", LOCAL_PROTOCOLS, "-format_whitelist", LOCAL_FORMATS, "-i", "file:a.mp4",
        "-ss", "1", "-protocol_whitelist", NETWORK_PROTOCOLS, "-format_whitelist", NETWORK_FORMATS, "-i", "https://x/y.m3u8",
        "-c", "copy", "file:out.mp4",
    ]  # fmt: skip


def test_network_protocols_do_not_open_files_nor_the_other_way_round() -> None:
    assert "file" not in NETWORK_PROTOCOLS.split(",")
    assert not {"http", "https", "tcp", "udp"} & set(LOCAL_PROTOCOLS.split(","))


@pytest.mark.parametrize(
    "script",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nfile:secret.ts\n",
        "ffconcat version 1.0\nfile secret.ts\n",
    ],
)
def test_script_behind_an_id3_tag_is_not_read(script: str, ffmpeg: Path, tmp_path: Path) -> None:
    trap = tmp_path / "media.mp3"
    trap.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x00" + script.encode())
    command = protect_inputs([str(ffmpeg), "-hide_banner", "-i", f"file:{trap}"])
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    assert not re.search(r"unknown keyword|secret", done.stderr), done.stderr
    with pytest.raises(MediaBroken):
        Ffmpeg(ffmpeg).inspect(trap)


def test_input_over_a_strange_protocol_is_refused() -> None:
    with pytest.raises(MediaUnavailable):
        check_inputs(["ffmpeg", "-i", "rtsp://127.0.0.1/x"])


def test_local_playlist_is_refused_as_an_input(tmp_path: Path) -> None:
    trap = tmp_path / "media.mp4"
    trap.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n")
    with pytest.raises(MediaBroken):
        check_inputs(["ffmpeg", "-i", f"file:{trap}"])


def test_remote_inputs_are_told_from_local_ones() -> None:
    assert has_remote_input(["ffmpeg", "-i", "http://x/"])
    assert not has_remote_input(["ffmpeg", "-i", "file:http.mp4"])


@pytest.mark.parametrize(
    ("name", "height", "has_video"),
    [
        ("1080p.mp4", 1080, True),
        ("360p.webm", 360, True),
        ("audio.m4a", None, False),
        ("audio.mp3", None, False),
    ],
)
def test_whole_file_is_described_and_passes(
    name: str, height: int | None, has_video: bool, ffmpeg: Path
) -> None:
    program, file = Ffmpeg(ffmpeg), make_media().path(name)
    facts = program.inspect(file)
    program.check_whole(file, facts)
    assert (facts.height, facts.has_video, facts.has_audio) == (height, has_video, True)
    assert facts.duration_seconds == pytest.approx(6.0, abs=0.1)


@pytest.mark.parametrize(
    ("name", "kept"),
    [("720p.mp4", 0.995), ("720p.mp4", 0.5), ("360p.webm", 0.7), ("audio.m4a", 0.6), ("audio.mp3", 0.5),
     ("dash/init-stream0.m4s", 1.0), ("720p.mp4", 0.0)],
)  # fmt: skip
def test_file_without_its_end_is_broken(name: str, kept: float, ffmpeg: Path, tmp_path: Path) -> None:
    content = make_media().path(name).read_bytes()
    file = tmp_path / Path(name).name
    file.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(MediaBroken):
        Ffmpeg(ffmpeg).check_whole(file, Ffmpeg(ffmpeg).inspect(file))
