"""The structure that HTML says, fact by fact, and how much of one page's structure another keeps."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from unicodedata import normalize
from urllib.parse import unquote, urldefrag, urljoin

from lxml import etree
from lxml.html import HtmlElement, fragment_fromstring
from markdown_it import MarkdownIt

KINDS: Final = (
    "heading",
    "link",
    "image",
    "listitem",
    "cell",
    "codeblock",
    "inlinecode",
    "strong",
    "em",
    "word",
)
"""The kinds of facts that are compared."""

_READER = MarkdownIt("commonmark").enable(["table", "strikethrough"])
_WORD = re.compile(r"\w+")
_EDGES = frozenset({
    "address", "article", "aside", "blockquote", "br", "caption", "dd", "div", "dl", "dt", "figcaption", "figure", "footer",
    "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "ol", "p", "pre", "section", "summary", "table", "td",
    "th", "tr", "ul",
})  # fmt: skip
_LINE_NUMBERS = etree.XPath("descendant::td[contains(@class, 'lineno')]")
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_STRONG = frozenset({"b", "strong"})
_EM = frozenset({"em", "i"})
_MARKS = tuple(_STRONG | _EM)

Fact = tuple[str, ...]
Facts = Mapping[str, Counter[Fact]]


@dataclass(slots=True)
class Tally:
    """Facts of all pages by kind: those of the sources, those of the renderings, and those of both."""

    said: Counter[str] = field(default_factory=Counter)
    found: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)

    def add(self, source: Facts, rendering: Facts) -> None:
        for kind in KINDS:
            self.said[kind] += source[kind].total()
            self.found[kind] += rendering[kind].total()
            self.kept[kind] += (source[kind] & rendering[kind]).total()

    def recall(self, kind: str) -> float:
        """The share of a kind's facts that was kept; 1 where there was none."""
        return self.kept[kind] / self.said[kind] if self.said[kind] else 1.0

    def f1(self, kind: str) -> float:
        both = self.said[kind] + self.found[kind]
        return 2 * self.kept[kind] / both if both else 1.0


def facts_of_markdown(markdown: str, url: str) -> Facts:
    """What a reader of CommonMark with GFM's tables finds in `markdown`, which came from the page at `url`."""
    return facts_of_html(_READER.render(markdown), url)


def facts_of_html(html: str, url: str) -> Facts:
    """What a page at `url` says, without what has another form in markdown.

    Links within the page, with what emphasises them, are places and footnotes; items that they lead to are the notes;
    pictures of formulas are formulas; a link around a card is one around its heading; numbers beside code are none of it.
    """
    tree = fragment_fromstring(html, create_parent="div")
    found: dict[str, Counter[Fact]] = {kind: Counter() for kind in KINDS}
    within = [link for link in tree.iter("a") if _leads_within(link, url)]
    places = {(link.get("href") or "").partition("#")[2] for link in within}
    left_out = {
        part for link in within for part in (*link.iterancestors("b", "i", "em", "strong"), *link.iter())
    }
    left_out |= {block for cell in _LINE_NUMBERS(tree) for block in cell.iter()}
    left_out |= {note for note in tree.iter("li") if note.get("id") in places}
    for element in tree.iter(etree.Element):
        for kind, fact in () if element in left_out else _facts_of(element, url):
            found[kind][fact] += 1
    found["word"].update((word,) for word in _WORD.findall(_text(tree).lower()))
    return found


def _leads_within(link: HtmlElement, url: str) -> bool:
    href = (link.get("href") or "").strip()
    return "#" in href and urldefrag(urljoin(url, href))[0] == url


def _facts_of(element: HtmlElement, url: str) -> Iterator[tuple[str, Fact]]:
    tag = str(element.tag)
    if tag in _HEADINGS and _key(element):
        yield "heading", (tag, _key(element))
    elif tag == "a" and (href := element.get("href")):
        if words := _key(next(element.iter(*_HEADINGS), element)):
            yield "link", (unquote(urljoin(url, href.strip())).rstrip("/"), words)
    elif (
        tag == "img"
        and "math" not in (element.get("class") or "") + (element.get("src") or "")
        and (source := element.get("src"))
    ):
        yield "image", (unquote(urljoin(url, source.strip())),)
    elif tag == "li" and (words := _key(element, without=("ol", "ul"))):
        lists = [around.tag for around in element.iterancestors("ol", "ul")]
        yield "listitem", (lists[0] if lists else "", str(len(lists)), words)
    elif tag == "pre":
        lines = _preformatted(element).strip("\n").splitlines()
        yield "codeblock", tuple(" ".join(line.split()) for line in lines if line.strip())
    elif tag == "code" and next(element.iterancestors("pre"), None) is None:
        yield "inlinecode", (" ".join("".join(element.itertext()).split()),)
    elif tag in _MARKS and _key(element):
        yield "strong" if tag in _STRONG else "em", (_key(element),)
    elif tag == "table" and not _is_layout(element):
        yield from _cells(element)


def _is_layout(table: HtmlElement) -> bool:
    """Whether a table is none: one that holds others or blocks of code, that says so, or that has one column and no header."""
    if (
        table.find(".//table") is not None
        or table.find(".//pre") is not None
        or table.get("role") == "presentation"
    ):
        return True
    return table.find(".//th") is None and all(len(row) <= 1 for row in table.iter("tr"))


def _preformatted(element: HtmlElement) -> str:
    pieces = [element.text or ""]
    for child in element:
        pieces += ["\n" if child.tag == "br" else _preformatted(child), child.tail or ""]
    return "".join(pieces)


def _cells(table: HtmlElement) -> Iterator[tuple[str, Fact]]:
    """Each cell's words with the number of its column, counted with what spans columns and rows (HTML §4.9.12)."""
    below: Counter[int] = Counter()
    for row in table.iter("tr"):
        column = 0
        for cell in row.iterchildren("td", "th"):
            while below[column]:
                below[column] -= 1
                column += 1
            if _key(cell):
                yield "cell", (str(column), _key(cell))
            for place in range(column, column + int(cell.get("colspan") or 1)):
                below[place] = int(cell.get("rowspan") or 1) - 1
            column += int(cell.get("colspan") or 1)
        for place in [place for place, left in below.items() if left and place >= column]:
            below[place] -= 1


def _key(element: HtmlElement, without: tuple[str, ...] = ()) -> str:
    """The words of an element: signs and blanks do not count, raised digits are digits."""
    return " ".join(_WORD.findall(normalize("NFKC", _text(element, without)).lower()))


def _text(element: HtmlElement, without: tuple[str, ...] = ()) -> str:
    pieces: list[str] = []
    _collect(element, without, pieces)
    return "".join(pieces)


def _collect(element: HtmlElement, without: tuple[str, ...], pieces: list[str]) -> None:
    edge = " " if element.tag in _EDGES else ""
    pieces += [edge, element.text or ""]
    for child in element:
        if isinstance(child.tag, str) and child.tag not in without:
            _collect(child, without, pieces)
        pieces.append(child.tail or "")
    pieces.append(edge)
