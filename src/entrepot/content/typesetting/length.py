"""How much of a document can be printed: a tree cut where its pages would cost too much memory and time."""

from lxml.html import HtmlElement

MAX_COST = 2_000_000
"""In characters of running text, each of which costs the typesetter some 330 bytes."""

_ELEMENT_COST = 12
_COSTS = {"a": 40, "td": 60, "th": 60, "pre": 60, "img": 500}


def cut_to_length(tree: HtmlElement, max_cost: int = MAX_COST) -> bool:
    """Takes out of `tree` what lies beyond `max_cost`; False: nothing did."""
    cost = 0
    for element in tree.iter():
        if not isinstance(element.tag, str):
            continue
        cost += _COSTS.get(element.tag, _ELEMENT_COST) + len(element.text or "") + len(element.tail or "")
        if cost > max_cost:
            _drop_from(tree, element, max_cost)
            return True
    return False


def _drop_from(tree: HtmlElement, first: HtmlElement, max_chars: int) -> None:
    """Takes out `first` and all that follows it; of a text too long by itself the beginning stays."""
    first.text = (first.text or "")[:max_chars]
    first.tail = (first.tail or "")[:max_chars] or None
    for child in list(first):
        first.remove(child)
    place = first
    while place is not tree:
        parent = place.getparent()
        for later in list(place.itersiblings()):
            parent.remove(later)
        if place is not first:
            place.tail = None
        place = parent
