"""XML of strangers is read without entities, document types and the network."""

from pathlib import Path

import pytest

from entrepot.content.documents.xml_source import MAX_BYTES, attribute, child, parse_xml, text_of
from entrepot.errors import DocumentBroken, DocumentTooLarge

LAUGHS = '<!DOCTYPE l [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {two} "{f"&{one};" * 10}">' for one, two in zip("abcdefgh", "bcdefghi", strict=True)
) + "]><l>x&i;y</l>"  # fmt: skip


def test_entities_are_left_out() -> None:
    assert text_of(parse_xml(LAUGHS)) == "xy"


def test_files_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("hidden words")
    source = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]><x>a&s;b</x>'
    assert text_of(parse_xml(source)) == "ab"


def test_encoding_is_taken_from_the_declaration() -> None:
    assert (
        text_of(parse_xml('<?xml version="1.0" encoding="windows-1251"?><x>кран</x>'.encode("cp1251")))
        == "кран"
    )


@pytest.mark.parametrize("source", ["", "words", "<a>", "<a></b>", "<a" * 5000, "<a>" * 5000])
def test_what_is_not_well_formed_is_refused(source: str) -> None:
    with pytest.raises(DocumentBroken):
        parse_xml(source)


def test_text_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(DocumentTooLarge):
        parse_xml(b"<a>" + b" " * MAX_BYTES + b"</a>")


def test_broken_markup_can_be_read_on() -> None:
    assert text_of(parse_xml("<a><b>one</b> &nope; two & three</a>", recover=True)).startswith("one")


def test_names_are_found_in_any_namespace() -> None:
    root = parse_xml('<a xmlns:p="u:p"><p:b p:name="1"><p:c>words</p:c></p:b></a>')
    assert (text_of(child(root, "b", "c")), attribute(child(root, "b"), "name")) == ("words", "1")
