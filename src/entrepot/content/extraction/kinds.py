"""The kind of a page, told by its address, its types, its names and its measures."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.head import Head
from entrepot.content.extraction.measures import Floats, Measures, Places, ninth_decile
from entrepot.content.extraction.outline import TAGS, Outline
from entrepot.content.extraction.vocabulary import GROUPS, name_tokens

KINDS: Final = ("article", "collection", "documentation", "forum", "listing", "product", "service")
"""In the order of the model's columns."""

TOTALS: Final = 8
"""How many of a page's numbers, the first ones, also describe each of its lines."""

_MANY: Final = 8
_TOLD_TAGS: Final = np.array([TAGS.index(tag) for tag in (
    "p", "li", "pre", "code", "article", "main", "table", "td", "time", "blockquote", "dl", "form", "button",
)])  # fmt: skip
_GROUP_BITS: Final = np.arange(len(GROUPS))


def page_tokens(outline: Outline, said: Iterable[Collection[str]], head: Head) -> Iterator[str]:
    """Tokens of a page: those of its head, of its elements' names (once, and once more if often), and of its lines.

    `said` are the lines' tokens. A token may come more than once.
    """
    names: Counter[str] = Counter()
    for shape, count in Counter(map(outline.paths.shapes.__getitem__, outline.of_path)).items():
        for token in name_tokens(*shape):
            names[token] += count
    often = (f"m {token}" for token, count in names.items() if count >= _MANY)
    return chain(head.tokens, (f"n {token}" for token in names), often, chain.from_iterable(said))


def page_numbers(m: Measures, word_scores: Floats) -> Floats:
    """A page's measures: sizes, shares of its words, and how it repeats itself."""
    count, words = max(1, m.count), max(1.0, float(m.words.sum()))
    is_long = (m.words > 15) & (m.link_share < 0.4)
    in_long = float((m.words * is_long).sum())
    tags, groups = m.path_tags[m.element], m.path_groups[m.element]
    is_priced = [len(text) < 200 and ("$" in text or "£" in text or "€" in text) for text in m.wordings]
    priced = float(m.by_wording([is_priced]).sum())
    numbers = [
        m.count, words, float((m.words * m.link_share).sum()) / words, int(is_long.sum()), in_long, in_long / words,
        float(m.words.max(initial=0)), priced / count, float(m.is_heading.sum()), float(m.is_heading.sum()) / count,
        float(m.commas.sum()) / words, float(m.stops.sum()) / words, float(m.twins.max(initial=0)),
        ninth_decile(m.twins), float((m.words * (word_scores > 0)).sum()) / words, len(m.twins),
        float(m.images[-1]), float(m.images[-1]) / count,
    ]  # fmt: skip
    shares = [_words_by_bit(m.words, tags, _TOLD_TAGS), _words_by_bit(m.words, groups, _GROUP_BITS)]
    return np.concatenate([numbers, np.concatenate(shares) / words]).astype(np.float32)


def _words_by_bit(words: Floats, bits: Places, wanted: Places) -> npt.NDArray[np.float64]:
    """How many words stand in lines that have each of the bits `wanted` in `bits`."""
    return np.asarray(((bits >> wanted[:, None]) & 1) @ words.astype(np.float64))
