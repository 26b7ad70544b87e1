"""Marks in a page's text, so that what an extractor gives back can be found again in the page."""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache

from entrepot.content.markup import TextNode


@contextmanager
def marked(nodes: Sequence[TextNode]) -> Iterator[None]:
    """Lets every text begin with a symbol of its own for a while.

    Texts share symbols where there are more texts than symbols.
    """
    texts = [node.text for node in nodes]
    symbols, deletion, share = _symbols(), _deletion(), _share(len(nodes))
    for place, node in enumerate(nodes):
        text = texts[place].translate(deletion)
        start = len(text) - len(text.lstrip())
        node.text = f"{text[:start]}{symbols[place // share]}{text[start:]}"
    try:
        yield
    finally:
        for node, text in zip(nodes, texts, strict=True):
            node.text = text


def marked_places(text: str, count: int) -> set[int]:
    """The places, of `count` marked texts, whose symbols stand in `text`."""
    numbers = _numbers()
    share = _share(count)
    found = {numbers[symbol] for symbol in set(text) if symbol in numbers}
    return {place for number in found for place in range(number * share, min(count, (number + 1) * share))}


def without_marks(text: str) -> str:
    """`text` with every symbol taken out."""
    return text.translate(_deletion())


def _share(count: int) -> int:
    """How many neighbouring texts share a symbol."""
    return max(1, -(-count // len(_symbols())))


@cache
def _symbols() -> tuple[str, ...]:
    """About 5,500 rare symbols that extractors leave alone: printable, no letters, stable under normalisation."""
    candidates = map(chr, range(0x2190, 0x20000))
    return tuple(
        char
        for char in candidates
        if unicodedata.category(char) == "So" and unicodedata.normalize("NFKC", char) == char
    )


@cache
def _numbers() -> dict[str, int]:
    return {symbol: number for number, symbol in enumerate(_symbols())}


@cache
def _deletion() -> dict[int, None]:
    return dict.fromkeys(map(ord, _symbols()))
