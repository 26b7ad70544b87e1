"""Plain text: read as it is, and rendered from a document's HTML with its lines, lists and tables legible."""

from dataclasses import dataclass, field
from html import escape

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.commonmark.escape import plain
from entrepot.content.commonmark.notes import Footnotes
from entrepot.content.document import Document, Metadata, Page, Verbatim
from entrepot.content.encoding.charset import decode
from entrepot.content.markup.clean import reading_tree
from entrepot.content.markup.tree import BLOCKS
from entrepot.content.options import ContentOptions, LinkMode
from entrepot.content.superscript import spelled
from entrepot.errors import NoContent

LANGUAGES = {
    "text/plain": "", "text/markdown": "", "text/x-markdown": "", "text/css": "css", "text/csv": "csv",
    "text/javascript": "javascript", "application/javascript": "javascript", "text/x-python": "python",
    "text/yaml": "yaml", "application/yaml": "yaml", "text/x-sh": "sh", "text/x-c": "c", "text/x-java": "java",
    "application/toml": "toml", "application/x-sh": "sh", "text/vtt": "vtt", "text/tab-separated-values": "tsv",
}  # fmt: skip
"""Media types of text, with the code language that a fence names; empty: prose."""

_TIGHT = frozenset(
    {"br", "caption", "dd", "dt", "figcaption", "li", "summary", "tbody", "td", "tfoot", "th", "thead", "tr"}
)
_CELLS = frozenset({"td", "th"})
_LISTS = frozenset({"ol", "ul"})
_FRAMES = {"q": ("“", "”"), "rt": ("(", ")")}
"""What is around words of a line where nothing else tells them apart."""

_MARKED = BLOCKS | _FRAMES.keys() | {"a", "br", "sub", "sup"}
"""Elements of which more is said than their words."""

_COLUMN = "\x1f"
"""Parts the cells of a row until the line is written; no text that was read as markup holds it."""

_MAX_INDENT = 30
"""Levels of lists that are indented."""


def read(page: Page, _options: ContentOptions, language: str = "") -> Document:
    """The text as a document. Raises NoContent when there is none."""
    text = decode(page.body, page.content_type).replace("\r\n", "\n").replace("\x00", "\ufffd")
    if not text.strip():
        raise NoContent("The text is empty.")
    return Document(
        Metadata(), f"<pre><code>{escape(text, quote=False)}</code></pre>", verbatim=Verbatim(text, language)
    )


def render(document: Document, links: LinkMode = "inline") -> str:
    """The document's content as text. Addresses are shown with `end` alone, numbered, after the text."""
    if document.verbatim is not None:
        return document.verbatim.text
    tree = reading_tree(document.fragment)
    notes = _number_links(tree) if links == "end" else []
    text = _Writer(Footnotes.of(tree)).write(tree)
    return "\n\n".join(filter(None, (text, "\n".join(notes)))) + "\n"


def _number_links(tree: HtmlElement) -> list[str]:
    numbers: dict[str, int] = {}
    for link in tree.iterfind(".//a[@href]"):
        number = numbers.setdefault(link.get("href") or "", len(numbers) + 1)
        link.tail = f" [{number}]{link.tail or ''}"
    return [f"[{number}] {address}" for address, number in numbers.items()]


