"""HTTP/1.1 heads as the guard proxy reads and rewrites them (RFC 9112): strict to clients, lenient to origins. Pure."""

import re
from dataclasses import dataclass

from entrepot.errors import BadInput, UpstreamBroken
from entrepot.fetch.url import URL

MAX_HEAD_BYTES = 64 * 1024
MAX_FIELDS = 128
REFUSAL_FIELD = "X-Entrepot-Refusal"

_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([\x21-\x7e]{1,8300}) HTTP/1\.[01]")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff \t])*)")
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-9][0-9]{2})(?: [^\r\n]*)?")
_AFTER_AUTHORITY = re.compile(r"[A-Za-z]+://[^/?]*(.*)")
_HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings"})
_CONTENT_LENGTH = re.compile(r"[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class RequestHead:
    """A client's request up to its body; field names as written."""

    method: str
    target: str
    fields: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        """All values of a field, given by its lower-case name."""
        return [value for written, value in self.fields if written.lower() == name]


def parse_request_head(data: bytes) -> RequestHead:
    """Reads a head without its blank line: CRLF only, no folding, no odd bytes. Raises BadInput."""
    first, *lines = data.split(b"\r\n")
    match = _REQUEST_LINE.fullmatch(first)
    if match is None or len(lines) > MAX_FIELDS:
        raise BadInput("The proxy cannot read this request.")
    fields = tuple(_parse_field(line) for line in lines)
    return RequestHead(match[1].decode("ascii"), match[2].decode("ascii"), fields)


def body_bytes(head: RequestHead) -> int:
    """The size of a request's body. Chunked ones are refused: nothing that goes through this proxy needs them.

    Raises BadInput.
    """
    lengths = head.values("content-length")
    if head.values("transfer-encoding") or len(lengths) > 1:
        raise BadInput("The proxy takes request bodies with one Content-Length only.")
    if lengths and not _CONTENT_LENGTH.fullmatch(lengths[0]):
        raise BadInput("The request's Content-Length is not valid.")
    return int(lengths[0]) if lengths else 0


def write_request(head: RequestHead, url: URL) -> bytes:
    """The head to send to the origin of `url`: origin-form, path and query as written, this hop's fields left out."""
    after = _AFTER_AUTHORITY.fullmatch(head.target)
    target = after[1].partition("#")[0] if after else url.target
    dropped = _HOP_BY_HOP | _listed(head.values("connection")) | {"host"}
    kept = [
        (name, value)
        for name, value in head.fields
        if name.lower() not in dropped and not name.lower().startswith("proxy-")
    ]
    fields = [("Host", url.authority), *kept, ("Connection", "close")]
    start = f"{head.method} {target if target.startswith('/') else '/' + target} HTTP/1.1\r\n"
    return (start + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n").encode("latin-1")


def rewrite_response(data: bytes) -> tuple[int, bytes]:
    """An origin's head, without its blank line, as status and as the head to hand on, which ends the connection.

    Transfer-Encoding stays, since the body is handed on as it comes. Raises UpstreamBroken.
    """
    first, *lines = re.split(rb"\r?\n", data)
    match = _STATUS_LINE.fullmatch(first)
    if match is None:
        raise UpstreamBroken("The origin does not speak HTTP/1.")
    kept: list[bytes] = []
    keeps = True
    for line in lines:
        if not line.startswith((b" ", b"\t")):  # a folded line shares its field's fate
            keeps = _is_end_to_end(line)
        if keeps:
            kept.append(line)
    return int(match[1]), b"\r\n".join([first, *kept, b"Connection: close", b"", b""])


def _parse_field(line: bytes) -> tuple[str, str]:
    match = _FIELD.fullmatch(line)
    if match is None:
        raise BadInput("The proxy cannot read this request.")
    return match[1].decode("ascii"), match[2].decode("latin-1").strip(" \t")


def _listed(values: list[str]) -> frozenset[str]:
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def _is_end_to_end(line: bytes) -> bool:
    name = line.partition(b":")[0].strip().lower()
    if name.startswith(b"proxy-") or name == REFUSAL_FIELD.lower().encode("ascii"):
        return False
    return name not in {b"connection", b"keep-alive", b"upgrade"}
