"""Documents that are damaged or made to do harm end in an error with a code, never in anything else."""

import random
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest

from entrepot.content.format import Format
from entrepot.errors import AppError, DocumentBroken, DocumentEncrypted, DocumentTooLarge, NoContent
from tests.content.documents.test_xml_source import LAUGHS
from tests.content.written import (
    EVERY_KIND,
    EXCEL,
    POWERPOINT,
    WORD,
    book,
    chapter,
    markdown_of,
    notices_of,
    open_document,
    pdf,
    rendering,
    rezipped,
    slides,
    word_document,
    workbook,
    zipped,
)

TYPES = {"docx": WORD, "xlsx": EXCEL, "pptx": POWERPOINT, "pdf": "application/pdf", "epub": "application/epub+zip",
         "odt": "application/vnd.oasis.opendocument.text", "rtf": "application/rtf", "rss": "application/rss+xml",
         "atom": "application/atom+xml", "json feed": "application/feed+json", "png": "image/png", "jpeg": "image/jpeg",
         "gif": "image/gif", "webp": "image/webp"}  # fmt: skip
MIB = 1024**2


def survives(body: bytes, content_type: str) -> None:
    """Converts, or raises an error of ours; any other fails the test."""
    with suppress(AppError):
        rendering(body, Format.MARKDOWN, content_type)


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_document_cut_anywhere_is_no_crash(kind: str) -> None:
    body = EVERY_KIND[kind]()
    for part in range(24):
        survives(body[: len(body) * part // 24], TYPES[kind])


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_document_with_wrong_bytes_is_no_crash(kind: str) -> None:
    body = EVERY_KIND[kind]()
    chance = random.Random(7)
    for _ in range(24):
        damaged = bytearray(body)
        for _ in range(chance.randint(1, 12)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        survives(bytes(damaged), TYPES[kind])


@pytest.mark.parametrize("make", [word_document, workbook, slides])
def test_part_with_wrong_values_is_no_crash(make: object) -> None:
    assert callable(make)
    body = make()
    with zipfile.ZipFile(BytesIO(body)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist() if name.endswith((".xml", ".rels"))}
    chance = random.Random(3)
    for name in sorted(parts)[:40]:
        data = (
            parts[name]
            .replace(b'"1"', b'"-7"')
            .replace(b'"0"', b'"99999999999999999999"')
            .replace(b"rId1", b"rIdX")
        )
        survives(rezipped(body, {name: data}), "application/zip")
        survives(rezipped(body, {name: data[: chance.randrange(len(data))]}), "application/zip")


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"json feed"}))
@pytest.mark.parametrize(
    "body", [b"", b"\0" * 100, b"words", b"PK\x03\x04", b"%PDF-1.7", b"\x89PNG\r\n\x1a\n"]
)
def test_what_is_no_document_is_no_crash(kind: str, body: bytes) -> None:
    survives(body, TYPES[kind])


@pytest.mark.parametrize("name", ["word/document.xml", "word/media/image1.png"])
def test_word_document_that_is_a_bomb_is_too_large(name: str) -> None:
    body = rezipped(word_document(), {name: b" " * (64 * MIB)})
    with pytest.raises(DocumentTooLarge) as caught:
        markdown_of(body, WORD)
    assert (caught.value.code, caught.value.status, caught.value.retryable) == (
        "document-too-large",
        413,
        False,
    )


@pytest.mark.parametrize(
    "body",
    [
        rezipped(word_document(), {"word/document.xml": LAUGHS}),
        rezipped(word_document(), {"docProps/core.xml": LAUGHS}),
        rezipped(workbook(), {"xl/worksheets/sheet1.xml": LAUGHS}),
        rezipped(slides(), {"ppt/slides/slide1.xml": LAUGHS}),
        book({"one.xhtml": LAUGHS}),
        rezipped(open_document("<text:p>x</text:p>"), {"content.xml": LAUGHS}),
        LAUGHS.replace("<l>", '<rss version="2.0"><channel><title>')
        .replace("</l>", "</title></channel></rss>")
        .encode(),
        LAUGHS.replace("<l>", "<svg xmlns='http://www.w3.org/2000/svg'><text>")
        .replace("</l>", "</text></svg>")
        .encode(),
    ],
    ids=["docx", "core", "xlsx", "pptx", "epub", "odt", "rss", "svg"],
)
def test_entities_do_not_grow(body: bytes) -> None:
    said = ""
    with suppress(DocumentBroken, NoContent):
        said = markdown_of(body)
    assert "haha" not in said


