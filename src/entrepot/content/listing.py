"""The links and images of clean content, listed beside it."""

from itertools import islice
from typing import Final

from lxml.html import HtmlElement

from entrepot.content.document import Image, Link

MAX_LISTED: Final = 20_000
"""Links and images that are listed beside the content at most, of each; the content itself keeps all of them."""


def links_of(content: HtmlElement) -> tuple[Link, ...]:
    """The content's links in order; one over MAX_LISTED stands for all that are too many."""
    return tuple(islice(map(_link, content.iterfind(".//a[@href]")), MAX_LISTED + 1))


def images_of(content: HtmlElement) -> tuple[Image, ...]:
    """The content's images, as `links_of`."""
    return tuple(islice(map(_image, content.iterfind(".//img[@src]")), MAX_LISTED + 1))


def is_empty(content: HtmlElement) -> bool:
    """Whether there is neither a word nor an image."""
    return not any(map(str.strip, content.itertext())) and content.find(".//img") is None


def _link(element: HtmlElement) -> Link:
    return Link(
        element.get("href") or "", " ".join("".join(element.itertext()).split()), element.get("rel") or None
    )


def _image(element: HtmlElement) -> Image:
    return Image(element.get("src") or "", element.get("alt") or "")
