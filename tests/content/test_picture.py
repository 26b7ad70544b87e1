"""Pictures are told of in a table, and where they were taken is kept back."""

import pytest
from PIL import Image
from PIL.ExifTags import GPS, IFD, Base

from entrepot.content.format import Format
from entrepot.errors import DocumentBroken
from tests.content.rereading import reread
from tests.content.written import markdown_of, picture, rendering

ADDRESS = "https://harbour.example/pictures/a%20crane.jpg"
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="10" height="20"><title>A crane</title><desc>Drawn by hand</desc>'
    "<script>alert(1)</script><text>words <tspan>here</tspan></text></svg>"
)


def facts_of(body: bytes) -> dict[str, str]:
    rows = reread(markdown_of(body, address=ADDRESS)).xpath(".//tbody/tr")
    return {row[0].text: row[1].text for row in rows}


def photograph() -> bytes:
    image = Image.new("RGB", (640, 480))
    tags = image.getexif()
    tags[Base.Make], tags[Base.Model], tags[Base.Orientation], tags[Base.Artist] = "Acme", "One", 6, "Ann Lee"
    exposure = tags.get_ifd(IFD.Exif)
    exposure[Base.ExposureTime], exposure[Base.FNumber], exposure[Base.FocalLength] = 1 / 250, 2.8, 35.0
    exposure[Base.DateTimeOriginal], exposure[Base.LensModel] = "2026:03:01 08:30:00", "35mm"
    exposure[Base.ISOSpeedRatings] = 400
    place = tags.get_ifd(IFD.GPSInfo)
    place[GPS.GPSLatitudeRef], place[GPS.GPSLatitude] = "N", (51.0, 30.0, 26.123)
    return picture("JPEG", exif=tags)


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_dimensions_and_format_are_told(format_: str) -> None:
    found = facts_of(picture(format_, (64, 48)))
    assert (found["Format"], found["Width"], found["Height"]) == (format_, "64 px", "48 px")


def test_picture_is_shown_by_its_address() -> None:
    found = rendering(picture(), Format.HTML, address=ADDRESS)
    assert f'<img src="{ADDRESS}" alt="a crane.jpg">' in found.body.decode()
    assert (found.metadata.title, found.metadata.image) == ("a crane.jpg", ADDRESS)


def test_exposure_is_told() -> None:
    found = facts_of(photograph())
    assert found["Camera"] == "Acme One"
    assert (found["Exposure"], found["Aperture"], found["ISO"], found["Focal length"]) == (
        "1/250 s",
        "f/2.8",
        "400",
        "35 mm",
    )
    assert (found["Taken"], found["Lens"], found["Orientation"]) == (
        "2026-03-01T08:30:00",
        "35mm",
        "turned by 90° clockwise",
    )


@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON])
def test_place_is_kept_back(format_: Format) -> None:
    said = rendering(photograph(), format_, address=ADDRESS).body.decode()
    assert not any(part in said for part in ("GPS", "26.123", "Latitude", "51.0"))


def test_author_and_moment_are_facts_of_the_document() -> None:
    found = rendering(photograph(), Format.TEXT, address=ADDRESS).metadata
    assert (found.author, found.published_at) == ("Ann Lee", "2026-03-01T08:30:00")


def test_moving_picture_is_said_to_move() -> None:
    frames = [Image.new("P", (8, 8), at) for at in range(3)]
    body = picture("GIF", (8, 8), save_all=True, append_images=frames)
    assert facts_of(body)["Animated"].endswith("frames")


def test_huge_dimensions_are_read_without_pixels() -> None:
    body = bytearray(picture("PNG"))
    body[16:24] = (100_000).to_bytes(4, "big") * 2
    with pytest.raises(DocumentBroken):
        markdown_of(bytes(body))


def test_drawing_is_told_without_its_scripts() -> None:
    found = rendering(SVG, Format.MARKDOWN, "image/svg+xml")
    assert b"words here" in found.body
    assert b"alert" not in found.body
    assert (found.metadata.title, found.metadata.description) == ("A crane", "Drawn by hand")
