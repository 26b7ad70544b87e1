"""PDFs are read in the order that people read them in, with their headings, lists, tables and links."""

import random
import re
from typing import Any

import pytest
from PIL import Image
from reportlab.lib import colors, pdfencrypt
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import getSampleStyleSheet
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    Flowable,
    Frame,
    FrameBreak,
    ListFlowable,
    PageTemplate,
    Paragraph,
    Preformatted,
    SimpleDocTemplate,
    Table,
)

from entrepot.content.format import Format
from entrepot.errors import DocumentEncrypted, NoContent
from tests.content.reading import PROSE
from tests.content.rereading import outline, reread
from tests.content.written import markdown_of, notices_of, pdf, rendering, saved

STYLES = getSampleStyleSheet()
LONG = " ".join(PROSE)


def printed(*blocks: Flowable, **facts: str) -> bytes:
    return saved(lambda target: SimpleDocTemplate(target, pagesize=A4, **facts).build(list(blocks)))


def text(words: str, style: str = "BodyText") -> Paragraph:
    return Paragraph(words, STYLES[style])


def lines(canvas: Canvas, top: int, *said: str, left: int = 72, size: int = 10) -> None:
    canvas.setFont("Helvetica", size)
    for at, line in enumerate(said):
        canvas.drawString(left, top - round(1.2 * size) * at, line)


def prose(words: int, seed: int) -> str:
    chance = random.Random(seed)
    return " ".join(chance.choice(LONG.split()) for _ in range(words))


def in_columns(count: int) -> bytes:
    """Numbered paragraphs in columns under a title as wide as the page."""
    width = 495 / count

    def build(target: Any) -> None:
        frames = [Frame(50 + at * width, 50, width - 14, 600, id=str(at)) for at in range(count)]
        document = BaseDocTemplate(target, pagesize=A4)
        document.addPageTemplates(PageTemplate("p", [Frame(50, 660, 495, 120), *frames], onPage=_foot))
        story: list[Flowable] = [text("A paper in columns", "Title"), FrameBreak()]
        for at in range(12):
            story += [text(f"{at + 1}. Section {at}", "Heading2"), text(f"PART{at} {prose(110, at)}")]
        document.build(story)

    return saved(build)


def _foot(canvas: Canvas, document: Any) -> None:
    canvas.setFont("Helvetica", 8)
    canvas.drawString(50, 30, "Harbour Journal 2026")
    canvas.drawRightString(545, 30, str(document.page))


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_columns_are_read_one_after_the_other(columns: int) -> None:
    found = markdown_of(in_columns(columns))
    assert re.findall(r"PART(\d+)", found) == [str(at) for at in range(12)]
    assert re.findall(r"Section (\d+)", found) == [str(at) for at in range(12)]
    said = " ".join(re.sub(r"[#\\*]", "", found).split())
    for at in range(12):
        assert " ".join(prose(110, at).split()) in said


def test_title_is_the_highest_heading() -> None:
    found = markdown_of(in_columns(2))
    assert found.startswith("# A paper in columns\n\n## 1")
    assert rendering(in_columns(2)).metadata.title == "A paper in columns"


def test_heads_and_feet_of_pages_are_left_out() -> None:
    assert "Harbour Journal" not in markdown_of(in_columns(2))


def test_page_numbers_are_left_out() -> None:
    def draw(canvas: Canvas) -> None:
        for page in range(2):
            lines(canvas, 700, f"Words of page number {'one' if page == 0 else 'two'}.")
            canvas.drawCentredString(300, 30, f"Page {page + 1} of 2")
            canvas.showPage()

    assert markdown_of(pdf(draw)) == "Words of page number one.\n\nWords of page number two.\n"


def test_headings_have_the_levels_of_their_sizes() -> None:
    blocks = [
        text("One", "Title"),
        text(LONG),
        text("Two", "Heading2"),
        text(LONG),
        text("Three", "Heading3"),
        text(LONG),
    ]
    assert [tag for tag in outline(markdown_of(printed(*blocks))) if tag != "p"] == ["h1", "h2", "h3"]


def test_bold_line_above_text_is_a_heading() -> None:
    found = markdown_of(printed(text("<b>Bold lead</b>"), text(LONG)))
    assert found.startswith("# Bold lead\n\n")


def test_emphasis_and_links_are_kept() -> None:
    body = printed(
        text(
            f'{LONG} <b>heavy</b> and <i>light</i>, see <a href="https://e.example/x">this place</a> for more.'
        )
    )
    assert "**heavy** and *light*, see [this place](https://e.example/x) for more." in markdown_of(body)
    assert "this place" in markdown_of(body, links="none")


def test_active_link_is_only_text() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "Press here to go on with it")
        canvas.linkURL("javascript:alert(1)", (72, 690, 200, 712))

    assert markdown_of(pdf(draw)) == "Press here to go on with it\n"


