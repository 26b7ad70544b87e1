"""The seam to PDFium: a PDF's pages as runs of text, drawn lines and links, and what it says of itself."""

import ctypes
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pypdfium2.raw as pdfium

from entrepot.content.layout.drawings import Matrix, bullets, read_drawings
from entrepot.content.layout.shapes import Box, Look, Run, Sheet
from entrepot.errors import DocumentBroken, DocumentEncrypted

_MAX_PAGE_CHARS = 100_000
_MAX_LINKS = 2000
_FIXED_PITCH, _ITALIC, _FORCE_BOLD = 1, 1 << 6, 1 << 18  # ISO 32000-1, table 123
_BOLD_WEIGHT = 700
_BOLD_NAMES = ("bold", "black", "heavy", "semibold", "demi")
_MONO_NAMES = ("courier", "mono", "consol", "menlo", "typewriter", "cmtt", "fixed")
_HYPHENS = frozenset({0x02, 0xFFFE, 0xFFFF})
_CELL_GAP = 1.0
_WORD_GAP = 0.18
_NO_CHARS = frozenset({0, 0xFEFF, 0x200B, 0xFFFD})
_BULLETS = {0xF0B7, 0xF0A7, 0xF0A8, 0xF0D8, 0xF076, 0xF0FC, 0xF06C, 0xF06E, 0xF071}
_SPELLED = dict.fromkeys(_HYPHENS, "-") | dict.fromkeys(_BULLETS, "•")
_FACTS_BYTES = 4096
_NOTHING = frozenset({"anonymous", "unspecified", "untitled", "unknown"})
"""What programs write where nobody told them a fact."""


class PrintedDocument:
    """An open PDF; to be closed."""

    def __init__(self, body: bytes) -> None:
        """Raises DocumentEncrypted where a password is needed to read it, DocumentBroken for what is no PDF."""
        self._body = body  # PDFium reads from it as long as the document is open
        self._handle = pdfium.FPDF_LoadMemDocument64(body, len(body), None)
        if not self._handle:
            code = pdfium.FPDF_GetLastError()
            if code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
                raise DocumentEncrypted
            raise DocumentBroken("The file is no whole PDF.")
        self.pages = pdfium.FPDF_GetPageCount(self._handle)

    def close(self) -> None:
        pdfium.FPDF_CloseDocument(self._handle)

    def fact(self, name: str) -> str:
        """An entry of the document's information, or "" (ISO 32000-1, 14.3.3)."""
        buffer = ctypes.create_string_buffer(_FACTS_BYTES)
        size = pdfium.FPDF_GetMetaText(self._handle, name.encode(), buffer, _FACTS_BYTES)
        said = buffer.raw[: max(0, min(size, _FACTS_BYTES) - 2)].decode("utf-16-le", "replace").strip("\x00 ")
        return "" if said.strip("()") in _NOTHING else said

    @property
    def language(self) -> str:
        """The language tag of the whole document, or "" (ISO 32000-1, 14.9.2)."""
        buffer = ctypes.create_string_buffer(128)
        size = pdfium.FPDFCatalog_GetLanguage(
            self._handle, ctypes.cast(buffer, ctypes.POINTER(pdfium.FPDF_WCHAR)), 128
        )
        return buffer.raw[: max(0, min(size, 128) - 2)].decode("utf-16-le", "replace").strip("\x00 ")

    def sheet(self, number: int) -> Sheet | None:
        """The page of that number, from 0; None where it cannot be read."""
        page = pdfium.FPDF_LoadPage(self._handle, number)
        if not page:
            return None
        try:
            return _read_page(self._handle, page, number)
        finally:
            pdfium.FPDF_ClosePage(page)


@dataclass(slots=True)
class _Glyphs:
    """Characters of one text object, side by side, on their way to becoming runs."""

    look: Look
    angle: int
    baseline: float
    chars: list[str] = field(default_factory=list)
    lefts: list[float] = field(default_factory=list)
    rights: list[float] = field(default_factory=list)

    def add(self, char: str, left: float, right: float) -> None:
        self.chars.append(char)
        self.lefts.append(left)
        self.rights.append(right)


