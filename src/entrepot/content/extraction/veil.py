"""Which lines a page hides from its readers for good, and which it only folds away."""

from typing import Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.measures import Measures

_FEW: Final = 0.05
"""Share of the page's text up to which what is hidden is no part of the content, however like it it looks."""

_LIKELY: Final = 0.5
"""Beyond that, the chance from which a hidden line is taken for one that readers unfold: a tab's, an answer's."""


_MOST: Final = 0.5
"""Share of the likely content from which hiding says nothing: scripts show such a page."""


def veiled(measures: Measures, chances: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Whether each line is hidden and to be left out."""
    is_hidden = measures.is_hidden[measures.element] > 0
    if measures.chars[is_hidden].sum() <= _FEW * measures.chars.sum():
        return np.asarray(is_hidden)
    likely = chances * measures.words
    if likely[is_hidden].sum() > _MOST * likely.sum():
        return np.zeros(measures.count, np.bool_)
    return np.asarray(is_hidden & (chances < _LIKELY))