def test_lists_keep_their_kind_and_depth() -> None:
    inner = ListFlowable([text("inner")], bulletType="bullet", leftIndent=40, bulletDedent=10)
    bullets = ListFlowable([text("rope"), text("hooks")], bulletType="bullet")
    numbers = ListFlowable([text("first"), text("second")], bulletType="1", bulletFormat="%s.")
    found = markdown_of(printed(text(LONG), bullets, inner, text(LONG), numbers))
    assert "- rope\n- hooks\n  - inner\n" in found
    assert "1. first\n2. second\n" in found


def test_dots_that_are_drawn_are_bullets() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "rope of the longer kind", "hooks")
        for y in (703, 691):
            canvas.circle(62, y, 1.5, fill=1)

    assert markdown_of(pdf(draw)) == "- rope of the longer kind\n- hooks\n"


GRID = [("GRID", (0, 0), (-1, -1), 0.5, colors.black)]
ROWS = [
    ["Name", "Qty", "Price"],
    ["Rope", "12", "3.50"],
    ["Crane | hook", "", "999.00"],
    ["Chain", "4", "20.00"],
]


@pytest.mark.parametrize(
    "style", [GRID, [("LINEBELOW", (0, 0), (-1, 0), 1, colors.black)], []], ids=["ruled", "line", "bare"]
)
def test_table_keeps_its_cells(style: list[Any]) -> None:
    body = printed(text(LONG), Table(ROWS, style=style, colWidths=90), text(LONG))
    rows = reread(markdown_of(body)).xpath(".//tr")
    assert [["".join(cell.itertext()) for cell in row.xpath("./th | ./td")] for row in rows] == ROWS


def test_merged_cells_span() -> None:
    rows = [["Name", "Qty", "Price"], ["Rope", "12", "3.50"], ["All of them together", "", "9.00"]]
    body = printed(Table(rows, style=[*GRID, ("SPAN", (0, 2), (1, 2))]))
    assert '<td colspan="2">All of them together</td>' in rendering(body, Format.HTML).body.decode()


def test_cell_of_several_lines_is_one_cell() -> None:
    cells = [[text("Name"), text("What it is")], [text("Crane"), text(LONG)]]
    body = printed(Table(cells, style=GRID, colWidths=[80, 200]))
    assert reread(markdown_of(body)).xpath(".//td")[1].text == LONG


def test_table_goes_on_over_the_page() -> None:
    rows = [["Number", "Name"], *([str(at), f"name {at}"] for at in range(90))]
    body = printed(Table(rows, style=GRID, repeatRows=1))
    found = reread(markdown_of(body))
    assert len(found.xpath(".//table")) == 1
    assert [cell.text for cell in found.xpath(".//tbody/tr/td[1]")] == [str(at) for at in range(90)]


def test_hyphens_at_line_ends_are_mended() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "The harbour has a well-known programme of infra-", "structure works that will take years. It is a well-",
              "known fact that ships wait for them all of the year round.")  # fmt: skip

    found = markdown_of(pdf(draw))
    assert "programme of infrastructure works" in found
    assert "a well-known fact" in found


def test_sentence_goes_on_over_the_page() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "This sentence does not end where the page does, it", size=11)
        canvas.showPage()
        lines(canvas, 700, "goes on upon the next one.", size=11)

    assert (
        markdown_of(pdf(draw))
        == "This sentence does not end where the page does, it goes on upon the next one.\n"
    )


def test_paragraphs_are_parted_where_they_are_indented() -> None:
    said = [f"  {PROSE[0]}"[:80], PROSE[1][:60] + ".", PROSE[2][:76], PROSE[3][:50] + "."]

    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for at, line in enumerate(said):
            canvas.drawString(90 if at in (0, 2) else 72, 700 - 12 * at, line)

    assert outline(markdown_of(pdf(draw))) == ["p", "p"]


def test_code_keeps_its_lines() -> None:
    code = "def f(x):\n    return x\n\nprint(f(2))"
    assert f"```\n{code}\n```" in markdown_of(
        printed(text(LONG), Preformatted(code, STYLES["Code"]), text(LONG))
    )


def test_columns_in_code_are_no_table() -> None:
    code = "\n".join(f"{name:<10}{at:>6}" for at, name in enumerate(["Anna", "Bella", "Cora", "Dora"]))
    found = markdown_of(printed(text(LONG), Preformatted(code, STYLES["Code"]), text(LONG)))
    assert f"```\n{code}\n```" in found


def test_document_that_is_typed_throughout_is_no_code() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Courier", 11)
        for at, line in enumerate(
            [
                "Dear Captain,",
                "your ship may enter the harbour on the first of March,",
                "if the tide allows it.",
            ]
        ):
            canvas.drawString(72, 700 - 13 * at, line)

    assert "```" not in markdown_of(pdf(draw))


