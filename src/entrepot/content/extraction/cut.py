"""A page's tree cut down to the lines that are kept, with the pictures, tables, code and headings that belong there."""

from collections.abc import Iterable
from typing import Final

import numpy as np
import numpy.typing as npt
from lxml.html import HtmlElement

from entrepot.content.extraction.head import letters
from entrepot.content.extraction.measures import Measures, sums
from entrepot.content.extraction.outline import TAGS, Outline
from entrepot.content.markup.tree import BLOCKS, TextNode

Bools = npt.NDArray[np.bool_]

_MAIN: Final = 0.5
"""Share of its text from which a piece counts as part of the content."""

_PLAUSIBLE: Final = 0.2
"""The chance from which a page's title is taken to stand above its text."""

_PIECES: Final = frozenset({"pre", "table"})
_SIDES: Final = frozenset({"aside", "footer", "header", "nav"})
_BUTTON: Final = 1 << TAGS.index("button")


def cut_down(outline: Outline, measures: Measures, kept: Bools) -> None:
    """Takes out of the outlined tree what is not kept: lines, and the elements that hold none or only pictures beside."""
    dropped = _dropped(outline, measures, _Shares(measures, kept), _holders(outline, kept))
    is_gone = np.zeros(len(outline.elements), np.bool_)
    for place in dropped:
        is_gone[place : outline.lasts[place]] = True
    stands = ~is_gone[measures.block]
    for place in np.flatnonzero(stands & ~kept).tolist():
        for node in outline.lines[place].nodes:
            node.text = " "
    for place in np.flatnonzero(kept & ((measures.path_tags[measures.element] & _BUTTON) > 0)).tolist():
        _show_buttons(outline.lines[place].nodes)
    for place in dropped:
        outline.elements[place].drop_tree()


def _dropped(outline: Outline, measures: Measures, shares: "_Shares", holders: set[HtmlElement]) -> list[int]:
    """The places of the elements that go with all that is in them."""
    found = []
    place, count = 1, len(outline.elements)
    while place < count:
        is_held = shares.kept[place] or outline.elements[place] in holders
        if is_held or _stays(outline, measures, shares, place):
            place += 1
        else:
            found.append(place)
            place = outline.lasts[place]
    return found


def with_pieces(outline: Outline, measures: Measures, kept: Bools) -> Bools:
    """The kept lines and those that belong to them: the rest of a table or of code, headings."""
    shares = _Shares(measures, kept)
    adopted = kept.copy()
    for place in _pieces(outline):
        if _is_whole(outline, shares, place):
            adopted[outline.starts[place] : outline.ends[place]] = True
    _add_headings(measures, adopted)
    return adopted


def title_line(measures: Measures, kept: Bools, chances: npt.NDArray[np.float64], title: str | None) -> Bools:
    """The level-one heading that says the page's title, where it stands right above the content or may well belong to it.

    Often no line: a title that bylines part from the text is counted apart from it, and it is told as a fact anyway.
    """
    found = np.zeros(measures.count, np.bool_)
    places = np.flatnonzero(kept)
    if not title or not len(places):
        return found
    wanted, level_one = letters(title), 1 << TAGS.index("h1")
    for place in range(int(places[0])):
        if (
            measures.path_tags[measures.element[place]] & level_one
            and letters(measures.texts[place]) == wanted
        ):
            found[place] = place + 1 == places[0] or chances[place] >= _PLAUSIBLE
            break
    return found


def _pieces(outline: Outline) -> list[int]:
    """The places of elements that stay or go as a whole."""
    paths = {path for path, (tag, _) in enumerate(outline.paths.shapes) if tag in _PIECES}
    return [place for place, path in enumerate(outline.of_path) if path in paths] if paths else []


class _Shares:
    """How many characters of text each element holds, and how many of these are kept."""

    def __init__(self, measures: Measures, kept: Bools) -> None:
        whole, held = sums(measures.chars), sums(measures.chars * kept)
        self.whole: list[float] = (whole[measures.end] - whole[measures.start]).tolist()
        self.kept: list[float] = (held[measures.end] - held[measures.start]).tolist()

    def is_main(self, place: int) -> bool:
        return self.whole[place] > 0 and self.kept[place] >= _MAIN * self.whole[place]


def _is_whole(outline: Outline, shares: _Shares, place: int) -> bool:
    """Whether all of a piece belongs to the content: of a table most is kept, code stands amid kept text."""
    element = outline.elements[place]
    if element.tag == "table":
        return shares.is_main(place) and element.find(".//table") is None
    return place > 0 and _is_amid(outline, place, shares)


def _is_amid(outline: Outline, place: int, shares: _Shares) -> bool:
    """Whether kept text stands beside the piece, in its parent or in that of a wrapper of its own."""
    size = shares.whole[place]
    parent = outline.parents[place]
    while shares.whole[parent] == size and outline.parents[parent] >= 0:
        parent = outline.parents[parent]
    beside = shares.kept[parent] - shares.kept[place]
    return beside > 0 and beside >= _MAIN * (shares.whole[parent] - size)


def _add_headings(measures: Measures, kept: Bools) -> None:
    """Keeps headings that kept text follows at once and kept text went before."""
    places = np.flatnonzero(kept)
    if len(places):
        for place in range(measures.count - 2, int(places[0]), -1):
            if measures.is_heading[place] and kept[place + 1]:
                kept[place] = True


def _stays(outline: Outline, measures: Measures, shares: _Shares, place: int) -> bool:
    """Whether an element without kept text stays: a picture amid the content, with what frames it."""
    element = outline.elements[place]
    if element.tag in ("head", "body"):
        return True
    return (
        (not shares.whole[place] or _frames_pictures(measures, element, place))
        and not measures.is_hidden[place]
        and not _is_side(element)
        and _is_amid_content(outline, outline.parents[place], shares)
    )


def _frames_pictures(measures: Measures, element: HtmlElement, place: int) -> bool:
    return bool(element.tag == "figure" and measures.images[measures.last[place]] > measures.images[place])


def _is_side(element: HtmlElement) -> bool:
    """Whether it stands beside the content by what it is, so that its pictures do too."""
    return element.tag in _SIDES and next(element.iterancestors("article", "main"), None) is None


def _is_amid_content(outline: Outline, place: int, shares: _Shares) -> bool:
    """Whether the nearest element with any text is mostly kept, so that a picture in it belongs to the content."""
    while (not shares.whole[place] or outline.elements[place].tag == "figure") and outline.parents[
        place
    ] >= 0:
        place = outline.parents[place]
    return shares.is_main(place)


def _holders(outline: Outline, kept: Bools) -> set[HtmlElement]:
    """The elements that hold later pieces of kept lines: a first piece alone counts in what an element holds."""
    holders: set[HtmlElement] = set()
    for place in np.flatnonzero(kept).tolist():
        for node in outline.lines[place].nodes[1:]:
            holder = node.element.getparent() if node.is_tail else node.element
            while holder is not None and holder not in holders and holder.tag not in BLOCKS:
                holders.add(holder)
                holder = holder.getparent()
    return holders


def _show_buttons(nodes: Iterable[TextNode]) -> None:
    """Makes plain elements of the buttons that hold kept text: headings of what folds, mostly."""
    for node in nodes:
        holder = node.element.getparent() if node.is_tail else node.element
        while holder is not None and holder.tag != "button":
            holder = holder.getparent()
        if holder is not None:
            holder.tag = "span"
