"""RTF keeps text, emphasis, lists, tables and links, in any of its encodings."""

import pytest

from entrepot.content.format import Format
from entrepot.errors import DocumentBroken, NoContent
from tests.content.written import RTF, markdown_of, rendering

HEAD = r"{\rtf1\ansi\ansicpg1252{\fonttbl{\f0\fcharset0 A;}{\f1\fcharset204 B;}{\f2\fcharset128 C;}}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (r"\pard one\par two\par", "one\n\ntwo\n"),
        (r"a {\b heavy} and {\i light}\par", "a **heavy** and *light*\n"),
        (r"caf\'e9 \u8364? \u-10179?\u-8704?\par", "café € 😀\n"),
        (r"{\f1 \'ea\'f0\'e0\'ed}\par", "кран\n"),
        (r"{\f2 \'8d\'60}\par", "港\n"),
        (r"\{x\} \\ y\~z\par", "{x} \\ y z\n"),
        (r"a{\v unseen}b\par", "ab\n"),
        (r"{\pict\bin5 abcde}after\par", "after\n"),
        (r"{\header running}{\footer feet}body\par", "body\n"),
        (r"{\*\unheardof text}body\par", "body\n"),
        (r"\pard{\pntext\bullet}\ls1 one\par{\pntext\bullet}two\par\pard x\par", "- one\n- two\n\nx\n"),
        (r"\pard\outlinelevel0 Head\par\pard words\par", "# Head\n\nwords\n"),
        (r'{\field{\*\fldinst{HYPERLINK "https://e.example/"}}{\fldrslt{\ul see}}} it\par', "[see](https://e.example/) it\n"),
        (r"E=mc{\super 2}\par", "E=mc²\n"),
    ],
)  # fmt: skip
def test_text_as_markdown(body: str, expected: str) -> None:
    assert markdown_of(f"{HEAD}{body}}}") == expected


def test_table_is_kept() -> None:
    row = r"\trowd\cellx1\cellx2\pard\intbl {}\cell {}\cell\row"
    found = markdown_of(HEAD + row.format("Name", "Tons") + row.format("Anna", "1") + r"\pard after\par}")
    assert [line.replace(" ", "") for line in found.splitlines()] == [
        "|Name|Tons|",
        "|---|---|",
        "|Anna|1|",
        "",
        "after",
    ]


def test_facts_are_read() -> None:
    found = rendering(RTF, Format.TEXT).metadata
    assert (found.title, found.author) == ("The crane", "Ann")


def test_group_that_nests_without_end_is_broken() -> None:
    with pytest.raises(DocumentBroken):
        markdown_of(r"{\rtf1 " + "{" * 5000)


def test_document_without_text_has_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of(HEAD + "}")