def test_names_of_columns_head_a_tight_table() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setFont("Helvetica", 10)
        for at, row in enumerate(
            [("Port", "Ships"), ("Saltmere", "12"), ("Northbay", "7"), ("Eastholm", "9")]
        ):
            canvas.drawString(72, 700 - 14 * at, row[0])
            canvas.drawRightString(150, 700 - 14 * at, row[1])

    rows = reread(markdown_of(pdf(draw))).xpath(".//tr")
    assert [["".join(cell.itertext()) for cell in row] for row in rows][:2] == [
        ["Port", "Ships"],
        ["Saltmere", "12"],
    ]


def test_raised_number_is_a_superscript() -> None:
    assert "word¹ goes" in markdown_of(printed(text(f"{LONG} A word<super>1</super> goes on.")))


@pytest.mark.parametrize("turn", [0, 90, 180, 270])
def test_page_that_is_turned_is_read_upright(turn: int) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(turn)
        x, y = {0: (0, 0), 90: (A4[0], 0), 180: A4, 270: (0, A4[1])}[turn]
        canvas.translate(x, y)
        canvas.rotate(turn)
        lines(canvas, 500, "Heading of the page", size=20)
        lines(canvas, 460, *(f"Line {at} of a page that runs on and on until its" for at in "abcd"))

    found = markdown_of(pdf(draw))
    assert found.startswith("# Heading of the page\n\nLine a of")
    assert re.findall(r"Line (\w)", found) == list("abcd")


def test_text_that_runs_upwards_follows_the_rest() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.saveState()
        canvas.rotate(90)
        canvas.setFont("Helvetica", 10)
        canvas.drawString(200, -20, "Stamp at the side")
        canvas.restoreState()
        lines(canvas, 700, "Words that are the page's own.")

    assert markdown_of(pdf(draw)) == "Words that are the page's own.\n\nStamp at the side\n"


def test_characters_of_east_asia_are_joined_without_blanks() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("HeiseiMin-W3"))

    def draw(canvas: Canvas) -> None:
        canvas.setFont("HeiseiMin-W3", 12)
        for at, line in enumerate(
            [
                "港に二台目のクレーンが来て、船の行列は",
                "なくなりました。船員たちは早く家に帰れる",
                "ので喜んでいます。",
            ]
        ):
            canvas.drawString(72, 700 - 16 * at, line)

    expected = (
        "港に二台目のクレーンが来て、船の行列はなくなりました。船員たちは早く家に帰れるので喜んでいます。\n"
    )
    assert markdown_of(pdf(draw)) == expected


def test_shadow_is_not_said_twice() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "Words with a shadow")
        canvas.drawString(72.4, 700, "Words with a shadow")

    assert markdown_of(pdf(draw)) == "Words with a shadow\n"


def test_facts_are_read() -> None:
    body = printed(text(LONG), title="The crane", author="Ann Lee", subject="Cranes")
    found = rendering(body, Format.TEXT).metadata
    assert (found.title, found.author, found.description) == ("The crane", "Ann Lee", "Cranes")
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", found.published_at or "")


@pytest.mark.parametrize("title", ["untitled", "Microsoft Word - crane.doc", "crane.indd", "(anonymous)"])
def test_title_that_a_program_made_up_is_not_taken(title: str) -> None:
    body = printed(text("Real title", "Title"), text(LONG), title=title)
    assert rendering(body, Format.TEXT).metadata.title == "Real title"


def scan(canvas: Canvas) -> None:
    canvas.drawImage(ImageReader(Image.effect_noise((200, 280), 60)), 0, 0, *A4)
    canvas.showPage()


def test_scanned_document_is_said_to_be_one() -> None:
    found = rendering(pdf(scan))
    assert [notice.code for notice in found.notices] == ["scanned-pdf"]
    assert b"scanned" in found.body


def test_scanned_page_among_others_is_named() -> None:
    def draw(canvas: Canvas) -> None:
        lines(canvas, 700, "A page with enough words to be read.")
        canvas.showPage()
        scan(canvas)

    found = rendering(pdf(draw))
    assert [(notice.code, notice.message[-3:]) for notice in found.notices] == [("partly-scanned", " 2.")]
    assert found.body == b"A page with enough words to be read.\n"


def test_document_with_a_password_is_refused() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "secret")

    with pytest.raises(DocumentEncrypted) as caught:
        markdown_of(
            pdf(draw, encrypt=pdfencrypt.StandardEncryption("user", ownerPassword="owner", strength=128))
        )
    assert (caught.value.code, caught.value.status, caught.value.retryable) == (
        "document-encrypted",
        422,
        False,
    )


def test_document_with_a_password_for_changes_alone_is_read() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.drawString(72, 700, "Words for everyone")

    body = pdf(
        draw, encrypt=pdfencrypt.StandardEncryption("", ownerPassword="owner", canCopy=0, strength=128)
    )
    assert markdown_of(body) == "Words for everyone\n"


def test_long_document_is_cut_and_said() -> None:
    def draw(canvas: Canvas) -> None:
        for _ in range(1001):
            canvas.drawString(72, 400, "x")
            canvas.showPage()

    assert notices_of(pdf(draw)) == {"truncated"}


def test_empty_pages_have_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of(pdf(lambda canvas: canvas.showPage()))