@dataclass(slots=True)
class _Writer:
    """Collects lines while the tree is walked; a line ends where a block does, a cell where its column does."""

    footnotes: Footnotes
    lines: list[str] = field(default_factory=list)
    line: list[str] = field(default_factory=list)
    numbers: list[int | None] = field(default_factory=list)
    bullet: str = ""
    cells: int = 0
    verbatim: int = 0

    def write(self, tree: HtmlElement) -> str:
        for event, element in etree.iterwalk(tree, events=("start", "end")):
            tag = element.tag
            is_marked = tag in _MARKED
            if event == "start":
                if is_marked:
                    self._start(element, tag)
                self._say(self._text_of(element, tag) if is_marked else element.text)
            else:
                if is_marked:
                    self._end(element, tag)
                if element is not tree:
                    self._say(element.tail)
        self._end_line()
        return "\n".join(self.lines).strip("\n")

    def _text_of(self, element: HtmlElement, tag: str) -> str | None:
        """The element's first text, as it is said: with what its tag tells."""
        text: str | None = element.text
        if tag in ("sup", "sub"):
            return spelled(element) or text
        if tag == "a":
            if element.get("rel") == "embed":
                return None
            if (label := self.footnotes.label_of(element)) and not (text or "").startswith("["):
                return f"[{label}]" if len(element) == 0 else text
        return text

    def _start(self, element: HtmlElement, tag: str) -> None:
        if tag in _FRAMES and _is_framed(element):
            self.line.append(_FRAMES[tag][0])
        if (tag in BLOCKS and tag not in _CELLS) or tag == "br":
            self._part(is_tight=tag in _TIGHT)
        if tag in _LISTS:
            self.numbers.append(_start_of(element) if tag == "ol" else None)
        elif tag == "li":
            self.bullet = self._next_bullet(element)
        self.cells += tag in _CELLS
        self.verbatim += tag == "pre" and not self.cells

    def _end(self, element: HtmlElement, tag: str) -> None:
        if tag in _FRAMES and _is_framed(element):
            self.line.append(_FRAMES[tag][1])
        self.cells -= tag in _CELLS
        if tag == "pre" and self.verbatim:
            self._end_line()
            self.verbatim -= 1
        if tag in _LISTS:
            self.numbers.pop()
        if tag in _CELLS and element.getnext() is not None:
            self.line.append(_COLUMN)
        elif tag in BLOCKS and tag not in _CELLS:
            self._part(is_tight=tag in _TIGHT)
        if tag == "li":
            self.bullet = ""

    def _say(self, text: str | None) -> None:
        if not text:
            return
        if self.verbatim:
            self.line.append(text)
        elif self.line or not text.isspace():  # a line begins with a word
            self.line.append(plain(text).replace("\n", " "))

    def _part(self, *, is_tight: bool) -> None:
        """Ends the line, and leaves one empty where a paragraph ends; in a cell there is but a blank."""
        if self.cells:
            self.line.append(" ")
            return
        self._end_line()
        if not is_tight and not self.numbers and self.lines and self.lines[-1]:
            self.lines.append("")

    def _end_line(self) -> None:
        if not self.line and not self.verbatim:
            return
        said = "".join(self.line)
        self.line.clear()
        if self.verbatim:
            self.lines.extend(line.rstrip() for line in said.strip("\n").split("\n"))
            return
        columns = [" ".join(column.split()) for column in said.split(_COLUMN)]
        if any(columns):
            self.lines.append(self._indent() + "\t".join(columns).rstrip("\t"))

    def _indent(self) -> str:
        """The item's bullet before its first line, and as many blanks before its others."""
        bullet, self.bullet = self.bullet, ""
        return bullet or "  " * min(len(self.numbers), _MAX_INDENT)

    def _next_bullet(self, item: HtmlElement) -> str:
        indent = "  " * min(max(0, len(self.numbers) - 1), _MAX_INDENT)
        number = self.numbers[-1] if self.numbers else None
        if number is not None:
            number = _number(item.get("value")) or number
            self.numbers[-1] = number + 1
        if label := self.footnotes.labels.get(item.get("id") or ""):
            return f"{indent}[{label}] "
        return indent + ("- " if number is None else f"{number}. ")


def _start_of(element: HtmlElement) -> int:
    return _number(element.get("start")) or 1


def _number(said: str | None) -> int | None:
    text = (said or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _is_framed(element: HtmlElement) -> bool:
    parent = element.getparent()
    return bool(element.tag == "q" or (parent is not None and parent.find("rp") is None))
