"""Tables written as text (CSV, TSV; RFC 4180): the delimiter told from the lines, the rows as one table."""

import csv
import io
from collections.abc import Iterator

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.assembly import of_fragment
from entrepot.content.documents.blocks import MAX_CELLS, text_table
from entrepot.content.encoding.charset import decode
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, NoContent

_DELIMITERS = ",;\t|"
_SAMPLE_LINES = 60
_SAMPLE_CHARS = 64 * 1024
_MAX_FIELD_CHARS = 1024**2


def read(page: Page, _options: ContentOptions) -> Document:
    """The rows as a table whose head is the first of them. Raises NoContent, DocumentBroken."""
    text = decode(page.body, page.content_type).replace("\x00", "\ufffd")
    is_named, text = _named_delimiter(text)
    tabs = "tab-separated" in (page.content_type or "").lower()
    rows, is_cut = _bounded(_rows(text, is_named or ("\t" if tabs else delimiter_of(text))))
    if not rows:
        raise NoContent("The table is empty.")
    notices = (Notice("truncated", f"The table is large: what goes beyond {MAX_CELLS} cells is left out."),)
    return of_fragment(text_table(rows), Metadata(), notices if is_cut else ())


def delimiter_of(text: str) -> str:
    """The sign that parts the cells: the one by which most lines have the same number of them, and more than one."""
    lines = text[:_SAMPLE_CHARS].splitlines()[:_SAMPLE_LINES]
    return max(_DELIMITERS, key=lambda sign: _evenness(lines, sign))


def _evenness(lines: list[str], sign: str) -> tuple[float, int]:
    """The share of lines that have the usual number of cells, and that number."""
    try:
        counts = [len(row) for row in csv.reader(lines, delimiter=sign) if row]
    except csv.Error:
        return 0.0, 0
    usual = max(set(counts), key=lambda count: (counts.count(count), count), default=0)
    return (counts.count(usual) / len(counts), usual) if usual > 1 else (0.0, 0)


def _named_delimiter(text: str) -> tuple[str, str]:
    """The delimiter that a first line `sep=;` names, as Excel writes it, and the text without that line."""
    if text[:4].lower() == "sep=" and text[4:5] in _DELIMITERS and text[5:6] in "\r\n":
        return text[4], text[5:].lstrip("\r\n")
    return "", text


def _rows(text: str, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_MAX_FIELD_CHARS)
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if any(cell.strip() for cell in row):
                yield row
    except csv.Error as error:
        raise DocumentBroken("The table cannot be read as rows of cells.") from error


def _bounded(rows: Iterator[list[str]]) -> tuple[list[list[str]], bool]:
    found: list[list[str]] = []
    cells = 0
    for row in rows:
        cells += len(row)
        if cells > MAX_CELLS:
            return found or [row[:MAX_CELLS]], True
        found.append(row)
    return found, False
