"""A source's type is what its bytes and its declaration say together."""

import pytest

from entrepot.content.sniff import essence, is_active, media_type_of

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
MP4 = b"\x00\x00\x00\x20ftypisom" + b"\x00" * 20
ATOM = b'<?xml version="1.0"?>\n<!-- a <feed> of news -->\n<feed xmlns="http://www.w3.org/2005/Atom">'
RSS = b'<?xml version="1.0" encoding="utf-8"?><?xml-stylesheet href="x.xsl"?><rss version="2.0">'
XHTML = b'<?xml version="1.0"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x"><html xmlns="y">'


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (b"<p>hi", "text/html", "text/html"),
        (b"<p>hi", "Text/HTML; charset=utf-8", "text/html"),
        (b"plain words", "text/plain", "text/plain"),
        (b"<html>", "text/plain", "text/plain"),
        (b'{"a": 1}', "application/json", "application/json"),
        (b'{"a": 1}', "application/vnd.api+json; x=1", "application/vnd.api+json"),
        (b"a,b\n1,2", "text/csv", "text/csv"),
        (b"anything", "application/x-thing", "application/x-thing"),
    ],
)
def test_sensible_declaration_is_believed(head: bytes, declared: str, expected: str) -> None:
    assert media_type_of(head, declared) == expected


@pytest.mark.parametrize(
    "declared", [None, "", "nonsense", "*/*", "unknown/unknown", "application/octet-stream"]
)
@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"<!DOCTYPE html><p>", "text/html"),
        (b"  \n<!-- hello --><html lang=en>", "text/html"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        ("<html>".encode("utf-16"), "text/html"),
        (b"<articles>", "text/plain"),
        (b'<?xml version="1.0"?><note>', "application/xml"),
        (RSS, "application/rss+xml"),
        (ATOM, "application/atom+xml"),
        (XHTML, "application/xhtml+xml"),
        (b' {"a": 1}', "application/json"),
        (b"[1, 2]", "application/json"),
        (b"{}", "application/json"),
        (b"[see below]", "text/plain"),
        (b"{x}", "text/plain"),
        (b"just words", "text/plain"),
        (b"", "text/plain"),
        (b"\x00\x01\x02", "application/octet-stream"),
        (b"%PDF-1.7", "application/pdf"),
        (PNG, "image/png"),
        (MP4, "video/mp4"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"PK\x03\x04rest", "application/zip"),
    ],
)
def test_missing_declaration_is_found_in_the_bytes(head: bytes, declared: str | None, expected: str) -> None:
    assert media_type_of(head, declared) == expected


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (b"%PDF-1.7", "text/html", "application/pdf"),
        (PNG, "text/plain", "image/png"),
        (PNG, "image/jpeg", "image/png"),
        (b"\x00\x01binary", "text/plain", "application/octet-stream"),
        ("text".encode("utf-16"), "text/plain", "text/plain"),
        (RSS, "text/xml", "application/rss+xml"),
        (RSS, "text/html", "application/rss+xml"),
        (ATOM, "application/xml", "application/atom+xml"),
        (b"<rdf:RDF xmlns='x'>", "text/xml", "application/rss+xml"),
        (XHTML, "application/xml", "application/xhtml+xml"),
        (XHTML, "text/html", "text/html"),
        (b"<svg xmlns='x'>", "text/xml", "image/svg+xml"),
        (b"<svg>", "text/html", "text/html"),
        (b"<note>", "text/xml", "text/xml"),
    ],
)
def test_bytes_go_before_a_declaration_that_cannot_be(head: bytes, declared: str, expected: str) -> None:
    assert media_type_of(head, declared) == expected


WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EPUB = b"PK\x03\x04" + b"\0" * 26 + b"mimetypeapplication/epub+zipPK\x03\x04"
PACKAGE = b"PK\x03\x04" + b"\0" * 26 + b"[Content_Types].xml....PK\x03\x04....word/document.xml"


@pytest.mark.parametrize(
    ("head", "declared", "expected"),
    [
        (EPUB, None, "application/epub+zip"),
        (EPUB, "application/zip", "application/epub+zip"),
        (PACKAGE, "application/octet-stream", WORD),
        (
            PACKAGE.replace(b"word/", b"xl/"),
            None,
            WORD.replace("wordprocessingml.document", "spreadsheetml.sheet"),
        ),
        (b"PK\x03\x04rest", WORD, WORD),
        (b"<!doctype html><p>gone", WORD, "text/html"),
        (b"<!doctype html><p>gone", "application/pdf", "text/html"),
        (b"<!doctype html><p>gone", "image/png", "text/html"),
        (b"\x00\x01\x02", "image/png", "image/png"),
        (b"", "application/pdf", "application/pdf"),
        (b"\r\njunk %PDF-1.4", "application/pdf", "application/pdf"),
        (b"{\\rtf1 x}", "application/msword", "application/rtf"),
        (b"{\\rtf1 x}", "text/plain", "application/rtf"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", WORD, "application/x-ole-storage"),
        (b"BM\x36\x09\0\0\0\0\0\0\x36\0\0\0", None, "image/bmp"),
        (b"<rss version='2.0'>", None, "application/rss+xml"),
        ("words in two bytes".encode("utf-16-be"), "text/plain", "text/plain"),
        ("words in two bytes".encode("utf-16-le"), None, "text/plain"),
    ],
)
def test_document_is_told_from_its_first_bytes(head: bytes, declared: str | None, expected: str) -> None:
    assert media_type_of(head, declared) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"<!--" * 1000,
        b"<!-- x -->" * 400,
        b"<?xml " + b" " * 4000,
        b"<!doctype " + b"[" * 2000,
        b"<?x" * 1300,
        b"\n" * 4096,
        b"<!doctype a[" + b"]" * 3000,
    ],
)
@pytest.mark.parametrize("declared", [None, "text/xml"])
@pytest.mark.timeout(5)
def test_no_prologue_holds_the_sniffer_up(head: bytes, declared: str | None) -> None:
    assert media_type_of(head, declared)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("Text/HTML; charset=x", "text/html"),
        (" text/plain ", "text/plain"),
        ("text", ""),
        ("text/", ""),
        ("text/html, text/plain", ""),
        ("text/h tml", ""),
        (f"text/{'x' * 65}", ""),
        (None, ""),
    ],
)
def test_essence_is_the_bare_type(content_type: str | None, expected: str) -> None:
    assert essence(content_type) == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("text/html", True),
        ("application/xhtml+xml", True),
        ("image/svg+xml", True),
        ("application/rss+xml", True),
        ("text/xml", True),
        ("message/rfc822", True),
        ("text/plain", False),
        ("image/png", False),
        ("application/json", False),
    ],
)
def test_what_browsers_run_is_active(media_type: str, expected: bool) -> None:
    assert is_active(media_type) is expected
