"""Lines and pictures that are drawn on a PDF's page, as PDFium tells them."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pypdfium2.raw as pdfium

from entrepot.content.layout.shapes import Box, Rule, Run

_MAX_OBJECTS = 20_000
_MAX_SEGMENTS = 2000
_MAX_RULES = 4000
_MAX_DOTS = 500
_MAX_DOT = 8.0
_REACH = 30.0
_THIN = 2.5
_LEAST = 4.0
"""Points: what is thinner than the one is a line, what is shorter than the other is none."""


class Matrix(NamedTuple):
    """An affine map: (x, y) becomes (a x + c y + e, b x + d y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def place(self, x: float, y: float) -> tuple[float, float]:
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f


@dataclass(slots=True)
class Drawings:
    """What is drawn on a page: lines along an axis, small dots, and the area of its pictures in square points."""

    rules: list[Rule] = field(default_factory=list)
    dots: list[Box] = field(default_factory=list)
    picture_area: float = 0.0


def read_drawings(page: Any, turn: Matrix) -> Drawings:
    """What is drawn on the page, placed by `turn`."""
    found = Drawings()
    for at in range(min(pdfium.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
        drawn = pdfium.FPDFPage_GetObject(page, at)
        kind = pdfium.FPDFPageObj_GetType(drawn)
        if kind == pdfium.FPDF_PAGEOBJ_PATH and len(found.rules) < _MAX_RULES:
            box = _box(drawn, turn)
            if max(box.width, box.height) <= _MAX_DOT and 0.7 < box.width / max(0.1, box.height) < 1.4:
                found.dots.append(box)
            else:
                found.rules.extend(_rules_of(drawn, box, turn))
        elif kind in (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM):
            left, bottom, right, top = _bounds(drawn)
            found.picture_area += max(0.0, right - left) * max(0.0, top - bottom)
    return found


def bullets(dots: list[Box], runs: list[Run]) -> list[Run]:
    """The dots that stand before a line's first text as the signs of list items that they are."""
    found = []
    for dot in dots[:_MAX_DOTS]:
        middle = (dot.top + dot.bottom) / 2
        beside = [
            run for run in runs if abs(run.baseline - 0.3 * run.look.size - middle) < 0.35 * run.look.size
        ]
        right = min(
            (run for run in beside if run.left >= dot.right - 1), key=lambda run: run.left, default=None
        )
        is_first = not any(run.right <= dot.left + 1 and dot.left - run.right < _REACH for run in beside)
        if right is not None and is_first and right.left - dot.right < _REACH:
            found.append(Run("• ", dot.left, dot.right, right.baseline, right.look))
    return found


def _bounds(drawn: Any) -> tuple[float, float, float, float]:
    edges = [ctypes.c_float() for _ in range(4)]
    pdfium.FPDFPageObj_GetBounds(drawn, *edges)
    left, bottom, right, top = (edge.value for edge in edges)
    return left, bottom, right, top


def _rules_of(drawn: Any, box: Box, turn: Matrix) -> Iterator[Rule]:
    """A thin box is one line; of others every edge that runs along an axis is."""
    x1, y1, x2, y2 = box
    if (min(x2 - x1, y2 - y1)) <= _THIN:
        if max(x2 - x1, y2 - y1) >= _LEAST:
            middle = ((x1 + x2) / 2, (y1 + y2) / 2)
            is_level = x2 - x1 > y2 - y1
            yield Rule(x1, middle[1], x2, middle[1]) if is_level else Rule(middle[0], y1, middle[0], y2)
        return
    yield from _edges(drawn, turn)


def _box(drawn: Any, turn: Matrix) -> Box:
    left, bottom, right, top = _bounds(drawn)
    (x1, y1), (x2, y2) = turn.place(left, bottom), turn.place(right, top)
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def _edges(drawn: Any, turn: Matrix) -> Iterator[Rule]:
    form = pdfium.FS_MATRIX()
    pdfium.FPDFPageObj_GetMatrix(drawn, form)
    own = Matrix(form.a, form.b, form.c, form.d, form.e, form.f)
    x, y = ctypes.c_float(), ctypes.c_float()
    first = last = (0.0, 0.0)
    for at in range(min(pdfium.FPDFPath_CountSegments(drawn), _MAX_SEGMENTS)):
        segment = pdfium.FPDFPath_GetPathSegment(drawn, at)
        if not pdfium.FPDFPathSegment_GetPoint(segment, x, y):
            continue
        here = turn.place(*own.place(x.value, y.value))
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            first = here
        elif kind == pdfium.FPDF_SEGMENT_LINETO:
            yield from _along_axis(last, here)
        last = here
        if pdfium.FPDFPathSegment_GetClose(segment):
            yield from _along_axis(last, first)
            last = first


def _along_axis(start: tuple[float, float], end: tuple[float, float]) -> Iterator[Rule]:
    (x1, x2), (y1, y2) = sorted((start[0], end[0])), sorted((start[1], end[1]))
    if min(x2 - x1, y2 - y1) <= 1.0 and max(x2 - x1, y2 - y1) >= _LEAST:
        yield Rule(x1, y1, x2, y2)
