"""Lines of text joined to paragraphs, list items and code, hyphens at their ends mended."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from entrepot.content.layout.shapes import Column, Grid, Line, Look, Run

_BULLET = re.compile(r"^\s*(?:(?:[•‣◦▪▫●○■□–—·➢✓❖*-]|o(?=\s+\S))\s+)+(?=\S)")
_NUMBER = re.compile(r"^\s*\(?(\d{1,3}|[a-zA-Z]|[ivxIVX]{1,5})[.)]\s+(?=\S)")
_ENDS = re.compile(r"[.!?:;。！？…]['\"”’»)\]]*\s*$")
_UNENDED = re.compile(r"[\w,–—-]\s*$")
_GAP = 1.35
_INDENT = 0.9
_LARGE = 1.1
_SAME_SIZE = 0.08
_MONO_WIDTH = 0.6
_MAX_EMPTY = 4


@dataclass(slots=True)
class Paragraph:
    """Lines that belong together. `marker` is a list item's sign; `indent` where its text's first line begins."""

    lines: list[Line]
    marker: str = ""
    is_code: bool = False
    breaks: set[int] = field(default_factory=set)

    @property
    def look(self) -> Look:
        return max(
            (run for line in self.lines for run in line.runs), key=lambda run: len(run.text.strip())
        ).look

    @property
    def indent(self) -> float:
        return self.lines[0].left

    @property
    def text(self) -> str:
        return " ".join(line.text.strip() for line in self.lines)

    @property
    def is_bold(self) -> bool:
        return all(run.look.is_bold for line in self.lines for run in line.runs if run.text.strip())


class Span(NamedTuple):
    """Text in one look; `is_raised`: a superscript."""

    text: str
    look: Look
    address: str | None = None
    is_raised: bool = False


def paragraphs_of(column: Column) -> list[Paragraph | Grid]:
    """What a column holds, from top to bottom."""
    found: list[Paragraph | Grid] = []
    lines: list[Line] = []
    for block in [*column.blocks, None]:
        if isinstance(block, Line):
            lines.append(block)
            continue
        found.extend(_joined(lines))
        lines = []
        if block is not None:
            found.append(block)
    return found


def runs_across(first: Paragraph, second: Paragraph) -> bool:
    """Whether a paragraph at a column's or page's end goes on in the next one."""
    if first.is_code or second.is_code or second.marker or abs(first.look.size - second.look.size) > 0.5:
        return False
    if first.look.is_bold != second.look.is_bold:
        return False
    start = second.text[:1]
    if first.lines[-1].text.rstrip().endswith(("\u00ad", "-")) and start.islower():
        return True
    return bool(_UNENDED.search(first.text)) and start.islower()


def spans_of(paragraph: Paragraph, words: frozenset[str]) -> list[Span]:
    """The paragraph's text in order, blanks and mended hyphens between its lines; `words` are those of the document."""
    found: list[Span] = []
    for at, line in enumerate(paragraph.lines):
        runs = _without_marker(line, paragraph.marker) if at == 0 else line.runs
        if found and at in paragraph.breaks:
            found[-1] = found[-1]._replace(text=found[-1].text.rstrip() + "\n")
        elif found:
            found[-1] = found[-1]._replace(
                text=_line_end(found[-1].text, "".join(run.text for run in runs), words)
            )
        found.extend(Span(run.text, run.look, run.address, _is_raised(run, line)) for run in runs)
    return found


def plain_text(lines: Sequence[Line]) -> str:
    """Lines of code, each indented as far as it stands to the right of the leftmost, empty ones between where there is room."""
    left = min(line.left for line in lines)
    width = max(0.5, _MONO_WIDTH * lines[0].look.size)
    steps = [two.baseline - one.baseline for one, two in itertools.pairwise(lines)]
    usual = min((step for step in steps if step > 0), default=0.0) or 1.0
    said = [" " * round((line.left - left) / width) + line.text.rstrip() for line in lines]
    gaps = ["\n" * max(1, min(round(step / usual), _MAX_EMPTY)) for step in steps]
    return "".join(text + gap for text, gap in zip(said, [*gaps, ""], strict=True))


def _joined(lines: list[Line]) -> list[Paragraph]:
    if not lines:
        return []
    measure = _Measure(lines)
    found = [_begun(lines[0])]
    for above, line in itertools.pairwise(lines):
        current = found[-1]
        if measure.parts(above, line, current):
            found.append(_begun(line))
        else:
            if measure.is_broken(above, line) and not current.is_code:
                current.breaks.add(len(current.lines))
            current.lines.append(line)
    return found


