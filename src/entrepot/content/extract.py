"""Where a page's main content is: extractors locate it, the page's own tree is then cut down to it."""

import logging
from collections.abc import Iterable

from lxml import etree
from lxml.html import HtmlElement, fromstring
from resiliparse.extract.html2text import extract_plain_text
from trafilatura import bare_extraction

from entrepot.content.marks import marked, marked_places, without_marks
from entrepot.content.markup import TextNode, text_runs
from entrepot.content.prune import prune
from entrepot.telemetry import get_logger

_LITTLE = 0.5
"""Share of the second extractor's words under which the first one is taken to have missed the content."""

_SIDE_PIECES = etree.XPath(
    "//nav | //aside | //footer[not(ancestor::article)] | //header[not(ancestor::article) and .//nav] | //*[@role='navigation']"
)
_log = get_logger("entrepot.content")
logging.getLogger("trafilatura").setLevel(logging.CRITICAL)  # its opinions on pages are no news of ours


def keep_main(tree: HtmlElement, url: str, title: str | None = None) -> HtmlElement:
    """Cuts `tree` down to its main content and returns it, or another tree where the markup does not hold the content.

    Empty where the page has no content. `title` is the page's: its heading stays above the content.
    """
    runs = list(text_runs(tree))
    nodes = [node for node, _ in runs]
    with marked(nodes):
        located, elsewhere = _locate(tree, url, nodes)
    if elsewhere:
        return _paragraphs(elsewhere)
    if located:
        prune(tree, runs, located, title)
    else:
        _drop_side_pieces(tree)
    return tree


def _locate(tree: HtmlElement, url: str, nodes: list[TextNode]) -> tuple[set[int], list[str]]:
    """The places of the texts that belong to the content, or its paragraphs where the markup does not hold them."""
    paragraphs = _read_with_trafilatura(tree, url)
    found = "\n".join(paragraphs)
    first = marked_places(found, len(nodes))
    second = marked_places(_read_with_resiliparse(tree), len(nodes))
    first_words, second_words = _words(nodes, first), _words(nodes, second)
    said_words = len(without_marks(found).split())
    if first_words < _LITTLE * said_words and second_words < said_words:
        return set(), [text for line in paragraphs if (text := without_marks(line).strip())]
    return (second if first_words < _LITTLE * second_words else first), []


def _read_with_trafilatura(tree: HtmlElement, url: str) -> list[str]:
    try:
        found = bare_extraction(tree, url=url, include_comments=False, with_metadata=False)
    except (
        Exception
    ) as error:  # whatever a page makes of a foreign library: the other extractor is asked as well
        _log.warning("an extractor failed", exc_info=error)
        return []
    body = getattr(found, "body", None)
    return [] if body is None else ["".join(block.itertext()) for block in body]


def _read_with_resiliparse(tree: HtmlElement) -> str:
    markup = etree.tostring(tree, method="html", encoding="unicode")
    return str(extract_plain_text(markup, main_content=True, comments=False, alt_texts=False))


def _words(nodes: list[TextNode], places: Iterable[int]) -> int:
    return sum(len(nodes[place].text.split()) for place in places)


def _drop_side_pieces(tree: HtmlElement) -> None:
    for piece in _SIDE_PIECES(tree):
        piece.drop_tree()


def _paragraphs(lines: list[str]) -> HtmlElement:
    body = fromstring("<html><body></body></html>")
    for line in lines:
        etree.SubElement(body[0], "p").text = line
    return body
