"""The words of RTF (Rich Text Format 1.9.1): control words, groups and text, told apart."""

import re
from collections.abc import Iterator
from typing import NamedTuple

_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\'(?P<byte>[0-9a-fA-F]{2})|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})?[ ]?"
    rb"|\\(?P<sign>[^a-zA-Z'])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\"
)


class Token(NamedTuple):
    """`kind` is open, close, word, byte, sign or text; `data` its bytes, `number` a word's parameter."""

    kind: str
    data: bytes
    number: int | None = None


def tokens(body: bytes) -> Iterator[Token]:
    """The tokens in order; the bytes that follow `\\binN` are left out."""
    at = 0
    while at < len(body):
        found = _TOKEN.match(body, at)
        if found is None:
            at += 1
            continue
        at = found.end()
        kind = found.lastgroup or ""
        if kind in ("word", "number"):
            number = int(found["number"]) if found["number"] else None
            if found["word"] == b"bin":
                at += max(0, number or 0)
                continue
            yield Token("word", found["word"], number)
        elif kind:
            yield Token(kind, found[kind])
