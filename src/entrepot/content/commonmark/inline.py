"""What stands in a line of a page, gathered into a phrase: words, emphasis, links, pictures, code, formulas."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.commonmark.escape import destination, escape, is_autolink, plain, quoted
from entrepot.content.commonmark.maths import formula
from entrepot.content.commonmark.notes import Footnotes, References
from entrepot.content.commonmark.phrase import BLANK, LINE, Phrase, Style, write
from entrepot.content.markup.tree import BLOCKS
from entrepot.content.superscript import spelled

MARKS: Final = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "var": "*", "dfn": "*", "del": "~~", "s": "~~", "strike": "~~",
}  # fmt: skip
"""Elements that markdown has a mark for."""

CODE: Final = frozenset({"code", "kbd", "samp", "tt"})


@dataclass(frozen=True, slots=True)
class Link:
    """Where a link leads, written as markdown; `title` with its blank before it."""

    target: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Inline:
    """Gathers elements into phrases, by one document's notes and links."""

    footnotes: Footnotes
    references: References | None = None
    has_maths: bool = False
    _heading: Style = field(init=False)
    _cell: Style = field(init=False)
    _lines: Style = field(init=False)

    def __post_init__(self) -> None:
        has_references = self.references is not None
        object.__setattr__(self, "_lines", Style("\\\n", "\n\n", True, has_references, self.has_maths))
        object.__setattr__(self, "_heading", Style(" ", " ", False, has_references, self.has_maths))
        object.__setattr__(self, "_cell", Style("<br>", "<br>", False, has_references, self.has_maths))

    def paragraphs(self, phrase: Phrase) -> str:
        """The phrase as paragraphs, with an empty line between two."""
        return write(phrase, self._lines)

    def heading(self, phrase: Phrase) -> str:
        """The phrase on one line."""
        return write(phrase, self._heading)

    def cell(self, element: HtmlElement) -> str:
        """All that `element` holds as a cell of a table."""
        phrase = Phrase()
        self.gather_inside(element, phrase, edge=LINE)
        return write(phrase, self._cell).replace("|", "\\|")

    def gather_inside(
        self, element: HtmlElement, phrase: Phrase, *, edge: str = BLANK, is_code: bool = False
    ) -> None:
        """Adds what `element` holds; blocks in it are parted by `edge`."""
        if element.text:
            _say(phrase, element.text, is_code=is_code)
        for child in element:
            self.gather(child, phrase, edge=edge, is_code=is_code)
            if child.tail:
                _say(phrase, child.tail, is_code=is_code)

    def gather(
        self, element: HtmlElement, phrase: Phrase, *, edge: str = BLANK, is_code: bool = False
    ) -> None:
        """Adds `element`, without its tail."""
        tag = element.tag
        if tag == "a":
            self._gather_link(element, phrase, edge=edge, is_code=is_code)
        elif tag in MARKS and not is_code:
            is_new = phrase.open(MARKS[tag])
            self.gather_inside(element, phrase, edge=edge)
            if is_new:
                phrase.close(MARKS[tag])
        elif tag in CODE and not is_code:
            self._gather_code(element, phrase, edge=edge)
        elif tag == "img":
            phrase.add(picture(element))
        elif tag == "br":
            phrase.part(LINE if not is_code else BLANK)
        elif tag in BLOCKS:
            self._gather_block(element, phrase, edge=edge)
        elif tag in _FRAMES:
            self._gather_framed(element, phrase, edge=edge, is_code=is_code)
        elif isinstance(tag, str):
            self.gather_inside(element, phrase, edge=edge, is_code=is_code)

    def begin_link(self, link: HtmlElement) -> Link | None:
        """Where `link` leads; None where it does not lead anywhere."""
        target = destination(link.get("href") or "")
        if target is None:
            return None
        title = link.get("title") or ""
        is_said = not title or " ".join(title.split()) == " ".join("".join(link.itertext()).split())
        return Link(target, "" if is_said else quoted(title))

    def close_link(self, phrase: Phrase, link: Link) -> None:
        """Ends the link that was opened last; one around nothing is none."""
        if phrase.is_waiting() or self.references is None:
            phrase.close("[", f"]({link.target}{link.title})")
        else:
            phrase.close("[", f"][{self.references.number(link.target + link.title)}]")

    def _gather_link(self, element: HtmlElement, phrase: Phrase, *, edge: str, is_code: bool) -> None:
        if label := self.footnotes.label_of(element):
            phrase.add(f"[^{label}]")
            return
        link = self.begin_link(element)
        if link is None or phrase.is_inside("["):
            self.gather_inside(element, phrase, edge=edge, is_code=is_code)
            return
        if (
            not len(element)
            and not is_code
            and is_autolink(element.get("href") or "", (element.text or "").strip())
        ):
            phrase.add(f"<{element.get('href')}>")
            return
        phrase.open("[")
        self.gather_inside(element, phrase, is_code=is_code)
        self.close_link(phrase, link)

    def _gather_code(self, element: HtmlElement, phrase: Phrase, *, edge: str) -> None:
        if element.get("class") == "language-math":
            phrase.add(formula("".join(element.itertext())))
        elif len(element) and (element.find(".//a") is not None or element.find(".//img") is not None):
            self.gather_inside(element, phrase, edge=edge, is_code=True)
        else:
            _say(phrase, "".join(_texts(element)), is_code=True)

    def _gather_block(self, element: HtmlElement, phrase: Phrase, *, edge: str) -> None:
        phrase.part(edge)
        if element.tag == "pre":
            for line in "".join(_texts(element)).splitlines():
                phrase.add_code(line)
                phrase.part(edge)
            return
        if element.tag == "li" and edge == LINE:
            phrase.add("-")
            phrase.part()
        self.gather_inside(element, phrase, edge=edge)
        phrase.part(edge)

    def _gather_framed(self, element: HtmlElement, phrase: Phrase, *, edge: str, is_code: bool) -> None:
        """Quotations in a line, raised and lowered words, and how a word is read."""
        before, after = "", ""
        if element.tag in ("sup", "sub"):
            if (said := spelled(element)) is not None:
                _say(phrase, said, is_code=is_code)
                return
        elif element.tag == "q":
            before, after = "“", "”"
        elif (
            element.tag == "rt" and (parent := element.getparent()) is not None and parent.find("rp") is None
        ):
            before, after = "(", ")"
        _say(phrase, before, is_code=is_code)
        self.gather_inside(element, phrase, edge=edge, is_code=is_code)
        _say(phrase, after, is_code=is_code)


_FRAMES = frozenset({"sup", "sub", "q", "rt"})


def picture(element: HtmlElement) -> str:
    """An image as markdown; empty for one that leads nowhere."""
    source = destination(element.get("src") or "")
    if source is None:
        return ""
    alt = " ".join(plain(element.get("alt") or "").split())
    title = element.get("title") or ""
    shown = "" if " ".join(title.split()) == alt else quoted(title)
    return f"![{escape(alt, '[', ']', in_brackets=True)}]({source}{shown})"


def _say(phrase: Phrase, text: str, *, is_code: bool) -> None:
    if not text:
        return
    if not is_code:
        phrase.say(text)
        return
    if text[0].isspace():
        phrase.part()
    phrase.add_code(text)
    if text[-1].isspace():
        phrase.part()


def _texts(element: HtmlElement) -> Iterator[str]:
    """The texts of `element`, with line ends for `<br>`."""
    if element.find(".//br") is None:
        yield from element.itertext()
        return
    for event, part in etree.iterwalk(element, events=("start", "end")):
        if event == "start":
            yield part.text or ""
        else:
            yield "\n" if part.tag == "br" else ""
            yield (part.tail or "") if part is not element else ""
