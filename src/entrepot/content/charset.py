"""From bytes to text: which encoding a source is in, and its characters."""

import codecs
import re

from resiliparse.parse.encoding import detect_encoding, map_encoding_to_html5

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

_PARAMETER = re.compile(r""";\s*charset\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s;]+))""", re.IGNORECASE)


def decode(body: bytes, content_type: str | None = None) -> str:
    """The text of `body`; bytes that its encoding does not know become U+FFFD, and a byte order mark goes.

    The encoding is found as browsers find it: byte order mark, HTTP header, `<meta>` or XML declaration, then strict
    UTF-8, then a statistical guess (WHATWG HTML §13.2.3.2, but for the order of the last two).
    """
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    declared = _codec_of(_parameter_of(content_type)) or _codec_of(_prescan(body))
    if declared:
        return body.decode(declared, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode(_codec_of(detect_encoding(body)) or "cp1252", "replace")


def _parameter_of(content_type: str | None) -> str | None:
    found = _PARAMETER.search(content_type or "")
    return next((group for group in found.groups() if group), None) if found else None


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
