"""Which kept lines a page says twice: once for wide screens and once for narrow ones, in a teaser and in the text."""

from typing import Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.outline import TAGS

Bools = npt.NDArray[np.bool_]

_FEWEST_WORDS: Final = 3
"""Words from which a line that stands in the content already is a repeat by itself; shorter ones go with such a line."""

_LINK: Final = 0.5
"""Share of links from which a line rather points to a text than is it."""

_MEANT: Final = sum(1 << TAGS.index(tag) for tag in ("blockquote", "code", "pre", "td", "th"))
"""Where lines are repeated on purpose: what is quoted, code, cells."""


def repeated(measures: Measures, kept: Bools) -> Bools:
    """Whether each line is kept and says again what a kept line says that stands in other names and tags.

    Of all that say the same one stays that is no link, that is shown, and that comes first, and with it what stands in the
    same names and tags: what a list repeats it means to.
    """
    places = np.flatnonzero(kept)
    copies = _copies(measures, places)
    tags = measures.path_tags[measures.element[places]]
    is_sure = copies & (measures.words[places] >= _FEWEST_WORDS) & ((tags & _MEANT) == 0)
    runs = np.cumsum(np.diff(copies, prepend=False))
    found = np.zeros(measures.count, np.bool_)
    found[places] = copies & (np.bincount(runs, is_sure)[runs] > 0)
    return found


def _copies(measures: Measures, places: npt.NDArray[np.int64]) -> Bools:
    """Whether the line at each of `places` has the text of a better one among them that is not its kin."""
    is_hidden = measures.is_hidden[measures.element[places]] > 0
    order = np.lexsort((places, is_hidden, measures.link_share[places] > _LINK))
    best: dict[str, int] = {}
    first = [best.setdefault(measures.lowered[place], place) for place in places[order].tolist()]
    copies = np.zeros(len(places), np.bool_)
    copies[order] = measures.kin[first] != measures.kin[places[order]]
    return copies
