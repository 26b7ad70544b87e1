"""Trees all asked at once say what each of them says when it is walked."""

from typing import Any

import numpy as np
import pytest

from entrepot.content.extraction.forest import MAX_LEAVES, Forest

Tree = Any
"""A leaf's value, or a feature, a threshold and the trees on the left and on the right."""


def grown(random: np.random.Generator, leaves: int) -> Tree:
    if leaves == 1:
        return float(random.normal())
    left = int(random.integers(1, leaves))
    return (
        int(random.integers(4)),
        float(random.normal()),
        grown(random, left),
        grown(random, leaves - left),
    )


def walked(tree: Tree, row: Any) -> float:
    while isinstance(tree, tuple):
        feature, threshold, left, right = tree
        tree = right if row[feature] > np.float32(threshold) else left
    return float(tree)


def planted(trees: list[Tree]) -> Forest:
    shape = (len(trees), MAX_LEAVES - 1)
    forest = Forest(
        np.zeros(shape, np.int16),
        np.full(shape, np.inf, np.float32),
        np.zeros(shape, np.uint16),
        np.zeros((len(trees), MAX_LEAVES), np.float32),
    )
    for place, tree in enumerate(trees):
        plant(forest, place, tree, [0, 0])
    return forest


def plant(forest: Forest, place: int, tree: Tree, counts: list[int]) -> None:
    """Writes a tree down; `counts` are the leaves and the nodes that are written already."""
    if not isinstance(tree, tuple):
        forest.values[place, counts[0]] = tree
        counts[0] += 1
        return
    feature, threshold, left, right = tree
    first = counts[0]
    plant(forest, place, left, counts)
    node, counts[1] = counts[1], counts[1] + 1
    forest.features[place, node], forest.thresholds[place, node] = feature, threshold
    forest.crosses[place, node] = ((1 << counts[0]) - 1) & ~((1 << first) - 1)
    plant(forest, place, right, counts)


@pytest.mark.parametrize("rows", [1, 7, 1300])
def test_scores_are_the_sums_of_walked_trees(rows: int) -> None:
    random = np.random.default_rng(rows)
    trees = [grown(random, leaves) for leaves in (1, 2, 5, 16, 16, 9)]
    columns = random.normal(size=(4, rows)).astype(np.float32)
    expected = [sum(walked(tree, row) for tree in trees) for row in columns.T]
    assert np.allclose(planted(trees).scores(columns)[0], expected, atol=1e-5)


def test_groups_take_turns() -> None:
    found = planted([1.0, 10.0, 2.0, 20.0]).scores(np.zeros((4, 3), np.float32), groups=2)
    assert found.tolist() == [[3.0] * 3, [30.0] * 3]


def test_row_at_the_threshold_goes_left() -> None:
    found = planted([(0, 0.5, 1.0, 2.0)]).scores(np.array([[0.5, 0.6]], np.float32))
    assert found.tolist() == [[1.0, 2.0]]


def test_no_rows_have_no_scores() -> None:
    assert planted([1.0]).scores(np.zeros((4, 0), np.float32)).shape == (1, 0)
