"""Word documents keep headings, lists, tables, links, notes and emphasis."""

import docx
import pytest
from docx.oxml import parse_xml
from docx.shared import Pt

from entrepot.content.format import Format
from entrepot.errors import NoContent
from tests.content.rereading import outline, reread
from tests.content.written import WORD, markdown_of, rendering, rezipped, saved, word_document

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
M = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def with_body(body: str, **parts: str) -> bytes:
    """A document of these paragraphs in the place of its own."""
    names = f'xmlns:w="{W}" xmlns:r="{R}" xmlns:m="{M}"'
    members = {"word/document.xml": f"<w:document {names}><w:body>{body}</w:body></w:document>", **parts}
    return rezipped(word_document(), members)


def run(text: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr>{run(text)}</w:p>"


def test_document_as_markdown() -> None:
    assert markdown_of(word_document(), WORD) == "# Report\n\nWords of **weight**\n\n- rope\n- hooks\n"


def test_facts_are_read() -> None:
    found = rendering(word_document(), Format.TEXT, WORD).metadata
    assert (found.title, found.author) == ("The second crane", "Ann Lee")


def test_first_heading_is_the_title_of_a_document_without_one() -> None:
    document = docx.Document()
    document.add_heading("The second crane", 0)
    document.add_paragraph("words")
    assert rendering(saved(document.save), Format.TEXT).metadata.title == "The second crane"


def test_lists_are_nested_and_numbered() -> None:
    document = docx.Document()
    for text, style in (
        ("a", "List Number"),
        ("b", "List Number"),
        ("c", "List Bullet"),
        ("d", "List Bullet 2"),
    ):
        document.add_paragraph(text, style=style)
    assert markdown_of(saved(document.save)) == "1. a\n2. b\n\n- c\n  - d\n"


def test_table_keeps_its_cells() -> None:
    document = docx.Document()
    table = document.add_table(3, 2)
    for at, text in enumerate(["Name", "Tons", "Anna | Co", "3400", "Bella", ""]):
        table.cell(at // 2, at % 2).text = text
    cells = reread(markdown_of(saved(document.save))).xpath(".//th | .//td")
    assert [cell.text or "" for cell in cells] == ["Name", "Tons", "Anna | Co", "3400", "Bella", ""]


def test_merged_cells_span() -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    for row in range(3):
        for column in range(3):
            table.cell(row, column).text = f"{row}{column}"
    table.cell(1, 0).merge(table.cell(2, 0)).text = "tall"
    table.cell(0, 1).merge(table.cell(0, 2)).text = "wide"
    html = rendering(saved(document.save), Format.HTML).body.decode()
    assert 'colspan="2">wide<' in html
    assert 'rowspan="2">tall<' in html


def test_list_in_a_cell_is_kept() -> None:
    document = docx.Document()
    table = document.add_table(2, 2)
    table.cell(0, 0).text, table.cell(0, 1).text = "Name", "Parts"
    table.cell(1, 1).paragraphs[0].text = "rope"
    table.cell(1, 1).paragraphs[0].style = document.styles["List Bullet"]
    assert "<li>rope</li>" in rendering(saved(document.save), Format.HTML).body.decode()


def test_code_is_code() -> None:
    document = docx.Document()
    for line in ("def f(x):", "    return x"):
        run_ = document.add_paragraph().add_run(line)
        run_.font.name, run_.font.size = "Courier New", Pt(9)
    assert markdown_of(saved(document.save)) == "```\ndef f(x):\n    return x\n```\n"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (run("heavy", "<w:b/>"), "**heavy**"),
        (run("light", '<w:b w:val="0"/>'), "light"),
        (run("slanted", "<w:i/>"), "*slanted*"),
        (run("gone", "<w:strike/>"), "~~gone~~"),
        (run("x") + run("unseen", "<w:vanish/>"), "x"),
        (f"<w:ins>{run('added')}</w:ins><w:del><w:r><w:delText>taken</w:delText></w:r></w:del>", "added"),
        (f"<w:sdt><w:sdtContent>{run('held')}</w:sdtContent></w:sdt>", "held"),
        ("<w:r><w:t>a</w:t><w:noBreakHyphen/><w:t>b</w:t></w:r>", "a\u2011b"),
        ("<w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r>", "a b"),
        (run("E=mc") + run("2", '<w:vertAlign w:val="superscript"/>'), "E=mc²"),
    ],
)  # fmt: skip
def test_run_is_dressed_as_it_says(body: str, expected: str) -> None:
    assert markdown_of(with_body(f"<w:p>{body}</w:p>"), WORD) == f"{expected}\n"


