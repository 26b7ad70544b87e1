"""Which lines to keep, given how likely each of them belongs to the content."""

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.measures import Floats

Bools = npt.NDArray[np.bool_]


def best_lines(chances: npt.NDArray[np.float64], words: Floats) -> Bools:
    """The lines whose words promise the highest F1 with the content's words.

    Of all sets that take likelier lines first, the one that maximises 2 · expected hits / (words kept + words expected in
    the content); see Lipton, Elkan & Naryanaswamy, "Optimal thresholding of classifiers to maximize F1" (2014).
    """
    order = np.argsort(-chances, kind="stable")
    hits = np.cumsum((chances * words)[order])
    if not len(hits) or hits[-1] <= 0:
        return np.zeros(len(chances), np.bool_)
    promised = 2 * hits / (np.cumsum(words[order]) + hits[-1])
    kept = np.zeros(len(chances), np.bool_)
    kept[order[: int(np.argmax(promised)) + 1]] = True
    return kept
