"""Titles that strangers wrote, as file names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.media.names import MAX_NAME_BYTES, file_name, safe_title


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Cranes at dawn", "Cranes at dawn"),
        ("AC/DC: live?", "AC-DC- live"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "media"),
        ("~", "media"),
        ("", "media"),
        (None, "media"),
        ("-rf", "rf"),
        ("$HOME", "$HOME"),
        ("a\u202egnp.exe", "agnp.exe"),
        ("line\nbreak\ttab\x00nul\x1b[31m", "line break tabnul[31m"),
        ("Grüße 海 🚢", "Grüße 海 🚢"),
        ("C:\\windows", "C--windows"),
    ],
)
def test_title_becomes_one_safe_component(title: str | None, expected: str) -> None:
    assert safe_title(title) == expected


@given(st.text(max_size=400))
def test_no_text_makes_a_dangerous_name(title: str) -> None:
    name = file_name(safe_title(title), "mp4", " [id]")
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert "/" not in name
    assert "\x00" not in name
    assert not name.startswith((".", "-", "~", " "))
    assert name.endswith(" [id].mp4")
