"""Raised and lowered digits as characters, for formats that have no other way to say them."""

from lxml.html import HtmlElement

_RAISED = str.maketrans("0123456789+-−=()ni", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ⁿⁱ")
_LOWERED = str.maketrans("0123456789+-−=()aeox", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₒₓ")


def spell_scripts(tree: HtmlElement) -> None:
    """Replaces `<sup>2</sup>` by ²; what has no such characters, or bears a link, stays as it is."""
    for element in list(tree.iter("sup", "sub")):
        letters = _RAISED if element.tag == "sup" else _LOWERED
        text = (element.text or "").strip()
        if len(element) == 0 and text and all(ord(char) in letters for char in text):
            element.text = text.translate(letters)
            element.drop_tag()