def test_links_of_both_kinds_are_kept() -> None:
    relations = (
        '<Relationships><Relationship Id="rId9" Type="x/hyperlink" Target="https://e.example/a" TargetMode="External"/>'
        "</Relationships>"
    )
    field = (
        '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText> HYPERLINK "https://e.example/b" </w:instrText></w:r>'
        f'<w:r><w:fldChar w:fldCharType="separate"/></w:r>{run("two")}<w:r><w:fldChar w:fldCharType="end"/></w:r>'
    )
    body = f'<w:p><w:hyperlink r:id="rId9">{run("one")}</w:hyperlink>{run(" ")}{field}{run(" end")}</w:p>'
    found = markdown_of(with_body(body, **{"word/_rels/document.xml.rels": relations}), WORD)
    assert found == "[one](https://e.example/a) [two](https://e.example/b) end\n"


def test_link_within_the_document_is_text() -> None:
    body = f'<w:p><w:hyperlink w:anchor="place">{run("see there")}</w:hyperlink></w:p>'
    assert markdown_of(with_body(body), WORD) == "see there\n"


def test_footnotes_stand_at_the_end() -> None:
    relations = (
        '<Relationships><Relationship Id="rId9" Type="x/footnotes" Target="footnotes.xml"/></Relationships>'
    )
    notes = (
        f'<w:footnotes xmlns:w="{W}"><w:footnote w:id="2">{paragraph("A note.")}</w:footnote></w:footnotes>'
    )
    body = f'<w:p>{run("Words")}<w:r><w:footnoteReference w:id="2"/></w:r></w:p>{paragraph("More.")}'
    parts = {"word/_rels/document.xml.rels": relations, "word/footnotes.xml": notes}
    assert markdown_of(with_body(body, **parts), WORD) == "Words[^1]\n\nMore.\n\n[^1]: A note.\n"


def test_text_box_follows_its_paragraph() -> None:
    box = f"<w:r><w:drawing><w:txbxContent>{paragraph('boxed')}</w:txbxContent></w:drawing></w:r>"
    assert (
        markdown_of(with_body(f"<w:p>{run('before')}{box}</w:p>{paragraph('after')}"), WORD)
        == "before\n\nboxed\n\nafter\n"
    )


def test_picture_is_told_by_its_description() -> None:
    drawing = '<w:r><w:drawing><docPr descr="A crane at work"/></w:drawing></w:r>'
    assert markdown_of(with_body(f"<w:p>{drawing}</w:p>"), WORD).replace("\\", "") == "[A crane at work]\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("<m:f><m:num>{a}</m:num><m:den>{b}</m:den></m:f>", r"\frac{a}{b}"),
        ("<m:sSup><m:e>{a}</m:e><m:sup>{b}</m:sup></m:sSup>", "a^{b}"),
        ("<m:rad><m:deg/><m:e>{a}</m:e></m:rad>", r"\sqrt{a}"),
        ('<m:nary><m:naryPr><m:chr m:val="∑"/></m:naryPr><m:sub>{a}</m:sub><m:sup>{b}</m:sup><m:e>{a}</m:e></m:nary>',
         r"\sum_{a}^{b} a"),
        ("<m:d><m:e>{a}</m:e></m:d>", "(a)"),
    ],
)  # fmt: skip
def test_formula_becomes_tex(formula: str, expected: str) -> None:
    letters = {name: f"<m:r><m:t>{name}</m:t></m:r>" for name in "ab"}
    body = f"<w:p>{run('x ')}<m:oMath>{formula.format(**letters)}</m:oMath></w:p>"
    html = rendering(with_body(body), Format.HTML, WORD).body.decode()
    assert f'<code class="language-math">{expected}</code>' in html


def test_strict_variant_is_read_alike() -> None:
    strict = f"<w:document xmlns:w='{W}'><w:body>{paragraph('words')}</w:body></w:document>".replace(
        W, "http://purl.oclc.org/ooxml/wordprocessingml/main"
    )
    assert markdown_of(rezipped(word_document(), {"word/document.xml": strict}), WORD) == "words\n"


def test_document_without_text_has_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of(with_body("<w:p/>"), WORD)


def test_selector_works_on_what_the_document_becomes() -> None:
    document = docx.Document()
    document.add_heading("One", 1)
    document.add_paragraph("words")
    assert markdown_of(saved(document.save), selector="h1") == "# One\n"


def test_quotation_is_one() -> None:
    document = docx.Document()
    document.add_paragraph("said", style="Quote")
    assert outline(markdown_of(saved(document.save)))[0] == "blockquote"


def test_numbering_that_shows_nothing_makes_no_list() -> None:
    document = docx.Document()
    added = document.add_paragraph("words")
    added._p.get_or_add_pPr().append(
        parse_xml(f'<w:numPr xmlns:w="{W}"><w:ilvl w:val="0"/><w:numId w:val="0"/></w:numPr>')
    )
    assert markdown_of(saved(document.save)) == "words\n"
