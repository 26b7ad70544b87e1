"""PDF out: a document as printed pages with a style of our own. Its typesetter is heavy, and loaded by children alone."""

import base64
import binascii
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from lxml.html import HtmlElement

from entrepot.content.document import Document, Notice
from entrepot.content.markup.clean import fragment_tree
from entrepot.content.typesetting.length import cut_to_length
from entrepot.content.typesetting.pages import write_pages
from entrepot.content.typesetting.writer import Picture
from entrepot.errors import ConversionFailed

ImageSource = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Fetches what it can of the images at these addresses (http and https) within limits of its own; never raises for an image."""

MAX_IMAGES = 100
_MAX_DATA_CHARS = 4 * 1024 * 1024
_CUT = Notice("print-cut", "The content is too long to print; the pages end early.")


@dataclass(frozen=True, slots=True)
class Print:
    """The printed pages, and what a reader should know of what is missing in them."""

    body: bytes
    notices: tuple[Notice, ...] = ()


def render(document: Document, *, source_url: str | None = None, images: ImageSource | None = None) -> Print:
    """The document as PDF (A4, tagged, with bookmarks); the same bytes for the same document, images and fonts.

    `source_url` stands below the title and at the foot of each page. Without `images` every picture is its description.
    Needs a folder for temporary files. Raises ConversionFailed.
    """
    from entrepot.content.typesetting.press import Press

    content = fragment_tree(document.fragment)
    cut = [_CUT] if cut_to_length(content) else []
    with tempfile.TemporaryDirectory(prefix="print-") as folder:
        press = Press(Path(folder))
        wanted = _image_addresses(content)
        pictures = press.pictures(_collect(wanted, images))
        undrawable = press.undrawable("".join(content.itertext()) + str(document.metadata.title))

        def printed(pictures: Mapping[str, Picture]) -> Print:
            source = write_pages(
                document, content, source_url, pictures=pictures, lacks_glyphs=bool(undrawable)
            )
            missing = _missing_images(wanted, len(pictures))
            return Print(press.print(source), (*cut, *missing, *_missing_glyphs(undrawable)))

        try:
            return printed(pictures)
        except ConversionFailed:
            if not pictures:
                raise
            return printed({})  # a picture may turn out to be broken only when it is drawn


def _image_addresses(content: HtmlElement) -> list[str]:
    """Each image's address once, in order."""
    found = (image.get("src") or "" for image in content.iterfind(".//img"))
    return list(dict.fromkeys(filter(None, found)))


def _collect(addresses: Sequence[str], images: ImageSource | None) -> dict[str, bytes]:
    """The images' bytes in the document's order, so that it is always printed alike."""
    first = addresses[:MAX_IMAGES]
    inline = {address: _from_data_url(address) for address in first if address.startswith("data:")}
    remote = [address for address in first if address.startswith(("http://", "https://"))]
    fetched = images(remote) if images and remote else {}
    found = ((address, inline.get(address) or fetched.get(address)) for address in first)
    return {address: data for address, data in found if data}


def _from_data_url(address: str) -> bytes | None:
    """The bytes in a `data:` URL (RFC 2397); None: too many, or none."""
    head, comma, data = address.partition(",")
    if not comma or len(data) > _MAX_DATA_CHARS:
        return None
    if not head.endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return base64.b64decode(unquote_to_bytes(data), validate=False)
    except binascii.Error:
        return None


def _missing_images(wanted: Sequence[str], drawn: int) -> list[Notice]:
    missing = len(wanted) - drawn
    if not missing:
        return []
    return [Notice("images-missing", f"{missing} of {len(wanted)} images could not be fetched or drawn.")]


def _missing_glyphs(letters: str) -> list[Notice]:
    if not letters:
        return []
    from entrepot.content.typesetting.press import scripts_of

    scripts = ", ".join(scripts_of(letters)[:8])
    shown = "".join(letters[:12])
    return [
        Notice(
            "glyphs-missing",
            f"No font on this machine can draw {len(letters)} of the characters ({scripts}): {shown}",
        )
    ]
