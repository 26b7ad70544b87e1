"""Each source has its reader, or is refused by name."""

import subprocess
import sys

import pytest

from entrepot.content.convert import READERS, convert, reader_of
from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.errors import ConversionUnsupported, DocumentBroken
from tests.content.reading import ARTICLE, HTML, render, source
from tests.content.written import EVERY_KIND, plain_pdf, word_document

PDF_FILE = b"%PDF-1.7\n..."


@pytest.mark.parametrize(
    ("body", "content_type", "named"),
    [
        (b"\x00\x01\x02\x03", None, "application/octet-stream"),
        (b"PK\x03\x04....", "application/zip", "application/zip"),
        (b"....ftypisom", "video/mp4", "video/mp4"),
        (b"words", "application/x-thing", "application/x-thing"),
    ],
)
@pytest.mark.parametrize("format_", [format_ for format_ in Format if format_ is not Format.SCREENSHOT])
def test_source_that_cannot_be_converted_is_refused(
    body: bytes, content_type: str | None, named: str, format_: Format
) -> None:
    with pytest.raises(ConversionUnsupported) as caught:
        render(body, format_, content_type)
    assert named in caught.value.detail
    assert (caught.value.status, caught.value.code) == (415, "conversion-unsupported")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [(PDF_FILE, "application/pdf"), (PDF_FILE, "text/html"), (b"\x89PNG\r\n\x1a\n....", "image/png")],
)
@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON])
def test_damaged_document_is_said_to_be_so(body: bytes, content_type: str, format_: Format) -> None:
    with pytest.raises(DocumentBroken) as caught:
        render(body, format_, content_type)
    assert (caught.value.status, caught.value.code, caught.value.retryable) == (422, "document-broken", False)


def test_pdf_that_is_asked_for_as_pdf_stays_as_it_is() -> None:
    body = plain_pdf()
    found = convert(source(body, "application/pdf"), Format.PDF, ContentOptions())
    assert (found.body, found.metadata.title) == (body, "The second crane")


def test_document_can_be_printed() -> None:
    found = convert(source(word_document(), None), Format.PDF, ContentOptions())
    assert found.body.startswith(b"%PDF-")
    assert "weight" in render(found.body, Format.TEXT, None)


def test_pdf_that_cannot_be_read_is_passed_on_all_the_same() -> None:
    assert convert(source(PDF_FILE, "text/html"), Format.PDF, ContentOptions()).body == PDF_FILE


@pytest.mark.parametrize("body", [b"<p>words", PDF_FILE])
def test_screenshot_is_never_converted(body: bytes) -> None:
    with pytest.raises(ConversionUnsupported, match="browser"):
        render(body, Format.SCREENSHOT)


@pytest.mark.parametrize("media_type", [*READERS, "text/plain", "text/x-unheard-of", "application/problem+json",
                                        "application/xml"])  # fmt: skip
def test_readable_type_has_a_reader(media_type: str) -> None:
    assert callable(reader_of(media_type))


@pytest.mark.parametrize(
    "media_type", ["application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint"]
)
def test_old_office_type_is_refused_with_advice(media_type: str) -> None:
    with pytest.raises(ConversionUnsupported, match="DOCX"):
        reader_of(media_type)


def test_notices_of_the_document_come_along() -> None:
    found = convert(
        source("<p>Гавань и кран</p>".encode("cp1251"), HTML), Format.TEXT, ContentOptions(extract="full")
    )
    assert [notice.code for notice in found.notices] == ["charset-guessed"]
    assert found.body.decode() == "Гавань и кран\n"


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON])
def test_every_document_can_be_had_in_every_format(kind: str, format_: Format) -> None:
    assert convert(source(EVERY_KIND[kind](), None), format_, ContentOptions()).body.strip()


def test_readers_are_loaded_when_they_are_needed() -> None:
    script = (
        "import sys, entrepot.content.convert\n"
        "print(*[name for name in ('pypdfium2', 'PIL', 'markdown_it', 'entrepot.content.formats.docx') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


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
