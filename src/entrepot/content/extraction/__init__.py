"""Where a page's main content is: every line is judged, and the page's own tree cut down to what stays."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from lxml import etree
from lxml.html import HtmlElement, fromstring

from entrepot.content.extraction.choose import best_lines
from entrepot.content.extraction.coarse import MOST_LINES, by_place
from entrepot.content.extraction.cut import cut_down, title_line, with_pieces
from entrepot.content.extraction.head import Head, head_of
from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.model import the_model
from entrepot.content.extraction.outline import Outline, outline_of
from entrepot.content.extraction.repeats import repeated
from entrepot.content.extraction.stowed import stowed_text
from entrepot.content.extraction.veil import veiled

__all__ = ["Extraction", "Head", "extract_main", "head_of"]

_MUCH_MORE = 2
"""How many times the words of the page's own content its head must hold to be taken for it."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """A page's main content. `kind` is None where it was not told; `words` counts those that are kept, None: uncounted."""

    tree: HtmlElement
    kind: str | None
    words: int | None


def extract_main(tree: HtmlElement, head: Head) -> Extraction:
    """Cuts `tree`, a revealed page, down to its main content, or makes a tree of the text that its head holds instead.

    The tree is empty where the page has no content.
    """
    outline = outline_of(tree)
    if not outline.lines:
        return _from_head(head, None) or Extraction(tree, None, 0)
    measures = Measures(outline)
    likely, kind = _judged(outline, measures, head)
    unseen = veiled(measures, likely)
    chances = np.where(unseen, 0, likely)
    kept = best_lines(chances, measures.words)
    kept &= ~repeated(measures, kept)
    words = int(measures.words[kept].sum())
    if (stowed := _from_head(head, kind)) and (stowed.words or 0) >= _MUCH_MORE * words:
        return stowed
    title = title_line(measures, kept, chances, head.title)
    cut_down(outline, measures, with_pieces(outline, measures, kept | title) & ~unseen)
    return Extraction(tree, kind, words)


def _judged(outline: Outline, measures: Measures, head: Head) -> tuple[npt.NDArray[np.float64], str | None]:
    """The chance of each line to belong to the content, and the kind of page."""
    if measures.count > MOST_LINES:
        return by_place(measures), None
    judgement = the_model().judge(outline, measures, head)
    return judgement.lines, judgement.kind


def _from_head(head: Head, kind: str | None) -> Extraction | None:
    """The content as the page's JSON-LD has it."""
    lines = stowed_text(head.body)
    if not lines:
        return None
    page = fromstring("<html><body></body></html>")
    for line in lines:
        etree.SubElement(page[0], "p").text = line
    return Extraction(page, kind, sum(len(line.split()) for line in lines))
