"""Sheets of numbers and words on their way to tables: what is shown of a cell, and where tables begin and end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from entrepot.content.document import Notice
from entrepot.content.documents.blocks import MAX_CELLS, Cell, element, escape, table

_MAX_COLUMNS = 1000
_EPOCH, _EPOCH_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - sheets know no zones
_MAX_DAYS = 2_958_466  # the end of the year 9999
_DIGITS = 15


@dataclass(slots=True)
class Book:
    """The sheets of a document as HTML; what goes beyond `MAX_CELLS` is left out and noted."""

    blocks: list[str] = field(default_factory=list)
    notices: dict[str, Notice] = field(default_factory=dict)
    cells_left: int = MAX_CELLS

    @property
    def is_full(self) -> bool:
        return self.cells_left <= 0

    def note(self, code: str, message: str) -> None:
        self.notices.setdefault(code, Notice(code, message))

    def note_truncated(self) -> None:
        self.note("truncated", f"The sheets are large: what goes beyond {MAX_CELLS} cells is left out.")

    def add_sheet(self, name: str, rows: Iterable[Sequence[str]]) -> None:
        """Appends a sheet's rows, cells as HTML, under its name; empty rows part its tables."""
        self.blocks.append(element("h2", escape(name)))
        group: list[list[str]] = []
        for row in rows:
            cells = _trimmed(row)
            if cells:
                self.cells_left -= len(cells)
                group.append(cells)
            elif group:
                self.blocks.append(_block(group))
                group = []
            if self.is_full:
                self.note_truncated()
                break
        if group:
            self.blocks.append(_block(group))

    def html(self) -> str:
        return "\n".join(filter(None, self.blocks))


def number_text(value: float) -> str:
    """A number as people write it: whole ones without a point, others with the digits that a sheet keeps."""
    if value == int(value) and abs(value) < 10**_DIGITS:
        return str(int(value))
    return f"{value:.{_DIGITS}g}"


def percent_text(value: float, digits: int) -> str:
    return f"{value * 100:.{digits}f}%"


def date_text(days: float, *, has_date: bool, has_time: bool, is_1904: bool) -> str | None:
    """A day's number as an ISO 8601 date, time or both; None where there is no such day.

    Day 60 of the older count is a 29 February 1900 that never was (ECMA-376 part 1, 18.17.4.1).
    """
    if not 0 <= days < _MAX_DAYS:
        return None
    if not is_1904 and 0 < days < 60:
        days += 1
    moment = (_EPOCH_1904 if is_1904 else _EPOCH) + timedelta(days=days)
    moment = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    if not has_date:
        return moment.time().isoformat()
    return moment.isoformat(sep=" ") if has_time else date.isoformat(moment.date())


def duration_text(days: float) -> str:
    """So many days in hours, minutes and seconds."""
    seconds = round(abs(days) * 86400)
    sign = "-" if days < 0 and seconds else ""
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = list(row[:_MAX_COLUMNS])
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def _block(group: list[list[str]]) -> str:
    """A table of what stands together; a lone cell is a line of text, columns that are empty throughout go."""
    width = max(map(len, group))
    filled = [[*row, *[""] * (width - len(row))] for row in group]
    used = [column for column in range(width) if any(row[column].strip() for row in filled)]
    if len(filled) == 1 and len(used) == 1:
        return element("p", filled[0][used[0]])
    return table([[Cell(row[column]) for column in used] for row in filled])
