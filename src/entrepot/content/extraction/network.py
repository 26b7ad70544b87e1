"""Layers of weighted sums, evaluated for many rows at once with nothing but array arithmetic."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count, takewhile
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

FARTHEST: Final = 4.0
"""How many spreads from its mean a feature may be seen at most."""

_ROWS: Final = 2048
"""Rows at once, so that what is worked on stays small."""


@dataclass(frozen=True, slots=True)
class Network:
    """Networks of one shape that were trained from different starts; what they say together is their mean.

    By feature, `means` and `spreads` of its `squeezed` values. By layer, `weights` (networks by inputs by outputs) and
    `biases` (networks by 1 by outputs); between layers what is below zero becomes zero, and the last has one output.
    """

    means: Floats
    spreads: Floats
    weights: tuple[Floats, ...]
    biases: tuple[Floats, ...]

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any], name: str) -> "Network":
        """The networks that are kept in `arrays` under keys that begin with `name`."""

        def layers(part: str) -> tuple[Floats, ...]:
            keys = takewhile(arrays.__contains__, (f"{name}_{part}_{number}" for number in count()))
            return tuple(arrays[key].astype(np.float32) for key in keys)

        return Network(
            arrays[f"{name}_means"], arrays[f"{name}_spreads"], layers("weights"), layers("biases")
        )

    def scores(self, columns: Floats) -> npt.NDArray[np.float64]:
        """Log-odds of each row of `columns` (features by rows)."""
        found = np.zeros(columns.shape[1])
        for start in range(0, len(found), _ROWS):
            found[start : start + _ROWS] = self._some(columns[:, start : start + _ROWS].T)
        return found

    def _some(self, rows: Floats) -> npt.NDArray[np.float64]:
        given: Floats = scaled(squeezed(rows), self.means, self.spreads)
        for place, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            given = np.matmul(given if place == 0 else np.maximum(given, 0), weights) + biases
        return np.asarray(given[:, :, 0].mean(axis=0, dtype=np.float64))


def squeezed(values: Floats) -> Floats:
    """Values on a scale where counts and shares are of one size: the logarithm of 1 + their size, their sign kept."""
    return np.copysign(np.log1p(np.abs(values)), values)


def scaled(values: Floats, means: Floats, spreads: Floats) -> Floats:
    """Squeezed values (rows by features) as spreads from the mean."""
    return np.asarray(np.clip((values - means) / spreads, -FARTHEST, FARTHEST))
