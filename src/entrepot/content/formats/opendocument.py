"""Documents of OpenDocument (ODT, ODS, ODP; ODF 1.3): text, sheets and slides, read from their XML."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from entrepot.content.document import Document, Metadata, Notice, Page
from entrepot.content.documents.archive import Archive
from entrepot.content.documents.assembly import assemble, of_fragment
from entrepot.content.documents.blocks import Cell, Flow, element, emphasised, escape, link, picture, table
from entrepot.content.documents.sheet import Book
from entrepot.content.documents.xml_source import attribute, child, children, local_name, parse_xml, text_of
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken, DocumentEncrypted, NoContent

_SKIPPED = frozenset({"tracked-changes", "sequence-decls", "forms", "annotation", "annotation-end", "bookmark",
                      "table-of-content", "alphabetical-index", "soft-page-break"})  # fmt: skip
_SIGNS = {"s": " ", "tab": " ", "line-break": "<br>"}
_MONO = ("mono", "courier", "consolas")
MAX_BLOCKS = 40_000
_MAX_REPEATED = 1000
_MAX_DEPTH = 100


def read(page: Page, options: ContentOptions) -> Document:
    """The document in order. Raises DocumentBroken, DocumentTooLarge, DocumentEncrypted, NoContent."""
    archive = Archive(page.body)
    if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read("META-INF/manifest.xml"):
        raise DocumentEncrypted
    root = parse_xml(archive.read("content.xml"))
    metadata = _metadata(parse_xml(archive.read("meta.xml"))) if "meta.xml" in archive else Metadata()
    body = child(root, "body")
    holder = (
        next(children(body, "text", "spreadsheet", "presentation", "drawing"), None)
        if body is not None
        else None
    )
    if holder is None:
        raise DocumentBroken("The document has no body.")
    reader = _Reader(_Styles(root))
    if local_name(holder) == "spreadsheet":
        return _sheets(holder, reader, metadata)
    if local_name(holder) == "text":
        reader.blocks(holder)
        reader.write_notes()
    else:
        reader.slides(holder)
    return assemble(reader.flow.html(), metadata, page.final_url, options, tuple(reader.notices.values()))


def _sheets(holder: etree._Element, reader: "_Reader", metadata: Metadata) -> Document:
    book = Book()
    for sheet in children(holder, "table"):
        if reader.styles.is_hidden(attribute(sheet, "style-name")):
            book.note("hidden-skipped", "Hidden sheets are left out.")
        elif book.is_full:
            book.note_truncated()
        else:
            book.add_sheet(attribute(sheet, "name") or "", _sheet_rows(sheet, reader))
    if not any("<t" in block or "<p" in block for block in book.blocks):
        raise NoContent("The sheets are empty.")
    return of_fragment(book.html(), metadata, tuple(book.notices.values()))


def _sheet_rows(sheet: etree._Element, reader: "_Reader") -> Iterator[list[str]]:
    """A sheet's rows with repeated ones written out, unless they are empty."""
    for row in _table_rows(sheet):
        cells: list[str] = []
        for cell in children(row, "table-cell", "covered-table-cell"):
            said = "" if local_name(cell) == "covered-table-cell" else reader.cell_text(cell)
            cells.extend([said] * _count(cell, "number-columns-repeated"))
        while cells and not cells[-1]:
            cells.pop()
        for _ in range(_count(row, "number-rows-repeated") if cells else 1):
            yield cells


