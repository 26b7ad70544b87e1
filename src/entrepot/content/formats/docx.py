"""Word documents (DOCX): headings, lists, tables, links, notes and emphasis, read from their XML (ECMA-376 part 1, 17)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lxml import etree

from entrepot.content.document import Document, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import Cell, Flow, element, emphasised, escape, link, picture, table
from entrepot.content.documents.formulas import formula
from entrepot.content.documents.ooxml import Package
from entrepot.content.documents.word_styles import Styles, has, is_monospaced, read_styles
from entrepot.content.documents.xml_source import attribute, child, children, local_name, text_of
from entrepot.content.markup.clean import fragment_tree
from entrepot.content.options import ContentOptions

_WRAPPERS = frozenset(
    {"sdt", "sdtContent", "customXml", "smartTag", "ins", "moveTo", "dir", "bdo", "fldSimple"}
)
_EMPHASIS = (("b", "strong"), ("i", "em"), ("strike", "s"), ("dstrike", "s"))
_SIGNS = {"tab": " ", "br": "<br>", "cr": "<br>", "noBreakHyphen": "\u2011", "ptab": " "}
_SCRIPTS = {"superscript": "sup", "subscript": "sub"}
MAX_BLOCKS = 40_000
_MAX_DEPTH = 40


def read(page: Page, options: ContentOptions) -> Document:
    """The document's text in order. Raises DocumentBroken, DocumentTooLarge, NoContent."""
    package = Package(page.body)
    part = package.main_part()
    reader = _Reader(package, part, read_styles(package, part))
    body = child(package.tree(part), "body")
    if body is not None:
        reader.blocks(body)
    reader.write_notes()
    notice = Notice(
        "truncated", f"The document is long: what follows its first {MAX_BLOCKS} paragraphs is left out."
    )
    notices = (notice,) if reader.blocks_left < 0 else ()
    return assemble(reader.flow.html(), package.metadata(reader.title), page.final_url, options, notices)


@dataclass(slots=True)
class _Field:
    """A field that has been begun: its instruction, whether its result has begun, and the result's HTML."""

    instruction: str = ""
    is_result: bool = False
    html: list[str] = field(default_factory=list)

    @property
    def address(self) -> str | None:
        words = self.instruction.split()
        if not words or words[0].upper() != "HYPERLINK" or "\\l" in words[:2]:
            return None
        return next((word.strip('"') for word in words[1:] if not word.startswith("\\")), None)


