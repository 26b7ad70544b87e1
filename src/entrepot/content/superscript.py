"""Raised and lowered words for formats that have no other way to say them: as characters, else behind a sign."""

from lxml.html import HtmlElement

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()aeox", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₒₓ")
_OPERATORS = frozenset("+-−–/·×=^")


def spelled(element: HtmlElement) -> str | None:
    """What to write for `<sup>` or `<sub>`: `²`, or `^(n/2)` for a formula; None where its words say it as they are.

    What bears a link or other elements is None too.
    """
    if len(element):
        return None
    text = (element.text or "").strip()
    letters = _RAISED if element.tag == "sup" else _LOWERED
    if text and all(ord(char) in letters for char in text):
        return text.translate(letters)
    if not _OPERATORS.isdisjoint(text) and text[-1:].isalnum():
        return f"{'^' if element.tag == 'sup' else '_'}({text})"
    return None
