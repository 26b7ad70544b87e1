"""The lines that promise the best F1 are kept."""

import itertools

import numpy as np
import pytest

from entrepot.content.extraction.choose import best_lines


def kept(chances: list[float], words: list[float]) -> list[bool]:
    found: list[bool] = best_lines(np.array(chances), np.array(words, np.float32)).tolist()
    return found


@pytest.mark.parametrize(
    ("chances", "words", "expected"),
    [
        ([0.9, 0.1], [100, 100], [True, False]),
        ([0.1, 0.9, 0.9], [100, 50, 50], [False, True, True]),
        ([0.4, 0.4], [100, 100], [True, True]),
        ([0.99, 0.4], [1000, 10], [True, False]),
        ([0.0, 0.0], [10, 10], [False, False]),
        ([], [], []),
    ],
)
def test_likely_lines_are_kept(chances: list[float], words: list[float], expected: list[bool]) -> None:
    assert kept(chances, words) == expected


def test_no_cut_promises_more() -> None:
    random = np.random.default_rng(3)
    chances, words = random.random(9), random.integers(1, 60, 9).astype(np.float32)

    def promise(choice: tuple[bool, ...]) -> float:
        mask = np.array(choice)
        return float(2 * (chances * words)[mask].sum() / (words[mask].sum() + (chances * words).sum()))

    best = max(promise(choice) for choice in itertools.product([False, True], repeat=9) if any(choice))
    assert promise(tuple(kept(chances.tolist(), words.tolist()))) == pytest.approx(best)
