"""Layers worked out for all rows and networks at once say what they say one by one."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from entrepot.content.extraction.network import FARTHEST, Network, squeezed

WIDTHS = (5, 4, 3, 1)


def random_network(random: np.random.Generator, *, networks: int) -> Network:
    pairs = list(pairwise(WIDTHS))
    return Network(
        random.normal(size=WIDTHS[0]).astype(np.float32),
        random.uniform(0.5, 2, WIDTHS[0]).astype(np.float32),
        tuple(random.normal(size=(networks, *pair)).astype(np.float32) for pair in pairs),
        tuple(random.normal(size=(networks, 1, size)).astype(np.float32) for _, size in pairs),
    )


def by_hand(network: Network, row: Any, number: int) -> float:
    given = (np.sign(row) * np.log(1 + np.abs(row)) - network.means) / network.spreads
    given = np.clip(given, -FARTHEST, FARTHEST)
    for place, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        given = (np.maximum(given, 0) if place else given) @ weights[number] + biases[number, 0]
    return float(given[0])


@pytest.mark.parametrize("rows", [1, 7, 5000])
def test_scores_are_means_of_what_each_network_says(rows: int) -> None:
    random = np.random.default_rng(5)
    network = random_network(random, networks=3)
    columns = random.normal(scale=30, size=(WIDTHS[0], rows)).astype(np.float32)
    found = network.scores(columns)
    for place in {0, rows // 2, rows - 1}:
        wanted = np.mean([by_hand(network, columns[:, place], number) for number in range(3)])
        assert found[place] == pytest.approx(wanted, abs=1e-4)


def test_no_rows_have_no_scores() -> None:
    network = random_network(np.random.default_rng(5), networks=1)
    assert network.scores(np.zeros((WIDTHS[0], 0), np.float32)).tolist() == []


def test_network_is_read_back_from_its_arrays() -> None:
    network = random_network(np.random.default_rng(5), networks=2)
    arrays = {"net_means": network.means, "net_spreads": network.spreads}
    for place, (weights, biases) in enumerate(zip(network.weights, network.biases, strict=True)):
        arrays |= {f"net_weights_{place}": weights, f"net_biases_{place}": biases}
    columns = np.arange(10, dtype=np.float32).reshape(5, 2)
    assert Network.from_arrays(arrays, "net").scores(columns).tolist() == network.scores(columns).tolist()


@pytest.mark.parametrize(("value", "expected"), [(0, 0), (np.e - 1, 1), (1 - np.e, -1)])
def test_large_values_are_squeezed_and_keep_their_sign(value: float, expected: float) -> None:
    assert squeezed(np.array([value], np.float32))[0] == pytest.approx(expected, abs=1e-6)
