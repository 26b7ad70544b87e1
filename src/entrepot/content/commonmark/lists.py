"""Lists as lines of markdown, and the blocks that they are made of."""

from dataclasses import dataclass

from lxml.html import HtmlElement

from entrepot.content.commonmark.escape import escape_box

_BOXES = {"☐": "[ ]", "☑": "[x]", "☒": "[x]"}
_MAX_NUMBER = 999_999_999
"""CommonMark takes no more digits (§5.2)."""


@dataclass(frozen=True, slots=True)
class Block:
    """Lines that stand together. `kind` tells lists by their sign and paragraphs (`p`) from everything else."""

    kind: str
    lines: list[str]


@dataclass(frozen=True, slots=True)
class Item:
    """An item and what it holds; `element` is None where the page puts something into a list that is no item."""

    element: HtmlElement | None
    blocks: list[Block]

    @property
    def identifier(self) -> str:
        """What links lead to it by; empty for none."""
        return "" if self.element is None else self.element.get("id") or ""


def joined(blocks: list[Block]) -> list[str]:
    """The blocks' lines, with an empty one between two blocks."""
    lines: list[str] = []
    for block in blocks:
        if lines:
            lines.append("")
        lines += block.lines
    return lines


def list_block(element: HtmlElement, items: list[Item], after: str) -> Block:
    """The list `element`. `after`: the kind of the block before it, which a list right behind another does not continue."""
    is_ordered = element.tag == "ol"
    if is_ordered:
        sign = ")" if after.startswith("list.") else "."
    else:
        sign = "*" if after.startswith("list-") else "-"
    is_loose = any(_is_loose(item) for item in items)
    numbers = _Numbers.of(element)
    first = numbers.number
    lines: list[str] = []
    for item in items:
        marker = f"{numbers.of_next(item.element)}{sign}" if is_ordered else sign
        if is_loose and lines:
            lines.append("")
        lines += _item_lines(marker, item.blocks, is_loose=is_loose)
    return Block(f"list{sign}{first if is_ordered else ''}", lines)


def note_block(label: str, item: Item) -> Block:
    """The text of a footnote (GFM): what follows its first line is indented."""
    first, *rest = joined(item.blocks)
    return Block("note", [f"[^{label}]: {first}", *("    " + line if line else "" for line in rest)])


def _is_loose(item: Item) -> bool:
    paragraphs = sum(block.kind == "p" for block in item.blocks)
    return paragraphs > 1 or (
        paragraphs == 1 and item.element is not None and item.element.find("p") is not None
    )


def _item_lines(marker: str, blocks: list[Block], *, is_loose: bool) -> list[str]:
    while blocks[0].kind == "rule" and len(blocks) > 1:
        blocks = blocks[1:]  # `- ---` would be a rule itself
    indent = " " * (len(marker) + 1)
    lines: list[str] = []
    for place, block in enumerate(blocks):
        if lines and (is_loose or not _follows_at_once(block, blocks[place - 1])):
            lines.append("")
        lines += block.lines
    if blocks[0].kind == "p":
        lines[0] = _with_box(lines[0])
    return [f"{marker} {lines[0]}", *(indent + line if line else "" for line in lines[1:])]


def _follows_at_once(block: Block, before: Block) -> bool:
    """Whether `block` needs no empty line before it: a list ends a paragraph unless it begins at another number than 1."""
    return before.kind == "p" and block.kind in ("list-", "list*", "list.1", "list)1")


def _with_box(line: str) -> str:
    if line[:1] in _BOXES and line[1:2] == " ":
        return _BOXES[line[0]] + line[1:]
    return escape_box(line)


@dataclass(slots=True)
class _Numbers:
    """The numbers of a list's items, as `start`, `reversed` and `value` give them."""

    number: int
    step: int = 1

    @staticmethod
    def of(element: HtmlElement) -> "_Numbers":
        start = _number(element.get("start"))
        first = next(element.iterchildren("li"), None)
        if first is not None and (value := _number(first.get("value"))) is not None:
            start = value
        if element.get("reversed") is None:
            return _Numbers(1 if start is None else start)
        return _Numbers(sum(1 for _ in element.iterchildren("li")) if start is None else start, -1)

    def of_next(self, item: HtmlElement | None) -> int:
        said = None if item is None else _number(item.get("value"))
        found = self.number if said is None else said
        self.number = max(0, min(found + self.step, _MAX_NUMBER))
        return found


def _number(said: str | None) -> int | None:
    text = (said or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None