def _read_page(document: Any, page: Any, number: int) -> Sheet:
    bounds = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, bounds)
    box = Box(bounds.left, bounds.bottom, bounds.right, bounds.top)
    turned = 90 * pdfium.FPDFPage_GetRotation(page)
    text = pdfium.FPDFText_LoadPage(page)
    sheet = Sheet(number, pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page))
    try:
        found = list(_glyphs(text, box)) if text else []
        sheet.is_cut = bool(text) and pdfium.FPDFText_CountChars(text) > _MAX_PAGE_CHARS
    finally:
        pdfium.FPDFText_ClosePage(text)
    angles = [glyphs.angle for glyphs in found for _ in glyphs.chars]
    main = max(sorted(set(angles)), key=angles.count, default=turned)
    links = list(_links(document, page))
    for angle in (main, *sorted(set(angles) - {main})):
        turn = turning(angle, box)
        placed = [(Box(*_turned_box(link, turn)), address) for link, address in links]
        layer = [glyphs for glyphs in found if glyphs.angle == angle]
        sheet.layers.append([run for glyphs in layer for run in _runs(glyphs, placed)])
    drawn = read_drawings(page, turning(main, box))
    sheet.rules = drawn.rules
    sheet.picture_share = drawn.picture_area / max(1.0, box.width * box.height)
    if drawn.dots and sheet.layers:
        sheet.layers[0].extend(bullets(drawn.dots, sheet.layers[0]))
    return sheet


def turning(angle: int, box: Box) -> Matrix:
    """The matrix that brings text running at `angle` (degrees, counter-clockwise) to the horizontal, y downwards.

    `box` is the page's in its own coordinates, its `top` the lower y.
    """
    return {
        90: Matrix(0, 1, 1, 0, -box.top, -box.left),
        180: Matrix(-1, 0, 0, 1, box.right, -box.top),
        270: Matrix(0, -1, -1, 0, box.bottom, box.right),
    }.get(angle, Matrix(1, 0, 0, -1, -box.left, box.bottom))


def _glyphs(text: Any, page_box: Box) -> Iterator[_Glyphs]:
    """The page's characters by text object; a wide gap within one parts it as well."""
    gathering = _Gathering(text, page_box)
    owner_of = pdfium.FPDFText_GetTextObject
    for at, code in enumerate(_codes(text)):
        owner = owner_of(text, at)
        if not owner or code in (10, 13):
            gathering.take_generated(code)
        elif code not in _NO_CHARS:
            gathering.take(at, code, owner)
        if gathering.finished:
            yield from gathering.finished
            gathering.finished.clear()
    if gathering.current.chars:
        yield gathering.current


def _codes(text: Any) -> Sequence[int]:
    """The characters' code points: fetched at once where the text has one unit for each, else one by one."""
    count = min(pdfium.FPDFText_CountChars(text), _MAX_PAGE_CHARS)
    units = (ctypes.c_ushort * (count + 1))()
    if pdfium.FPDFText_GetText(text, 0, count, units) == count + 1:
        found: list[int] = units[:count]
        if not any(0xD800 <= unit <= 0xDFFF for unit in found):
            return found
    return [pdfium.FPDFText_GetUnicode(text, at) for at in range(count)]


class _Gathering:
    """Characters gathered into glyphs that lie side by side; those that are complete wait in `finished`."""

    def __init__(self, text: Any, page_box: Box) -> None:
        self.finished: list[_Glyphs] = []
        self.current = _Glyphs(Look(10.0), 0, 0.0)
        self._text, self._page_box = text, page_box
        self._owner = 0
        self._edge = pdfium.FS_RECTF()
        self._box_of = pdfium.FPDFText_GetLooseCharBox  # looked up once: it is called for each character

    def take_generated(self, code: int) -> None:
        """A character that no object shows: PDFium tells by them where words and lines end."""
        chars = self.current.chars
        if code in (10, 13):
            self._owner = 0
        elif chars and code == 32 and chars[-1] != " ":
            self.current.add(" ", self.current.rights[-1], self.current.rights[-1])
        elif chars and code in _HYPHENS:
            chars[-1] += "-"

    def take(self, at: int, code: int, owner: Any) -> None:
        edge = self._edge
        if not self._box_of(self._text, at, edge):
            return
        address = ctypes.addressof(owner.contents)
        if address != self._owner:
            self._finish(_begun(self._text, at, owner, self._page_box))
            self._owner = address
        left, right = self._reach(edge)
        self._part(left, code)
        current = self.current
        current.chars.append(_SPELLED.get(code) or _char(code))
        current.lefts.append(left)
        current.rights.append(right)

    def _reach(self, edge: Any) -> tuple[float, float]:
        """Where a character begins and ends along the direction that its text runs in."""
        page, angle = self._page_box, self.current.angle
        if angle == 0:
            return edge.left - page.left, edge.right - page.left
        if angle == 90:
            return edge.bottom - page.top, edge.top - page.top
        if angle == 180:
            return page.right - edge.right, page.right - edge.left
        return page.bottom - edge.top, page.bottom - edge.bottom

    def _part(self, left: float, code: int) -> None:
        """Begins new glyphs, or puts a blank, where there is a gap before a character."""
        current = self.current
        if not current.chars:
            return
        gap, size = left - current.rights[-1], current.look.size
        if gap > _CELL_GAP * size or gap < -2 * size:
            self._finish(_Glyphs(current.look, current.angle, current.baseline))
        elif gap > _WORD_GAP * size and current.chars[-1] != " " and code != 32:
            current.add(" ", current.rights[-1], left)

    def _finish(self, following: _Glyphs) -> None:
        if self.current.chars:
            self.finished.append(self.current)
        self.current = following


