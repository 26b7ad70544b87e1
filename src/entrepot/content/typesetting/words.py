"""Text on its way to the typesetter: string literals, breaks for words that fit no line, the direction of writing."""

import re
import unicodedata
from collections.abc import Iterable

LONGEST_WORD = 40
"""Characters that fit on any line of running text; a longer word gets places at which it may break."""

_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufeff\ufffe\uffff\ud800-\udfff]")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "", "\t": "\\t"})
_BREAK = "\u200b"
_SAMPLE_CHARS = 4000


def literal(text: str) -> str:
    """The text as a string literal of the typesetter's language; nothing in it can be anything but text."""
    return '"' + _UNPRINTABLE.sub("", text).translate(_ESCAPES) + '"'


def breakable(text: str, longest: int = LONGEST_WORD) -> str:
    """The text with zero-width spaces in its words of more than `longest` characters."""
    return re.sub(
        rf"[\w%+=~]{{{longest + 1},}}",
        lambda word: _BREAK.join(_cut(word.group(), longest // 2)),
        text,
        flags=re.ASCII,
    )


def _cut(word: str, size: int) -> Iterable[str]:
    return (word[start : start + size] for start in range(0, len(word), size))


def is_right_to_left(text: str) -> bool:
    """Whether most of the letters at the text's beginning are written from right to left."""
    kinds = [unicodedata.bidirectional(letter) for letter in text[:_SAMPLE_CHARS]]
    rightward = kinds.count("L")
    return kinds.count("R") + kinds.count("AL") > rightward
