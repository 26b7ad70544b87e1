"""Content-Disposition says any name, and nothing but the name."""

import re
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.assets.disposition import content_disposition
from entrepot.assets.names import clean_name

_FORM = re.compile(
    r'(?:attachment|inline); filename="(?P<plain>[^"\\%\x00-\x1f\x7f-\U0010ffff]+)"'
    r"(?:; filename\*=UTF-8''(?P<extended>(?:[A-Za-z0-9!#$&+\-.^_`|~]|%[0-9A-F]{2})+))?"
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("talk.mp4", 'filename="talk.mp4"'),
        ("two words (1).txt", 'filename="two words (1).txt"'),
        ("it's; a, trap=1.txt", 'filename="it\'s; a, trap=1.txt"'),
        ("été.txt", "filename=\"ete.txt\"; filename*=UTF-8''%C3%A9t%C3%A9.txt"),
        ("€ rates.txt", "filename=\"_ rates.txt\"; filename*=UTF-8''%E2%82%AC%20rates.txt"),
        ("100%.txt", "filename=\"100_.txt\"; filename*=UTF-8''100%25.txt"),
        ("%22quoted%22.txt", "filename=\"_22quoted_22.txt\"; filename*=UTF-8''%2522quoted%2522.txt"),
        ("日本.pdf", "filename=\"__.pdf\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.pdf"),
        ('a"; filename="b.exe', 'filename="a_; filename=_b.exe"'),
        ("a\\b/c.txt", 'filename="a_b_c.txt"'),
        ("a\r\nX-Evil: 1.txt", 'filename="a X-Evil_ 1.txt"'),
        ("", 'filename="unnamed"'),
        ("℅.txt", "filename=\"c_o.txt\"; filename*=UTF-8''%E2%84%85.txt"),
        ("‥", "filename=\"unnamed\"; filename*=UTF-8''%E2%80%A5"),
    ],
)
def test_a_name_is_said_in_both_ways_where_one_is_not_enough(name: str, expected: str) -> None:
    assert content_disposition("attachment", name) == f"attachment; {expected}"


def test_inline_says_its_name_too() -> None:
    assert content_disposition("inline", "a.png") == 'inline; filename="a.png"'


@given(st.text(alphabet=st.characters(), max_size=300))
def test_whatever_the_name_the_field_keeps_its_form(name: str) -> None:
    match = _FORM.fullmatch(content_disposition("attachment", name))
    assert match is not None
    assert match["plain"].strip(". ") == match["plain"]
    said = unquote(match["extended"], errors="strict") if match["extended"] else match["plain"]
    assert said == clean_name(name)
