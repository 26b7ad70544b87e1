"""How a page of very many lines is judged: by what its lines stand in alone, since time is short then."""

from typing import Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.outline import TAGS

MOST_LINES: Final = 40_000
"""Lines up to which a page is judged by the model; beyond, a page is a list or a table, and nearly all of it content."""

_SIDES: Final = sum(1 << TAGS.index(tag) for tag in ("aside", "button", "footer", "form", "header", "nav"))


def by_place(measures: Measures) -> npt.NDArray[np.float64]:
    """The chance of each line: none beside the content, sure everywhere else."""
    is_beside = (measures.path_tags[measures.element] & _SIDES) > 0
    return np.asarray(np.where(is_beside, 0.0, 1.0))
