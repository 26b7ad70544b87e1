"""Text that a page carries beside its markup, as lines."""

from lxml import etree
from lxml.html import HtmlElement, fromstring

from entrepot.content.markup.tree import text_runs

_MIN_WORDS = 80
"""A text of fewer words is taken for a summary."""


def stowed_text(text: str | None) -> list[str]:
    """The paragraphs of a text that may hold tags; none where it is short."""
    if not text or len(text.split()) < _MIN_WORDS:
        return []
    if "</" not in text:
        return [line.strip() for line in text.splitlines() if line.strip()]
    try:
        tree = fromstring(f"<div>{text}</div>")
    except etree.ParserError:
        return []
    return _lines(tree)


def _lines(tree: HtmlElement) -> list[str]:
    runs: dict[int, list[str]] = {}
    for node, run in text_runs(tree):
        runs.setdefault(run, []).append(node.text)
    return [" ".join("".join(pieces).split()) for pieces in runs.values()]
