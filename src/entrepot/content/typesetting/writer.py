"""A tree written in the typesetter's language: every word of it as a string, every tag as a call of ours."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from entrepot.content.typesetting.grid import Grid, grid_of
from entrepot.content.typesetting.words import LONGEST_WORD, breakable, is_right_to_left, literal

TEXT_WIDTH_POINTS = 470.0
_TEXT_HEIGHT_POINTS = 640.0
_POINTS_PER_PIXEL = 0.75
_DEEPEST = 24
"""Nesting beyond this is flattened; the typesetter gives up at some depth, and no reader can tell."""

_TABLE_DEPTH = 5  # what a table costs of that
_CODE_LINES = 50
_MAX_COLOURED_CHARS = 20_000
_MAX_LINK_CHARS = 2000
_BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "body", "dd", "details", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul",
})  # fmt: skip
_WRAPPERS = {
    "em": "emph(", "i": "emph(", "cite": "emph(", "dfn": "emph(", "var": "emph(", "strong": "strong(", "b": "strong(",
    "sub": "sub(", "sup": "super(", "s": "strike(", "del": "strike(", "strike": "strike(", "u": "underline(", "ins": "underline(",
    "mark": "highlight(", "small": "text(size: 0.85em, ", "kbd": "key(", "q": "quote(block: false, quotes: true, ",
}  # fmt: skip
_DIRECTIONS = ("ltr", "rtl")
_CODE_LANGUAGE = re.compile(r"language-([\w+#.-]{1,40})")


@dataclass(frozen=True, slots=True)
class Picture:
    """An image that can be drawn: its file's name in the typesetter's folder, its natural size in pixels."""

    file: str
    width: float
    height: float


def link(href: str, body: str) -> str:
    may_link = _scheme_of(href) in {"http", "https", "mailto", "tel"} and len(href) <= _MAX_LINK_CHARS
    return f"link({literal(href)}, {body})" if may_link else body


def _scheme_of(address: str) -> str:
    """The address's scheme; empty where it is no address."""
    try:
        return urlsplit(address).scheme.lower()
    except ValueError:
        return ""


def squeezed(element: HtmlElement) -> str:
    return " ".join("".join(element.itertext()).split())


