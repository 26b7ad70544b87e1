"""Names and lines become the tokens that the models have weights for."""

import pytest

from entrepot.content.extraction.vocabulary import GROUPS, is_pair, line_tokens, name_tokens, parts_of


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("nav-item navLink", ("nav", "item", "link")),
        ("XMLFeed col-md-6", ("xml", "feed", "col", "md")),
        ("x " + "a" * 21, ()),
        ("", ()),
    ],
)
def test_names_are_parted_into_words(names: str, expected: tuple[str, ...]) -> None:
    assert parts_of(names).pieces == expected


def test_words_of_names_tell_their_groups() -> None:
    groups = [name for place, (name, _) in enumerate(GROUPS) if parts_of("main-menu").groups >> place & 1]
    assert groups == ["menu", "body"]


def test_element_is_told_by_its_tag_and_words() -> None:
    assert name_tokens("ul", "menu top") == ("<ul", "menu", "top")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("read more", ["w read", "w more", "b read more", "l read more"]),
        ("12 comments", ["w 0", "w comments", "b 0 comments", "l 0 comments"]),
        ("a b c d e f 7", [*(f"w {word}" for word in "abcdef0"), "b a b", "b b c", "b c d", "b d e", "b e f", "b f 0"]),
        ("9 " + "word " * 13 + "end", ["s 0", "s word", "s word", "s word", "t word", "t word", "t end"]),
        ("7 " + "longer " * 40 + "3", ["s 0", "s longer", "s longer", "s longer", "t longer", "t longer", "t 0"]),
        ("—", ["l "]),
    ],
)  # fmt: skip
def test_short_lines_are_told_by_words_and_pairs_and_long_ones_by_their_ends(
    line: str, expected: list[str]
) -> None:
    assert line_tokens(line) == expected


@pytest.mark.parametrize(("token", "expected"), [("b one two", True), ("b one", False), ("w b", False)])
def test_pairs_of_words_are_known(token: str, expected: bool) -> None:
    assert is_pair(token) is expected
