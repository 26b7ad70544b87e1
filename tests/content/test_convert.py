"""Each source has its reader, or is refused by name."""

import pytest

from entrepot.content.convert import convert, reader_of
from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.errors import ConversionUnsupported
from tests.content.reading import ARTICLE, render, source

FEED = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour radio</title>'
    "<item><title>One &amp; only</title></item></channel></rss>"
)


@pytest.mark.parametrize(
    ("body", "content_type", "named"),
    [
        (b"%PDF-1.7\n...", "application/pdf", "application/pdf"),
        (b"%PDF-1.7\n...", "text/html", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n....", "image/png", "image/png"),
        (b"\x00\x01\x02\x03", None, "application/octet-stream"),
        (b"PK\x03\x04....", "application/zip", "application/zip"),
        (b"....ftypisom", "video/mp4", "video/mp4"),
        (b"words", "application/x-thing", "application/x-thing"),
    ],
)
@pytest.mark.parametrize("format_", list(Format))
def test_source_that_cannot_be_converted_is_refused(
    body: bytes, content_type: str | None, named: str, format_: Format
) -> None:
    with pytest.raises(ConversionUnsupported) as caught:
        render(body, format_, content_type)
    assert named in caught.value.detail
    assert (caught.value.status, caught.value.code) == (415, "conversion-unsupported")


@pytest.mark.parametrize("media_type", ["text/html", "application/xhtml+xml", "application/json", "text/plain", "text/x-unheard-of",
                                        "application/rss+xml", "application/problem+json", "application/xml"])  # fmt: skip
def test_readable_type_has_a_reader(media_type: str) -> None:
    assert callable(reader_of(media_type))


def test_feed_is_shown_as_its_source() -> None:
    assert render(FEED, Format.MARKDOWN, "application/rss+xml") == f"```xml\n{FEED}\n```\n"


def test_xhtml_is_read_as_a_page() -> None:
    page = '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><body><p>one<br/>two</p></body></html>'
    assert render(page, Format.TEXT, "application/xhtml+xml") == "one\ntwo\n"


def test_every_format_has_its_media_type() -> None:
    assert set(MEDIA_TYPES) == set(Format)


def test_rendering_carries_the_facts_of_the_page() -> None:
    found = convert(source(f"<title>Second crane</title>{ARTICLE}"), Format.TEXT, ContentOptions())
    assert found.metadata.title == "Second crane"


@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.TEXT, Format.HTML])
def test_same_page_gives_the_same_bytes(format_: Format) -> None:
    page, options = source(ARTICLE), ContentOptions()
    assert convert(page, format_, options).body == convert(page, format_, options).body
