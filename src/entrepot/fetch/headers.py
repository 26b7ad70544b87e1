"""Header fields: a case-insensitive multi-map for answers, and the rules for what a request may carry and where to."""

import re
from collections.abc import Iterable, Iterator, Mapping

from entrepot.errors import BadInput

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]{0,8192}")

# The client frames messages and chooses connections and encodings by itself (RFC 9110 section 7.6.1, RFC 9112 section 6).
_OURS = frozenset(
    {"accept-encoding", "connection", "content-length", "expect", "host", "keep-alive", "te", "trailer", "transfer-encoding",
     "upgrade"}
)  # fmt: skip

# What may follow a redirect to another origin: everything else could be a credential under some name.
_SAFE_ACROSS_ORIGINS = frozenset(
    {"accept", "accept-language", "cache-control", "if-match", "if-modified-since", "if-none-match", "if-range",
     "if-unmodified-since", "pragma", "range", "user-agent"}
)  # fmt: skip

_OF_THE_BODY = frozenset(
    {"content-encoding", "content-language", "content-location", "content-type", "digest", "last-modified"}
)


class Headers(Mapping[str, str]):
    """Header fields in the order in which they came; names match in any case.

    `headers[name]` and `get` give the first value of a repeated field, `get_all` gives every one.
    """

    __slots__ = ("_fields",)

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        self._fields = tuple(fields)

    def __getitem__(self, name: str) -> str:
        wanted = name.lower()
        for field, value in self._fields:
            if field.lower() == wanted:
                return value
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(field.lower() for field, _ in self._fields))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and any(field.lower() == name.lower() for field, _ in self._fields)

    def __len__(self) -> int:
        return len({field.lower() for field, _ in self._fields})

    def __repr__(self) -> str:
        return f"Headers({', '.join(self)})"  # names only: values may be secret

    def lines(self) -> list[tuple[str, str]]:
        """Every field as it came, repeated ones too."""
        return list(self._fields)

    def get_all(self, name: str) -> list[str]:
        """Every value of the field, in order; empty when it is absent."""
        wanted = name.lower()
        return [value for field, value in self._fields if field.lower() == wanted]

    def members(self, name: str) -> list[str]:
        """The members of a comma-separated list over all its lines, lower-cased (RFC 9110 section 5.6.1)."""
        members = (member.strip().lower() for value in self.get_all(name) for member in value.split(","))
        return [member for member in members if member]


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """A caller's header fields, fit to be sent.

    Raises BadInput for a malformed name or value (line breaks above all) and for fields that belong to the client.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name):
            raise BadInput("A header's name is not valid.")
        if name.lower() in _OURS or name.lower().startswith("proxy-"):
            raise BadInput(f"The header {name} may not be set.")
        if not _VALUE.fullmatch(value) or not _is_latin1(value):
            raise BadInput(f"The value of the header {name} is not valid.")
    return dict(headers)


def safe_across_origins(headers: Mapping[str, str]) -> dict[str, str]:
    """What of these may be sent to another origin than the one they were given for."""
    return {name: value for name, value in headers.items() if name.lower() in _SAFE_ACROSS_ORIGINS}


def without_body(headers: Mapping[str, str]) -> dict[str, str]:
    """These without the fields that describe a body, for a request that has lost its own (RFC 9110 section 15.4)."""
    return {name: value for name, value in headers.items() if name.lower() not in _OF_THE_BODY}


def _is_latin1(value: str) -> bool:
    return all(ord(character) < 256 for character in value)
