"""Pictures: what their first bytes tell of them, never where they were taken, and the picture itself by its address."""

import io
import warnings
from collections.abc import Iterator
from fractions import Fraction
from html import escape as escape_attribute
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from PIL import ExifTags, Image, ImageFile, UnidentifiedImageError
from PIL.ExifTags import Base

from entrepot.content.document import Document, Metadata, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import text_table
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken

_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "ICO")
_ORIENTATIONS = {3: "turned by 180°", 6: "turned by 90° clockwise", 8: "turned by 90° counter-clockwise",
                 2: "mirrored", 4: "mirrored, turned by 180°", 5: "mirrored, turned by 90° counter-clockwise",
                 7: "mirrored, turned by 90° clockwise"}  # fmt: skip
_MODES = {"1": "black and white", "L": "grey", "LA": "grey with transparency", "P": "palette", "RGB": "colour",
          "RGBA": "colour with transparency", "CMYK": "CMYK", "YCbCr": "colour", "I;16": "grey, 16 bits"}  # fmt: skip
_MAX_CHARS = 300


def read(page: Page, options: ContentOptions) -> Document:
    """A table of facts and the picture by its address; its pixels are not decoded. Raises DocumentBroken."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # large dimensions and odd metadata: only the header is read
            picture = Image.open(io.BytesIO(page.body), formats=_FORMATS)
            facts = dict(_facts(picture, len(page.body)))
            said = _exif(picture)
            facts.update(_camera_facts(said))
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError, LookupError,
            TypeError, AttributeError, ArithmeticError, RuntimeError, EOFError) as error:  # fmt: skip
        raise DocumentBroken("The file is no whole picture.") from error
    name = _name_of(page.final_url)
    description = _text(said.get(Base.ImageDescription))
    shown = (
        f'<p><img src="{escape_attribute(page.final_url)}" alt="{escape_attribute(description or name)}"></p>'
    )
    rows = [["Property", "Value"], *([name, value] for name, value in facts.items())]
    metadata = Metadata(
        title=name or None, description=description, author=_text(said.get(Base.Artist)),
        published_at=_moment(said), image=page.final_url,
    )  # fmt: skip
    return assemble(shown + text_table(rows), metadata, page.final_url, options)


def _facts(picture: ImageFile.ImageFile, size_bytes: int) -> Iterator[tuple[str, str]]:
    yield "Format", "JPEG" if picture.format == "MPO" else str(picture.format)
    yield "Width", f"{picture.width} px"
    yield "Height", f"{picture.height} px"
    yield "Size", f"{size_bytes} bytes"
    yield "Colours", _MODES.get(picture.mode, picture.mode)
    if getattr(picture, "is_animated", False):
        yield "Animated", f"{getattr(picture, 'n_frames', 0)} frames"


def _exif(picture: ImageFile.ImageFile) -> dict[int, Any]:
    """The tags of the picture and of its exposure. Those of the place (GPS) are in a part that is never opened."""
    tags = picture.getexif()
    found = dict(tags) | dict(tags.get_ifd(ExifTags.IFD.Exif))
    found.pop(ExifTags.IFD.GPSInfo, None)
    return found


def _camera_facts(said: dict[int, Any]) -> Iterator[tuple[str, str]]:
    """What EXIF tells of how the picture was taken (CIPA DC-008)."""
    camera = " ".join(filter(None, (_text(said.get(Base.Make)), _text(said.get(Base.Model)))))
    exposure, aperture, focal = (
        _number(said.get(tag)) for tag in (Base.ExposureTime, Base.FNumber, Base.FocalLength)
    )
    found = (
        ("Taken", _moment(said)),
        ("Camera", camera),
        ("Lens", _text(said.get(Base.LensModel))),
        ("Exposure", _seconds(exposure) if exposure else None),
        ("Aperture", f"f/{aperture:g}" if aperture else None),
        ("ISO", _text(said.get(Base.ISOSpeedRatings))),
        ("Focal length", f"{focal:g} mm" if focal else None),
        ("Orientation", _ORIENTATIONS.get(said.get(Base.Orientation, 1))),
        ("Software", _text(said.get(Base.Software))),
        ("Copyright", _text(said.get(Base.Copyright))),
    )
    return ((name, value) for name, value in found if value)


def _seconds(value: float) -> str:
    return f"{value:g} s" if value >= 0.5 else f"1/{round(1 / value)} s"


def _number(value: Any) -> float | None:
    try:
        found = float(Fraction(value) if isinstance(value, str) else value)
    except (TypeError, ValueError, ArithmeticError):
        return None
    return found if 1e-9 < found < 1e9 else None


def _moment(said: dict[int, Any]) -> str | None:
    """When the picture was taken, as ISO 8601; a zone where it is told."""
    taken = _text(said.get(Base.DateTimeOriginal)) or _text(said.get(Base.DateTime)) or ""
    date, _, time = taken.partition(" ")
    parts, clock = date.split(":"), time.split(":")
    if [len(part) for part in (*parts, *clock)] != [4, 2, 2, 2, 2, 2] or not "".join(
        (*parts, *clock)
    ).isdigit():
        return None
    return f"{'-'.join(parts)}T{':'.join(clock)}{_text(said.get(Base.OffsetTimeOriginal)) or ''}"


def _text(value: Any) -> str | None:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if isinstance(value, tuple):
        value = value[0] if value else None
    said = " ".join(str(value).replace("\x00", " ").split()) if value is not None else ""
    return said[:_MAX_CHARS] or None


def _name_of(address: str) -> str:
    try:
        return unquote(PurePosixPath(urlsplit(address).path).name)[:_MAX_CHARS]
    except ValueError:
        return ""
