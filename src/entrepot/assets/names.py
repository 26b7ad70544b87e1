"""Names that come from outside, made harmless: for a file system, a header, and a person's eyes."""

import re
import unicodedata
from pathlib import PurePosixPath

MAX_NAME_BYTES = 255
MAX_PATH_BYTES = 2048
MAX_PATH_PARTS = 16

_UNNAMED = "unnamed"
_FORBIDDEN = re.compile(r'[/\\<>:"|?*]')  # other systems refuse these, and libraries travel to other systems
_HIDDEN_CATEGORIES = frozenset(
    {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
)  # controls, bidi marks, surrogates, unassigned
_KEPT_FORMATS = frozenset("\u200c\u200d")  # joiners that Persian, Indic scripts and emoji cannot do without
_MAX_SUFFIX_BYTES = 16


def clean_name(text: str, *, max_bytes: int = MAX_NAME_BYTES) -> str:
    """One path component in NFC, at most `max_bytes` of UTF-8, neither hidden nor special; never empty."""
    visible = "".join(character for character in text if not _is_hidden(character))
    spaced = re.sub(r"\s+", " ", _FORBIDDEN.sub("_", unicodedata.normalize("NFC", visible)))
    return _shorten(spaced.strip(" ").lstrip(". ").rstrip(". "), max_bytes) or _UNNAMED


def clean_path(text: str) -> str:
    """A relative path whose every part is a clean name; `..`, empty and absolute parts are simply not there."""
    parts = [clean_name(part) for part in text.split("/") if part.strip(". ")]
    kept = [*parts[: MAX_PATH_PARTS - 1], parts[-1]] if len(parts) > MAX_PATH_PARTS else parts
    while len("/".join(kept).encode()) > MAX_PATH_BYTES:
        del kept[0]
    return "/".join(kept) or _UNNAMED


def numbered(path: str, number: int) -> str:
    """`a/b.txt` as `a/b (2).txt`, still within the bounds of a name; number 1 is the path itself."""
    if number == 1:
        return path
    pure = PurePosixPath(path)
    stem, suffix = _split(pure.name)
    mark = f" ({number})"
    kept = _cut(stem, MAX_NAME_BYTES - len(f"{mark}{suffix}".encode()))
    return str(pure.with_name(f"{kept.rstrip('. ')}{mark}{suffix}"))


def _is_hidden(character: str) -> bool:
    return (
        unicodedata.category(character) in _HIDDEN_CATEGORIES
        and character not in _KEPT_FORMATS
        and (character not in "\t\n\r")
    )


def _shorten(name: str, max_bytes: int) -> str:
    if len(name.encode()) <= max_bytes:
        return name
    stem, suffix = _split(name)
    return _cut(stem, max_bytes - len(suffix.encode())).rstrip(". ") + suffix


def _split(name: str) -> tuple[str, str]:
    """The name before its ending, and the ending with its dot; what is long or has a space is none ("Mr. Smith")."""
    suffix = PurePosixPath(name).suffix
    if len(suffix.encode()) > _MAX_SUFFIX_BYTES or " " in suffix:
        return name, ""
    return name.removesuffix(suffix), suffix


def _cut(text: str, max_bytes: int) -> str:
    """At most `max_bytes` of UTF-8, never half a character."""
    return text.encode()[:max_bytes].decode(errors="ignore")
