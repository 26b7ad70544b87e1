"""What stands around a page's heading, and what only stands beside its content: where bylines and dates are looked for."""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property, lru_cache
from itertools import islice
from typing import Final

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.markup.tree import UNREAD

_SPACE = re.compile(r"\s+")
_REPLIES = re.compile(
    r"\bcomments?\b|comment-|reply|related|sidebar|teaser|testimonial|reviews\b", re.IGNORECASE
)
_COMMENT = re.compile(r"\bcomments?(?![a-z])", re.IGNORECASE)
_SIDES: Final = ("aside", "footer", "nav")
_PASSED: Final = UNREAD | {*_SIDES, "button", "select", "svg"}
_MAX_LINE_CHARS: Final = 160
_MAX_LINES: Final = 30
_NEAREST_LINES: Final = 10
_MAX_STEPS: Final = 3000
_MAX_PIECES: Final = 60
_MAX_TEXTS: Final = 1500
_MAX_SHORT_CHARS: Final = 90
_MAX_RAW_CHARS: Final = 200
_LEVELS: Final = 4
"""How far up from the heading what goes before it is looked for."""

_MAX_NAMES_CHARS: Final = 300
"""So much of an element's classes is read: no page that means well has more."""


def line_of(element: HtmlElement, longest: int) -> str | None:
    """What an element says in one line; None where that is nothing, or longer than `longest` characters."""
    pieces: list[str] = []
    size = 0
    for text in islice(element.itertext(), _MAX_PIECES):
        plain = text.strip()
        size += len(plain)
        if size > longest:
            return None
        if plain:
            pieces.append(plain)
    return _SPACE.sub(" ", " ".join(pieces)) or None


class Surroundings:
    """The short lines around a page's heading and in all of it, each way walked once, when it is asked for."""

    def __init__(self, tree: HtmlElement, heading: HtmlElement | None) -> None:
        self._tree = tree
        self._heading = heading

    @cached_property
    def nearest(self) -> list[str]:
        """The first of the lines after the heading."""
        return [] if self._heading is None else _lines(_following(self._heading), _NEAREST_LINES)

    @cached_property
    def after(self) -> list[str]:
        """Short texts that follow the heading, in order, and the `datetime` of elements among them."""
        return [] if self._heading is None else _lines(_following(self._heading), _MAX_LINES)

    @cached_property
    def before(self) -> list[str]:
        """Short texts that go before the heading, the nearest pieces first."""
        if self._heading is None:
            return []
        holders = [self._heading, *islice(self._heading.iterancestors(), _LEVELS - 1)]
        pieces = (
            piece
            for holder in holders
            if holder.tag != "body"
            for piece in holder.itersiblings(preceding=True)
        )
        return _lines((text for piece in pieces for text in _texts(piece)), _MAX_LINES)

    @cached_property
    def everywhere(self) -> list[str]:
        """Short texts of the page in order."""
        body = self._tree.find("body")
        texts = islice(body.itertext(), _MAX_TEXTS) if body is not None else ()
        return [
            line
            for text in texts
            if len(text) <= _MAX_RAW_CHARS and 0 < len(line := text.strip()) <= _MAX_SHORT_CHARS
        ]


def is_main(element: HtmlElement) -> bool:
    """Whether an element stands neither beside the content nor in what others wrote to it."""
    for around in element.iterancestors():
        if around.tag in _SIDES or (
            (names := around.get("class")) and _names_replies(names[:_MAX_NAMES_CHARS])
        ):
            return around.tag in ("body", "html")
    return True


def is_no_comment(element: HtmlElement) -> bool:
    """Whether an element stands neither beside the content by its tags nor in a comment on it."""
    names = (around.get("class") for around in element.iterancestors())
    return is_no_side(element) and not any(each and _names_comment(each[:_MAX_NAMES_CHARS]) for each in names)


def is_no_side(element: HtmlElement) -> bool:
    """Whether an element does not stand beside the content by its tags; an article's own asides tell of it."""
    around = next(element.iterancestors(*_SIDES), None)
    return around is None or (
        around.tag == "aside" and next(around.iterancestors("article"), None) is not None
    )


@lru_cache(maxsize=4096)  # a page gives the same names to many elements
def _names_replies(names: str) -> bool:
    return _REPLIES.search(names) is not None


@lru_cache(maxsize=4096)
def _names_comment(names: str) -> bool:
    return _COMMENT.search(names) is not None


def _lines(texts: Iterable[str], most: int) -> list[str]:
    plain = (text.strip() for text in islice(texts, _MAX_STEPS))
    shown = islice(filter(None, plain), most)
    return [_SPACE.sub(" ", text) for text in shown if len(text) <= _MAX_LINE_CHARS]


def _following(heading: HtmlElement) -> Iterator[str]:
    for holder in (heading, *heading.iterancestors()):
        if holder.tag == "body":
            return
        yield holder.tail or ""
        for sibling in holder.itersiblings():
            yield from _texts(sibling)
            yield sibling.tail or ""


def _texts(piece: HtmlElement) -> Iterator[str]:
    """The texts of an element in order, empty ones too, so that whoever reads them can count the steps."""
    walk = etree.iterwalk(piece, events=("start", "end"))
    for event, element in walk:
        if event == "start":
            if element.tag in _PASSED:
                walk.skip_subtree()
                continue
            yield element.get("datetime") or ""
            yield element.text or ""
        elif element is not piece:
            yield element.tail or ""
