"""PowerPoint presentations (PPTX): slides in order with titles, lists, tables, charts' figures and notes (ECMA-376, 19–21)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lxml import etree

from entrepot.content.document import Document, Notice, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import (
    Cell,
    Flow,
    element,
    emphasised,
    escape,
    link,
    picture,
    table,
    text_table,
)
from entrepot.content.documents.ooxml import Package
from entrepot.content.documents.xml_source import attribute, child, children, local_name, text_of
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent

_TITLES = frozenset({"title", "ctrTitle"})
_SIDE_PIECES = frozenset({"dt", "ftr", "sldNum", "hdr", "sldImg"})
_LISTED = frozenset({None, "body", "obj"})
_MAX_DEPTH = 40
_MAX_SLIDES = 2000


def read(page: Page, options: ContentOptions) -> Document:
    """The slides that are shown, in order. Raises DocumentBroken, DocumentTooLarge, NoContent."""
    package = Package(page.body)
    part = package.main_part()
    reader = _Reader(package)
    listed = child(package.tree(part), "sldIdLst")
    for at, slide in enumerate(children(listed, "sldId") if listed is not None else ()):
        link_id = next((str(value) for name, value in slide.attrib.items() if str(name).endswith("}id")), "")
        found = package.relationships(part).get(link_id)
        if at >= _MAX_SLIDES:
            reader.note("truncated", f"Slides after the first {_MAX_SLIDES} are left out.")
            break
        if found is not None and found.target in package:
            reader.slide(found.target)
    if not reader.has_text:
        raise NoContent("The slides hold no text.")
    return assemble(
        reader.flow.html(),
        package.metadata(reader.title),
        page.final_url,
        options,
        tuple(reader.notices.values()),
    )


@dataclass(slots=True)
class _Reader:
    """Writes slide after slide."""

    package: Package
    flow: Flow = field(default_factory=Flow)
    title: str | None = None
    has_text: bool = False
    slides: int = 0
    notices: dict[str, Notice] = field(default_factory=dict)

    def note(self, code: str, message: str) -> None:
        self.notices.setdefault(code, Notice(code, message))

    def slide(self, part: str) -> None:
        root = self.package.tree(part)
        if root.get("show") in ("0", "false"):
            self.note("hidden-skipped", "Hidden slides are left out.")
            return
        self.slides += 1
        places = _Places(self.package, part)
        tree = child(root, "cSld", "spTree")
        shapes = sorted(_shapes(tree), key=places.order_of) if tree is not None else []
        heading = next(
            (shape for shape in shapes if _role(shape) in _TITLES and text_of(_text_body(shape))), None
        )
        said = text_of(_text_body(heading)) if heading is not None else ""
        self.title = self.title or said or None
        self.flow.add(f"<h2>{escape(said) or f'Slide {self.slides}'}</h2>")
        self.has_text = self.has_text or bool(said)
        for shape in shapes:
            if shape is not heading and _role(shape) not in _SIDE_PIECES:
                self._shape(shape, part)
        self._notes(part)

    def _shape(self, shape: etree._Element, part: str) -> None:
        name = local_name(shape)
        if name == "sp":
            self._text(shape, part)
        elif name == "pic":
            self._block(element("p", picture(attribute(next(shape.iter("{*}cNvPr"), None), "descr"))))
        elif name == "graphicFrame":
            self._graphic(shape, part)

    def _text(self, shape: etree._Element, part: str) -> None:
        body = _text_body(shape)
        paragraphs = [each for each in children(body, "p") if text_of(each)] if body is not None else []
        is_list = _role(shape) in _LISTED and _is_placeholder(shape) and len(paragraphs) > 1
        for paragraph in paragraphs:
            said = child(paragraph, "pPr")
            html = self._inline(paragraph, part)
            bulleted = child(said, "buChar") is not None or child(said, "buBlip") is not None
            is_ordered = child(said, "buAutoNum") is not None
            if (is_list and child(said, "buNone") is None) or bulleted or is_ordered:
                self.flow.item(html, _level(said), is_ordered=is_ordered)
                self.has_text = True
            else:
                self._block(f"<p>{html}</p>")

    def _inline(self, paragraph: etree._Element, part: str) -> str:
        pieces = []
        for each in children(paragraph, "r", "br", "fld"):
            if local_name(each) == "br":
                pieces.append("<br>")
                continue
            said = child(each, "rPr")
            said_text = child(each, "t")
            tags = [
                tag for name, tag in (("b", "strong"), ("i", "em")) if attribute(said, name) in ("1", "true")
            ]
            html = emphasised(escape(said_text.text or "") if said_text is not None else "", *tags)
            pieces.append(link(html, self._address(child(said, "hlinkClick"), part)))
        return "".join(pieces).strip()

    def _address(self, reference: etree._Element | None, part: str) -> str | None:
        return self.package.address(part, attribute(reference, "id")) if reference is not None else None

    def _graphic(self, frame: etree._Element, part: str) -> None:
        data = child(frame, "graphic", "graphicData")
        for each in data if data is not None else ():
            if local_name(each) == "tbl":
                self._block(self._table(each, part))
            elif local_name(each) == "chart":
                self._block(self._chart(self._target(part, attribute(each, "id"))))
            elif local_name(each) == "relIds":
                self._diagram(self._target(part, attribute(each, "dm")))

    def _table(self, source: etree._Element, part: str) -> str:
        rows = []
        for row in children(source, "tr"):
            cells = []
            for cell in children(row, "tc"):
                if attribute(cell, "hMerge") in ("1", "true") or attribute(cell, "vMerge") in ("1", "true"):
                    continue
                body = child(cell, "txBody")
                texts = (self._inline(each, part) for each in children(body, "p")) if body is not None else ()
                cells.append(
                    Cell("<br>".join(filter(None, texts)), _span(cell, "gridSpan"), _span(cell, "rowSpan"))
                )
            rows.append(cells)
        return table([row for row in rows if row])

    def _chart(self, part: str | None) -> str:
        """A chart's figures as a table: categories down, series across (21.2)."""
        if part is None:
            return ""
        root = self.package.tree(part)
        series = list(root.iter("{*}ser"))
        names = [text_of(next((v for v in _path(each, "tx", "v")), None)) for each in series]
        categories = _points(series[0], "cat", "xVal") if series else {}
        values = [_points(each, "val", "yVal") for each in series]
        places = sorted({*categories, *(place for each in values for place in each)})
        rows = [[categories.get(at, ""), *(each.get(at, "") for each in values)] for at in places]
        title = text_of(child(root, "chart", "title", "tx"))
        return text_table([["", *names], *rows], caption=title) if rows else ""

    def _diagram(self, part: str | None) -> None:
        """The texts of a drawn diagram as a list (21.4)."""
        for point in self.package.tree(part).iter("{*}pt") if part else ():
            if said := text_of(child(point, "t")):
                self.flow.item(escape(said))
                self.has_text = True

    def _notes(self, part: str) -> None:
        notes = self.package.related(part, "notesSlide")
        tree = child(self.package.tree(notes), "cSld", "spTree") if notes else None
        for shape in children(tree, "sp") if tree is not None else ():
            if _role(shape) == "body" and text_of(_text_body(shape)):
                body = _text_body(shape)
                lines = (
                    [self._inline(each, notes or "") for each in children(body, "p")]
                    if body is not None
                    else []
                )
                self.flow.add("<p><strong>Notes:</strong></p>")
                self.flow.add(
                    "<blockquote>" + "".join(f"<p>{line}</p>" for line in lines if line) + "</blockquote>"
                )
                self.has_text = True

    def _target(self, part: str, reference: str | None) -> str | None:
        found = self.package.relationships(part).get(reference or "")
        return found.target if found is not None and found.target in self.package else None

    def _block(self, html: str) -> None:
        self.flow.add(html)
        self.has_text = self.has_text or bool(html)


