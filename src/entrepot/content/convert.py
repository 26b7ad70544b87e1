"""From a source's bytes to the format that was asked for: which reader takes a source, which renderer a format."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from entrepot.content.document import Document, Metadata, Page
from entrepot.content.format import Format
from entrepot.content.formats import html, json_document, markdown, text
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import HTML_TYPES, SNIFFED_BYTES, media_type_of
from entrepot.errors import ConversionUnsupported

Reader = Callable[[Page, ContentOptions], Document]


@dataclass(frozen=True, slots=True)
class Rendering:
    """A source in another format. `fingerprint` (SHA-256, hex) stays the same while what is said stays the same."""

    body: bytes
    metadata: Metadata
    fingerprint: str


def convert(page: Page, format: Format, options: ContentOptions) -> Rendering:  # noqa: A002 - the field's word
    """Renders `page`. Raises ConversionUnsupported, NoContent, ValidationFailed (selectors), ConversionFailed."""
    started = time.perf_counter()
    reader = reader_of(media_type_of(page.body[:SNIFFED_BYTES], page.content_type))
    document = reader(page, options)
    if format is Format.JSON:
        return _render_json(document, page, options, started)
    body = _render(document, format, options).encode()
    return Rendering(body, document.metadata, hashlib.sha256(body).hexdigest())


def reader_of(media_type: str) -> Reader:
    """What reads sources of this type. Raises ConversionUnsupported."""
    if media_type in HTML_TYPES:
        return html.read
    if media_type == "application/json" or media_type.endswith("+json"):
        return json_document.read
    language = text.LANGUAGES.get(media_type)
    if language is None and media_type.endswith(("+xml", "/xml")):
        language = "xml"
    if language is None and media_type.startswith("text/"):
        language = ""
    if language is None:
        raise ConversionUnsupported(
            f"There is no way yet to convert {media_type}; its own bytes can be had as raw."
        )
    return partial(text.read, language=language)


def _render(document: Document, format: Format, options: ContentOptions) -> str:  # noqa: A002
    match format:
        case Format.MARKDOWN:
            return markdown.render(document, options.links)
        case Format.TEXT:
            return text.render(document, options.links)
        case _:
            return html.render(document)


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
    return Rendering(body, document.metadata, fingerprint)
