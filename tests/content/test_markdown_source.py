"""Markdown as a source is the document that it describes."""

import pytest

from entrepot.content.format import Format
from entrepot.errors import NoContent
from tests.content.written import markdown_of, rendering

MARKDOWN = "text/markdown"
PLAIN = "# Head\n\n* one\n* two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n[x](https://e.example/) ~~gone~~\n"


def test_source_stands_for_itself() -> None:
    assert markdown_of(PLAIN, MARKDOWN) == PLAIN


@pytest.mark.parametrize(
    "piece", ["<h1>Head</h1>", "<li>one</li>", "<th>a</th>", '<a href="https://e.example/">', "<s>gone</s>"]
)
def test_other_formats_show_what_it_describes(piece: str) -> None:
    assert piece in rendering(PLAIN, Format.HTML, MARKDOWN).body.decode()


def test_text_is_without_marks() -> None:
    assert rendering("# Head\n\n**heavy** words\n", Format.TEXT, MARKDOWN).body == b"Head\n\nheavy words\n"


def test_relative_addresses_become_absolute() -> None:
    assert markdown_of("[x](y.md) ![i](i.png)", MARKDOWN) == (
        "[x](https://harbour.example/papers/y.md) ![i](https://harbour.example/papers/i.png)\n"
    )


def test_markup_in_it_is_made_safe() -> None:
    found = markdown_of("words <script>alert(1)</script> <b onclick='x()'>bold</b>\n", MARKDOWN)
    assert "alert" not in found
    assert "**bold**" in found


@pytest.mark.parametrize("options", [{"links": "none"}, {"selector": "a"}])
def test_options_are_followed(options: dict[str, str]) -> None:
    assert markdown_of(PLAIN, MARKDOWN, **options) != PLAIN


def test_front_matter_holds_facts() -> None:
    found = rendering(
        "---\ntitle: 'The crane'\nauthor: Ann\ndate: 2026-03-01\n---\nwords\n", Format.MARKDOWN, MARKDOWN
    )
    assert found.body == b"words\n"
    assert (found.metadata.title, found.metadata.author, found.metadata.published_at) == (
        "The crane",
        "Ann",
        "2026-03-01",
    )


def test_first_heading_is_the_title() -> None:
    assert rendering("# The *second* crane\n", Format.TEXT, MARKDOWN).metadata.title == "The second crane"


def test_empty_source_has_no_content() -> None:
    with pytest.raises(NoContent):
        markdown_of("---\ntitle: x\n---\n \n", MARKDOWN)
