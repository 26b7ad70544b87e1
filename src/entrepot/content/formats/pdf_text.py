"""PDF documents: their text in reading order with headings, lists, tables and links, as their layout tells them."""

import re
from dataclasses import dataclass, field

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.layout.furniture import without_furniture
from entrepot.content.layout.glyphs import PrintedDocument
from entrepot.content.layout.grids import take_grids
from entrepot.content.layout.paragraphs import Paragraph, paragraphs_of
from entrepot.content.layout.prose import write
from entrepot.content.layout.regions import in_order
from entrepot.content.layout.rows import Row, rows_of
from entrepot.content.layout.shapes import Grid, Sheet
from entrepot.content.options import ContentOptions

MAX_PAGES = 1000
_MAX_CHARS = 1_500_000
_SCANNED_SHARE = 0.3
_FEW_CHARS = 12
_TYPED_SHARE = 0.8
_TIME = re.compile(r"D:(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?([Zz]|[+-]\d\d)?'?(\d\d)?")
_JUNK_TITLE = re.compile(
    r"(?i)^(?:untitled|microsoft word - .*|.*\.(?:docx?|pdf|indd|qxd|tex|dvi|pptx?|xlsx?)|\(.*\)|\W*)$"
)


def read(page: Page, options: ContentOptions) -> Document:
    """The document's first `MAX_PAGES` pages. What only pictures show is not read, and notices say so.

    Raises DocumentEncrypted, DocumentBroken, NoContent.
    """
    document = PrintedDocument(page.body)
    try:
        reading = _read_pages(document)
        markup, heading = write(*_columns(reading))
        if not markup and reading.scanned:
            markup = _words_for_scans(document.pages)
        metadata = _metadata(document, heading)
        return assemble(markup, metadata, page.final_url, options, tuple(_notices(reading, document.pages)))
    finally:
        document.close()


def read_facts(page: Page) -> Metadata:
    """What the document says of itself; its pages stay unread. Raises DocumentEncrypted, DocumentBroken."""
    document = PrintedDocument(page.body)
    try:
        return _metadata(document, None)
    finally:
        document.close()


@dataclass(slots=True)
class _Reading:
    """Pages as they were read. `scanned` are the numbers of those that are nothing but pictures, from 1."""

    sheets: list[Sheet] = field(default_factory=list)
    rows: list[list[Row]] = field(default_factory=list)
    asides: list[list[Row]] = field(default_factory=list)
    scanned: list[int] = field(default_factory=list)
    is_cut: bool = False


def _read_pages(document: PrintedDocument) -> _Reading:
    reading = _Reading(is_cut=document.pages > MAX_PAGES)
    chars = typed = 0
    for number in range(min(document.pages, MAX_PAGES)):
        sheet = document.sheet(number)
        if sheet is None:
            continue
        runs = [run for layer in sheet.layers for run in layer]
        on_page = sum(len(run.text.strip()) for run in runs)
        typed += sum(len(run.text.strip()) for run in runs if run.look.is_monospaced)
        chars += on_page
        if on_page < _FEW_CHARS and sheet.picture_share >= _SCANNED_SHARE:
            reading.scanned.append(number + 1)
        reading.is_cut = reading.is_cut or sheet.is_cut or chars > _MAX_CHARS
        reading.sheets.append(sheet)
        if chars > _MAX_CHARS:
            break
    for sheet in reading.sheets:
        _add_rows(reading, sheet, is_typed=typed > _TYPED_SHARE * chars)
    return reading


def _add_rows(reading: _Reading, sheet: Sheet, *, is_typed: bool) -> None:
    """The page's rows. In a document that is typed throughout an even font does not mean code."""
    layers = sheet.layers or [[]]
    if is_typed:
        layers = [
            [run._replace(look=run.look._replace(is_monospaced=False)) for run in layer] for layer in layers
        ]
    grids, runs = take_grids(layers[0], sheet.rules)
    rows = [*rows_of(runs), *(Row([], grid) for grid in grids)]
    reading.rows.append(sorted(rows, key=lambda row: row.top))
    reading.asides.append([row for layer in layers[1:] for row in rows_of(layer)])


def _columns(reading: _Reading) -> tuple[list[list[Paragraph | Grid]], list[list[Paragraph | Grid]]]:
    """The columns of all pages in order, and what runs in another direction than its page."""
    kept = without_furniture(reading.rows, [sheet.height for sheet in reading.sheets])
    main = [paragraphs_of(column) for rows in kept for column in in_order(rows)]
    return main, [paragraphs_of(column) for rows in reading.asides for column in in_order(rows)]


def _words_for_scans(pages: int) -> str:
    said = "One page, a scanned image" if pages == 1 else f"{pages} pages, all of them scanned images"
    return f"<p><em>{said} without text.</em></p>"


def _notices(reading: _Reading, pages: int) -> list[Notice]:
    found = []
    if reading.is_cut:
        found.append(
            Notice(
                "truncated", f"The document is long; of its {pages} pages {len(reading.sheets)} were read."
            )
        )
    if reading.scanned and len(reading.scanned) == len(reading.sheets):
        found.append(
            Notice("scanned-pdf", "The pages are scanned images; the document holds no text to read.")
        )
    elif reading.scanned:
        listed = ", ".join(map(str, reading.scanned[:20]))
        found.append(Notice("partly-scanned", f"Pages without text, which are scanned images: {listed}."))
    return found


def _metadata(document: PrintedDocument, heading: str | None) -> Metadata:
    title = document.fact("Title")
    return Metadata(
        title=(title if title and not _JUNK_TITLE.match(title) else None) or heading,
        description=document.fact("Subject") or None,
        author=document.fact("Author") or None,
        published_at=_time(document.fact("CreationDate")),
        modified_at=_time(document.fact("ModDate")),
        language=document.language or None,
    )


def _time(said: str) -> str | None:
    """A PDF's date as ISO 8601 (ISO 32000-1, 7.9.4)."""
    found = _TIME.match(said)
    if found is None:
        return None
    year, month, day, hour, minute, second, zone, zone_minutes = found.groups()
    date = f"{year}-{month or '01'}-{day or '01'}"
    if hour is None:
        return date
    offset = "" if zone is None else "Z" if zone in "Zz" else f"{zone}:{zone_minutes or '00'}"
    return f"{date}T{hour}:{minute or '00'}:{second or '00'}{offset}"
