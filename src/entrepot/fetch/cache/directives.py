"""`Cache-Control` and its kin, read as directives (RFC 9111 section 5.2). Pure."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from entrepot.fetch.headers import Headers

MAX_SECONDS = 2**31  # what a greater number of seconds counts as (RFC 9111 section 1.2.2)

_MEMBER = re.compile(
    r'\s*(?P<name>[^=,"\s]*)\s*(?:=(?P<value>"(?:[^"\\]|\\.)*"|[^,"]*))?(?P<rest>[^,]*)(?:,|$)'
)
_DIGITS = re.compile(r"[0-9]+")


@dataclass(frozen=True, slots=True)
class Directives:
    """What a message says about caching. A directive without a value maps to the empty string; the first of several counts.

    `doubled` names those that stand there with different values.
    """

    values: Mapping[str, str]
    doubled: frozenset[str] = frozenset()

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def seconds(self, name: str) -> int | None:
        """The directive's number of seconds; None where it is absent. What is no number, or several, counts as 0: stale."""
        value = self.values.get(name)
        if value is None:
            return None
        if name in self.doubled or not _DIGITS.fullmatch(value):
            return 0
        return min(int(value[:12]), MAX_SECONDS)

    def says(self, name: str) -> bool:
        """Whether the directive stands there for the whole message, not for single fields."""
        return name in self.values and not self.values[name]

    def fields(self, name: str) -> frozenset[str]:
        """The header fields that the directive is limited to, lower-cased, as in `no-cache="Set-Cookie"`."""
        return frozenset(
            field.strip().lower() for field in self.values.get(name, "").split(",") if field.strip()
        )


def parse_directives(lines: Iterable[str]) -> Directives:
    """The directives in all lines of one field. What cannot be read is passed over."""
    values: dict[str, str] = {}
    doubled: set[str] = set()
    for line in lines:
        for match in _MEMBER.finditer(line):
            name, value = match["name"].lower(), _plain(match["value"] or "") + match["rest"].strip()
            if name in values and values[name] != value:
                doubled.add(name)
            if name:
                values.setdefault(name, value)
    return Directives(values, frozenset(doubled))


def response_directives(headers: Headers) -> Directives:
    """What an answer says about caching itself."""
    return parse_directives(headers.get_all("Cache-Control"))


def request_directives(headers: Headers) -> Directives:
    """What a request asks of caches; `Pragma: no-cache` counts where there is no `Cache-Control` (section 5.4)."""
    if "Cache-Control" not in headers and "no-cache" in headers.members("Pragma"):
        return Directives({"no-cache": ""})
    return parse_directives(headers.get_all("Cache-Control"))


def _plain(value: str) -> str:
    if value.startswith('"'):
        return re.sub(r"\\(.)", r"\1", value[1:-1])
    return value.strip()