class _Measure:
    """How a column's lines stand: their usual distance, their edges."""

    def __init__(self, lines: list[Line]) -> None:
        self.left = min(line.left for line in lines)
        self.right = max(line.right for line in lines)
        sizes = [line.look.size for line in lines]
        self._size = median(sizes)
        steps = [two.baseline - one.baseline for one, two in itertools.pairwise(lines)
                 if _is_like(one.look, two.look) and two.baseline > one.baseline]  # fmt: skip
        close = [step for step in steps if step < 2.2 * self._size]
        self._step = min(median(close), 1.9 * self._size) if close else 1.25 * self._size

    def parts(self, above: Line, line: Line, current: Paragraph) -> bool:
        """Whether `line` begins a new paragraph under `above`."""
        if not _is_like(above.look, line.look) or _is_code(line) != current.is_code:
            return True
        step = line.baseline - above.baseline
        if current.is_code:
            return not 0 < step < _MAX_EMPTY * line.look.size
        is_apart = step > _GAP * self._step * max(1.0, line.look.size / self._size) or step < 0
        return is_apart or _is_marked(line) or self._breaks(above, line, current)

    def _breaks(self, above: Line, line: Line, current: Paragraph) -> bool:
        """Whether a line that stands close to the one above is a paragraph's first one all the same."""
        leaves_room = self._leaves_room(above, line)
        has_ended = _ENDS.search(above.text) is not None
        if line.look.size > _LARGE * self._size and leaves_room and not _is_aligned(above, line):
            return True
        if _is_bold(above) != _is_bold(line):
            return leaves_room or has_ended
        if current.marker:
            return leaves_room and line.left < current.indent + 1
        is_indented = line.left > above.left + _INDENT * line.look.size
        if is_indented:
            return leaves_room or len(current.lines) > 1
        return leaves_room and has_ended

    def is_broken(self, above: Line, line: Line) -> bool:
        """Whether the line above was ended on purpose, as in an address or a verse."""
        width = self.right - self.left
        if min(above.left, line.left) > self.left + 0.4 * width:
            return True
        is_short = above.right - above.left < 0.6 * width and line.right - line.left < 0.6 * width
        return (
            is_short
            and self._leaves_room(above, line)
            and not above.text.rstrip().endswith(("-", "\u00ad", ","))
        )

    def _leaves_room(self, above: Line, line: Line) -> bool:
        """Whether the first word of `line` would have fitted at the end of the line above."""
        text = line.text.strip()
        first = len(text.split(maxsplit=1)[0]) if text else 0
        each = (line.right - line.left) / max(1, len(text))
        return above.right + (first + 2) * each < self.right


def _begun(line: Line) -> Paragraph:
    found = _BULLET.match(line.text) or _NUMBER.match(line.text)
    return Paragraph([line], found.group(0) if found and not _is_code(line) else "", _is_code(line))


def _is_marked(line: Line) -> bool:
    return (_BULLET.match(line.text) or _NUMBER.match(line.text)) is not None


def _is_like(one: Look, two: Look) -> bool:
    return abs(one.size - two.size) <= _SAME_SIZE * max(one.size, two.size)


def _is_bold(line: Line) -> bool:
    return all(run.look.is_bold for run in line.runs if run.text.strip())


def _is_aligned(above: Line, line: Line) -> bool:
    """Whether two lines begin, or are centred, at the same place."""
    centres = abs(above.left + above.right - line.left - line.right) / 2
    return abs(above.left - line.left) < 0.5 * line.look.size or centres < 0.5 * line.look.size


def _is_code(line: Line) -> bool:
    return all(run.look.is_monospaced for run in line.runs if run.text.strip())


def _without_marker(line: Line, marker: str) -> list[Run]:
    """The line's runs without the first characters, which are its marker."""
    left = len(marker)
    found = []
    for run in line.runs:
        cut = min(left, len(run.text))
        left -= cut
        if cut < len(run.text):
            found.append(run._replace(text=run.text[cut:]))
    return found or line.runs


def _line_end(text: str, following: str, words: frozenset[str]) -> str:
    """How a line's text ends before the next one: soft hyphens go, hard ones where the joined word is known."""
    plain = text.rstrip()
    if plain.endswith("\u00ad"):
        return plain.rstrip("\u00ad-")
    ahead = re.match(r"\s*(\w+)", following)
    behind = re.search(r"(\w+)-$", plain)
    if ahead and behind and ahead.group(1)[0].islower():
        whole, parted = behind.group(1) + ahead.group(1), f"{behind.group(1)}-{ahead.group(1)}"
        is_compound = parted.lower() in words and whole.lower() not in words
        return plain if is_compound else plain[:-1]
    if behind and ahead:
        return plain
    wide = plain[-1:] >= "\u2e80" and following.strip()[:1] >= "\u2e80"
    return plain if wide and not "\uac00" <= plain[-1:] <= "\ud7a3" else plain + " "


def _is_raised(run: Run, line: Line) -> bool:
    """Whether a run is small and stands higher than its line, as a note's number does."""
    is_small = run.look.size < 0.85 * line.look.size
    return is_small and line.baseline - run.baseline > 0.15 * line.look.size and bool(run.text.strip())
