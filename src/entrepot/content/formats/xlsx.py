"""Excel workbooks (XLSX): each sheet as tables, with the values that were last computed (ECMA-376 part 1, 18)."""

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from entrepot.content.document import Document, Page
from entrepot.content.documents.assembly import of_fragment
from entrepot.content.documents.blocks import escape, link
from entrepot.content.documents.ooxml import Package
from entrepot.content.documents.sheet import Book, date_text, duration_text, number_text, percent_text
from entrepot.content.documents.xml_source import attribute, child, children
from entrepot.content.markup.addresses import absolute
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, NoContent

_DATES = {
    14: "d",
    15: "d",
    16: "d",
    17: "d",
    18: "t",
    19: "t",
    20: "t",
    21: "t",
    22: "dt",
    45: "t",
    46: "t",
    47: "t",
}
_PERCENTS = {9: 0, 10: 2}
_QUOTED = re.compile(r'"[^"]*"|\\.|\[[^\]]*\]|_.|\*.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_CELL = re.compile(r"([A-Z]{1,3})(\d{1,7})")
_MAX_ROW_GAP = 1


@dataclass(slots=True)
class _Workbook:
    """What the sheets share: texts, and how numbers are shown (`d`, `t`, `dt`, `e` for a duration, or the digits of a percentage)."""

    package: Package
    part: str
    texts: list[str] = field(default_factory=list)
    formats: list[str | int | None] = field(default_factory=list)
    is_1904: bool = False


def read(page: Page, options: ContentOptions) -> Document:
    """The visible sheets in their order. Raises DocumentBroken, DocumentTooLarge, NoContent."""
    package = Package(page.body)
    part = package.main_part()
    root = package.tree(part)
    workbook = _Workbook(package, part, _texts(package, part), _formats(package, part))
    workbook.is_1904 = attribute(child(root, "workbookPr"), "date1904") in ("1", "true")
    book = Book()
    sheets = child(root, "sheets")
    for sheet in children(sheets, "sheet") if sheets is not None else ():
        _add_sheet(book, workbook, sheet, options)
    if not any("<t" in block or "<p" in block for block in book.blocks):
        raise NoContent("The workbook's sheets are empty.")
    return of_fragment(book.html(), package.metadata(), tuple(book.notices.values()))


def _add_sheet(book: Book, workbook: _Workbook, sheet: etree._Element, options: ContentOptions) -> None:
    found = workbook.package.relationships(workbook.part).get(_reference(sheet) or "")
    if found is None or found.kind != "worksheet" or found.target not in workbook.package:
        return
    if attribute(sheet, "state") in ("hidden", "veryHidden"):
        book.note("hidden-skipped", "Hidden sheets are left out.")
    elif book.is_full:
        book.note_truncated()
    else:
        addresses = {} if options.links == "none" else _addresses(workbook.package, found.target)
        book.add_sheet(attribute(sheet, "name") or "", _rows(workbook, found.target, addresses))


def _reference(element: etree._Element) -> str | None:
    """The id of a relationship, which stands in a namespace beside a sheet's own `sheetId`."""
    return next(
        (str(value) for name, value in element.attrib.items() if str(name).endswith("relationships}id")), None
    )


def _rows(workbook: _Workbook, part: str, addresses: dict[str, str]) -> Iterator[list[str]]:
    """The rows' cells as HTML; a gap between rows is one empty row. Reads no further than it is asked."""
    last = 0
    for row in _stream(workbook.package, part, "row"):
        number = _number(row.get("r"), last + 1)
        if last and number > last + _MAX_ROW_GAP:
            yield []
        last = number
        cells: list[str] = []
        for cell in children(row, "c"):
            place = cell.get("r") or ""
            column = _column_of(place, len(cells))
            cells.extend("" for _ in range(min(column, 1000) - len(cells)))
            cells.append(link(escape(_shown(workbook, cell)), addresses.get(place)))
        yield cells
        row.clear()


def _stream(package: Package, part: str, name: str) -> Iterator[etree._Element]:
    """The elements of one name, one after the other, so that a large sheet is never whole in memory as a tree."""
    source = io.BytesIO(package.bytes_of(part))
    events = etree.iterparse(
        source, events=("end",), tag=f"{{*}}{name}", resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip
    try:
        for _, found in events:
            yield found
            while found.getprevious() is not None:
                del found.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise DocumentBroken("A sheet of the workbook is not well-formed XML.") from error


def _shown(workbook: _Workbook, cell: etree._Element) -> str:
    """A cell's value as text (18.3.1.4, 18.18.11)."""
    kind, said = cell.get("t") or "n", (child(cell, "v"))
    value = (said.text or "") if said is not None else ""
    if kind == "s":
        at = _number(value, -1)
        return workbook.texts[at] if 0 <= at < len(workbook.texts) else ""
    if kind == "inlineStr":
        return _rich_text(child(cell, "is"))
    if kind == "b":
        return {"1": "TRUE", "0": "FALSE"}.get(value, value)
    if kind in ("str", "e", "d") or not value:
        return value
    return _shown_number(workbook, value, _number(cell.get("s"), 0))


def _shown_number(workbook: _Workbook, said: str, style: int) -> str:
    try:
        value = float(said)
    except ValueError:
        return said
    if not math.isfinite(value):
        return said
    form = workbook.formats[style] if style < len(workbook.formats) else None
    if isinstance(form, int):
        return percent_text(value, form)
    if form == "e":
        return duration_text(value)
    if form is not None:
        shown = date_text(value, has_date="d" in form, has_time="t" in form, is_1904=workbook.is_1904)
        return shown or number_text(value)
    return number_text(value)


def _texts(package: Package, part: str) -> list[str]:
    shared = package.related(part, "sharedStrings")
    return [_rich_text(each) for each in _stream(package, shared, "si")] if shared else []


def _rich_text(element: etree._Element | None) -> str:
    """The text of all runs, without the phonetic hints beside them."""
    if element is None:
        return ""
    texts = [child(run, "t") for run in children(element, "r")] or [child(element, "t")]
    return "".join(each.text or "" for each in texts if each is not None).replace("_x000D_", "")


def _formats(package: Package, part: str) -> list[str | int | None]:
    """How the numbers of each cell style are shown (18.8.30, 18.8.10)."""
    described = package.related(part, "styles")
    if described is None:
        return []
    root = package.tree(described)
    own: dict[int, str | int | None] = {}
    for each in children(
        child(root, "numFmts") if child(root, "numFmts") is not None else etree.Element("none"), "numFmt"
    ):
        own[_number(each.get("numFmtId"), -1)] = _form_of(each.get("formatCode") or "")
    styles = child(root, "cellXfs")
    return (
        [_form(own, _number(each.get("numFmtId"), 0)) for each in children(styles, "xf")]
        if styles is not None
        else []
    )


def _form(own: dict[int, str | int | None], number: int) -> str | int | None:
    if number in own:
        return own[number]
    return _DATES.get(number, _PERCENTS.get(number))


def _form_of(code: str) -> str | int | None:
    """What a format code shows: a date, a time, both, or a percentage with so many digits; None: a plain number."""
    if _ELAPSED.search(code):
        return "e"
    first = _QUOTED.sub("", code.partition(";")[0]).lower()
    if "%" in first:
        return len(re.findall(r"[0#?]", first.partition(".")[2]))
    has_time = "h" in first or "s" in first or "am/pm" in first
    has_date = "y" in first or "d" in first or ("m" in first and not has_time)
    if "general" in first or ("0" in first.replace("ss.0", "") and not (has_date or has_time)):
        return None
    return ("d" if has_date else "") + ("t" if has_time else "") or None


def _addresses(package: Package, part: str) -> dict[str, str]:
    """The addresses of cells that are links, by the cells' places."""
    found: dict[str, str] = {}
    if b"hyperlink" not in package.bytes_of(part):
        return found
    for each in _stream(package, part, "hyperlink"):
        target = package.address(part, _reference(each))
        address = absolute(target, "") if target else None
        if address:
            found[(attribute(each, "ref") or "").partition(":")[0]] = address
    return found


def _column_of(place: str, otherwise: int) -> int:
    """The number of a cell's column, from 0; `otherwise` where it bears no place."""
    found = _CELL.fullmatch(place)
    if found is None:
        return otherwise
    column = 0
    for letter in found.group(1):
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isdigit() and len(said) < 9 else otherwise