def test_secret_file_is_not_read_into_a_document() -> None:
    source = (
        '<!DOCTYPE x [<!ENTITY s SYSTEM "file:///etc/passwd">]>'
        + chapter("<p>words &s; more</p>").partition(">")[2]
    )
    assert "root:" not in markdown_of(book({"one.xhtml": source}))


def test_markup_in_a_document_stays_text() -> None:
    body = rezipped(
        word_document(), {"word/document.xml": _paragraph("&lt;script&gt;alert(1)&lt;/script&gt;")}
    )
    html = rendering(body, Format.HTML, WORD).body.decode()
    assert "<script" not in html
    assert "&lt;script&gt;" in html


def test_active_links_are_taken_off() -> None:
    links = '<text:p><text:a xlink:href="javascript:alert(1)">press</text:a></text:p>'
    html = rendering(open_document(links), Format.HTML).body.decode()
    assert "press" in html
    assert "javascript" not in html


def test_deep_tables_are_no_crash() -> None:
    nested = (
        "<w:tbl><w:tr><w:tc>" * 60 + "<w:p><w:r><w:t>inside</w:t></w:r></w:p>" + "</w:tc></w:tr></w:tbl>" * 60
    )
    survives(rezipped(word_document(), {"word/document.xml": _document(nested)}), WORD)


def test_repeated_cells_are_bounded() -> None:
    row = ('<table:table-row table:number-rows-repeated="1048576"><table:table-cell table:number-columns-repeated="16384">'
           "<text:p>x</text:p></table:table-cell></table:table-row>")  # fmt: skip
    body = open_document(f"<table:table table:name='T'>{row}</table:table>", "spreadsheet")
    assert notices_of(body) == {"truncated"}


def test_styles_based_on_each_other_end() -> None:
    loop = ('<w:styles xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            '<w:style w:styleId="A"><w:basedOn w:val="B"/></w:style><w:style w:styleId="B"><w:basedOn w:val="A"/></w:style></w:styles>')  # fmt: skip
    content = _document('<w:p><w:pPr><w:pStyle w:val="A"/></w:pPr><w:r><w:t>words</w:t></w:r></w:p>')
    body = rezipped(word_document(), {"word/styles.xml": loop, "word/document.xml": content})
    assert markdown_of(body, WORD) == "words\n"


def test_scripts_and_files_in_a_pdf_are_left_alone() -> None:
    body = pdf(lambda canvas: canvas.drawString(72, 700, "Words that are read."))
    active = body.replace(
        b"/Type /Catalog", b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >> /Type /Catalog"
    )
    assert markdown_of(active) == "Words that are read.\n"


def test_protected_book_says_so() -> None:
    rights = '<encryption><EncryptedData><EncryptionMethod Algorithm="http://www.w3.org/2001/04/xmlenc#aes128-cbc"/></EncryptedData></encryption>'
    body = book({"one.xhtml": chapter("<p>x</p>")}, extra={"META-INF/encryption.xml": rights})
    with pytest.raises(DocumentEncrypted):
        markdown_of(body)


def test_encrypted_open_document_says_so() -> None:
    body = rezipped(
        open_document("<text:p>x</text:p>"), {"META-INF/manifest.xml": "<m><encryption-data/></m>"}
    )
    with pytest.raises(DocumentEncrypted):
        markdown_of(body)


@pytest.mark.parametrize("members", [{}, {"word/document.xml": "<x/>"}, {"_rels/.rels": "<Relationships/>"}])
def test_package_without_its_parts_is_broken(members: dict[str, str]) -> None:
    with pytest.raises(DocumentBroken):
        markdown_of(zipped({"[Content_Types].xml": "<Types/>", "word/x": "", **members}), WORD)


def _paragraph(text: str) -> str:
    return _document(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>")


def _document(body: str) -> str:
    return (
        '<w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
        f"{body}</w:body></w:document>"
    )
