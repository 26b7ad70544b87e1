"""OpenDocument text, sheets and slides are read like those of other programs."""

import pytest

from entrepot.errors import DocumentBroken, NoContent
from tests.content.written import markdown_of, open_document, rendering, rezipped, zipped

BOLD = '<style:style style:name="B"><style:text-properties fo:font-weight="bold"/></style:style>'
NUMBERED = '<text:list-style style:name="N"><text:list-level-style-number text:level="1"/></text:list-style>'


def row(*cells: str, extra: str = "") -> str:
    inner = "".join(f"<table:table-cell><text:p>{cell}</text:p></table:table-cell>" for cell in cells)
    return f"<table:table-row {extra}>{inner}</table:table-row>"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<text:h text:outline-level="2">Head</text:h><text:p>words</text:p>', "## Head\n\nwords\n"),
        ('<text:p>a <text:span text:style-name="B">heavy</text:span> b</text:p>', "a **heavy** b\n"),
        ('<text:p><text:a xlink:href="https://e.example/">see</text:a></text:p>', "[see](https://e.example/)\n"),
        ('<text:p>a<text:s text:c="3"/>b<text:tab/>c</text:p>', "a b c\n"),
        ("<text:p>a<text:line-break/>b</text:p>", "a\\\nb\n"),
        (
            "<text:list><text:list-item><text:p>a</text:p><text:list><text:list-item><text:p>b</text:p></text:list-item>"
            "</text:list></text:list-item><text:list-item><text:p>c</text:p></text:list-item></text:list>",
            "- a\n  - b\n- c\n",
        ),
        (
            '<text:list text:style-name="N"><text:list-item><text:p>a</text:p></text:list-item><text:list-item>'
            "<text:p>b</text:p></text:list-item></text:list>",
            "1. a\n2. b\n",
        ),
        ('<text:p text:style-name="Preformatted_20_Text">if x:</text:p><text:p text:style-name="Preformatted_20_Text">'
         '<text:s text:c="4"/>y()</text:p>', "```\nif x:\n    y()\n```\n"),
        ("<text:p>kept</text:p><text:tracked-changes><text:p>gone</text:p></text:tracked-changes>", "kept\n"),
        ("<text:p>Words<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>A note.</text:p>"
         "</text:note-body></text:note></text:p>", "Words[^1]\n\n[^1]: A note.\n"),
    ],
)  # fmt: skip
def test_text_as_markdown(body: str, expected: str) -> None:
    assert markdown_of(open_document(body, styles=BOLD + NUMBERED)) == expected


def test_table_is_kept() -> None:
    body = open_document(f"<table:table>{row('Name', 'Tons')}{row('Anna', '1')}</table:table>")
    assert [line.replace(" ", "") for line in markdown_of(body).splitlines()][::2] == [
        "|Name|Tons|",
        "|Anna|1|",
    ]


def test_sheets_stand_under_their_names() -> None:
    rows = row("Name", "Tons") + row("Anna", "1", extra='table:number-rows-repeated="2"')
    sheet = f'<table:table table:name="Ships">{rows}</table:table>'
    found = markdown_of(open_document(sheet, "spreadsheet"))
    assert found.startswith("## Ships\n\n| Name")
    assert found.count("Anna") == 2


def test_empty_sheets_have_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of(open_document('<table:table table:name="x"/>', "spreadsheet"))


def test_slides_have_titles_and_notes() -> None:
    frame = "<draw:frame {}><draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    notes = f"<presentation:notes>{frame.format('', 'Slowly.')}</presentation:notes>"
    title = '<draw:frame presentation:class="title"><draw:text-box><text:p>One</text:p></draw:text-box></draw:frame>'
    page = f"<draw:page>{title}{frame.format('', 'words')}{notes}</draw:page>"
    assert markdown_of(open_document(page, "presentation")) == "## One\n\nwords\n\n**Notes:**\n\n> Slowly.\n"


def test_facts_are_read() -> None:
    meta = ('<m xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>The crane</dc:title><dc:creator>Ann</dc:creator>'
            "<dc:date>2026-03-01T08:00:00</dc:date></m>")  # fmt: skip
    found = rendering(rezipped(open_document("<text:p>x</text:p>"), {"meta.xml": meta})).metadata
    assert (found.title, found.author, found.modified_at) == ("The crane", "Ann", "2026-03-01T08:00:00")


def test_document_without_a_body_is_broken() -> None:
    with pytest.raises(DocumentBroken):
        markdown_of(zipped({"mimetype": "application/vnd.oasis.opendocument.text", "content.xml": "<x/>"}))
