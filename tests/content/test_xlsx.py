"""Workbooks become tables of the values that people see."""

import io
import re
import zipfile
from datetime import date, datetime, time

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from entrepot.content.format import Format
from entrepot.errors import NoContent
from tests.content.rereading import reread
from tests.content.written import EXCEL, markdown_of, rendering, rezipped, saved, workbook


def sheet_of(*rows: list[object], title: str = "Ships") -> tuple[openpyxl.Workbook, Worksheet]:
    book = openpyxl.Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book, sheet


def cells_of(body: bytes) -> list[list[str]]:
    rows = reread(markdown_of(body)).xpath(".//tr")
    return [["".join(cell.itertext()) for cell in row.xpath("./th | ./td")] for row in rows]


def test_sheet_is_a_table_under_its_name() -> None:
    assert markdown_of(workbook()).startswith("## Ships\n\n| Name")
    assert cells_of(workbook()) == [["Name", "Tons"], ["Anna", "3400"], ["Bella | Co", "12.5"]]


@pytest.mark.parametrize(
    ("value", "form", "shown"),
    [
        (5, None, "5"),
        (2.5, None, "2.5"),
        (0.1 + 0.2, None, "0.3"),
        (1e21, None, "1e+21"),
        (True, None, "TRUE"),
        ("'=1", None, "'=1"),
        ("two\nlines", None, "two lines"),
        (date(2026, 3, 1), None, "2026-03-01"),
        (datetime(2026, 3, 1, 8, 30), None, "2026-03-01 08:30:00"),  # noqa: DTZ001 - sheets know no zones
        (time(8, 30), None, "08:30:00"),
        (0.125, "0.0%", "12.5%"),
        (0.5, "0%", "50%"),
        (46082, "dd/mm/yyyy", "2026-03-01"),
        (46082.5, 'd "day" mmm', "2026-03-01"),
        (1234.5, '#,##0.00 "sold"', "1234.5"),
        (0.25, "[h]:mm", "06:00:00"),
        (-1, "yyyy-mm-dd", "-1"),
    ],
)
def test_value_is_shown_as_people_see_it(value: object, form: str | None, shown: str) -> None:
    book, sheet = sheet_of(["Name", "Value"])
    sheet["A2"], sheet["B2"] = "x", value
    if form:
        sheet["B2"].number_format = form
    found = reread(markdown_of(saved(book.save))).xpath(".//td")[1]
    assert " ".join(" ".join(found.itertext()).split()) == shown


def test_formula_shows_what_was_computed_last() -> None:
    book, _ = sheet_of(["Sum", "x"], ["=1+1", "y"])
    body = saved(book.save)
    assert cells_of(body)[1] == ["", "y"]
    sheet = re.sub(
        rb"<f>1\+1</f><v\s*/?>(?:</v>)?", b"<f>1+1</f><v>2</v>", _part(body, "xl/worksheets/sheet1.xml")
    )
    assert cells_of(rezipped(body, {"xl/worksheets/sheet1.xml": sheet}))[1] == ["2", "y"]


def test_days_count_from_1904_where_the_book_says_so() -> None:
    book, sheet = sheet_of(["Name", "Day"], ["x", 0])
    sheet["B2"].number_format = "yyyy-mm-dd"
    workbook_xml = _part(saved(book.save), "xl/workbook.xml").replace(b"<workbookPr/>", b"<workbookPr />")
    workbook_xml = workbook_xml.replace(b"<workbookPr ", b'<workbookPr date1904="1" ')
    assert cells_of(rezipped(saved(book.save), {"xl/workbook.xml": workbook_xml}))[1] == ["x", "1904-01-01"]


def test_link_of_a_cell_is_kept() -> None:
    book, sheet = sheet_of(["Name", "Tons"], ["Anna", 1])
    sheet["A2"].hyperlink = "https://e.example/anna"
    assert "[Anna](https://e.example/anna)" in markdown_of(saved(book.save))
    assert "https" not in markdown_of(saved(book.save), links="none")


def test_empty_rows_part_tables() -> None:
    book, sheet = sheet_of(["A fleet"])
    for place, value in (("A4", "Name"), ("B4", "Tons"), ("A5", "Anna"), ("B5", 1)):
        sheet[place] = value
    assert [element.tag for element in reread(markdown_of(saved(book.save)))] == ["h2", "p", "table"]


def test_columns_between_cells_are_kept_in_line() -> None:
    book, sheet = sheet_of(["a", "b", "c"])
    sheet["C2"] = "under c"
    assert cells_of(saved(book.save)) == [["a", "b", "c"], ["", "", "under c"]]


def test_hidden_sheets_are_left_out_and_said() -> None:
    book, _ = sheet_of(["Name"], ["Anna"])
    hidden = book.create_sheet("Secret")
    hidden.append(["unseen"])
    hidden.sheet_state = "hidden"
    found = rendering(saved(book.save))
    assert b"unseen" not in found.body
    assert [notice.code for notice in found.notices] == ["hidden-skipped"]


def test_large_sheet_is_cut_and_said() -> None:
    rows = "".join(f'<row r="{row}">{"<c><v>1</v></c>" * 500}</row>' for row in range(1, 302))
    sheet = f'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'
    found = rendering(rezipped(workbook(), {"xl/worksheets/sheet1.xml": sheet}), Format.HTML)
    assert [notice.code for notice in found.notices] == ["truncated"]
    assert found.body.count(b"<tr>") == 200


def test_empty_workbook_has_no_content() -> None:
    book, _ = sheet_of()
    with pytest.raises(NoContent):
        markdown_of(saved(book.save), EXCEL)


def _part(body: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return archive.read(name)
