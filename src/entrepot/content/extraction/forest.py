"""Boosted trees, evaluated for many rows at once with nothing but array arithmetic.

After QuickScorer (Lucchese et al., SIGIR 2015): every node of every tree is asked at once; a node that sends a row to the
right crosses out the leaves on its left, and the first leaf that is left over is the row's.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

MAX_LEAVES: Final = 16
_ROWS: Final = 256
"""Rows at once: what is worked on then stays in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees of at most MAX_LEAVES leaves, all with as many nodes.

    By tree and node: `features`, `thresholds` (up to and including it, a row goes left) and `crosses`, the leaves as bits
    that a row can no longer reach when it goes right. By tree and leaf, counted from the left: `values`.
    """

    features: npt.NDArray[np.int16]
    thresholds: npt.NDArray[np.float32]
    crosses: npt.NDArray[np.uint16]
    values: npt.NDArray[np.float32]

    @staticmethod
    def from_arrays(arrays: Mapping[str, Any], name: str) -> "Forest":
        """The forest that is kept in `arrays` under keys that begin with `name`."""
        return Forest(*(arrays[f"{name}_{part}"] for part in ("features", "thresholds", "crosses", "values")))

    def scores(self, columns: npt.NDArray[np.float32], groups: int = 1) -> npt.NDArray[np.float64]:
        """The trees' sums for `columns` (features by rows), as groups by rows: tree t belongs to group t modulo `groups`."""
        count = columns.shape[1]
        found = np.zeros((groups, count))
        for start in range(0, count, _ROWS):
            found[:, start : start + _ROWS] = self._some(columns[:, start : start + _ROWS], groups)
        return found

    def _some(self, columns: npt.NDArray[np.float32], groups: int) -> npt.NDArray[np.float64]:
        trees, rows = len(self.features), columns.shape[1]
        columns = np.ascontiguousarray(columns)
        crossed = np.zeros((trees, rows), np.uint16)
        nodes = zip(self.features.T, self.thresholds.T[:, :, None], self.crosses.T[:, :, None], strict=True)
        for features, thresholds, crosses in nodes:
            crossed |= (columns.take(features, axis=0) > thresholds) * crosses
        leaves = _FIRST_BIT.take(~crossed) + (np.arange(trees, dtype=np.int32) * MAX_LEAVES)[:, None]
        said = self.values.reshape(-1).take(leaves)
        return np.asarray(said.reshape(trees // groups, groups, rows).sum(axis=0, dtype=np.float64))


def _first_bits() -> npt.NDArray[np.int32]:
    """For each number of 16 bits the place of its lowest one."""
    places = np.zeros(1 << MAX_LEAVES, np.int32)
    for bit in reversed(range(MAX_LEAVES)):
        places[1 << bit :: 1 << (bit + 1)] = bit
    return places


_FIRST_BIT: Final = _first_bits()
