"""Paragraphs and tables of a printed document written as HTML."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from entrepot.content.documents.blocks import Cell, Flow, emphasised, escape, link, table
from entrepot.content.layout.outline import Outline
from entrepot.content.layout.paragraphs import Paragraph, Span, plain_text, runs_across, spans_of
from entrepot.content.layout.shapes import Grid, Line

_WORD = re.compile(r"\w+(?:-\w+)*")
_ORDERED = re.compile(r"^\s*\(?(\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]")
_SAME_INDENT = 4.0


def write(
    columns: Iterable[Sequence[Paragraph | Grid]], asides: Iterable[Sequence[Paragraph | Grid]] = ()
) -> tuple[str, str | None]:
    """The HTML of paragraphs that were read column by column, and the text of the first of the highest headings.

    `asides` stand beside the text, running in another direction; they come after it.
    """
    blocks = [*_across(columns), *_across(asides)]
    outline = Outline(blocks)
    words = frozenset(_words(blocks))
    flow, title = Flow(), ""
    best = 9
    indents: list[float] = []
    for block, following in zip_longest(blocks, blocks[1:]):
        if isinstance(block, Grid):
            flow.add(_table(block, words))
            continue
        level = outline.level(block, following)
        if level is not None and not (block.marker and _is_bullet(block)):
            if level < best:
                best, title = level, block.text
            flow.add(f"<h{level}>{_heading(block, words)}</h{level}>")
        elif block.is_code:
            flow.add(f"<pre><code>{escape(plain_text(block.lines))}</code></pre>")
        elif block.marker and _is_item(block, following, flow):
            indents = _deeper(indents if flow.is_in_list else [], block.indent)
            flow.item(
                _inline(block, words),
                len(indents) - 1,
                is_ordered=not _is_bullet(block),
                start=_number(block),
            )
        else:
            flow.add(
                f"<p>{_inline(block, words) if not block.marker else _inline(_unmarked(block), words)}</p>"
            )
    return flow.html(), " ".join(title.split()) or None


def _across(columns: Iterable[Sequence[Paragraph | Grid]]) -> list[Paragraph | Grid]:
    """All blocks in order, a paragraph that a column or page parts put together again."""
    found: list[Paragraph | Grid] = []
    for column in columns:
        for at, block in enumerate(column):
            last = found[-1] if found else None
            if (
                at == 0
                and isinstance(last, Paragraph)
                and isinstance(block, Paragraph)
                and runs_across(last, block)
            ):
                last.lines.extend(block.lines)
            elif (
                at == 0 and isinstance(last, Grid) and isinstance(block, Grid) and _is_continued(last, block)
            ):
                last.rows.extend(
                    block.rows[1:] if _row_text(last.rows[0]) == _row_text(block.rows[0]) else block.rows
                )
            else:
                found.append(block)
    return found


def _is_continued(first: Grid, second: Grid) -> bool:
    """Whether a table at a page's head carries on the one at the foot of the page before."""
    same_edges = abs(first.box.left - second.box.left) < 4 and abs(first.box.right - second.box.right) < 4
    return same_edges and sum(cell[1] for cell in first.rows[0]) == sum(cell[1] for cell in second.rows[0])


def _row_text(row: list[tuple[list[Line], int, int]]) -> list[str]:
    return [line.text for lines, _, _ in row for line in lines]


def _words(blocks: Iterable[Paragraph | Grid]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, Paragraph):
            for line in block.lines:
                yield from (found.lower() for found in _WORD.findall(line.text))


def _inline(block: Paragraph, words: frozenset[str]) -> str:
    """The text with its emphasis, notes' numbers and links; what is bold throughout is so by design."""
    spans = _merged(spans_of(block, words))
    return "".join(_span(span, is_bold_plain=False) for span in spans).strip().replace("\n", "<br>")


def _heading(block: Paragraph, words: frozenset[str]) -> str:
    spans = _merged(spans_of(_unmarked(block), words))
    return "".join(_span(span, is_bold_plain=True) for span in spans).strip().replace("\n", " ")


def _unmarked(block: Paragraph) -> Paragraph:
    """The paragraph with its marker as a part of its text."""
    return Paragraph(block.lines, "", block.is_code, block.breaks)


def _span(span: Span, *, is_bold_plain: bool) -> str:
    html = escape(span.text.replace("\u00ad", ""))
    if span.is_raised:
        return link(emphasised(html, "sup"), span.address)
    tags = [tag for tag, is_so in (
        ("strong", span.look.is_bold and not is_bold_plain), ("em", span.look.is_italic and not is_bold_plain),
        ("code", span.look.is_monospaced)) if is_so]  # fmt: skip
    return link(emphasised(html, *tags), span.address)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """Neighbours that look the same as one, so that emphasis does not begin anew within a word."""
    found: list[Span] = []
    for span in spans:
        last = found[-1] if found else None
        if last is not None and (_face(last) == _face(span) or not span.text.strip()):
            found[-1] = last._replace(text=last.text + span.text)
        else:
            found.append(span)
    return found


def _face(span: Span) -> tuple[object, ...]:
    return *span.look[1:], span.address, span.is_raised


def _table(grid: Grid, words: frozenset[str]) -> str:
    rows = [[Cell(_cell(lines, words), columns, rows) for lines, columns, rows in row] for row in grid.rows]
    if all(not cell.html for cell in rows[0]) and len(rows) > 2:
        rows = rows[1:]
    return table(rows)


def _cell(lines: list[Line], words: frozenset[str]) -> str:
    if not lines:
        return ""
    spans = _merged(spans_of(Paragraph(lines), words))
    is_bold_plain = all(span.look.is_bold for span in spans if span.text.strip())
    return "".join(_span(span, is_bold_plain=is_bold_plain) for span in spans).strip().replace("\n", "<br>")


def _is_bullet(block: Paragraph) -> bool:
    return _ORDERED.match(block.marker) is None


def _number(block: Paragraph) -> int:
    found = _ORDERED.match(block.marker)
    return int(found.group(1)) if found and found.group(1).isdigit() else 1


def _is_item(block: Paragraph, following: Paragraph | Grid | None, flow: Flow) -> bool:
    """Whether a numbered line belongs to a list: it follows an item, is the first, or another follows."""
    if _is_bullet(block) or flow.is_in_list or _number(block) == 1:
        return True
    return isinstance(following, Paragraph) and bool(following.marker) and not _is_bullet(following)


def _deeper(indents: list[float], indent: float) -> list[float]:
    """The indents of the lists that are open once an item at `indent` is added, the last one its own."""
    kept = [each for each in indents if each < indent - _SAME_INDENT]
    return [*kept, indent]
