"""Trains the networks of `entrepot.content.extraction.network` with array arithmetic alone."""

from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from entrepot.content.extraction.network import scaled, squeezed

Floats = npt.NDArray[np.float32]
Layers = list[Floats]

SEEDS: Final = 3
WIDTHS: Final = (64, 32)
EPOCHS: Final = 12
BATCH: Final = 1024
RATE: Final = 2e-3
DECAY: Final = 0.1
"""What weights lose at each step, in units of the rate."""

DROPPED: Final = 0.4
"""Share of a layer's outputs that are left out at each step, so that none relies on few others."""

UNSEEN: Final = 0.1
"""Share of the features that are left out at each step."""

_WARMING: Final = 200
_SLOW, _SLOWER, _TINY = 0.9, 0.999, 1e-8


def train(columns: Any, truth: Any, weights: Any) -> dict[str, Any]:
    """Arrays of the networks; `columns` are rows by features, `weights` have the mean 1."""
    squeezed_columns = squeezed(np.asarray(columns, np.float32))
    means, spreads = squeezed_columns.mean(axis=0), squeezed_columns.std(axis=0) + np.float32(1e-3)
    rows = scaled(squeezed_columns, means, spreads)
    wanted, counts = np.asarray(truth, np.float32), np.asarray(weights, np.float32)
    found = [_one(rows, wanted, counts, np.random.default_rng(seed)) for seed in range(SEEDS)]
    arrays: dict[str, Any] = {"network_means": means, "network_spreads": spreads}
    for layer in range(len(WIDTHS) + 1):
        stacked = np.stack([net[layer] for net in found])
        arrays[f"network_weights_{layer}"] = stacked.astype(np.float16)
        shifts = np.stack([net[layer + len(WIDTHS) + 1] for net in found])
        arrays[f"network_biases_{layer}"] = shifts[:, None].astype(np.float16)
    return arrays


def _one(rows: Floats, truth: Floats, weights: Floats, random: np.random.Generator) -> Layers:
    """Weights of each layer, then biases of each, of least cross-entropy."""
    sizes = (rows.shape[1], *WIDTHS, 1)
    layers = len(sizes) - 1
    values = [_start(random, *sizes[layer : layer + 2]) for layer in range(layers)]
    values[-1] *= np.float32(0.1)
    values += [np.zeros(size, np.float32) for size in sizes[1:]]
    steps = EPOCHS * (len(rows) // BATCH)
    mover = _Mover(values)
    for step, batch in enumerate(_batches(len(rows), random), 1):
        slopes = _slopes(values, rows[batch], truth[batch], weights[batch], random)
        mover.move(slopes, RATE * min(1, step / _WARMING) * (0.5 + 0.5 * np.cos(np.pi * step / steps)))
    return values


class _Mover:
    """Moves values against their slopes, after Kingma & Ba, "Adam" (2015); weights also decay."""

    def __init__(self, values: Layers) -> None:
        self._values = values
        self._means, self._squares = ([np.zeros_like(value) for value in values] for _ in range(2))
        self._step = 0

    def move(self, slopes: Layers, rate: float) -> None:
        self._step += 1
        self._means = [
            mean + (1 - _SLOW) * (slope - mean) for mean, slope in zip(self._means, slopes, strict=True)
        ]
        self._squares = [
            square + (1 - _SLOWER) * (np.square(slope) - square)
            for square, slope in zip(self._squares, slopes, strict=True)
        ]
        for value, mean, square in zip(self._values, self._means, self._squares, strict=True):
            size = np.sqrt(square / (1 - _SLOWER**self._step)) + _TINY
            decay = DECAY if value.ndim > 1 else 0
            step = rate * (mean / (1 - _SLOW**self._step) / size + decay * value)
            np.subtract(value, step, out=value, casting="same_kind")


def _start(random: np.random.Generator, inputs: int, outputs: int) -> Floats:
    return random.normal(0, np.sqrt(2 / inputs), (inputs, outputs)).astype(np.float32)


def _batches(count: int, random: np.random.Generator) -> Iterator[npt.NDArray[np.int64]]:
    for _ in range(EPOCHS):
        order = random.permutation(count)
        yield from (order[start : start + BATCH] for start in range(0, count - BATCH + 1, BATCH))


def _slopes(
    values: Layers, rows: Floats, truth: Floats, weights: Floats, random: np.random.Generator
) -> Layers:
    """What the loss of a batch changes by with each weight and each bias."""
    layers = len(values) // 2
    given = rows * (random.random(rows.shape, np.float32) >= UNSEEN)
    inputs, masks = [given], []
    for layer in range(layers - 1):
        sums = given @ values[layer] + values[layers + layer]
        mask = ((sums > 0) & (random.random(sums.shape, np.float32) >= DROPPED)).astype(np.float32)
        mask /= np.float32(1 - DROPPED)
        given = sums * mask
        inputs.append(given)
        masks.append(mask)
    odds = (given @ values[layers - 1] + values[-1])[:, 0]
    chances = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    slope = ((chances - truth) * weights / len(rows))[:, None].astype(np.float32)
    slopes: Layers = [slope] * (2 * layers)
    for layer in reversed(range(layers)):
        slopes[layer], slopes[layers + layer] = inputs[layer].T @ slope, slope.sum(axis=0)
        if layer:
            slope = (slope @ values[layer].T) * masks[layer - 1]
    return slopes
