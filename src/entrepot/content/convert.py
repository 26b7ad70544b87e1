"""From a source's bytes to the format that was asked for: which reader takes a source, which renderer a format."""

import hashlib
import importlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, cast

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.encoding.charset import CHARSET_GUESSED, guessed
from entrepot.content.format import Format
from entrepot.content.formats import html, json_document, markdown, text
from entrepot.content.headline import with_headline
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import OLD_OFFICE_TYPES
from entrepot.content.source_type import source_type
from entrepot.errors import AppError, ConversionUnsupported

Reader = Callable[[Page, ContentOptions], Document]
ImageSource = Callable[[Sequence[str]], Mapping[str, bytes]]
"""Fetches what it can of the images at these addresses, within limits of its own."""

_FORMATS = "entrepot.content.formats"
_OFFICE = "application/vnd.openxmlformats-officedocument"
_OPEN = "application/vnd.oasis.opendocument"

READERS = {
    "text/html": "html", "application/xhtml+xml": "html",
    "application/json": "json_document", "text/json": "json_document",
    "application/pdf": "pdf_text", "application/x-pdf": "pdf_text",
    f"{_OFFICE}.wordprocessingml.document": "docx", f"{_OFFICE}.wordprocessingml.template": "docx",
    "application/vnd.ms-word.document.macroenabled.12": "docx",
    f"{_OFFICE}.spreadsheetml.sheet": "xlsx", f"{_OFFICE}.spreadsheetml.template": "xlsx",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsx",
    f"{_OFFICE}.presentationml.presentation": "pptx", f"{_OFFICE}.presentationml.slideshow": "pptx",
    f"{_OFFICE}.presentationml.template": "pptx",
    "application/vnd.ms-powerpoint.presentation.macroenabled.12": "pptx",
    f"{_OPEN}.text": "opendocument", f"{_OPEN}.text-template": "opendocument",
    f"{_OPEN}.spreadsheet": "opendocument", f"{_OPEN}.presentation": "opendocument",
    "application/epub+zip": "epub", "application/rtf": "rtf", "text/rtf": "rtf",
    "application/rss+xml": "feed", "application/atom+xml": "feed", "application/rdf+xml": "feed",
    "application/feed+json": "json_feed",
    "text/csv": "delimited", "text/tab-separated-values": "delimited", "application/csv": "delimited",
    "text/markdown": "markdown_source", "text/x-markdown": "markdown_source",
    "image/png": "picture", "image/jpeg": "picture", "image/jpg": "picture", "image/gif": "picture",
    "image/webp": "picture", "image/avif": "picture", "image/bmp": "picture", "image/x-ms-bmp": "picture",
    "image/tiff": "picture", "image/x-icon": "picture", "image/vnd.microsoft.icon": "picture", "image/svg+xml": "svg",
}  # fmt: skip
"""Which module of `formats` reads a media type. Modules are loaded when a source needs them, in the child alone."""