@dataclass(slots=True)
class _Reader:
    """Walks through a document's blocks; `depth` holds runaway nesting back."""

    package: Package
    part: str
    styles: Styles
    flow: Flow = field(default_factory=Flow)
    title: str | None = None
    code: list[str] = field(default_factory=list)
    fields: list[_Field] = field(default_factory=list)
    notes: list[tuple[str, str]] = field(default_factory=list)
    asides: list[etree._Element] = field(default_factory=list)
    depth: int = 0
    blocks_left: int = MAX_BLOCKS

    def blocks(self, holder: etree._Element) -> None:
        """Writes the paragraphs and tables in `holder`."""
        for each in _unwrapped(holder):
            self.blocks_left -= 1
            if self.blocks_left < 0:
                break
            if local_name(each) == "p":
                self._paragraph(each)
            elif local_name(each) == "tbl":
                self._end_code()
                self.flow.add(self._table(each))
            elif local_name(each) == "oMathPara":
                self.flow.add(formula(each))
        self._end_code()

    def write_notes(self) -> None:
        """Writes the foot- and endnotes that the text referred to, in the order of their numbers."""
        items = []
        for number, (kind, name) in enumerate(self.notes, 1):
            part = self.package.related(self.part, f"{kind}s")
            noted = part and next(
                (each for each in self.package.tree(part) if attribute(each, "id") == name), None
            )
            if noted is None or part is None or isinstance(noted, str):
                continue
            inner = _Reader(self.package, part, self.styles)
            said = " ".join(filter(None, (inner.inline(each) for each in children(noted, "p"))))
            items.append(f'<li id="fn-{number}">{said.strip()}</li>')
        self.flow.add(element("ol", "".join(items)))

    def inline(self, paragraph: etree._Element) -> str:
        """A paragraph's text with its emphasis and links."""
        return "".join(self._pieces(paragraph)).strip()

    def _paragraph(self, paragraph: etree._Element) -> None:
        said = child(paragraph, "pPr")
        style = attribute(child(said, "pStyle"), "val")
        html = self.inline(paragraph)
        asides, self.asides = self.asides, []
        if html and self._is_code(paragraph, style):
            self.code.append(_plain_text(paragraph))
        else:
            self._end_code()
            self._place(html, style, said)
        for aside in asides:
            self.blocks(aside)

    def _place(self, html: str, style: str | None, said: etree._Element | None) -> None:
        level, item = self.styles.heading_level(style, said), self.styles.numbering(style, said)
        if not html:
            return
        if level is not None:
            if self.title is None and (level == 1 or self.styles.is_title(style)):
                self.title = text_of(fragment_tree(html.replace("<br>", " ")))
            self.flow.add(f"<h{level}>{html}</h{level}>")
        elif item is not None and (form := self.styles.list_format(*item)) != "none":
            start = self.styles.starts.get(item, 1)
            self.flow.item(html, item[1], is_ordered=form != "bullet", start=start)
        elif "<pre>" in html:
            self.flow.add(html)
        else:
            self.flow.add(
                f"<blockquote><p>{html}</p></blockquote>" if self.styles.is_quote(style) else f"<p>{html}</p>"
            )

    def _is_code(self, paragraph: etree._Element, style: str | None) -> bool:
        if self.styles.is_code(style):
            return True
        runs = [run for run in children(paragraph, "r") if text_of(run)]
        return (
            bool(runs)
            and all(self._is_run_code(run) for run in runs)
            and child(paragraph, "pPr", "numPr") is None
        )

    def _is_run_code(self, run: etree._Element) -> bool:
        said = child(run, "rPr")
        return is_monospaced(said) or self.styles.is_code(attribute(child(said, "rStyle"), "val"))

    def _end_code(self) -> None:
        if self.code:
            lines = "\n".join(self.code)
            self.code.clear()
            self.flow.add(f"<pre><code>{escape(lines)}</code></pre>")

    def _pieces(self, holder: etree._Element) -> Iterator[str]:
        for each in _unwrapped(holder):
            name = local_name(each)
            if name == "r":
                yield from self._run(each)
            elif name == "hyperlink":
                address = self.package.address(self.part, attribute(each, "id"))
                yield link("".join(self._pieces(each)), address)
            elif name in ("oMath", "oMathPara"):
                yield formula(each)

    def _run(self, run: etree._Element) -> Iterator[str]:
        """A run's text, which a field may keep until it ends (17.16.18)."""
        said = child(run, "rPr")
        if has(said, "vanish") and child(run, "fldChar") is None:
            return
        html = "".join(self._field_piece(each) or self._piece(each) for each in _alternatives(run))
        html = self._dressed(html, said)
        if self.fields:
            if self.fields[-1].is_result:
                self.fields[-1].html.append(html)
            return
        yield html

    def _field_piece(self, each: etree._Element) -> str:
        name = local_name(each)
        if name == "instrText" and self.fields:
            self.fields[-1].instruction += each.text or ""
        elif name == "fldChar":
            step = attribute(each, "fldCharType")
            if step == "begin":
                self.fields.append(_Field())
            elif step == "separate" and self.fields:
                self.fields[-1].is_result = True
            elif step == "end" and self.fields:
                ended = self.fields.pop()
                return link("".join(ended.html), ended.address)
        return ""

    def _piece(self, each: etree._Element) -> str:
        name = local_name(each)
        if name == "t":
            return escape(each.text or "")
        if name in ("footnoteReference", "endnoteReference"):
            self.notes.append((name.removesuffix("Reference"), attribute(each, "id") or ""))
            return f'<sup><a href="#fn-{len(self.notes)}" role="doc-noteref">{len(self.notes)}</a></sup>'
        if name in ("drawing", "pict", "object"):
            return self._drawing(each)
        if name == "sym":
            return _symbol(attribute(each, "char"))
        if name == "br" and attribute(each, "type") in ("page", "column"):
            return " "
        return _SIGNS.get(name, "")

    def _drawing(self, drawing: etree._Element) -> str:
        """A picture's description; text boxes in it are written after the paragraph."""
        for box in drawing.iter("{*}txbxContent"):
            if (
                not any(local_name(above) == "txbxContent" for above in box.iterancestors())
                and self.depth < _MAX_DEPTH
            ):
                self.asides.append(box)
                self.depth += 1
        said = next(
            (attribute(each, "descr") for each in drawing.iter("{*}docPr") if attribute(each, "descr")), None
        )
        return picture(
            said or next((each.get("alt") for each in drawing.iter("{*}shape") if each.get("alt")), None)
        )

    def _dressed(self, html: str, said: etree._Element | None) -> str:
        if said is None or not html.strip():
            return html
        script = _SCRIPTS.get(attribute(child(said, "vertAlign"), "val") or "")
        tags = [tag for name, tag in _EMPHASIS if has(said, name)]
        if is_monospaced(said) or self.styles.is_code(attribute(child(said, "rStyle"), "val")):
            tags.append("code")
        return emphasised(html, *dict.fromkeys(tags), *([script] if script else []))

    def _table(self, source: etree._Element) -> str:
        rows = [list(_cells(row)) for row in _unwrapped(source) if local_name(row) == "tr"]
        marked = sum(child(row, "trPr", "tblHeader") is not None for row in children(source, "tr"))
        self.depth += 1
        spans = _row_spans(rows)
        lines = [
            [Cell(self._cell_html(cell), columns, spans.get((at, column), 1))
             for column, columns, cell in row if (at, column) not in spans or spans[at, column]]
            for at, row in enumerate(rows)
        ]  # fmt: skip
        self.depth -= 1
        return table([line for line in lines if line], head_rows=max(1, min(marked, len(lines) - 1)))

    def _cell_html(self, cell: etree._Element) -> str:
        """A cell's blocks; one paragraph stands in it as it is."""
        if self.depth > _MAX_DEPTH:
            return escape(text_of(cell))
        paragraphs = [each for each in _unwrapped(cell) if local_name(each) in ("p", "tbl")]
        if all(local_name(each) == "p" and self._is_bare(each) for each in paragraphs):
            return "<br>".join(filter(None, (self.inline(each) for each in paragraphs)))
        outer, self.flow = self.flow, Flow()
        self.blocks(cell)
        inner, self.flow = self.flow.html(), outer
        return inner

    def _is_bare(self, paragraph: etree._Element) -> bool:
        said = child(paragraph, "pPr")
        return self.styles.numbering(attribute(child(said, "pStyle"), "val"), said) is None


