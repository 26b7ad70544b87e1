"""Images tell their size before they are decoded."""

import struct

import pytest

from entrepot.content.typesetting.picture_size import image_kind, pixels_of
from tests.content.prints import png

JPEG = b"\xff\xd8\xff\xe0\x00\x04xx\xff\xff\xc2\x00\x11\x08" + struct.pack(">HH", 30, 40) + b"\x03"
LOSSLESS = b"RIFF\0\0\0\0WEBPVP8L\0\0\0\0\x2f" + struct.pack("<I", 39 | 29 << 14)
EXTENDED = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0" + b"\x27\0\0" + b"\x1d\0\0"
LOSSY = b"RIFF\0\0\0\0WEBPVP8 \0\0\0\0\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 40, 30)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (png(40, 30), "png"), (b"GIF89a" + struct.pack("<HH", 40, 30), "gif"), (JPEG, "jpg"), (LOSSLESS, "webp"), (EXTENDED, "webp"),
        (LOSSY, "webp"),
    ],
)  # fmt: skip
def test_size_is_read_from_the_head(data: bytes, kind: str) -> None:
    assert (image_kind(data), pixels_of(data)) == (kind, 1200)


def test_drawing_has_no_pixels() -> None:
    assert pixels_of(b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>") == 0


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"<html>", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", b"GIF87a", b"<svg"]
)
def test_what_does_not_tell_is_not_decoded(data: bytes) -> None:
    assert pixels_of(data) is None