_WRITTEN_BY_US = frozenset({"markdown"})
"""Languages of verbatim text that is no code to be shown, but the document itself in one of our formats."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """A source in another format. `fingerprint` (SHA-256, hex) stays the same while what is said stays the same."""

    body: bytes
    metadata: Metadata
    fingerprint: str
    notices: tuple[Notice, ...] = ()
    kind: str | None = None


def convert(
    page: Page,
    format: Format,  # noqa: A002 - the field's word
    options: ContentOptions,
    *,
    images: ImageSource | None = None,
) -> Rendering:
    """Renders `page`; a PDF that is asked for as PDF stays as it is. `images` fetches the pictures that are printed.

    Raises ConversionUnsupported, NoContent, ValidationFailed (selectors), ConversionFailed, DocumentBroken,
    DocumentEncrypted, DocumentTooLarge.
    """
    started = time.perf_counter()
    if format is Format.SCREENSHOT:
        raise ConversionUnsupported("A screenshot is taken by a browser; no source is converted to one.")
    media_type = source_type(page)
    reader = reader_of(media_type)
    if format is Format.PDF and READERS.get(media_type) == "pdf_text":
        return _passed_on(page)
    document = _with_charset_notice(reader(page, options), page, media_type)
    if format is Format.JSON:
        return _render_json(document, page, options, started)
    if format is Format.PDF:
        return _print(document, page, images)
    return _rendering(_render(document, format, options).encode(), document)


def reader_of(media_type: str) -> Reader:
    """What reads sources of this type. Raises ConversionUnsupported."""
    name = READERS.get(media_type)
    if name is not None:
        return cast(Reader, importlib.import_module(f"{_FORMATS}.{name}").read)
    if media_type.endswith("+json"):
        return json_document.read
    language = text.LANGUAGES.get(media_type)
    if language is None and media_type.endswith(("+xml", "/xml")):
        language = "xml"
    if language is None and media_type.startswith("text/"):
        language = ""
    if language is None:
        advice = "saved in the newer format (DOCX, XLSX, PPTX), it can" if media_type in OLD_OFFICE_TYPES else (
            "its own bytes can be had as raw")  # fmt: skip
        raise ConversionUnsupported(f"There is no way to convert {media_type}; {advice}.")
    return partial(text.read, language=language)


def _passed_on(page: Page) -> Rendering:
    """A PDF as it is, with what it says of itself where it can be opened."""
    from entrepot.content.formats import pdf_text

    try:
        metadata = pdf_text.read_facts(page)
    except AppError:  # it is handed on unread all the same
        metadata = Metadata()
    return Rendering(page.body, metadata, hashlib.sha256(page.body).hexdigest())


def _with_charset_notice(document: Document, page: Page, media_type: str) -> Document:
    if not media_type.startswith("text/") and not media_type.endswith(("xml", "json")):
        return document
    if not (encoding := guessed(page.body, page.content_type)):
        return document
    notice = Notice(
        CHARSET_GUESSED, f"The source is not in the encoding that it names; it was read as {encoding}."
    )
    return replace(document, notices=(*document.notices, notice))


def _rendering(body: bytes, document: Document) -> Rendering:
    fingerprint = hashlib.sha256(body).hexdigest()
    return Rendering(body, document.metadata, fingerprint, document.notices, document.kind)


def _render(document: Document, format: Format, options: ContentOptions) -> str:  # noqa: A002
    match format:
        case Format.MARKDOWN:
            return _markdown(document, options)
        case Format.TEXT:
            return text.render(_from_markup(document), options.links)
        case _:
            return html.render(with_headline(document))


def _print(document: Document, page: Page, images: ImageSource | None) -> Rendering:
    from entrepot.content.formats import pdf

    printed = pdf.render(_from_markup(document), source_url=page.final_url, images=images)
    return _rendering(printed.body, replace(document, notices=(*document.notices, *printed.notices)))


def _markdown(document: Document, options: ContentOptions) -> str:
    source = document.verbatim
    if source is not None and source.language in _WRITTEN_BY_US:
        return source.text
    return markdown.render(with_headline(document), options.links)


def _from_markup(document: Document) -> Document:
    """The document without its source's text, where that is written in markup that a reader should not see."""
    if document.verbatim is not None and document.verbatim.language in _WRITTEN_BY_US:
        return replace(document, verbatim=None)
    return document


def _render_json(document: Document, page: Page, options: ContentOptions, started: float) -> Rendering:
    members = json_document.describe(
        document,
        page,
        text=_render(document, Format.TEXT, options),
        markdown=_render(document, Format.MARKDOWN, options),
    )
    fingerprint = hashlib.sha256(json_document.render(members).encode()).hexdigest()
    timings = {"fetch": page.fetch_ms, "convert": round((time.perf_counter() - started) * 1000, 1)}
    passing: dict[str, Any] = {
        "fetched_at": page.fetched_at,
        "sha256": hashlib.sha256(page.body).hexdigest(),
        "cache": {"hit": False, "age_seconds": 0},
        "timings_ms": timings,
    }
    body = json_document.render({**members, **passing}).encode()
    return Rendering(body, document.metadata, fingerprint, document.notices, document.kind)
