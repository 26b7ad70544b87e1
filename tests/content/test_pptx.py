"""Presentations are read slide by slide."""

import pptx
import pytest
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from entrepot.errors import NoContent
from tests.content.written import markdown_of, rendering, saved, slides

BOX = (Inches(1), Inches(2), Inches(4), Inches(2))


def test_slide_has_title_and_nested_list() -> None:
    assert markdown_of(slides()) == "## First slide\n\n- one\n  - inner\n- two\n"


def test_first_title_is_the_documents() -> None:
    assert rendering(slides()).metadata.title in ("First slide", "PowerPoint Presentation")


def test_slides_come_in_the_order_of_the_show() -> None:
    presentation = pptx.Presentation()
    for title in ("b", "a"):
        presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = title
    order = presentation.slides._sldIdLst
    order.insert(0, order[1])
    assert markdown_of(saved(presentation.save)) == "## a\n\n## b\n"


def test_table_and_chart_become_tables() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "Figures"
    table = slide.shapes.add_table(2, 2, *BOX).table
    for at, text in enumerate(["Name", "Tons", "Anna", "1"]):
        table.cell(at // 2, at % 2).text = text
    data = CategoryChartData()  # type: ignore[no-untyped-call]  # the library types it not
    data.categories = ["spring", "summer"]
    data.add_series("Ships", (3, 4.5))  # type: ignore[no-untyped-call]  # nor this
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, Inches(1), Inches(5), Inches(4), Inches(2), data)
    found = markdown_of(saved(presentation.save))
    lines = [line.replace(" ", "") for line in found.splitlines() if line.startswith("|")]
    assert lines[0] == "|Name|Tons|"
    assert lines[2:4] == ["|Anna|1|", "||Ships|"]
    assert lines[-1].replace("\\", "") == "|summer|4.5|"


def test_notes_follow_their_slide() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[5])
    slide.shapes.title.text = "One"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    found = markdown_of(saved(presentation.save))
    assert found.index("One") < found.index("**Notes:**") < found.index("> Say it slowly.")


def test_shapes_are_read_from_top_to_bottom() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    for text, top in (("last", 5), ("first", 1), ("middle", 3)):
        slide.shapes.add_textbox(Inches(1), Inches(top), Inches(4), Inches(1)).text_frame.text = text
    assert markdown_of(saved(presentation.save)) == "## Slide 1\n\nfirst\n\nmiddle\n\nlast\n"


def test_links_and_emphasis_are_kept() -> None:
    presentation = pptx.Presentation()
    slide = presentation.slides.add_slide(presentation.slide_layouts[6])
    paragraph = slide.shapes.add_textbox(*BOX).text_frame.paragraphs[0]
    paragraph.add_run().text = "see "
    run = paragraph.add_run()
    run.text, run.font.bold = "this", True
    run.hyperlink.address = "https://e.example/"
    assert "see [**this**](https://e.example/)" in markdown_of(saved(presentation.save))


def test_hidden_slide_is_left_out_and_said() -> None:
    presentation = pptx.Presentation()
    for title in ("shown", "unseen"):
        presentation.slides.add_slide(presentation.slide_layouts[5]).shapes.title.text = title
    presentation.slides[1]._element.set("show", "0")
    found = rendering(saved(presentation.save))
    assert found.body == b"## shown\n"
    assert [notice.code for notice in found.notices] == ["hidden-skipped"]


def test_slides_without_text_have_no_content() -> None:
    presentation = pptx.Presentation()
    presentation.slides.add_slide(presentation.slide_layouts[6])
    with pytest.raises(NoContent):
        markdown_of(saved(presentation.save))
