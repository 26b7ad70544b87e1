"""What lies on a printed page. Lengths are points (1/72 inch); x grows to the right, y downwards from the page's top."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Box(NamedTuple):
    """A rectangle."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        return self.right - self.left

    @property
    def height(self) -> float:
        return self.bottom - self.top

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x <= self.right and self.top <= y <= self.bottom


class Look(NamedTuple):
    """How text is set; `size` is the font's, as it is seen."""

    size: float
    is_bold: bool = False
    is_italic: bool = False
    is_monospaced: bool = False


class Run(NamedTuple):
    """Characters that follow each other on one line in one look; `address` where they are a link."""

    text: str
    left: float
    right: float
    baseline: float
    look: Look
    address: str | None = None

    @property
    def top(self) -> float:
        return self.baseline - 0.75 * self.look.size

    @property
    def bottom(self) -> float:
        return self.baseline + 0.25 * self.look.size


class Rule(NamedTuple):
    """A drawn line, from (x1, y1) to (x2, y2); it runs along one of the axes."""

    x1: float
    y1: float
    x2: float
    y2: float

    @property
    def is_level(self) -> bool:
        return abs(self.y2 - self.y1) < abs(self.x2 - self.x1)


@dataclass(slots=True)
class Line:
    """Runs side by side, from left to right."""

    runs: list[Run]

    @property
    def left(self) -> float:
        return self.runs[0].left

    @property
    def right(self) -> float:
        return max(run.right for run in self.runs)

    @property
    def look(self) -> Look:
        """The look of most of its text."""
        return max(self.runs, key=lambda run: len(run.text.strip())).look

    @property
    def baseline(self) -> float:
        return max(self.runs, key=lambda run: len(run.text.strip())).baseline

    @property
    def top(self) -> float:
        return min(run.top for run in self.runs)

    @property
    def bottom(self) -> float:
        return max(run.bottom for run in self.runs)

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(slots=True)
class Grid:
    """A table: rows of cells, each a list of lines with the columns and rows that it spans."""

    box: Box
    rows: list[list[tuple[list[Line], int, int]]]


@dataclass(slots=True)
class Column:
    """Lines under each other that are read one after the other, and tables between them."""

    blocks: list[Line | Grid] = field(default_factory=list)


@dataclass(slots=True)
class Sheet:
    """One page: its text by the direction that it runs in (degrees, the page's own first), and what is drawn on it."""

    number: int
    width: float
    height: float
    layers: list[list[Run]] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    picture_share: float = 0.0
    is_cut: bool = False
