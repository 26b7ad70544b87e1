"""Words and addresses of a page written so that CommonMark and GFM read them as themselves, with no needless signs."""

import re
import unicodedata
from functools import lru_cache
from typing import Final

SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")
"""What the address of a link or picture may begin with."""

# Characters that a page shows nowhere but that would part words: soft hyphens, joiners of words, byte order marks.
_UNSEEN = {ord(sign): None for sign in "\u00ad\u2060\ufeff"}
_BLANKS = "\xa0\u2007\u202f"
_PLAIN = str.maketrans(dict.fromkeys(_BLANKS, " ")) | _UNSEEN
_ODD = re.compile(f"[{_BLANKS}\u00ad\u2060\ufeff]")

_SIGNS = re.compile(r"\\|\*+|_+|~+|`|\$|&(?=#?\w{1,32};)|<(?=[A-Za-z/!?]|$)|!(?=$)|\[|\]")
_ANY_SIGN = re.compile(r"[\\*_~`$&<!\[\]]")
_LINE_START = re.compile(
    r"(?P<sign>#(?=#{0,5}(?:\s|$))|>|[-+](?=\s|$)|-(?=-*\s*$)|=(?==*\s*$)|[|:-](?=[|:\s-]*$))|(?P<number>\d{1,9})(?=[.)](?:\s|$))"
)
_CLOSING_SIGNS = re.compile(r"(?:^|(?<=\s))(?=#+$)")
_TICKS = re.compile(r"`+")
_BOX = re.compile(r"\[(?=[ xX]\](?:\s|$))")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_ADDRESS = str.maketrans(
    {"<": "%3C", ">": "%3E", "`": "%60", "\\": "%5C", " ": "%20", "\t": "", "\n": "", "\r": ""}
)
_AUTOLINK = re.compile(r"https?://[^\s<>\\`|*\[\]\"^{}]+")


def plain(text: str) -> str:
    """The text with blanks of all widths as blanks, and without what is not seen."""
    return text.translate(_PLAIN) if not text.isascii() and _ODD.search(text) else text


def escape(
    text: str,
    before: str,
    after: str,
    *,
    starts_line: bool = False,
    in_brackets: bool = False,
    has_maths: bool = False,
) -> str:
    """`text` between the characters `before` and `after` (empty: none), to be read as itself.

    `in_brackets`: in a link's words or where references are used; `has_maths`: where `$` begins a formula.
    """

    if not _ANY_SIGN.search(text):  # most texts have none, and this pattern tells it soonest
        return _at_line_start(text) if starts_line else text

    def armed(found: re.Match[str]) -> str:
        sign, start, end = found.group(), found.start(), found.end()
        left = text[start - 1] if start else before
        right = text[end] if end < len(text) else after
        if _is_harmless(sign, left, right, in_brackets=in_brackets, has_maths=has_maths):
            return sign
        if sign[0] == "<":
            return "&lt;"
        return "".join("\\" + char for char in sign)

    escaped = _SIGNS.sub(armed, text)
    return _at_line_start(escaped) if starts_line else escaped


def _is_harmless(sign: str, left: str, right: str, *, in_brackets: bool, has_maths: bool) -> bool:
    """Whether `sign` says itself where it stands, between `left` and `right`."""
    is_free = left.isspace() and (right.isspace() or not right)
    match sign[0]:
        case "\\":
            harmless = bool(right) and not is_ascii_sign(right) and right != "\n"
        case "<":
            harmless = not (right.isalpha() or (right != "" and right in "/!?"))
        case "*":
            harmless = is_free
        case "_":
            harmless = is_free or (left.isalnum() and right.isalnum())
        case "~":
            harmless = len(sign) == 1 and (not left or left.isspace()) and right != "~"
        case "$":
            harmless = not has_maths
        case "!":
            harmless = right != "["
        case "[":
            harmless = not in_brackets and right != "^"
        case "]":
            harmless = not in_brackets and right not in ("(", "[", ":")
        case _:
            harmless = False
    return harmless


def _at_line_start(text: str) -> str:
    found = _LINE_START.match(text)
    if found is None:
        return text
    place = found.end("number") if found.group("number") else 0
    return f"{text[:place]}\\{text[place:]}"


def escape_box(text: str) -> str:
    """An item's first line, which is not to be taken for a task."""
    return "\\" + text if _BOX.match(text) else text


def escape_heading_end(text: str) -> str:
    """A heading's words, of which the last signs are not to be taken for its end."""
    return _CLOSING_SIGNS.sub(r"\\", text)


def code_span(text: str) -> str:
    """Code in a line; empty for blank text."""
    code = " ".join(plain(text).split())
    if not code:
        return ""
    if "`" not in code:
        return f"`{code}`"
    runs = {len(run) for run in _TICKS.findall(code)}
    fence = "`" * next(size for size in range(1, len(runs) + 2) if size not in runs)
    edge = " " if code[0] == "`" or code[-1] == "`" else ""
    return f"{fence}{edge}{code}{edge}{fence}"


def fence_of(code: str) -> str:
    """A fence that nothing in `code` ends."""
    longest = max(map(len, _TICKS.findall(code)), default=0)
    return "`" * max(3, longest + 1)


def destination(address: str) -> str | None:
    """The address of a link or picture as CommonMark takes it (§6.3); None for one that leads nowhere safe."""
    if not address.lower().startswith(SCHEMES):
        return None
    said = address.translate(_ADDRESS)
    if "&" in said:
        said = _ENTITY.sub(r"\\&", said)
    if ("(" in said or ")" in said) and not _is_balanced(said):
        said = said.replace("(", "\\(").replace(")", "\\)")
    return said


def is_autolink(address: str, words: str) -> bool:
    """Whether a link says its own address, so that `<…>` says it all."""
    return words == address and bool(_AUTOLINK.fullmatch(address)) and not _ENTITY.search(address)


def quoted(title: str) -> str:
    """A title behind an address, with its blank; empty for none."""
    said = " ".join(plain(title).split())
    if not said:
        return ""
    said = _ENTITY.sub(r"\\&", said.replace("\\", "\\\\").replace('"', '\\"'))
    return f' "{said.replace("`", "&#96;").replace("<", "&lt;")}"'


def is_ascii_sign(char: str) -> bool:
    """Whether CommonMark knows `char` as ASCII punctuation."""
    return "!" <= char <= "/" or ":" <= char <= "@" or "[" <= char <= "`" or "{" <= char <= "~"


@lru_cache(maxsize=4096)
def is_sign(char: str) -> bool:
    """Whether every version of CommonMark takes `char` for punctuation."""
    return is_ascii_sign(char) or unicodedata.category(char)[0] == "P"


@lru_cache(maxsize=4096)
def may_be_sign(char: str) -> bool:
    """Whether some version of CommonMark takes `char` for punctuation: symbols are since 0.31."""
    return is_ascii_sign(char) or unicodedata.category(char)[0] in "PS"


def _is_balanced(address: str) -> bool:
    depth = 0
    for char in address:
        depth += (char == "(") - (char == ")")
        if depth < 0 or depth > 8:
            return False
    return depth == 0
