"""Small documents of many types, made as their programs make them, and read in one call."""

import io
import zipfile
from collections.abc import Callable, Mapping

import docx
import openpyxl
import pptx
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from entrepot.content.convert import Rendering, convert
from entrepot.content.document import Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions

ADDRESS = "https://harbour.example/papers/crane"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
_CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf"/></rootfiles></container>'
)


def rendering(
    body: bytes | str,
    wanted: Format = Format.MARKDOWN,
    content_type: str | None = None,
    *,
    address: str = ADDRESS,
    **options: str,
) -> Rendering:
    """What `convert` makes of a document."""
    data = body.encode() if isinstance(body, str) else body
    chosen = ContentOptions(**options)  # type: ignore[arg-type]  # each test spells its options right
    return convert(Page(data, content_type, address, address), wanted, chosen)


def markdown_of(body: bytes | str, content_type: str | None = None, **options: str) -> str:
    return rendering(body, Format.MARKDOWN, content_type, **options).body.decode()


def notices_of(body: bytes | str, content_type: str | None = None, **options: str) -> set[str]:
    return {notice.code for notice in rendering(body, Format.TEXT, content_type, **options).notices}


def zipped(members: Mapping[str, bytes | str]) -> bytes:
    """A ZIP file; a member `mimetype` is stored as it is."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data, zipfile.ZIP_STORED if name == "mimetype" else None)
    return target.getvalue()


def rezipped(body: bytes, members: Mapping[str, bytes | str]) -> bytes:
    """A ZIP file with some of its members replaced or added."""
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        kept: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    return zipped(kept | dict(members))


def word_document() -> bytes:
    document = docx.Document()
    document.core_properties.title = "The second crane"
    document.core_properties.author = "Ann Lee"
    document.add_heading("Report", 1)
    paragraph = document.add_paragraph("Words of ")
    paragraph.add_run("weight").bold = True
    for item in ("rope", "hooks"):
        document.add_paragraph(item, style="List Bullet")
    return saved(document.save)


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Ships"
    for row in (["Name", "Tons"], ["Anna", 3400], ["Bella | Co", 12.5]):
        sheet.append(row)
    return saved(book.save)


def slides() -> bytes:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "First slide"
    frame = slide.placeholders[1].text_frame
    frame.text = "one"
    for text, level in (("inner", 1), ("two", 0)):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    return saved(presentation.save)


def pdf(draw: Callable[[Canvas], None], **settings: object) -> bytes:
    """A PDF of A4 pages; `draw` ends its pages itself, but for the last."""
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=A4, **settings)
    draw(canvas)
    canvas.save()
    return target.getvalue()


def plain_pdf() -> bytes:
    def draw(canvas: Canvas) -> None:
        canvas.setTitle("The second crane")
        canvas.setFont("Helvetica", 18)
        canvas.drawString(72, 760, "The second crane")
        canvas.setFont("Helvetica", 10)
        for at in range(4):
            canvas.drawString(
                72, 730 - 12 * at, f"Line {at} of a text about the harbour and its only crane, it says"
            )

    return pdf(draw)


def book(
    chapters: Mapping[str, str], metadata: str = "", extra: Mapping[str, bytes | str] | None = None
) -> bytes:
    """An EPUB whose spine is in the order of `chapters`."""
    items = "".join(
        f'<item id="c{at}" href="{name}" media-type="application/xhtml+xml"/>'
        for at, name in enumerate(chapters)
    )
    spine = "".join(f'<itemref idref="c{at}"/>' for at in range(len(chapters)))
    package = (
        '<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/">'
        f"<metadata>{metadata}</metadata><manifest>{items}</manifest><spine>{spine}</spine></package>"
    )
    texts = {f"OEBPS/{name}": text for name, text in chapters.items()}
    members = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": _CONTAINER,
        "OEBPS/book.opf": package,
    }
    return zipped(members | texts | dict(extra or {}))


def chapter(body: str) -> str:
    return (
        '<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head>'
        f"<body>{body}</body></html>"
    )


def plain_book() -> bytes:
    return book(
        {"one.xhtml": chapter("<h1>One</h1><p>Words of the first chapter.</p>")},
        "<dc:title>Cranes</dc:title>",
    )


def open_document(body: str, kind: str = "text", styles: str = "") -> bytes:
    """An OpenDocument file whose content's body is `body`."""
    names = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "text", "table", "style", "draw", "presentation")
    )
    content = (
        f'<office:document-content {names} xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:fo="urn:fo" '
        f'xmlns:svg="urn:svg"><office:automatic-styles>{styles}</office:automatic-styles><office:body>'
        f"<office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    return zipped({"mimetype": f"application/vnd.oasis.opendocument.{kind}", "content.xml": content})


def plain_open_document() -> bytes:
    return open_document(
        '<text:h text:outline-level="1">Report</text:h><text:p>Words about a crane.</text:p>'
    )


def picture(format_: str = "PNG", size: tuple[int, int] = (64, 48), **settings: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", size, "navy").save(target, format_, **settings)
    return target.getvalue()


def saved(save: Callable[[io.BytesIO], object]) -> bytes:
    target = io.BytesIO()
    save(target)
    return target.getvalue()


RTF = rb"{\rtf1\ansi\ansicpg1252{\info{\title The crane}{\author Ann}}\pard Words of {\b weight}.\par}"
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour news</title><link>https://harbour.example/</link>'
    "<item><title>A crane</title><link>/crane</link><description>It came.</description></item></channel></rss>"
)
ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Harbour news</title><updated>2026-01-02T03:04:05Z</updated>'
    '<entry><title>A crane</title><link href="https://harbour.example/crane"/><summary>It came.</summary></entry></feed>'
)
JSON_FEED = (
    '{"version": "https://jsonfeed.org/version/1.1", "title": "Harbour news", "items": [{"id": "1", "title": "A crane", '
    '"url": "https://harbour.example/crane", "content_html": "<p>It <b>came</b>.</p>"}]}'
)

EVERY_KIND: dict[str, Callable[[], bytes]] = {
    "docx": word_document, "xlsx": workbook, "pptx": slides, "pdf": plain_pdf, "epub": plain_book,
    "odt": plain_open_document, "rtf": lambda: RTF, "rss": RSS.encode, "atom": ATOM.encode, "json feed": JSON_FEED.encode,
    "png": picture, "jpeg": lambda: picture("JPEG"), "gif": lambda: picture("GIF"), "webp": lambda: picture("WEBP"),
}  # fmt: skip
"""One document of each kind that readers take, by its name."""
