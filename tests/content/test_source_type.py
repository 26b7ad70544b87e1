"""A source's reader follows what the source is, whatever it is called."""

import pytest

from entrepot.content.document import Page
from entrepot.content.source_type import source_type
from entrepot.errors import ConversionUnsupported, DocumentEncrypted
from tests.content.written import (
    EVERY_KIND,
    EXCEL,
    JSON_FEED,
    POWERPOINT,
    RSS,
    WORD,
    plain_book,
    plain_open_document,
    plain_pdf,
    slides,
    word_document,
    workbook,
    zipped,
)

KINDS = {
    "docx": WORD, "xlsx": EXCEL, "pptx": POWERPOINT, "pdf": "application/pdf", "epub": "application/epub+zip",
    "odt": "application/vnd.oasis.opendocument.text", "rtf": "application/rtf", "rss": "application/rss+xml",
    "atom": "application/atom+xml", "json feed": "application/feed+json", "png": "image/png", "jpeg": "image/jpeg",
    "gif": "image/gif", "webp": "image/webp",
}  # fmt: skip
PAGE = "<!DOCTYPE html><html><body><p>words</p></body></html>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 504


def told(body: bytes | str, declared: str | None, address: str = "https://harbour.example/x") -> str:
    data = body.encode() if isinstance(body, str) else body
    return source_type(Page(data, declared, address, address))


@pytest.mark.parametrize("declared", [None, "application/octet-stream", "text/html", "text/plain"])
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"atom", "json feed"}))
def test_document_is_known_under_any_label(kind: str, declared: str | None) -> None:
    assert told(EVERY_KIND[kind](), declared) == KINDS[kind]


@pytest.mark.parametrize("make", [word_document, workbook, slides, plain_book, plain_open_document])
@pytest.mark.parametrize(
    "declared", ["application/zip", WORD, EXCEL, "application/epub+zip", "application/msword"]
)
def test_packed_document_is_told_by_its_members(make: object, declared: str) -> None:
    kinds = {
        word_document: "docx",
        workbook: "xlsx",
        slides: "pptx",
        plain_book: "epub",
        plain_open_document: "odt",
    }
    assert callable(make)
    assert told(make(), declared) == KINDS[kinds[make]]


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        (PAGE, "application/pdf", "text/html"),
        (PAGE, WORD, "text/html"),
        (PAGE, "image/png", "text/html"),
        (PAGE, "text/plain", "text/html"),
        ("<b>no page</b>", "text/plain", "text/plain"),
        (RSS, "text/plain", "application/rss+xml"),
        (RSS, "application/xml", "application/rss+xml"),
        (JSON_FEED, "application/json", "application/feed+json"),
        (JSON_FEED, None, "application/feed+json"),
        ('{"version": 1}', "application/json", "application/json"),
        ("sorry, gone", "application/pdf", "text/plain"),
        (b"\0\1\2\3", "application/pdf", "application/pdf"),
        (b"junk before\n%PDF-1.7", "application/pdf", "application/pdf"),
        (zipped({"a.txt": "x"}), "application/zip", "application/zip"),
        (zipped({"a.txt": "x"}), WORD, "application/zip"),
        (b"PK\x03\x04....", None, "application/zip"),
        ("words".encode("utf-16-le") * 9, "text/plain", "text/plain"),
    ],
)
def test_label_that_cannot_be_is_overruled(body: bytes | str, declared: str | None, expected: str) -> None:
    assert told(body, declared) == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("table.csv", "text/csv"),
        ("table.CSV?x=1", "text/csv"),
        ("table.tsv", "text/tab-separated-values"),
        ("README.md", "text/markdown"),
        ("words.txt", "text/plain"),
        ("", "text/plain"),
    ],
)
@pytest.mark.parametrize("declared", [None, "text/plain; charset=utf-8", "application/octet-stream"])
def test_address_tells_what_plain_text_is(path: str, expected: str, declared: str | None) -> None:
    assert told("a,b\n1,2\n", declared, f"https://harbour.example/{path}") == expected


def test_encrypted_office_document_is_said_to_be_so() -> None:
    with pytest.raises(DocumentEncrypted):
        told(OLE + "EncryptedPackage".encode("utf-16-le"), WORD)


@pytest.mark.parametrize(
    ("stream", "name"), [("WordDocument", "Word"), ("Workbook", "Excel"), ("other", "office")]
)
@pytest.mark.parametrize("declared", [None, "application/msword", "application/vnd.ms-excel"])
def test_old_office_format_is_refused_by_name(stream: str, name: str, declared: str | None) -> None:
    with pytest.raises(ConversionUnsupported, match=name):
        told(OLE + stream.encode("utf-16-le"), declared)


def test_pdf_is_not_taken_for_anything_else() -> None:
    assert told(plain_pdf(), "application/x-pdf") == "application/pdf"
