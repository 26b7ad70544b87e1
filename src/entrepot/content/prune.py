"""A page's tree cut down to what was located in it, with the pictures, tables and headings that belong there."""

from collections import Counter
from collections.abc import Iterable

from lxml.html import HtmlElement

from entrepot.content.markup import TextNode

_MAIN = 0.5
"""Share of its text from which a piece counts as part of the content."""

_MAX_CAPTION_CHARS = 500
_SIDES = frozenset({"aside", "footer", "header", "nav"})
_HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})


def prune(
    tree: HtmlElement, runs: list[tuple[TextNode, int]], located: set[int], title: str | None = None
) -> None:
    """Takes out of `tree` what is not content. `runs` are its `text_runs`, `located` places in these.

    Decided run by run: a line of text stays or goes as a whole. What extractors drop though it belongs to the content
    comes back: the rest of a table or of code, headings before kept text, the page's title, pictures amid kept text.
    """
    kept = _kept_runs(runs, located)
    kept |= _adopted_runs(tree, runs, kept)
    if title:
        kept |= _title_run(runs, kept, title)
    _cut(tree, runs, kept)


def _kept_runs(runs: list[tuple[TextNode, int]], located: set[int]) -> set[int]:
    whole: Counter[int] = Counter()
    found: Counter[int] = Counter()
    for place, (node, run) in enumerate(runs):
        size = len(node.text.strip())
        whole[run] += size
        found[run] += size if place in located else 0
    return {run for run in whole if found[run] >= _MAIN * whole[run]}


class _Shares:
    """How many characters of text each element holds, and how many of these are kept."""

    def __init__(self, tree: HtmlElement, runs: list[tuple[TextNode, int]], kept: set[int]) -> None:
        self.elements = list(tree.iter())
        self.whole: Counter[HtmlElement] = Counter()
        self.kept: Counter[HtmlElement] = Counter()
        for node, run in runs:
            owner = node.element.getparent() if node.is_tail else node.element
            size = len(node.text.strip())
            self.whole[owner] += size
            self.kept[owner] += size if run in kept else 0
        for element in reversed(self.elements):
            parent = element.getparent()
            if parent is not None:
                self.whole[parent] += self.whole[element]
                self.kept[parent] += self.kept[element]

    def is_main(self, element: HtmlElement) -> bool:
        return self.whole[element] > 0 and self.kept[element] >= _MAIN * self.whole[element]


def _adopted_runs(tree: HtmlElement, runs: list[tuple[TextNode, int]], kept: set[int]) -> set[int]:
    shares = _Shares(tree, runs, kept)
    return _pieces_runs(shares, runs) | _heading_runs(runs, kept)


def _pieces_runs(shares: _Shares, runs: list[tuple[TextNode, int]]) -> set[int]:
    """Runs of tables that are mostly kept, and of code and captioned pictures that stand amid kept text."""
    adopted = set()
    for element in shares.elements:
        if (element.tag == "table" and shares.is_main(element)) or (
            _is_piece(element, shares)
            and (parent := element.getparent()) is not None
            and _is_amid(element, parent, shares)
        ):
            adopted.add(element)
    return {run for node, run in runs if adopted and not adopted.isdisjoint(_ancestors(node))}


def _is_piece(element: HtmlElement, shares: _Shares) -> bool:
    if element.tag == "figure":
        return shares.whole[element] <= _MAX_CAPTION_CHARS and element.find(".//img") is not None
    return bool(element.tag == "pre")


def _is_amid(element: HtmlElement, parent: HtmlElement, shares: _Shares) -> bool:
    """Whether kept text stands before or after `element`, in its parent or in that of a wrapper of its own."""
    while shares.whole[parent] == shares.whole[element] and parent.getparent() is not None:
        parent = parent.getparent()
    return shares.kept[parent] > 0 and shares.kept[parent] >= _MAIN * (
        shares.whole[parent] - shares.whole[element]
    )


def _ancestors(node: TextNode) -> Iterable[HtmlElement]:
    """The elements that `node` lies in."""
    if not node.is_tail:
        yield node.element
    yield from node.element.iterancestors()


def _heading_runs(runs: list[tuple[TextNode, int]], kept: set[int]) -> set[int]:
    """Runs of headings that kept text follows at once and kept text went before."""
    order = list(dict.fromkeys(run for _, run in runs))
    headings = {run for node, run in runs if _is_heading(node)}
    first = next((place for place, run in enumerate(order) if run in kept), len(order))
    adopted: set[int] = set()
    for place in range(len(order) - 2, first, -1):
        follows = order[place + 1]
        if order[place] in headings and order[place] not in kept and (follows in kept or follows in adopted):
            adopted.add(order[place])
    return adopted


def _is_heading(node: TextNode) -> bool:
    return any(element.tag in _HEADINGS for element in _ancestors(node))


def _title_run(runs: list[tuple[TextNode, int]], kept: set[int], title: str) -> set[int]:
    """The run of the level-one heading that says the page's title, where it stands before the content."""
    wanted = _letters(title)
    texts: dict[int, str] = {}
    for node, run in runs:
        if run in kept:
            break
        if any(element.tag == "h1" for element in _ancestors(node)):
            texts[run] = texts.get(run, "") + node.text
    return {run for run, text in texts.items() if _letters(text) == wanted}


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))


def _cut(tree: HtmlElement, runs: list[tuple[TextNode, int]], kept: set[int]) -> None:
    shares = _Shares(tree, runs, kept)
    for node, run in runs:
        if run not in kept:
            node.text = " "
    for element in shares.elements[1:]:
        parent = element.getparent()
        if parent is None or element.tag in ("head", "body") or shares.kept[element]:
            continue
        if shares.whole[element] or _is_side(element) or not _is_amid_content(parent, shares):
            element.drop_tree()


def _is_side(element: HtmlElement) -> bool:
    """Whether it stands beside the content by what it is, so that its pictures do too."""
    return element.tag in _SIDES and next(element.iterancestors("article", "main"), None) is None


def _is_amid_content(parent: HtmlElement, shares: _Shares) -> bool:
    """Whether the nearest element with any text is mostly kept, so that a picture in it belongs to the content."""
    while not shares.whole[parent] and parent.getparent() is not None:
        parent = parent.getparent()
    return shares.is_main(parent)
