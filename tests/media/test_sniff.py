"""What is media by its first bytes, and what only pretends to be."""

import pytest

from entrepot.media.sniff import HEAD_BYTES, sniff_image, sniff_media
from tests.origin.media_files import make_media

FILES = [("1080p.mp4", "mp4"), ("360p.webm", "webm"), ("audio.m4a", "mp4"), ("audio.mp3", "mp3"), ("hls/360-00.ts", "ts"),
         ("dash/init-stream0.m4s", "mp4"), ("dash/chunk-stream0-00001.m4s", "mp4")]  # fmt: skip


@pytest.mark.parametrize(("name", "extension"), FILES)
def test_real_file_is_known_by_its_head(name: str, extension: str) -> None:
    kind = sniff_media(make_media().path(name).read_bytes()[:HEAD_BYTES])
    assert kind is not None
    assert kind.extension == extension


@pytest.mark.parametrize(
    "head",
    [
        b"", b"#EXTM3U\n#EXTINF:2,\nfile:///etc/passwd\n", b"\xef\xbb\xbf#EXTM3U\n", b"\n\n#EXTM3U\n", b"<?xml version='1.0'?><MPD>",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n", b"file '/etc/passwd'\n", b"v=0\nm=video 1 RTP/AVP 96\n",
        b"<!doctype html><html>", b"[playlist]\nFile1=http://127.0.0.1/\n", b"<smil><body>", b"# VobSub index file, v7\n",
        b"RTSPtext\r\nrtsp://127.0.0.1/", b"{}", b"%PDF-1.7", b"PK\x03\x04", b"\xff\xd8\xff\xe0", b"GIF89a", b"\x00" * 64,
        b"RIFF\x00\x00\x00\x00WEBPVP8 ", b"DSIG", b"\xff\xfe<\x00h\x00t\x00m\x00l\x00", b"\xff\xfe \x00h\x00t\x00m\x00l\x00", b"\xff\xfb\x9c\x00\x00", b"\xff\xeb\x90\x00\x00",
    ],
)  # fmt: skip
def test_text_and_other_files_are_no_media(head: bytes) -> None:
    assert sniff_media(head) is None


@pytest.mark.parametrize(
    ("head", "extension"),
    [
        (b"fLaC\x00", "flac"), (b"OggS\x00", "ogv"), (b"FLV\x01\x05", "flv"), (b"ID3\x04", "mp3"), (b"#!AMR\n", "amr"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "wav"), (b"RIFF\x00\x00\x00\x00AVI LIST", "avi"),
        (b"FORM\x00\x00\x00\x00AIFFCOMM", "aiff"), (b"\xff\xf1\x50\x80\x00", "aac"), (b"\xff\xfb\x90\x00\x00", "mp3"),
        (b"\x00\x00\x01\xba\x44", "mpg"), (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x88matroska", "mkv"),
        (b"\x00\x00\x00\x14ftypqt  ", "mov"), (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6", "wmv"),
    ],
)  # fmt: skip
def test_container_is_known_by_its_magic(head: bytes, extension: str) -> None:
    kind = sniff_media(head)
    assert kind is not None
    assert kind.extension == extension


@pytest.mark.parametrize(
    ("head", "present", "has_video", "expected"),
    [
        (b"\x00\x00\x00\x18ftypisom", "webm", True, "mp4"),
        (b"\x00\x00\x00\x18ftypisom", "mp4", False, "m4a"),
        (b"\x00\x00\x00\x18ftypisom", "m4v", True, "m4v"),
        (b"OggS\x00", "opus", False, "opus"),
        (b"OggS\x00", "ogg", False, "ogg"),
        (b"OggS\x00", "opus", True, "ogv"),
        (b"fLaC\x00", "mp3", False, "flac"),
    ],
)
def test_extension_fits_the_content(head: bytes, present: str, has_video: bool, expected: str) -> None:
    kind = sniff_media(head)
    assert kind is not None
    assert kind.extension_for(present, has_video=has_video) == expected


@pytest.mark.parametrize(
    ("head", "image"),
    [(b"\xff\xd8\xff\xe0", "jpg"), (b"\x89PNG\r\n\x1a\n", "png"), (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "webp"),
     (b"<svg xmlns=", None), (b"GIF89a", None), (b"", None)],
)  # fmt: skip
def test_only_plain_images_are_thumbnails(head: bytes, image: str | None) -> None:
    assert sniff_image(head) == image