@dataclass(slots=True)
class _Styles:
    """What a document's own styles say of text and lists."""

    root: etree._Element
    named: dict[str, etree._Element] = field(default_factory=dict)
    ordered: set[tuple[str, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        for holder in children(self.root, "automatic-styles", "styles"):
            for each in holder:
                name = attribute(each, "name") or ""
                self.named.setdefault(name, each)
                for level in children(each, "list-level-style-number"):
                    self.ordered.add((name, _number(attribute(level, "level"), 1)))

    def tags(self, name: str | None) -> list[str]:
        """The elements that text in this style stands in."""
        said = child(self.named.get(name or ""), "text-properties")
        position = attribute(said, "text-position") or ""
        font = (attribute(said, "font-name") or attribute(said, "font-family") or "").lower()
        found = (
            ("strong", attribute(said, "font-weight") in ("bold", "700", "800", "900")),
            ("em", attribute(said, "font-style") in ("italic", "oblique")),
            ("s", attribute(said, "text-line-through-style") not in (None, "none")),
            ("code", any(part in font for part in _MONO)),
            ("sup", position.startswith("super")),
            ("sub", position.startswith("sub")),
        )
        return [tag for tag, is_so in found if is_so]

    def is_preformatted(self, name: str | None) -> bool:
        parent = attribute(self.named.get(name or ""), "parent-style-name") or ""
        return any("Preformatted" in each or each.lower().startswith("code") for each in (name or "", parent))

    def is_hidden(self, name: str | None) -> bool:
        return attribute(child(self.named.get(name or ""), "table-properties"), "display") == "false"


@dataclass(slots=True)
class _Reader:
    """Writes blocks one after the other."""

    styles: _Styles
    flow: Flow = field(default_factory=Flow)
    notices: dict[str, Notice] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    code: list[str] = field(default_factory=list)
    blocks_left: int = MAX_BLOCKS

    def blocks(self, holder: etree._Element, depth: int = 0) -> None:
        for each in holder:
            self._block(each, depth)
        self._end_code()

    def slides(self, holder: etree._Element) -> None:
        for number, page in enumerate(children(holder, "page"), 1):
            title = next(
                (each for each in children(page, "frame") if attribute(each, "class") == "title"), None
            )
            said = text_of(title)
            self.flow.add(f"<h2>{escape(said) or f'Slide {number}'}</h2>")
            for shape in children(page):
                if shape is not title and local_name(shape) != "notes":
                    self._shape(shape)
            notes = child(page, "notes")
            lines = (
                [each for frame in children(notes, "frame") for each in frame.iter("{*}p")]
                if notes is not None
                else []
            )
            if any(text_of(line) for line in lines):
                self.flow.add("<p><strong>Notes:</strong></p>")
                self.flow.add(
                    "<blockquote>"
                    + "".join(element("p", self.inline(line)) for line in lines)
                    + "</blockquote>"
                )

    def write_notes(self) -> None:
        items = (f'<li id="fn-{number}">{note}</li>' for number, note in enumerate(self.notes, 1))
        self.flow.add(element("ol", "".join(items)))

    def cell_text(self, cell: etree._Element) -> str:
        """A cell's paragraphs as they are shown, in one line each."""
        return "<br>".join(filter(None, (self.inline(each) for each in children(cell, "p"))))

    def inline(self, holder: etree._Element, depth: int = 0) -> str:
        """Text with its emphasis and links."""
        pieces = [escape(_even(holder.text))]
        for each in holder:
            pieces += [self._piece(each, depth + 1), escape(_even(each.tail))]
        return "".join(pieces) if depth else "".join(pieces).strip()

    def _block(self, each: etree._Element, depth: int) -> None:
        name = local_name(each)
        self.blocks_left -= 1
        if self.blocks_left < 0:
            message = f"The document is long: what follows its first {MAX_BLOCKS} paragraphs is left out."
            self.notices.setdefault("truncated", Notice("truncated", message))
            return
        if name == "p" and self.styles.is_preformatted(attribute(each, "style-name")):
            self.code.append(_plain(each))
            return
        self._end_code()
        if name == "h":
            level = max(1, min(_number(attribute(each, "outline-level"), 1), 6))
            self.flow.add(element(f"h{level}", self.inline(each)))
        elif name == "p":
            self.flow.add(element("p", self.inline(each)))
        elif name == "list":
            self._list(each, 0, attribute(each, "style-name") or "")
        elif name == "table":
            self.flow.add(self._table(each))
        elif name not in _SKIPPED and depth < _MAX_DEPTH:
            self.blocks(each, depth + 1)

    def _shape(self, shape: etree._Element, depth: int = 0) -> None:
        for each in shape:
            if local_name(each) in ("text-box", "g", "frame", "custom-shape") and depth < _MAX_DEPTH:
                self._shape(each, depth + 1)
            elif local_name(each) in ("p", "list", "table", "h"):
                self._block(each, depth)
        if any(local_name(each) == "image" for each in shape):
            self.flow.add(element("p", picture(_description(shape))))

    def _list(self, source: etree._Element, level: int, style: str) -> None:
        is_ordered = (style, level + 1) in self.styles.ordered
        for item in children(source, "list-item", "list-header"):
            is_first = True
            for each in item:
                if local_name(each) == "list" and level < _MAX_DEPTH:
                    self._list(each, level + 1, attribute(each, "style-name") or style)
                elif local_name(each) in ("p", "h") and is_first:
                    self.flow.item(self.inline(each), level, is_ordered=is_ordered)
                    is_first = False
                elif local_name(each) in ("p", "h"):
                    self.flow.in_item(element("p", self.inline(each)))

    def _table(self, source: etree._Element) -> str:
        rows = []
        for row in _table_rows(source):
            cells = [
                Cell(
                    self.cell_text(cell),
                    _count(cell, "number-columns-spanned"),
                    _count(cell, "number-rows-spanned"),
                )
                for cell in children(row, "table-cell")
            ]
            if any(cell.html for cell in cells):
                rows.append(cells)
        return table(rows)

    def _piece(self, each: etree._Element, depth: int) -> str:
        name = local_name(each)
        if name in _SKIPPED or depth > _MAX_DEPTH:
            return ""
        if name in _SIGNS:
            return _SIGNS[name]
        if name == "note":
            self.notes.append(" ".join(self.inline(part) for part in children(each, "note-body")))
            return f'<sup><a href="#fn-{len(self.notes)}" role="doc-noteref">{len(self.notes)}</a></sup>'
        if name == "frame":
            return picture(_description(each))
        html = self.inline(each, depth)
        if name == "a":
            return link(html, attribute(each, "href"))
        return emphasised(html, *self.styles.tags(attribute(each, "style-name"))) if name == "span" else html

    def _end_code(self) -> None:
        if self.code:
            lines = "\n".join(self.code)
            self.code.clear()
            self.flow.add(f"<pre><code>{escape(lines)}</code></pre>")


def _table_rows(holder: etree._Element, depth: int = 0) -> Iterator[etree._Element]:
    for each in holder:
        if local_name(each) == "table-row":
            yield each
        elif (
            local_name(each) in ("table-header-rows", "table-rows", "table-row-group") and depth < _MAX_DEPTH
        ):
            yield from _table_rows(each, depth + 1)


def _plain(paragraph: etree._Element) -> str:
    """A line of code with its blanks."""
    pieces = []
    for event, each in etree.iterwalk(paragraph, events=("start", "end")):
        if event == "start":
            signs = {"s": " " * _number(attribute(each, "c"), 1), "tab": "\t", "line-break": "\n"}
            pieces.append(signs.get(local_name(each), "") + (each.text or ""))
        elif each is not paragraph:
            pieces.append(each.tail or "")
    return "".join(pieces)


def _description(shape: etree._Element) -> str:
    return text_of(child(shape, "desc")) or text_of(child(shape, "title"))


def _even(text: str | None) -> str:
    """Text with blanks and line ends made one blank each (ODF 1.3 part 3, 6.1.2)."""
    said = text or ""
    inner = " ".join(said.split())
    before, after = " " * said[:1].isspace(), " " * said[-1:].isspace()
    return f"{before}{inner}{after}" if inner else before


def _count(each: etree._Element, name: str) -> int:
    return max(1, min(_number(attribute(each, name), 1), _MAX_REPEATED))


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isdigit() and len(said) < 9 else otherwise


def _metadata(root: etree._Element) -> Metadata:
    said = {
        local_name(each): text_of(each)
        for each in root.iter()
        if isinstance(each.tag, str) and len(each) == 0
    }
    return Metadata(
        title=said.get("title") or None, description=said.get("description") or said.get("subject") or None,
        author=said.get("initial-creator") or said.get("creator") or None,
        published_at=said.get("creation-date") or None, modified_at=said.get("date") or None,
        language=said.get("language") or None,
    )  # fmt: skip
