"""File names made from titles that strangers wrote (pure)."""

import re
import unicodedata

MAX_NAME_BYTES = 240  # of 255 that a folder takes: whoever tells equal names apart adds a few

_UNSAFE = re.compile(r'[/\\:*?"<>|]')
_SPACES = re.compile(r"\s+")
# Control, format (bidi overrides, zero-width), surrogate, private use, unassigned.
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def safe_title(title: str | None, fallback: str = "media") -> str:
    """`title` as one path component without an extension: readable, no separators, never empty, `.` or `..`."""
    text = unicodedata.normalize("NFC", title or "")
    text = "".join(" " if char.isspace() else char for char in text if _is_visible(char))
    text = _SPACES.sub(" ", _UNSAFE.sub("-", text)).strip(" .-~")
    return text or fallback


def file_name(stem: str, extension: str, suffix: str = "") -> str:
    """`stem`, `suffix` and `.extension` in at most `MAX_NAME_BYTES` of UTF-8; the stem gives way, never half a character."""
    tail = f"{suffix}.{extension}"
    room = MAX_NAME_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip(" .") + tail


def _is_visible(char: str) -> bool:
    return char.isspace() or unicodedata.category(char) not in _INVISIBLE
