"""Blocks of a page as lines of markdown: paragraphs, headings, lists, quotations, code, tables."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from lxml.html import HtmlElement

from entrepot.content.commonmark.escape import escape_heading_end, fence_of
from entrepot.content.commonmark.inline import MARKS, Inline, Link
from entrepot.content.commonmark.lists import Block, Item, joined, list_block, note_block
from entrepot.content.commonmark.maths import formula_lines
from entrepot.content.commonmark.phrase import Phrase
from entrepot.content.commonmark.tables import table_lines
from entrepot.content.markup.tree import BLOCKS

_MAX_NESTED = 30
"""Lists and quotations nested deeper are written as if they were not: each level is written again on every line."""

_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
_LISTS = frozenset({"ol", "ul"})
_STRUCTURED = frozenset({*_HEADINGS, *_LISTS, "blockquote", "dl", "hr", "li", "pre", "table", "details"})
"""Blocks that say more than that a line ends."""

_LANGUAGE = re.compile(r"language-([\w+#.-]{1,40})")
_MAX_CODE_LINKS = 200


@dataclass(slots=True)
class Blocks:
    """Writes a document's blocks. What is emphasised or linked around blocks is so in each line of them."""

    inline: Inline
    holders: frozenset[HtmlElement]
    nested: int = 0
    marks: list[str] = field(default_factory=list)
    link: Link | None = None
    links_heading: bool = False

    def lines(self, element: HtmlElement) -> list[str]:
        """All that `element` holds."""
        return joined(self._inside(element))

    def _inside(self, element: HtmlElement) -> list[Block]:
        found: list[Block] = []
        self._add_inside(element, found)
        return found

    def _add_inside(self, element: HtmlElement, found: list[Block]) -> None:
        phrase = self._begin_phrase()
        text = element.text
        if text and not text.isspace():
            phrase.say(text)
        holders = self.holders
        for child in element:
            if child.tag in BLOCKS or child in holders:
                if phrase.pieces:
                    self._end_phrase(phrase, found)
                    phrase = self._begin_phrase()
                self._add_block(child, found)
                if not phrase.pieces:
                    phrase = self._begin_phrase()
            else:
                self.inline.gather(child, phrase)
            if tail := child.tail:
                phrase.say(tail)
        self._end_phrase(phrase, found)

    def _begin_phrase(self) -> Phrase:
        phrase = Phrase()
        if self.link is not None and not self.links_heading:
            phrase.open("[")
        for mark in self.marks:
            phrase.open(mark)
        return phrase

    def _end_phrase(self, phrase: Phrase, found: list[Block]) -> None:
        for mark in reversed(self.marks):
            phrase.close(mark)
        if self.link is not None and not self.links_heading:
            self._end_link(phrase, self.link)
        self._add_paragraphs(phrase, found)

    def _end_link(self, phrase: Phrase, link: Link) -> None:
        """Ends the link around blocks; once it stands around words, it is done with."""
        self.link = link if phrase.is_waiting() else None
        self.inline.close_link(phrase, link)

    def _add_paragraphs(self, phrase: Phrase, found: list[Block]) -> None:
        if not phrase.is_empty():
            found.append(Block("p", self.inline.paragraphs(phrase).split("\n")))

    def _add_block(self, element: HtmlElement, found: list[Block]) -> None:
        writer = self._WRITERS.get(element.tag)
        if writer is not None:
            writer(self, element, found)
        elif element.tag in MARKS and MARKS[element.tag] not in self.marks:
            self.marks.append(MARKS[element.tag])
            self._add_inside(element, found)
            self.marks.pop()
        else:
            self._add_inside(element, found)

    def _add_heading(self, element: HtmlElement, found: list[Block]) -> None:
        link = self.link if self.links_heading else None
        phrase = Phrase()
        if link is not None:
            phrase.open("[")
        self.inline.gather_inside(element, phrase)
        if link is not None:
            self._end_link(phrase, link)
        if not phrase.is_empty():
            words = escape_heading_end(self.inline.heading(phrase))
            found.append(Block("h", [f"{'#' * int(element.tag[1])} {words}"]))

    def _add_list(self, element: HtmlElement, found: list[Block]) -> None:
        if self.nested >= _MAX_NESTED:
            self._add_inside(element, found)
            return
        if element.text and not element.text.isspace():
            phrase = self._begin_phrase()
            phrase.say(element.text)
            self._end_phrase(phrase, found)
        self.nested += 1
        items = self._items(element)
        self.nested -= 1
        labels = self.inline.footnotes.labels
        others = [item for item in items if item.identifier not in labels] if labels else items
        if others:
            found.append(list_block(element, others, after=found[-1].kind if found else ""))
        if len(others) < len(items):
            found += [
                note_block(labels[item.identifier], item) for item in items if item.identifier in labels
            ]

    def _add_rule(self, _element: HtmlElement, found: list[Block]) -> None:
        found.append(Block("rule", ["---"]))

    def _add_preformatted(self, element: HtmlElement, found: list[Block]) -> None:
        _add_code(element, found, self.inline)

    def _items(self, element: HtmlElement) -> list[Item]:
        """The list's items; what stands in it outside of any is part of the one before."""
        items: list[Item] = []
        self._add_items(element, items)
        return [item for item in items if item.blocks]

    def _add_items(self, element: HtmlElement, items: list[Item]) -> None:
        for child in element:
            if child.tag == "li":
                items.append(Item(child, self._inside(child)))
            elif child.tag not in _LISTS and child.find("li") is not None:
                self._add_items(child, items)
            else:
                self._add_stray(child, items)
            if child.tail and not child.tail.isspace():
                phrase = Phrase()
                phrase.say(child.tail)
                self._add_paragraphs(phrase, _last_of(items))

    def _add_stray(self, child: HtmlElement, items: list[Item]) -> None:
        if child.tag in BLOCKS or child in self.holders:
            self._add_block(child, _last_of(items))
            return
        phrase = Phrase()
        self.inline.gather(child, phrase)
        if not phrase.is_empty():
            self._add_paragraphs(phrase, _last_of(items))

    def _add_quotation(self, element: HtmlElement, found: list[Block]) -> None:
        if self.nested >= _MAX_NESTED:
            self._add_inside(element, found)
            return
        self.nested += 1
        lines = self.lines(element)
        self.nested -= 1
        if lines:
            found.append(Block("quotation", [f"> {line}" if line else ">" for line in lines]))

    def _add_table(self, element: HtmlElement, found: list[Block]) -> None:
        for caption in element.iterchildren("caption"):
            self._add_inside(caption, found)
        if lines := table_lines(element, self.inline):
            found.append(Block("table", lines))

    def _add_definition(self, element: HtmlElement, found: list[Block]) -> None:
        """Puts what is defined behind `: `, under its term (as Markdown Extra and Pandoc do)."""
        blocks = self._inside(element)
        if blocks and blocks[0].kind == "p" and found and found[-1].kind in ("term", "definition"):
            first = blocks[0].lines
            end = first.index("") if "" in first else len(first)
            last = found.pop()
            lines = [*last.lines, f": {first[0]}", *first[1:end]]
            found.append(Block("definition" if end == len(first) and len(blocks) == 1 else "p", lines))
            if end < len(first):
                found.append(Block("p", first[end + 1 :]))
            blocks = blocks[1:]
        found += blocks

    def _add_term(self, element: HtmlElement, found: list[Block]) -> None:
        blocks = self._inside(element)
        if len(blocks) == 1 and blocks[0].kind == "p" and "" not in blocks[0].lines:
            blocks = [Block("term", blocks[0].lines)]
        found += blocks

    def _add_summary(self, element: HtmlElement, found: list[Block]) -> None:
        is_new = "**" not in self.marks
        self.marks += ["**"] if is_new else []
        self._add_inside(element, found)
        if is_new:
            self.marks.pop()

    def _add_linked(self, element: HtmlElement, found: list[Block]) -> None:
        """A link around blocks is one around their words, or around the first heading in it, where that says the most."""
        link = self.inline.begin_link(element)
        if link is None or self.link is not None:
            self._add_inside(element, found)
            return
        if not any(True for _ in element.iter(*_STRUCTURED)):
            phrase = Phrase()
            for mark in self.marks:
                phrase.open(mark)
            self.inline.gather(element, phrase)
            for mark in reversed(self.marks):
                phrase.close(mark)
            self._add_paragraphs(phrase, found)
            return
        self.link = link
        self.links_heading = any(True for _ in element.iter(*_HEADINGS))
        self._add_inside(element, found)
        self.link = None
        self.links_heading = False

    _WRITERS: ClassVar[dict[str, Callable[["Blocks", HtmlElement, list[Block]], None]]] = {
        **dict.fromkeys(_HEADINGS, _add_heading), **dict.fromkeys(_LISTS, _add_list), "pre": _add_preformatted,
        "blockquote": _add_quotation, "table": _add_table, "hr": _add_rule, "dd": _add_definition, "dt": _add_term,
        "summary": _add_summary, "a": _add_linked,
    }  # fmt: skip


