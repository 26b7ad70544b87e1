"""The typesetter itself (Typst): sources and images in, PDF out, and what it has no fonts for. Heavy: for children only."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

import typst

from entrepot.content.typesetting.picture_size import image_kind, pixels_of
from entrepot.content.typesetting.words import literal
from entrepot.content.typesetting.writer import Picture
from entrepot.errors import ConversionFailed

MAX_PIXELS = 25_000_000
"""Of one image; and four times as many of all images together, since all are held at once."""

_MAX_PROBED = 3000
_UNDRAWN = re.compile(r"the text `\"((?:[^\"\\]|\\.)+)\"` could not be displayed")
_ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}")


class Press:
    """Sets pages in `folder`, from which alone it reads; the images that it measured lie there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._compiler = typst.Compiler(root=str(folder), font_paths=fonts())

    def pictures(self, images: Mapping[str, bytes]) -> dict[str, Picture]:
        """Those of the images (address: bytes) that can be drawn, written to files and measured."""
        drawable = {}
        left = 4 * MAX_PIXELS
        for number, (address, data) in enumerate(images.items()):
            pixels = pixels_of(data)
            if pixels is None or pixels > min(left, MAX_PIXELS):
                continue
            picture = self._picture(f"image-{number}.{image_kind(data)}", data)
            if picture is not None:
                drawable[address] = picture
                left -= pixels
        return drawable

    def print(self, source: str) -> bytes:
        """The PDF of a source; the same bytes for the same source. Raises ConversionFailed."""
        try:
            return _only(self._compiler.compile(source.encode(), format="pdf", timestamp=0))
        except typst.TypstError as error:
            raise ConversionFailed(f"The pages could not be set: {error.message[:200]}.") from error

    def undrawable(self, text: str) -> str:
        """The characters of `text`, each once, in order, that no font here has a glyph for."""
        odd = sorted({letter for letter in text if ord(letter) > 0x24F and _has_glyph(letter)})[:_MAX_PROBED]
        if not odd:
            return ""
        # PDF/A demands a glyph for everything, and so the typesetter names what lacks one.
        source = "#{ " + " ".join(f"par({literal(letter)});" for letter in odd) + " }"
        try:
            self._compiler.compile(source.encode(), format="pdf", pdf_standards="a-2b", timestamp=0)
        except typst.TypstError as error:
            named = "".join(map(_unescaped, _UNDRAWN.findall(error.diagnostic)))
            return "".join(letter for letter in odd if letter in named)
        return ""

    def _picture(self, file: str, data: bytes) -> Picture | None:
        (self._folder / file).write_bytes(data)
        probe = (
            f"#context {{ let size = measure(image({literal(file)})); "
            "[#metadata((size.width.pt(), size.height.pt())) <size>] }\n"
            f"#hide(image({literal(file)}, width: 1pt))"
        )
        try:
            width, height = self._measure(probe)
        except (RuntimeError, ValueError):  # TypstError is a RuntimeError, and not the only one
            (self._folder / file).unlink()
            return None
        return Picture(file, width, height) if width > 0 and height > 0 else None

    def _measure(self, probe: str) -> tuple[float, float]:
        source = self._folder / "probe.typ"
        source.write_text(probe, encoding="utf-8")
        found = typst.query(source, "<size>", field="value", one=True, root=self._folder, font_paths=fonts())
        numbers = re.findall(r"[0-9]+(?:\.[0-9]+)?(?:e[+-]?[0-9]+)?", found)
        width, height = map(float, numbers)
        return width, height


@cache
def fonts() -> "typst.Fonts":
    """The typesetter's own fonts and the system's, found once in a process."""
    return typst.Fonts()


def scripts_of(letters: Iterable[str]) -> list[str]:
    """The names of the scripts that the letters belong to, as Unicode's names begin: CJK, ARABIC, THAI …"""
    names = {
        unicodedata.name(letter, "").split(" ")[0].split("-")[0] for letter in letters if letter.isalpha()
    }
    others = any(not letter.isalpha() for letter in letters)
    return [*sorted(filter(None, names)), *(["symbols"] if others else [])]


def _has_glyph(letter: str) -> bool:
    return unicodedata.category(letter)[0] not in "CZ" and not "\ufe00" <= letter <= "\ufe0f"


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text)


def _only(found: bytes | list[bytes] | None) -> bytes:
    if not isinstance(found, bytes):
        raise ConversionFailed("The pages could not be set.")
    return found