class _Places:
    """Where a slide's shapes stand: what they do not say themselves, their slide's layout says."""

    def __init__(self, package: Package, part: str) -> None:
        layout = package.related(part, "slideLayout")
        tree = child(package.tree(layout), "cSld", "spTree") if layout else None
        self._layout = (
            {_key(shape): _offset(shape) for shape in children(tree, "sp")} if tree is not None else {}
        )

    def order_of(self, shape: etree._Element) -> tuple[int, int]:
        """A shape's place from top to bottom, then from left to right, in EMU; titles first."""
        if _role(shape) in _TITLES:
            return -(10**12), 0
        offset = _offset(shape) or self._layout.get(_key(shape)) or (0, 0)
        return offset[1], offset[0]


def _shapes(tree: etree._Element, depth: int = 0) -> Iterator[etree._Element]:
    for each in tree:
        name = local_name(each)
        if name == "grpSp" and depth < _MAX_DEPTH:
            yield from _shapes(each, depth + 1)
        elif name == "AlternateContent" and depth < _MAX_DEPTH:
            chosen = next(children(each, "Choice", "Fallback"), None)
            yield from _shapes(chosen, depth + 1) if chosen is not None else ()
        elif name in ("sp", "pic", "graphicFrame"):
            yield each


def _placeholder(shape: etree._Element) -> etree._Element | None:
    properties = next(children(shape, "nvSpPr", "nvPicPr", "nvGraphicFramePr"), None)
    return child(properties, "nvPr", "ph")


def _is_placeholder(shape: etree._Element) -> bool:
    return _placeholder(shape) is not None


def _role(shape: etree._Element) -> str | None:
    return attribute(_placeholder(shape), "type")


def _key(shape: etree._Element) -> tuple[str | None, str | None]:
    return attribute(_placeholder(shape), "idx"), _role(shape)


def _offset(shape: etree._Element) -> tuple[int, int] | None:
    said = child(shape, "spPr", "xfrm", "off")
    said = child(shape, "xfrm", "off") if said is None else said
    x, y = attribute(said, "x"), attribute(said, "y")
    try:
        return (int(x), int(y)) if x and y else None
    except ValueError:
        return None


def _text_body(shape: etree._Element) -> etree._Element | None:
    return child(shape, "txBody")


def _level(said: etree._Element | None) -> int:
    level = attribute(said, "lvl") or "0"
    return min(int(level), 8) if level.isdigit() else 0


def _span(cell: etree._Element, name: str) -> int:
    said = attribute(cell, name) or "1"
    return max(1, min(int(said), 200)) if said.isdigit() else 1


def _path(element: etree._Element, first: str, last: str) -> Iterator[etree._Element]:
    found = child(element, first)
    return found.iter(f"{{*}}{last}") if found is not None else iter(())


def _points(series: etree._Element, *names: str) -> dict[int, str]:
    """A series' cached values by their places."""
    for name in names:
        found = {_place(each): text_of(child(each, "v")) for each in _path(series, name, "pt")}
        if found:
            return found
    return {}


def _place(point: etree._Element) -> int:
    said = attribute(point, "idx") or "0"
    return int(said) if said.isdigit() and len(said) < 7 else 0
