"""From bytes to text: which encoding a source is in, and its characters."""

import codecs
import re
from typing import NamedTuple

from resiliparse.parse.encoding import map_encoding_to_html5

from entrepot.content.encoding.guess import (
    escaped_encoding,
    guess_encoding,
    is_likelier,
    is_utf8,
    is_wedged,
    oddity,
    unmarked_utf16,
)

CHARSET_GUESSED = "charset-guessed"
"""The code of the notice that a source was not in the encoding that it named."""

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_PRESCAN_BYTES = 4096
"""The standard says 1024; pages that put scripts first are common enough to look a little further."""

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/][^>]*>", re.IGNORECASE)
_META_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([^\s"'/>;]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""^\s*<\?xml[^>]*?encoding\s*=\s*["']([A-Za-z0-9._:-]+)["']""")
_SUPERSETS = {"gbk": "gb18030", "gb2312": "gb18030", "shift_jis": "cp932", "euc_kr": "cp949", "big5": "big5hkscs",
              "iso8859-11": "cp874"}  # fmt: skip
"""Codecs that also read what browsers read under a label: vendors' characters and later editions."""

_UNMAPPED = {"x-mac-cyrillic": "mac-cyrillic", "x-mac-ukrainian": "mac-cyrillic"}
"""Labels of the standard that the library's table lacks."""

_JUDGED_BYTES = 65536
"""How much of a text its encoding is judged by."""

_TOLERABLE = 0.12
"""Share of odd characters, among those beyond ASCII, up to which a declared encoding is believed."""

_WIDE = frozenset(
    {"cp932", "euc_jp", "gb18030", "big5hkscs", "cp949", "iso2022_jp", "utf-16-le", "utf-16-be"}
)
_FEW_BYTES = 24
_ASCII = bytes(range(0x80))
_LEAST_BYTES = 3
"""Bytes beyond ASCII below which one more guess is worth no more than the declaration."""

_DEFAULTS = frozenset({"utf-8", "cp1252"})
"""What servers declare without having looked."""

_PARAMETER = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]+))""", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> str:
    """The text of `body`; bytes that its encoding does not know become U+FFFD, and a byte order mark goes.

    The encoding is found as browsers find it: byte order mark, HTTP header, `<meta>` or XML declaration, then strict
    UTF-8, then a guess (WHATWG HTML §13.2.3.2, but for the order of the last two). Beyond it, a declaration that the
    bytes contradict is overruled; `guessed` tells.
    """
    found = _encoding_of(body, content_type)
    return body[found.mark_bytes :].decode(found.codec, "replace")


def guessed(body: bytes, content_type: str | None = None) -> str | None:
    """The encoding that `decode` reads `body` in, where it overrules what was declared; else None."""
    found = _encoding_of(body, content_type)
    return found.codec if found.is_overruled else None


def is_utf16(head: bytes) -> bool:
    """Whether the bytes are text in UTF-16, marked as such or not."""
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or unmarked_utf16(head) is not None


class _Encoding(NamedTuple):
    """A codec's name, the length of the byte order mark before the text, and whether the source said another one."""

    codec: str
    mark_bytes: int = 0
    is_overruled: bool = False


def _encoding_of(body: bytes, content_type: str | None) -> _Encoding:
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return _Encoding(encoding, len(mark))
    declared = _codec_of(_parameter_of(content_type)) or _inner_codec(body)
    if declared is None:
        return _Encoding(_undeclared(body))
    if (found := _contradiction(body, declared)) is not None and not _same(found, declared):
        return _Encoding(found, is_overruled=True)
    return _Encoding(declared)


def _undeclared(body: bytes) -> str:
    if (wide := unmarked_utf16(body)) is not None:
        return wide
    if is_utf8(body):
        return (
            escaped_encoding(body[:_JUDGED_BYTES]) if b"\x1b$" in body[:_JUDGED_BYTES] else None
        ) or "utf-8"
    return guess_encoding(body)


def _contradiction(body: bytes, declared: str) -> str | None:
    """The encoding that `body` is in where it cannot well be in the declared one; None where it can."""
    if body.isascii():
        if declared.startswith("utf-16") and b"\0" not in body and len(body) > 1:
            return "utf-8"
        return escaped_encoding(body[:_JUDGED_BYTES]) if declared in _DEFAULTS and b"\x1b$" in body else None
    sample = body[:_JUDGED_BYTES]
    if declared == "utf-8" and is_utf8(sample):
        return None
    beyond = len(sample.translate(None, _ASCII))
    return _sense(sample, declared, _inner_codec(body)) if beyond >= _LEAST_BYTES else None


def _sense(sample: bytes, declared: str, inner: str | None) -> str | None:
    """What makes clearly better sense of characters beyond ASCII than the declared encoding; None: nothing does."""
    if declared == "utf-8":
        if oddity(sample, "utf-8") <= _TOLERABLE:
            return None
    elif is_utf8(sample):
        return None if _may_be_chance(sample, declared) else "utf-8"
    candidates = {unmarked_utf16(sample) or guess_encoding(sample), inner or declared}
    if oddity(sample, declared) <= _TOLERABLE:
        likelier = (
            codec for codec in candidates if declared in _DEFAULTS and is_likelier(sample, codec, declared)
        )
        return next(likelier, None)
    best = min(sorted(candidates), key=lambda codec: oddity(sample, codec))
    return best if oddity(sample, best) < oddity(sample, declared) / 2 else None


def _may_be_chance(sample: bytes, declared: str) -> bool:
    """Whether so few characters may look like UTF-8 without being it: true of encodings with two bytes a character."""
    few = sum(byte > 0x7F for byte in sample) < _FEW_BYTES
    return few and declared in _WIDE and not is_wedged(sample.decode(declared, "replace"))


def _same(one: str, other: str) -> bool:
    return codecs.lookup(one).name == codecs.lookup(other).name


def _parameter_of(content_type: str | None) -> str | None:
    found = _PARAMETER.search(content_type or "")
    return next((group for group in found.groups() if group), None) if found else None


def _inner_codec(body: bytes) -> str | None:
    return _codec_of(_prescan(body))


def _prescan(body: bytes) -> str | None:
    """The encoding that the document itself names in its first bytes."""
    head = _COMMENT.sub(b"", body[:_PRESCAN_BYTES])
    found = _XML_ENCODING.search(head)
    if found is None:
        metas = (_META_CHARSET.search(tag.group()) for tag in _META.finditer(head))
        found = next((charset for charset in metas if charset), None)
    if found is None:
        return None
    label = found.group(1).decode("ascii", "replace").lower()
    # A declaration that can be read byte by byte cannot be in UTF-16: WHATWG says UTF-8 then.
    return "utf-8" if label.startswith("utf-16") else label


def _codec_of(label: str | None) -> str | None:
    """Python's codec for an encoding's label, None for labels that WHATWG's standard does not know."""
    if not label:
        return None
    plain = label.strip().lower()
    known = _UNMAPPED.get(plain) or map_encoding_to_html5(plain, False)
    return _SUPERSETS.get(known, known) if known else None
