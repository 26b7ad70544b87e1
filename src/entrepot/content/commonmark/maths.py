"""Formulas between dollar signs: TeX that a reader without maths shows as text, and never as markup."""

import re

_MARKUP = re.compile(r"<(?=[A-Za-z/!?])")
_DOLLAR = re.compile(r"(?<!\\)\$")


def formula(source: str) -> str:
    """A formula in a line; empty for none. TeX passes over blanks, which keep markup from being seen in it."""
    said = " ".join(_armed(source).split())
    if not said:
        return ""
    return f"$`{said}`$" if _DOLLAR.search(said) else f"${said}$"


def formula_lines(source: str) -> list[str]:
    """A formula on lines of its own; none for none."""
    said = [line.strip() for line in _armed(source).splitlines() if line.strip()]
    if not said:
        return []
    if any("$$" in line for line in said):
        return ["```math", *said, "```"]
    return ["$$", *said, "$$"]


def _armed(source: str) -> str:
    return _MARKUP.sub("< ", source.replace("`", "\\lq ")).replace("](", "] (")
