"""A page's tree as lines of text, and its elements as ranges of these lines."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree
from lxml.html import HtmlElement

from entrepot.content.extraction.vocabulary import names_of, parts_of
from entrepot.content.markup.tree import BLOCKS, TextNode

TAGS: Final = (
    "p", "li", "a", "h1", "h2", "h3", "h4", "h5", "h6", "td", "th", "dt", "dd", "pre", "code", "blockquote", "figure",
    "figcaption", "button", "label", "article", "main", "aside", "nav", "header", "footer", "form", "table", "ul", "ol",
    "section", "dl", "details", "summary", "time", "strong", "b", "em", "small", "body", "div", "span",
)  # fmt: skip
"""Elements that tell something of the lines in them; their places here are bits in `Paths.tags`."""

_UNREAD: Final = frozenset({
    "applet", "area", "audio", "canvas", "datalist", "embed", "frame", "frameset", "head", "iframe", "input", "link", "map",
    "meta", "meter", "noframes", "noscript", "object", "option", "param", "progress", "script", "select", "style", "svg",
    "template", "textarea", "title", "track", "video",
})  # fmt: skip
"""Elements of which no format shows a text."""

_EMBEDS: Final = frozenset({"audio", "embed", "iframe", "object", "video"})
"""Elements without lines that may be shown, as pictures are."""

_BITS: Final = {tag: 1 << place for place, tag in enumerate(TAGS)}
_STRONG: Final = frozenset({"b", "strong"})
_SHOWN: Final = "until-found"
"""The value of `hidden` that hides a text only until a reader searches for it (HTML §6.1)."""

_TELLING: Final = frozenset({"id", "role", "itemprop", "style", "aria-hidden", "hidden"})
"""Attributes besides classes that name an element or may hide it."""

_KEPT, _BLOCK, _ANCHOR, _BOLD, _SKIPPED = 1, 2, 4, 8, 16


def _roles() -> dict[str, int]:
    """What the walk has to know of each tag, as bits."""
    roles = dict.fromkeys({*TAGS, *BLOCKS, *_UNREAD}, 0)
    for tag in roles:
        roles[tag] = (
            _KEPT * (tag not in _UNREAD or tag in _EMBEDS)
            | _BLOCK * (tag in BLOCKS)
            | _ANCHOR * (tag == "a")
            | _BOLD * (tag in _STRONG)
            | _SKIPPED * (tag in _UNREAD)
        )
    return roles


class _Roles(dict[str, int]):
    """The roles of a page's tags; of those that are not known, custom elements are boxes more often than not."""

    def __missing__(self, tag: str) -> int:
        role = self[tag] = _KEPT | (_BLOCK if "-" in tag else 0)
        return role


_ROLES: Final = _roles()
_HIDING = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


@dataclass(slots=True)
class Line:
    """A text that no block's edge parts. `element` is what its first piece lies in, `block` the innermost block."""

    element: int
    block: int
    nodes: list[TextNode] = field(default_factory=list)
    link_chars: int = 0
    links: int = 0
    strong_chars: int = 0
    text: str = ""


Step = tuple[int, str, str, bool]
"""The last step of a path: the path before it (-1: none), the element's tag, what it is called, and whether it hides itself."""


@dataclass(slots=True)
class Paths:
    """Each way from the root that an element of the page has, told by tags, names and hiding; parents stand before children.

    `tags` and `groups` gather, as bits, what all elements on the way are.
    """

    parents: list[int] = field(default_factory=list)
    shapes: list[tuple[str, str]] = field(default_factory=list)
    depths: list[int] = field(default_factory=list)
    tags: list[int] = field(default_factory=list)
    groups: list[int] = field(default_factory=list)
    hidden: list[bool] = field(default_factory=list)

    @staticmethod
    def of(steps: Iterable[Step]) -> "Paths":
        """The paths whose last steps these are."""
        found = Paths()
        depths, tags, groups, hidden = found.depths, found.tags, found.groups, found.hidden
        for parent, tag, names, is_hidden in steps:
            found.parents.append(parent)
            found.shapes.append((tag, names))
            is_inner = parent >= 0
            depths.append(depths[parent] + 1 if is_inner else 0)
            tags.append(_BITS.get(tag, 0) | (tags[parent] if is_inner else 0))
            groups.append(parts_of(names).groups | (groups[parent] if is_inner else 0))
            hidden.append(is_hidden or (is_inner and hidden[parent]))
        return found


