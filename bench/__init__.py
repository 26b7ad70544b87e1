"""Measurements of Entrepôt against well-known tools, side by side in one run, so that their ratio holds on any machine."""

import os

os.environ.setdefault(
    "OPENBLAS_NUM_THREADS", "1"
)  # as in the children that convert: a second thread only spins
