"""Names from outside: whatever comes in, one harmless component or a path of them comes out."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.assets.names import (
    MAX_NAME_BYTES,
    MAX_PATH_BYTES,
    MAX_PATH_PARTS,
    clean_name,
    clean_path,
    numbered,
)

any_text = st.text(alphabet=st.characters(), max_size=400)


@pytest.mark.parametrize(
    ("given_name", "clean"),
    [
        ("talk.mp4", "talk.mp4"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("C:\\Windows\\system.ini", "C__Windows_system.ini"),
        (".bashrc", "bashrc"),
        ("...", "unnamed"),
        ("..", "unnamed"),
        ("", "unnamed"),
        (" \t\r\n ", "unnamed"),
        ("a\r\nSet-Cookie: b", "a Set-Cookie_ b"),
        ("nul\x00byte.txt", "nulbyte.txt"),
        ("trailing. . ", "trailing"),
        ('a"b*c?d<e>f|g', "a_b_c_d_e_f_g"),
        ("exe.\u202egnp.scr", "exe.gnp.scr"),
        ("zero\u200bwidth", "zerowidth"),
        ("\ufeffbom.txt", "bom.txt"),
        ("half \ud800 pair", "half pair"),
        ("e\u0301te\u0301", "été"),
        ("می\u200cخواهم.pdf", "می\u200cخواهم.pdf"),
        ("two  spaces\u00a0here", "two spaces here"),
        ("~", "~"),
        ("$HOME", "$HOME"),
        ("-rf", "-rf"),
    ],
)
def test_a_name_becomes_one_harmless_component(given_name: str, clean: str) -> None:
    assert clean_name(given_name) == clean


@given(any_text)
def test_a_clean_name_is_visible_normal_short_and_one_component(text: str) -> None:
    name = clean_name(text)
    assert 1 <= len(name.encode()) <= MAX_NAME_BYTES
    assert not set(name) & set('/\\<>:"|?*\x00\r\n\t')
    assert name == unicodedata.normalize("NFC", name)
    assert name[0] not in ". "
    assert name[-1] not in ". "
    assert name.isprintable() or set(name) & set("\u200c\u200d")


@given(any_text)
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert clean_name(clean_name(text)) == clean_name(text)


def test_a_mark_that_hid_behind_an_invisible_character_is_joined() -> None:
    assert clean_name("e\u200b\u0301") == "é"


@pytest.mark.parametrize(
    ("long_name", "ending"), [("é" * 300 + ".mp4", ".mp4"), ("x" * 300, "x"), ("a." + "b" * 300, "b")]
)
def test_a_long_name_keeps_its_ending_and_no_half_character(long_name: str, ending: str) -> None:
    name = clean_name(long_name)
    assert MAX_NAME_BYTES - 2 <= len(name.encode()) <= MAX_NAME_BYTES
    assert name.endswith(ending)


@pytest.mark.parametrize(
    ("given_path", "clean"),
    [
        ("videos/talk.mp4", "videos/talk.mp4"),
        ("/etc/passwd", "etc/passwd"),
        ("../../../etc/passwd", "etc/passwd"),
        ("a/./b//c/", "a/b/c"),
        ("a/ .. /b", "a/b"),
        ("~/x", "~/x"),
        ("..", "unnamed"),
        ("", "unnamed"),
        ("/", "unnamed"),
        ("a/\u200b/b", "a/unnamed/b"),
        ("a\\..\\b", "a_.._b"),
    ],
)
def test_a_path_has_only_clean_parts(given_path: str, clean: str) -> None:
    assert clean_path(given_path) == clean


@given(st.text(alphabet=st.sampled_from("./\\ ~ab\u202e\x00é"), max_size=60))
def test_no_path_leaves_its_folder(text: str) -> None:
    parts = clean_path(text).split("/")
    assert all(part and part not in (".", "..") and not part.startswith(".") for part in parts)


def test_a_deep_path_keeps_its_beginning_and_its_name() -> None:
    parts = clean_path("/".join(f"{number}" for number in range(50)) + "/name.txt").split("/")
    assert len(parts) == MAX_PATH_PARTS
    assert (parts[0], parts[-1]) == ("0", "name.txt")


def test_a_long_path_keeps_its_name() -> None:
    path = clean_path("/".join(["x" * 250] * 12) + "/name.txt")
    assert len(path.encode()) <= MAX_PATH_BYTES
    assert path.endswith("/name.txt")


@pytest.mark.parametrize(
    ("path", "number", "expected"),
    [
        ("a/b.txt", 1, "a/b.txt"),
        ("a/b.txt", 2, "a/b (2).txt"),
        ("b", 3, "b (3)"),
        ("a.tar.gz", 2, "a.tar (2).gz"),
        ("a.b/c", 2, "a.b/c (2)"),
        ("Mr. Smith goes to a very long place", 2, "Mr. Smith goes to a very long place (2)"),
    ],
)
def test_a_number_stands_before_the_ending(path: str, number: int, expected: str) -> None:
    assert numbered(path, number) == expected


@pytest.mark.parametrize("name", ["x" * 251 + ".mp4", "é" * 125 + ".mp4", "a." + "b" * 253, "x" * 255])
def test_a_numbered_name_is_still_within_bounds(name: str) -> None:
    path = numbered(f"folder/{name}", 1234)
    assert path.startswith("folder/")
    assert len(path.removeprefix("folder/").encode()) <= MAX_NAME_BYTES
    assert " (1234)" in path


@given(any_text, st.integers(2, 99_999))
def test_different_numbers_never_meet(text: str, number: int) -> None:
    path = f"folder/{clean_name(text)}"
    assert numbered(path, number) != numbered(path, number + 1)
    assert clean_path(numbered(path, number)) == numbered(path, number)