def _begun(text: Any, at: int, owner: Any, page_box: Box) -> _Glyphs:
    """Empty glyphs with the look, direction and baseline of the text object that the character belongs to."""
    matrix, x, y = pdfium.FS_MATRIX(), ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetMatrix(text, at, matrix)
    pdfium.FPDFText_GetCharOrigin(text, at, x, y)
    angle = round(math.degrees(math.atan2(matrix.b, matrix.a)) / 90) % 4 * 90
    scale = math.hypot(matrix.c, matrix.d) or 1.0
    size = pdfium.FPDFText_GetFontSize(text, at) * scale
    _, baseline = turning(angle, page_box).place(x.value, y.value)
    return _Glyphs(_look(owner, min(max(size, 0.5), 500.0)), angle, baseline)


def _look(owner: Any, size: float) -> Look:
    font = pdfium.FPDFTextObj_GetFont(owner)
    if not font:
        return Look(round(size, 1))
    buffer = ctypes.create_string_buffer(128)
    pdfium.FPDFFont_GetBaseFontName(font, buffer, 128)
    name = buffer.value.decode("latin-1").lower()
    flags = max(0, pdfium.FPDFFont_GetFlags(font))
    is_bold = bool(flags & _FORCE_BOLD) or (
        pdfium.FPDFFont_GetWeight(font) >= _BOLD_WEIGHT
        and not any(part in name for part in ("-", ",", "oblique", "italic"))
    )
    return Look(
        size=round(size, 1),
        is_bold=is_bold or any(part in name for part in _BOLD_NAMES),
        is_italic=bool(flags & _ITALIC) or "italic" in name or "oblique" in name,
        is_monospaced=bool(flags & _FIXED_PITCH) or any(part in name for part in _MONO_NAMES),
    )


def _char(code: int) -> str:
    return chr(code) if code < 0x110000 and not 0xD800 <= code <= 0xDFFF else ""


def _runs(glyphs: _Glyphs, links: list[tuple[Box, str]]) -> Iterator[Run]:
    """The glyphs as one run, or as several where a link begins or ends among them."""
    middle = glyphs.baseline - 0.3 * glyphs.look.size
    while len(glyphs.rights) > 1 and glyphs.chars[len(glyphs.rights) - 1].isspace():
        glyphs.rights.pop()  # where a run ends is where its last word does
    glyphs.rights += [glyphs.rights[-1]] * (len(glyphs.chars) - len(glyphs.rights))
    if not links:
        yield Run("".join(glyphs.chars), glyphs.lefts[0], glyphs.rights[-1], glyphs.baseline, glyphs.look)
        return
    here = [(box, address) for box, address in links if box.top - 1 <= middle <= box.bottom + 1]
    start, current = 0, _address_at(glyphs, 0, here)
    for at in range(1, len(glyphs.chars) + 1):
        found = _address_at(glyphs, at, here) if at < len(glyphs.chars) else None
        if at == len(glyphs.chars) or (found != current and glyphs.chars[at] != " "):
            text = "".join(glyphs.chars[start:at])
            yield Run(text, glyphs.lefts[start], glyphs.rights[at - 1], glyphs.baseline, glyphs.look, current)
            start, current = at, found


def _address_at(glyphs: _Glyphs, at: int, links: list[tuple[Box, str]]) -> str | None:
    middle = (glyphs.lefts[at] + glyphs.rights[at]) / 2
    return next((address for box, address in links if box.left <= middle <= box.right), None)


def _links(document: Any, page: Any) -> Iterator[tuple[Box, str]]:
    """The page's links to addresses, each with its box in the page's own coordinates (ISO 32000-1, 12.5.6.5, 12.6.4.7)."""
    position, link = ctypes.c_int(0), pdfium.FPDF_LINK()
    for _ in range(_MAX_LINKS):
        if not pdfium.FPDFLink_Enumerate(page, position, link):
            return
        box, action = pdfium.FS_RECTF(), pdfium.FPDFLink_GetAction(link)
        if not action or pdfium.FPDFAction_GetType(action) != pdfium.PDFACTION_URI:
            continue
        buffer = ctypes.create_string_buffer(_FACTS_BYTES)
        size = pdfium.FPDFAction_GetURIPath(document, action, buffer, _FACTS_BYTES)
        if 0 < size <= _FACTS_BYTES and pdfium.FPDFLink_GetAnnotRect(link, box):
            said = buffer.value.decode("utf-8", "replace").strip()
            yield Box(box.left, box.bottom, box.right, box.top), said


def _turned_box(box: Box, turn: Matrix) -> Box:
    (x1, y1), (x2, y2) = turn.place(box.left, box.top), turn.place(box.right, box.bottom)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))
