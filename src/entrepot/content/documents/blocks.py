"""Pieces of HTML that readers of documents are built of: text with emphasis, nested lists, tables."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape as _escape
from typing import NamedTuple

MAX_CELLS = 100_000
"""Cells of all tables of a document that are shown; where there are more, a notice says so."""


class Cell(NamedTuple):
    """A table's cell: its HTML, and how many columns and rows it spans."""

    html: str
    columns: int = 1
    rows: int = 1


@dataclass(slots=True)
class Flow:
    """Blocks in their order; list items that follow each other become one list, nested by their levels."""

    pieces: list[str] = field(default_factory=list)
    _open: list[tuple[int, str]] = field(default_factory=list)

    def add(self, block: str) -> None:
        """Appends a block, which ends every list."""
        if block:
            self._close_to(-1)
            self.pieces.append(block)

    def item(self, html: str, level: int = 0, *, is_ordered: bool = False, start: int = 1) -> None:
        """Appends a list's item; `level` counts from 0."""
        tag = "ol" if is_ordered else "ul"
        self._close_to(level)
        if self._open and self._open[-1][0] == level and self._open[-1][1] != tag:
            self._close_to(level - 1)
        if self._open and self._open[-1][0] == level:
            self.pieces.append("</li>")
        else:
            first = f' start="{start}"' if is_ordered and start > 1 else ""
            self.pieces.append(f"<{tag}{first}>")
            self._open.append((level, tag))
        self.pieces.append(f"<li>{html}")

    def in_item(self, block: str) -> None:
        """Appends a block to the item that came last."""
        self.pieces.append(block)

    @property
    def is_in_list(self) -> bool:
        return bool(self._open)

    def html(self) -> str:
        """All that was added, every list closed."""
        self._close_to(-1)
        return "\n".join(self.pieces).replace("\n</li>", "</li>")

    def _close_to(self, level: int) -> None:
        while self._open and self._open[-1][0] > level:
            _, tag = self._open.pop()
            self.pieces.append(f"</li></{tag}>")


def escape(text: str) -> str:
    """Text as HTML; characters that no document can hold are left out."""
    return _escape("".join(char for char in text if char >= " " or char in "\t\n"), quote=False)


def element(tag: str, html: str) -> str:
    """`html` in an element; nothing where it is blank."""
    return f"<{tag}>{html}</{tag}>" if html.strip() else ""


def link(html: str, address: str | None) -> str:
    """`html` as a link to `address`; as it is where there is none."""
    if not address or not html.strip():
        return html
    return f'<a href="{_escape(address)}">{html}</a>'


def emphasised(html: str, *tags: str) -> str:
    """`html` in elements, the outermost first; blanks at its ends stay outside, as markdown needs it."""
    inner = html.strip()
    if not inner or not tags:
        return html
    before, after = html[: len(html) - len(html.lstrip())], html[len(html.rstrip()) :]
    opening = "".join(f"<{tag}>" for tag in tags)
    closing = "".join(f"</{tag}>" for tag in reversed(tags))
    return f"{before}{opening}{inner}{closing}{after}"


def picture(description: str | None) -> str:
    """What stands for a picture that lies inside a document and has no address: its description, if it has one."""
    said = " ".join((description or "").split())
    return f"[{escape(said)}]" if said else ""


def table(rows: Iterable[Sequence[Cell]], *, caption: str = "", head_rows: int = 1) -> str:
    """A table of cells; the first `head_rows` rows are its head. Nothing where there are no rows."""
    lines = ["<tr>" + "".join(_cell(cell, "th" if at < head_rows else "td") for cell in row) + "</tr>"
             for at, row in enumerate(rows)]  # fmt: skip
    if not lines:
        return ""
    titled = f"<caption>{escape(caption)}</caption>" if caption else ""
    head, body = "".join(lines[:head_rows]), "".join(lines[head_rows:])
    return f"<table>{titled}{head and f'<thead>{head}</thead>'}{body and f'<tbody>{body}</tbody>'}</table>"


def text_table(rows: Sequence[Sequence[str]], *, caption: str = "", head_rows: int = 1) -> str:
    """A table of plain texts, every row as wide as the widest."""
    width = max(map(len, rows), default=0)
    filled = ([Cell(_lines(text)) for text in (*row, *[""] * (width - len(row)))] for row in rows)
    return table(filled, caption=caption, head_rows=head_rows)


def _lines(text: str) -> str:
    return "<br>".join(escape(line.strip()) for line in text.strip().splitlines())


def _cell(cell: Cell, tag: str) -> str:
    columns = f' colspan="{cell.columns}"' if cell.columns > 1 else ""
    rows = f' rowspan="{cell.rows}"' if cell.rows > 1 else ""
    return f"<{tag}{columns}{rows}>{cell.html}</{tag}>"