class _Numbers(dict[Step, int]):
    """The paths of a page by their last steps, numbered as they are met."""

    def __missing__(self, step: Step) -> int:
        number = self[step] = len(self)
        return number


@dataclass(slots=True)
class Outline:
    """Elements in document order as columns, and the lines of text they hold.

    An element holds the lines from `starts` up to `ends`, and the elements from its own place up to `lasts`. `of_path`
    has its place in `paths`.
    """

    elements: list[HtmlElement] = field(default_factory=list)
    parents: list[int] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    lasts: list[int] = field(default_factory=list)
    of_path: list[int] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    paths: Paths = field(default_factory=Paths)


def outline_of(tree: HtmlElement) -> Outline:
    """The outline of a page, in one walk."""
    walk = _Walk()
    walk.take(tree)
    return walk.outline


class _Walk:
    """Where the walk stands: open blocks, the line that may go on, whether in a link or in strong text."""

    def __init__(self) -> None:
        self.outline = Outline()
        self._blocks: list[int] = [0]
        self._line: Line | None = None
        self._pieces: list[list[str]] = []
        self._anchors = 0
        self._strong = 0

    def take(self, tree: HtmlElement) -> None:
        """The longest loop over a page: calls would take as long as all else in it, so there are few."""
        out, roles, numbers = self.outline, _Roles(_ROLES), _Numbers()
        elements, parents, starts, ends = out.elements, out.parents, out.starts, out.ends
        lasts, of_path, lines = out.lasts, out.of_path, out.lines
        place, path = -1, -1
        walker: Any = etree.iterwalk(tree, events=("start", "end"))
        for event, element in walker:
            tag = element.tag
            role = roles[tag]
            if event == "start":
                if role & _SKIPPED:
                    walker.skip_subtree()
                if role & _KEPT:
                    path = numbers[_step(path, element, tag)]
                    parents.append(place)
                    place = len(elements)
                    elements.append(element)
                    starts.append(len(lines))
                    ends.append(0)
                    lasts.append(0)
                    of_path.append(path)
                if role != _KEPT:
                    self._enter(role, place)
                text = None if role & _SKIPPED else element.text
            else:
                if role & _KEPT:
                    ends[place], lasts[place] = len(lines), len(elements)
                    place = parents[place]
                    path = of_path[place] if place >= 0 else -1
                    if role != _KEPT:
                        self._leave(role)
                text = element.tail if place >= 0 else None
            if text and not text.isspace():
                self._say(TextNode(element, event == "end"), text, place)
        out.paths = Paths.of(numbers)
        for line, pieces in zip(lines, self._pieces, strict=True):
            line.text = " ".join("".join(pieces).split())

    def _enter(self, role: int, place: int) -> None:
        if role & _BLOCK:
            self._line = None
            if role & _KEPT:
                self._blocks.append(place)
        elif role & _ANCHOR:
            self._anchors += 1
        elif role & _BOLD:
            self._strong += 1

    def _leave(self, role: int) -> None:
        if role & _BLOCK:
            self._line = None
            self._blocks.pop()
        elif role & _ANCHOR:
            self._anchors -= 1
        elif role & _BOLD:
            self._strong -= 1

    def _say(self, node: TextNode, text: str, place: int) -> None:
        line = self._line
        if line is None:
            line = self._line = Line(place, self._blocks[-1])
            self.outline.lines.append(line)
            self._pieces.append([])
        line.nodes.append(node)
        self._pieces[-1].append(text)
        if self._anchors:
            line.link_chars += len(text)
            line.links += 1
        if self._strong:
            line.strong_chars += len(text)


def _step(above: int, element: HtmlElement, tag: str) -> Step:
    """The step from the path `above` to the element's own."""
    said = element.keys()
    if _TELLING.isdisjoint(said):
        return above, tag, element.get("class", "").strip() if "class" in said else "", False
    attributes = dict(element.items())
    return above, tag, names_of(attributes), is_hidden(attributes)


def is_hidden(attributes: Mapping[str, str]) -> bool:
    """Whether an element with these attributes says of itself that no reader is to see it."""
    get = attributes.get
    style = get("style")
    return (
        get("hidden", _SHOWN) != _SHOWN
        or get("aria-hidden") == "true"
        or (style is not None and _HIDING.search(style) is not None)
    )
