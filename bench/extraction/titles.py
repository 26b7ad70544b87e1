"""`python -m bench.extraction.titles PAGES`: learns what speaks for a title, with cross-validation by site on the building part.

Needs numpy and scipy. It prints the weights that `entrepot.content.facts.title` has, rounded.
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.extraction.corpus import FOLDS, Sample, load, words_of
from entrepot.content.facts.metadata import Facts
from entrepot.content.facts.structured import json_ld_nodes
from entrepot.content.facts.title import WEIGHTS, candidates, traits
from entrepot.content.markup.tree import parse_html

_RIDGE = 3.0

Choice = tuple[NDArray[np.float64], NDArray[np.float64]]
"""The traits of a page's candidates, and 1 for each that is right."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pages", type=Path)
    samples = [sample for sample in load(parser.parse_args().pages, "build") if sample.title]
    read = [(sample.fold, choice) for sample in samples if (choice := _choice(sample))]
    right = 0.0
    for fold in range(FOLDS):
        weights = _fit([choice for other, choice in read if other != fold])
        right += _right([choice for other, choice in read if other == fold], weights)
    choices = [choice for _, choice in read]
    weights = _fit(choices)
    print(f"{len(samples)} pages: cross-validated {right / len(samples):.4f}")
    print(f"as it is {_right(choices, np.array(WEIGHTS)) / len(samples):.4f}")
    print(", ".join(f"{weight:.1f}" for weight in weights))


def _choice(sample: Sample) -> Choice | None:
    tree = parse_html(sample.html)
    titles = Facts(tree, sample.url, json_ld_nodes(tree)).titles
    found = candidates(titles)
    right = [float(_is_same(sample.title or "", title)) for title in found]
    return (np.array(traits(titles, found)), np.array(right)) if found else None


def _is_same(truth: str, found: str) -> bool:
    one, other = set(words_of(truth)), set(words_of(found))
    return bool(one and other and (one <= other or other <= one))


def _fit(choices: list[Choice]) -> NDArray[np.float64]:
    """Weights under which the right ones among a page's candidates are likeliest."""
    taught = [choice for choice in choices if choice[1].any()]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        total, slope = _RIDGE * float(weights @ weights) / 2, _RIDGE * weights
        for rows, right in taught:
            scores = rows @ weights
            likely = np.exp(scores - scores.max())
            likely /= likely.sum()
            of_right = likely * right / (likely @ right)
            total -= float(np.log(likely @ right))
            slope = slope + rows.T @ (likely - of_right)
        return total, slope

    return np.asarray(minimize(loss, np.zeros(len(WEIGHTS)), jac=True, method="L-BFGS-B").x)


def _right(choices: list[Choice], weights: NDArray[np.float64]) -> float:
    return sum(float(right[np.argmax(rows @ weights)]) for rows, right in choices)


if __name__ == "__main__":
    main()