def _unwrapped(holder: etree._Element, depth: int = 0) -> Iterator[etree._Element]:
    """The children, with those of wrappers that say nothing of their own in the wrappers' places."""
    for each in _alternatives(holder):
        if local_name(each) in _WRAPPERS and depth < _MAX_DEPTH:
            yield from _unwrapped(each, depth + 1)
        else:
            yield each


def _alternatives(holder: etree._Element) -> Iterator[etree._Element]:
    """The children; of markup in several versions the first (ECMA-376 part 3, 10.2)."""
    for each in holder:
        if local_name(each) == "AlternateContent":
            chosen = next(children(each, "Choice", "Fallback"), None)
            yield from chosen if chosen is not None else ()
        else:
            yield each


def _cells(row: etree._Element) -> Iterator[tuple[int, int, etree._Element]]:
    """A row's cells, each with its first column and how many it spans."""
    column = _number(attribute(child(row, "trPr", "gridBefore"), "val"), 0)
    for cell in (each for each in _unwrapped(row) if local_name(each) == "tc"):
        columns = max(1, min(_number(attribute(child(cell, "tcPr", "gridSpan"), "val"), 1), 200))
        yield column, columns, cell
        column += columns


def _row_spans(rows: list[list[tuple[int, int, etree._Element]]]) -> dict[tuple[int, int], int]:
    """Rows that merged cells span, by the place of the first; 0 for the places that it covers."""
    spans: dict[tuple[int, int], int] = {}
    owners: dict[int, tuple[int, int]] = {}
    for at, row in enumerate(rows):
        for column, _, cell in row:
            merge = child(cell, "tcPr", "vMerge")
            if merge is not None and attribute(merge, "val") != "restart" and column in owners:
                spans[owners[column]] += 1
                spans[at, column] = 0
            elif merge is not None:
                owners[column] = (at, column)
                spans[at, column] = 1
            else:
                owners.pop(column, None)
    return spans


def _plain_text(paragraph: etree._Element) -> str:
    """A line of code with its blanks."""
    signs = {"tab": "\t", "br": "\n", "cr": "\n"}
    pieces = (
        each.text or "" if local_name(each) == "t" else signs.get(local_name(each), "")
        for each in _leaves(paragraph)
    )
    return "".join(pieces).rstrip()


def _leaves(paragraph: etree._Element) -> Iterable[etree._Element]:
    return (each for run in paragraph.iter("{*}r") for each in run)


def _symbol(char: str | None) -> str:
    """A character of a symbol font; those are kept in the private area, and the bullets among them are all alike."""
    try:
        code = int(char or "", 16)
    except ValueError:
        return ""
    return "•" if 0xE000 <= code <= 0xF8FF or code < 32 else escape(chr(code))


def _number(said: str | None, otherwise: int) -> int:
    return int(said) if said and said.isdigit() and len(said) < 9 else otherwise
