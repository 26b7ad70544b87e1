"""Markdown (CommonMark and GFM) of a clean tree."""