def _last_of(items: list[Item]) -> list[Block]:
    """The blocks of the last item; of a new one where there is none."""
    if not items:
        items.append(Item(None, []))
    return items[-1].blocks


def _add_code(element: HtmlElement, found: list[Block], inline: Inline) -> None:
    """A fenced block; links in text that is no code of a language follow it, since a fence holds none."""
    holder = element.find("code")
    named = _LANGUAGE.search((holder if holder is not None else element).get("class") or "")
    language = named.group(1) if named else ""
    code = "".join(element.itertext()).strip("\n")
    if language == "math":
        if lines := formula_lines(code):
            found.append(Block("code", lines))
        return
    if not code.strip():
        return
    fence = fence_of(code)
    found.append(Block("code", [fence + language, *code.split("\n"), fence]))
    if not language:
        _add_links(element, found, inline)


def _add_links(element: HtmlElement, found: list[Block], inline: Inline) -> None:
    phrase = Phrase()
    said: set[tuple[str, str]] = set()
    for link in element.iter("a"):
        what = (link.get("href") or "", " ".join("".join(link.itertext()).split()))
        if what not in said and len(said) < _MAX_CODE_LINKS and inline.begin_link(link) is not None:
            said.add(what)
            inline.gather(link, phrase)
            phrase.part()
    if said:
        found.append(Block("p", inline.paragraphs(phrase).split("\n")))
