"""Measurements of Entrepôt against well-known tools, side by side in one run, so that their ratio holds on any machine."""