class Writer:
    """Walks a tree. `flow` gives statements for blocks; `line` gives one expression for what stands within a line."""

    def __init__(self, tree: HtmlElement, pictures: Mapping[str, Picture], direction: str) -> None:
        self._holders = _holders_of(tree)
        self._pictures = pictures
        self._direction = direction
        self._width_points = TEXT_WIDTH_POINTS
        self._longest_word = LONGEST_WORD
        self._depth = 0
        self._after_space = True

    def flow(self, element: HtmlElement) -> list[str]:
        """The element's content as statements; runs of inline content become paragraphs where blocks stand beside them."""
        has_blocks = any(self._is_block(child) for child in element.iterchildren())
        statements: list[str] = []
        run: list[str] = []
        self._after_space = True
        for piece in _pieces(element):
            if isinstance(piece, str) or not self._is_block(piece):
                run.append(self._inline(piece))
                continue
            statements += self._paragraph(run, wrap=True)
            run = []
            statements += self._block(piece)
            self._after_space = True
        return [*statements, *self._paragraph(run, wrap=has_blocks)]

    def _paragraph(self, run: list[str], *, wrap: bool) -> list[str]:
        written = [piece for piece in run if piece]
        if not any(piece.strip('" ') for piece in written):
            return []
        joined = "; ".join(written)
        return [f"par({{ {joined} }})" if wrap else joined]

    def _content(self, element: HtmlElement) -> str:
        """What the element holds as one block of code, which is an expression."""
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return "{ " + literal(breakable(squeezed(element))) + " }"
            return "{ " + "\n".join(self.flow(element)) + " }"
        finally:
            self._depth -= 1

    # --- within a line ------------------------------------------------------------------------------------------------

    def _inline(self, piece: "str | HtmlElement") -> str:
        if isinstance(piece, str):
            return self._text(piece)
        written = self._INLINE.get(piece.tag)
        if written is not None:
            return written(self, piece)
        body = self._line(piece)
        wrapper = _WRAPPERS.get(piece.tag)
        return f"{wrapper}{body})" if wrapper else body

    def _break(self, _element: HtmlElement) -> str:
        self._after_space = True
        return "linebreak()"

    def _anchor(self, element: HtmlElement) -> str:
        return link(element.get("href") or "", self._line(element))

    def _gloss(self, element: HtmlElement) -> str:
        return self._text(f" ({squeezed(element)}) ")

    def _nothing(self, _element: HtmlElement) -> str:
        return ""

    def _line(self, element: HtmlElement) -> str:
        self._depth += 1
        try:
            if self._depth > _DEEPEST:
                return self._text(squeezed(element)) or '""'
            written = [self._inline(piece) for piece in self._flat_pieces(element)]
        finally:
            self._depth -= 1
        return "{ " + "; ".join(filter(None, written)) + " }"

    def _flat_pieces(self, element: HtmlElement) -> "Iterator[str | HtmlElement]":
        """The pieces, with spaces around those that would be blocks elsewhere."""
        for piece in _pieces(element):
            if isinstance(piece, str) or not self._is_block(piece):
                yield piece
            else:
                yield " "
                yield piece
                yield " "

    def _text(self, text: str) -> str:
        collapsed = re.sub(r"[ \t\n\r\f]+", " ", text)
        if self._after_space:
            collapsed = collapsed.removeprefix(" ")
        if not collapsed:
            return ""
        self._after_space = collapsed.endswith(" ")
        return literal(breakable(collapsed, self._longest_word))

    def _code(self, element: HtmlElement) -> str:
        text = squeezed(element)
        self._after_space = False
        return f"raw({literal(breakable(text, self._longest_word))})" if text else ""

    def _image(self, element: HtmlElement) -> str:
        self._after_space = False
        source, said = element.get("src") or "", " ".join((element.get("alt") or "").split())
        picture = self._pictures.get(source)
        if picture is None:
            label = f"[{said or 'image'}]"
            return link(source, f"absent({literal(breakable(label, self._longest_word))})")
        width = min(picture.width * _POINTS_PER_PIXEL, self._width_points)
        width = min(width, _TEXT_HEIGHT_POINTS * picture.width / max(picture.height, 1.0))
        alt = f", alt: {literal(said)}" if said else ""
        return f"box(image({literal(picture.file)}, width: {width:.1f}pt{alt}))"

    def _is_block(self, element: HtmlElement) -> bool:
        return element.tag in _BLOCKS or element in self._holders

    # --- blocks -------------------------------------------------------------------------------------------------------

    def _block(self, element: HtmlElement) -> list[str]:
        written = self._BLOCK.get(element.tag)
        if written is not None:
            return written(self, element)
        body = self._content(element)
        return [link(element.get("href") or "", body) if element.tag == "a" else body]

    def _quotation(self, element: HtmlElement) -> list[str]:
        return [f"quote(block: true, {self._content(element)})"]

    def _rule(self, _element: HtmlElement) -> list[str]:
        return ["rule"]

    def _caption(self, element: HtmlElement) -> list[str]:
        return [f"caption({self._content(element)})"]

    def _lone_item(self, element: HtmlElement) -> list[str]:
        return [f"list({self._content(element)})"]

    def _heading(self, element: HtmlElement) -> list[str]:
        self._after_space = True
        body = self._line(element)
        return [f"heading(level: {element.tag[1]}, {body})"] if squeezed(element) else [body]

    def _paragraph_of(self, element: HtmlElement) -> list[str]:
        if any(self._is_block(child) for child in element.iterchildren()):
            return [self._content(element)]
        body = self._content(element)
        if element.tag in {"dt", "summary"}:
            return [f"entry({body})"]
        direction = self._direction_of(element)
        return [f"par({body})" if direction == self._direction else f"toward({direction}, {body})"]

    def _direction_of(self, element: HtmlElement) -> str:
        told = (element.get("dir") or "").lower()
        if told in _DIRECTIONS:
            return told
        text = "".join(element.itertext())
        return "rtl" if is_right_to_left(text) else "ltr" if text.isascii() else self._direction

    def _list(self, element: HtmlElement) -> list[str]:
        if element.find("li") is None:
            return [f"indented({self._content(element)})"]
        statements: list[str] = []
        items: list[str] = []
        strays: list[str] = []
        count = 0
        for piece in _pieces(element):
            if isinstance(piece, str) or piece.tag != "li":  # careless markup: loose text between items
                strays += self._stray(piece)
                continue
            if strays:
                statements += [*self._items(element, items, count - len(items)), *strays]
                items, strays = [], []
            items.append(self._item(element, piece))
            count += 1
        return [*statements, *self._items(element, items, count - len(items)), *strays]

    def _stray(self, piece: "str | HtmlElement") -> list[str]:
        if not isinstance(piece, str) and self._is_block(piece):
            return self._block(piece)
        self._after_space = True
        return self._paragraph([self._inline(piece)], wrap=True)

    def _items(self, element: HtmlElement, items: list[str], before: int) -> list[str]:
        """A run of items; `before` is how many came earlier."""
        if not items:
            return []
        if element.tag == "ul":
            return [f"list({', '.join(items)})"]
        if element.get("reversed") is not None:
            return [f"enum(reversed: true, {', '.join(items)})"]
        told = (element.get("start") or "1").strip()
        start = int(told) if re.fullmatch(r"\d{1,6}", told, re.ASCII) else 1
        return [f"enum(start: {start + before}, {', '.join(items)})"]

    def _item(self, parent: HtmlElement, item: HtmlElement) -> str:
        value = (item.get("value") or "").strip()
        body = self._content(item)
        if parent.tag == "ol" and re.fullmatch(r"\d{1,6}", value, re.ASCII):
            return f"enum.item({value}, {body})"
        return body

    def _meaning(self, element: HtmlElement) -> list[str]:
        return [f"indented({self._content(element)})"]

    def _code_block(self, element: HtmlElement) -> list[str]:
        text = "".join(element.itertext()).strip("\n").expandtabs(4)
        found = next((code.get("class") for code in element.iter("code") if code.get("class")), None)
        match = _CODE_LANGUAGE.search(found or "")
        colours = f", lang: {literal(match[1])}" if match and len(text) <= _MAX_COLOURED_CHARS else ""
        lines = breakable(text, 60).split("\n")
        # Coloured code is one piece, since a string may go over many lines; long pieces take their size squared.
        size = len(lines) if colours else _CODE_LINES
        pieces = ["\n".join(lines[start : start + size]) for start in range(0, len(lines), size)]
        written = ", ".join(f"raw(block: true, {literal(piece)}{colours})" for piece in pieces)
        return [f"code-block({written})"]

    def _table(self, element: HtmlElement) -> list[str]:
        grid = grid_of(element)
        captions = [f"caption({self._content(child)})" for child in element.iterchildren("caption")]
        if grid is None:
            rows = [literal(" | ".join(map(squeezed, row.iter("td", "th")))) for row in element.iter("tr")]
            return [*captions, *(f"par({row})" for row in rows)]
        width, longest = self._width_points, self._longest_word
        self._width_points = width / grid.columns
        self._longest_word = max(6, min(longest, 90 // grid.columns))
        self._depth += _TABLE_DEPTH
        try:
            cells = list(self._cells(grid))
        finally:
            self._width_points, self._longest_word = width, longest
            self._depth -= _TABLE_DEPTH
        size = (
            0.92 if grid.columns <= 4 else 0.84 if grid.columns <= 7 else 0.7 if grid.columns <= 12 else 0.5
        )
        return [*captions, f"grid-of({grid.columns}, {size}, {', '.join(cells)})"]

    def _cells(self, grid: Grid) -> Iterator[str]:
        heading: list[str] = []
        for cell in grid.cells:
            body = "[]" if cell.element is None else self._content(cell.element)
            if cell.is_heading:
                body = f"strong({body})"
            spans = f"x: {cell.column}, y: {cell.row}, colspan: {cell.columns}, rowspan: {cell.rows}"
            written = f"table.cell({spans}, {body})"
            if cell.row < grid.heading_rows:
                heading.append(written)
                continue
            if heading:
                yield f"table.header({', '.join(heading)})"
                heading = []
            yield written

    _INLINE: ClassVar[Mapping[str, Callable[["Writer", HtmlElement], str]]] = {
        "a": _anchor, "br": _break, "code": _code, "col": _nothing, "colgroup": _nothing,
        "img": _image, "rp": _nothing, "rt": _gloss, "samp": _code, "tt": _code,
    }  # fmt: skip
    _BLOCK: ClassVar[Mapping[str, Callable[["Writer", HtmlElement], list[str]]]] = {
        "h1": _heading, "h2": _heading, "h3": _heading, "h4": _heading, "h5": _heading, "h6": _heading,
        "blockquote": _quotation, "dd": _meaning, "dt": _paragraph_of, "figcaption": _caption,
        "hr": _rule, "li": _lone_item, "ol": _list, "p": _paragraph_of, "pre": _code_block,
        "summary": _paragraph_of, "table": _table, "ul": _list,
    }  # fmt: skip


def _holders_of(tree: HtmlElement) -> set[HtmlElement]:
    """The elements of lines that hold blocks, as links around headings do: inside a paragraph those would be lost."""
    holders: set[HtmlElement] = set()
    for block in tree.iter(*_BLOCKS):
        holder = block.getparent()
        while holder is not None and holder not in holders:
            holders.add(holder)
            holder = holder.getparent()
    return holders


def _pieces(element: HtmlElement) -> "Iterator[str | HtmlElement]":
    """The element's texts and children in order."""
    if element.text:
        yield element.text
    for child in element:
        if isinstance(child.tag, str):
            yield child
        if child.tail:
            yield child.tail
