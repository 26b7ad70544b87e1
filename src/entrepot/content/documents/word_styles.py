"""What a Word document's styles and numberings make of a paragraph: heading, list item, code (ECMA-376 part 1, 17.7, 17.9)."""

import re
from dataclasses import dataclass, field

from lxml import etree

from entrepot.content.documents.ooxml import Package, is_on
from entrepot.content.documents.xml_source import attribute, child, children

_HEADING = re.compile(
    r"^(?:heading|überschrift|titre|título|titolo|kop|rubrik|заголовок)\s*([1-9])$", re.IGNORECASE
)
_DEEPER = re.compile(r"list (?:bullet|number) ([2-5])$", re.IGNORECASE)
_CODE = re.compile(r"code|source|preformatted|verbatim|listing|macro text", re.IGNORECASE)
_QUOTE = re.compile(r"quote|blockquote|quotation", re.IGNORECASE)
_MONOSPACED = re.compile(r"courier|consolas|mono|menlo|lucida console|fixed", re.IGNORECASE)
_MAX_BASES = 20


@dataclass(frozen=True, slots=True)
class Style:
    """One style as it is written. `outline` counts from 0; `numbering` is (number, level) of the list it belongs to."""

    name: str = ""
    based_on: str | None = None
    outline: int | None = None
    numbering: tuple[str | None, str | None] = (None, None)
    is_monospaced: bool = False
    run: etree._Element | None = None


@dataclass(slots=True)
class Styles:
    """A document's styles and numberings."""

    styles: dict[str, Style] = field(default_factory=dict)
    formats: dict[tuple[str, int], str] = field(default_factory=dict)
    starts: dict[tuple[str, int], int] = field(default_factory=dict)

    def chain(self, style_id: str | None) -> list[Style]:
        """The style and those it is based on, the nearest first."""
        found: list[Style] = []
        while style_id in self.styles and len(found) < _MAX_BASES:
            style = self.styles[style_id]
            found.append(style)
            style_id = style.based_on
        return found

    def heading_level(self, style_id: str | None, properties: etree._Element | None) -> int | None:
        """1–6 for a heading, None for other paragraphs; a title counts as 1."""
        said = attribute(child(properties, "outlineLvl"), "val")
        if said and said.isdigit():
            return min(int(said) + 1, 6) if int(said) < 9 else None
        for style in self.chain(style_id):
            if style.name.lower() == "title":
                return 1
            if found := _HEADING.match(style.name):
                return min(int(found.group(1)), 6)
            if style.outline is not None:
                return min(style.outline + 1, 6) if style.outline < 9 else None
        return None

    def is_title(self, style_id: str | None) -> bool:
        return any(style.name.lower() == "title" for style in self.chain(style_id)[:1])

    def is_code(self, style_id: str | None) -> bool:
        return any(_CODE.search(style.name) or style.is_monospaced for style in self.chain(style_id))

    def is_quote(self, style_id: str | None) -> bool:
        return any(_QUOTE.search(style.name) for style in self.chain(style_id))

    def numbering(self, style_id: str | None, properties: etree._Element | None) -> tuple[str, int] | None:
        """The list's number and the level in it, counted from 0; None for what is no item."""
        number, level = numbering_of(properties)
        for style in self.chain(style_id):
            number = number if number is not None else style.numbering[0]
            level = level if level is not None else style.numbering[1]
        if number is None or number == "0":
            return None
        deep = int(level) if level and level.isdigit() else 0
        return number, min(deep or self._named_level(style_id), 8)

    def _named_level(self, style_id: str | None) -> int:
        """The level that Word's own styles for deeper items ("List Bullet 2") only say by their name."""
        found = _DEEPER.match(self.styles[style_id].name) if style_id in self.styles else None
        return int(found.group(1)) - 1 if found else 0

    def list_format(self, number: str, level: int) -> str:
        """The format of a list's numbers: `bullet`, `decimal`, `lowerLetter`, `none` …"""
        return self.formats.get((number, level), "bullet")


def read_styles(package: Package, part: str) -> Styles:
    """The styles and numberings of the document whose main part is `part`."""
    found = Styles()
    if described := package.related(part, "styles"):
        for style in children(package.tree(described), "style"):
            found.styles[attribute(style, "styleId") or ""] = _style(style)
    if described := package.related(part, "numbering"):
        _read_numberings(package.tree(described), found)
    return found


def numbering_of(properties: etree._Element | None) -> tuple[str | None, str | None]:
    """The number and the level that a paragraph's properties name."""
    said = child(properties, "numPr")
    return attribute(child(said, "numId"), "val"), attribute(child(said, "ilvl"), "val")


def is_monospaced(run_properties: etree._Element | None) -> bool:
    """Whether text is set in a font of even widths."""
    fonts = child(run_properties, "rFonts")
    return bool(_MONOSPACED.search(attribute(fonts, "ascii") or attribute(fonts, "hAnsi") or ""))


def has(properties: etree._Element | None, name: str) -> bool:
    """Whether a property is there and on."""
    return is_on(child(properties, name))


def _style(style: etree._Element) -> Style:
    paragraph, run = child(style, "pPr"), child(style, "rPr")
    outline = attribute(child(paragraph, "outlineLvl"), "val")
    return Style(
        name=attribute(child(style, "name"), "val") or "",
        based_on=attribute(child(style, "basedOn"), "val"),
        outline=int(outline) if outline and outline.isdigit() else None,
        numbering=numbering_of(paragraph),
        is_monospaced=is_monospaced(run),
        run=run,
    )


def _read_numberings(root: etree._Element, found: Styles) -> None:
    abstract = {attribute(each, "abstractNumId"): each for each in children(root, "abstractNum")}
    for number in children(root, "num"):
        name = attribute(number, "numId") or ""
        levels = abstract.get(attribute(child(number, "abstractNumId"), "val"))
        replaced = [inner for each in children(number, "lvlOverride") for inner in children(each, "lvl")]
        for level in [*(children(levels, "lvl") if levels is not None else ()), *replaced]:
            place = attribute(level, "ilvl") or "0"
            if place.isdigit():
                said, first = (
                    attribute(child(level, "numFmt"), "val"),
                    attribute(child(level, "start"), "val"),
                )
                found.formats[name, int(place)] = said or "decimal"
                found.starts[name, int(place)] = int(first) if first and first.isdigit() else 1
