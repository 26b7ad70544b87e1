"""Which paragraphs of a printed document are headings, and of which level: told by their size and weight."""

from collections import Counter
from collections.abc import Iterable, Sequence

from entrepot.content.layout.paragraphs import Paragraph
from entrepot.content.layout.shapes import Grid

_LARGER = 1.12
_MAX_CHARS = 200
_MAX_BOLD_CHARS = 120
_MAX_LEVELS = 4
_STEP = 0.5


class Outline:
    """The sizes that a document sets its headings in, and its text."""

    def __init__(self, blocks: Sequence[Paragraph | Grid]) -> None:
        paragraphs = [block for block in blocks if isinstance(block, Paragraph)]
        self.text_size = _usual_size([each for each in paragraphs if not each.is_code] or paragraphs)
        sizes = {_rounded(each.look.size) for each in paragraphs if self._is_large(each)}
        self._levels = {size: min(at, _MAX_LEVELS) for at, size in enumerate(sorted(sizes, reverse=True), 1)}
        bold = sum(len(each.text) for each in paragraphs if each.is_bold)
        self._is_bold_usual = bold > 0.4 * max(1, sum(len(each.text) for each in paragraphs))

    def level(self, block: Paragraph, following: Paragraph | Grid | None) -> int | None:
        """1–5 for a heading; None for other paragraphs."""
        if block.is_code or not any(char.isalpha() for char in block.text):
            return None
        if self._is_large(block):
            return self._levels[_rounded(block.look.size)]
        if self._is_bold_usual or not block.is_bold or block.look.size < 0.95 * self.text_size:
            return None
        is_short = len(block.text) <= _MAX_BOLD_CHARS and len(block.lines) <= 2
        if not is_short or block.text.rstrip().endswith((".", ",", ";", ":")) or following is None:
            return None
        leads = isinstance(following, Grid) or not following.is_bold
        return min(max(self._levels.values(), default=0) + 1, _MAX_LEVELS + 1) if leads else None

    def _is_large(self, block: Paragraph) -> bool:
        is_heading = block.look.size >= _LARGER * self.text_size and len(block.text) <= _MAX_CHARS
        return is_heading and not block.is_code and any(char.isalpha() for char in block.text)


def _usual_size(paragraphs: Iterable[Paragraph]) -> float:
    """The size that most of the text is set in."""
    counted: Counter[float] = Counter()
    for paragraph in paragraphs:
        for line in paragraph.lines:
            for run in line.runs:
                counted[_rounded(run.look.size)] += len(run.text)
    return max(counted, key=lambda size: (counted[size], -size), default=10.0)


def _rounded(size: float) -> float:
    return round(size / _STEP) * _STEP
