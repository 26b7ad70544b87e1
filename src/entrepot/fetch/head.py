"""The head of an answer: status, fields and framing, read from the lines that libcurl hands over."""

import re
from dataclasses import dataclass

from entrepot.errors import UpstreamBroken
from entrepot.fetch.headers import Headers

MAX_HEAD_BYTES = 64 * 1024  # interim answers, the head and trailers together

_STATUS_LINE = re.compile(rb"HTTP/(\d)(?:\.(\d))? (\d{3})(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_DIGITS = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Head:
    """A final status line and its fields. `http_version` is 10, 11, 20 or 30."""

    status: int
    http_version: int
    headers: Headers

    @property
    def content_length(self) -> int | None:
        """Length of the body as it travels, in bytes; None when it is not told or another framing overrides it."""
        values = self.headers.members("Content-Length")
        if not values or "Transfer-Encoding" in self.headers:
            return None
        return int(values[0])

    def is_delimited(self, method: str) -> bool:
        """Whether the end of the body is marked, so that a lost connection cannot pass for it (RFC 9112 section 6.3)."""
        return (
            self.http_version >= 20
            or method == "HEAD"
            or self.status in (204, 304)
            or self.content_length is not None
            or "chunked" in self.headers.members("Transfer-Encoding")
        )


class HeadReader:
    """Takes header lines one by one. `head` is None until the final head is whole; interim (1xx) answers are passed over."""

    def __init__(self) -> None:
        self.head: Head | None = None
        self._status = 0
        self._http_version = 0
        self._fields: list[tuple[str, str]] = []
        self._bytes = 0

    def feed(self, line: bytes) -> None:
        """Takes the next line, with its end. Raises UpstreamBroken when the head is too long or malformed."""
        self._bytes += len(line)
        if self._bytes > MAX_HEAD_BYTES:
            raise UpstreamBroken("The origin's header is too large.")
        if self.head is not None:
            return  # trailers: counted, never used
        text = line.rstrip(b"\r\n")
        if not text:
            self._finish()
        elif match := _STATUS_LINE.fullmatch(text):
            self._http_version, self._status = int(match[1]) * 10 + int(match[2] or 0), int(match[3])
            self._fields = []
        elif text[:1] in b" \t":
            self._unfold(_text(text).strip())
        else:
            self._add(text)

    def _add(self, text: bytes) -> None:
        name, colon, value = _text(text).partition(":")
        if colon and _NAME.fullmatch(name):
            self._fields.append((name, value.strip(" \t")))

    def _unfold(self, continuation: str) -> None:
        """Joins an obsolete folded line to the one before it (RFC 9112 section 5.2)."""
        if self._fields:
            name, value = self._fields[-1]
            self._fields[-1] = (name, f"{value} {continuation}".strip())

    def _finish(self) -> None:
        if self._status == 101:
            raise UpstreamBroken("The origin switched to a protocol that was not asked for.")
        if self._status >= 200:
            head = Head(self._status, self._http_version, Headers(self._fields))
            _check_framing(head.headers)
            self.head = head


def _check_framing(headers: Headers) -> None:
    """Refuses lengths that contradict each other or are none (RFC 9112 section 6.3, item 5)."""
    lengths = set(headers.members("Content-Length"))
    if len(lengths) > 1 or not all(_DIGITS.fullmatch(length) for length in lengths):
        raise UpstreamBroken("The origin gives contradictory lengths of its body.")


def _text(raw: bytes) -> str:
    """Header bytes as text: UTF-8 where they are valid, since names of files come so, otherwise Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
