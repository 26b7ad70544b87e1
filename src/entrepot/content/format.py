"""The formats that content can be had in, and their media types."""

from enum import StrEnum
from types import MappingProxyType


class Format(StrEnum):
    """What a source can be converted to; the preferred first."""

    MARKDOWN = "markdown"
    HTML = "html"
    TEXT = "text"
    JSON = "json"
    PDF = "pdf"
    SCREENSHOT = "screenshot"


MEDIA_TYPES = MappingProxyType({
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.HTML: "text/html; charset=utf-8",
    Format.TEXT: "text/plain; charset=utf-8",
    Format.JSON: "application/json",
    Format.PDF: "application/pdf",
    Format.SCREENSHOT: "image/png",
})  # fmt: skip
