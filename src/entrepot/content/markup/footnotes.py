"""Footnotes of a page, in the many shapes that pages give them, brought into one.

A link to a note has the role `doc-noteref`; notes are items of a list in a section of the role `doc-endnotes` (DPUB-ARIA 1.1),
each with its identifier and without the links back.
"""

import re

from lxml import etree
from lxml.html import Element, HtmlElement

_MARK = re.compile(
    r"\[?\s*(?:\w{1,4}|(?:note|n|nb|lower-alpha)\.?\s*\w{1,4}|[*†‡§¶]{1,4})\s*\]?", re.IGNORECASE
)
_REFERENCE = re.compile(
    r"noteref|footnote-?_?ref|fn-?ref|\breference\b|\bfootnote\b|note-call", re.IGNORECASE
)
_NOTE = re.compile(r"footnote|endnote|doc-(?:foot|end)note|rearnote", re.IGNORECASE)
_NOTES = re.compile(r"footnotes?|endnotes?", re.IGNORECASE)
_NOTE_ID = re.compile(r"(?:fn|footnote|endnote|_?ftn|_?edn|note)[-_:.]?\w", re.IGNORECASE)
_BACK = re.compile(r"backlink|back-?ref|footnote-?back|reversefootnote|fn-?return", re.IGNORECASE)
_BACK_WORDS = re.compile(
    r"[\s\[\]()^↩↑⏎↵⤴⮐︎\ufe0e\ufe0f]*|(?:jump|go)?\s*(?:back|up)(?: to .{0,40})?\s*[↩↑^]?", re.IGNORECASE
)
_SIGNS = re.compile(r"[\s^↑\[\]().:,a-z↩]{0,20}")
_HOLDERS = frozenset({"li", "aside", "p", "div"})
_MAX_CLIMB = 4
_MAX_BACK_CHARS = 40
_RULES = etree.XPath("descendant::section[@role='doc-endnotes']/hr")


def mend_footnotes(tree: HtmlElement, page: str) -> None:
    """Marks what refers to notes, and the notes. `page` is the address that references within the page may begin with."""
    links = [link for link in tree.iter("a") if "#" in (link.get("href") or "")]
    if not links:
        return
    targets = {target: link for link in links if (target := _target(link, page))}
    places = {place: element for element in tree.xpath("//*[@id]") if (place := element.get("id")) in targets}
    for anchor in tree.xpath("//a[@name]"):
        places.setdefault(anchor.get("name"), anchor)
    notes: dict[str, HtmlElement] = {}
    holders: set[HtmlElement] = set()
    for link in links:
        target = _target(link, page)
        if target not in places or not _refers(link) or not holders.isdisjoint(link.iterancestors()):
            continue
        note = notes.get(target)
        note = note if note is not None else _note_of(places[target], target)
        if note is not None and note not in link.iterancestors():
            notes[target] = note
            holders.add(note)
            link.set("role", "doc-noteref")
            _strip_brackets(link)
    for target, note in notes.items():
        if note in holders:
            holders.discard(note)
            _drop_links_back(note, page)
            _place(note, target)
    for rule in _RULES(tree):
        rule.drop_tree()


def _target(link: HtmlElement, page: str) -> str:
    """The place in this page that `link` leads to; empty for another page."""
    before, _, place = (link.get("href") or "").strip().partition("#")
    return place if not before or before == page else ""


def _refers(link: HtmlElement) -> bool:
    """Whether `link` looks like the sign of a note."""
    text = "".join(link.itertext()).strip()
    if not _MARK.fullmatch(text):
        return False
    parent = link.getparent()
    return (
        "noteref" in (link.get("role") or link.get("epub:type") or link.get("type") or "")
        or link.find("sup") is not None
        or (parent is not None and (parent.tag == "sup" or _says(parent, _REFERENCE)))
        or _says(link, _REFERENCE)
        or bool(
            re.fullmatch(r"\[\s*\w{1,4}\s*\]|[*†‡§]{1,3}", text)
            and _NOTE_ID.match((link.get("href") or "").lstrip("#"))
        )
    )


def _note_of(place: HtmlElement, identifier: str) -> HtmlElement | None:
    """The note at `place`: the item or block that it is or begins."""
    note: HtmlElement | None = place
    for _ in range(_MAX_CLIMB):
        if note is None or note.tag in _HOLDERS:
            break
        note = note.getparent()
    if note is None or note.tag not in _HOLDERS:
        return None
    if note.tag in ("p", "div") and note.getparent() is not None and note.getparent().tag == "li":
        note = note.getparent()
    is_known = bool(_NOTE_ID.match(identifier)) or _says(note, _NOTE)
    around = (other for _, other in zip(range(_MAX_CLIMB), note.iterancestors(), strict=False))
    return note if is_known or any(_says(other, _NOTES) for other in around) else None


def _says(element: HtmlElement, what: re.Pattern[str]) -> bool:
    said = (
        element.get(name)
        for name in ("class", "role", "epub:type", "id")
        if name != "id" or element.tag != "sup"
    )
    return any(value and what.search(value) for value in said)


def _strip_brackets(link: HtmlElement) -> None:
    """A sign stands for itself: the brackets around the link go."""
    holder = link.getparent()
    if (
        holder is not None
        and holder.tag == "sup"
        and len(holder) == 1
        and (holder.text or "").strip() == "["
        and (link.tail or "").strip() == "]"
    ):
        holder.text = link.tail = None


def _drop_links_back(note: HtmlElement, page: str) -> None:
    for link in list(note.iter("a")):
        text = "".join(link.itertext()).strip()
        target = _target(link, page)
        is_back = _says(link, _BACK) or "backlink" in (link.get("role") or link.get("epub:type") or "")
        if is_back or (target and _refers_back(target, text)):
            _take_out(link, note)


def _refers_back(target: str, text: str) -> bool:
    if _BACK_WORDS.fullmatch(text):
        return True
    return "ref" in target.lower() and len(text) <= _MAX_BACK_CHARS


def _take_out(link: HtmlElement, note: HtmlElement) -> None:
    """Drops a link back, and what is around it alone: signs, or an element that holds nothing else."""
    holder = link.getparent()
    link.drop_tree()
    while holder is not None and holder is not note and holder.getparent() is not None:
        if holder.find(".//a") is not None or not _SIGNS.fullmatch("".join(holder.itertext()).strip()):
            return
        if holder.find(".//img") is not None:
            return
        holder, emptied = holder.getparent(), holder
        emptied.drop_tree()


def _place(note: HtmlElement, identifier: str) -> None:
    """Puts the note, as an item with its identifier, into a section of notes."""
    note.set("id", identifier)
    parent = note.getparent()
    if note.tag == "li":
        if parent is not None and parent.tag in ("ol", "ul"):
            parent.tag = "ol"
            _wrap(parent)
        return
    before = note.getprevious()
    if before is not None and before.get("role") == "doc-endnotes" and not (before.tail or "").strip():
        before[0].append(note)
    else:
        section, notes = Element("section"), Element("ol")
        section.set("role", "doc-endnotes")
        section.append(notes)
        section.tail, note.tail = note.tail, None
        if parent is None:
            return
        parent.replace(note, section)
        notes.append(note)
    note.tail = None
    note.tag = "li"


def _wrap(notes: HtmlElement) -> None:
    if any(around.get("role") == "doc-endnotes" for around in notes.iterancestors("section")):
        return
    parent = notes.getparent()
    if parent is None:
        return
    section = Element("section")
    section.set("role", "doc-endnotes")
    section.tail, notes.tail = notes.tail, None
    parent.replace(notes, section)
    section.append(notes)
