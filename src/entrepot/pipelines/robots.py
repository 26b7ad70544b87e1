"""What a site's robots.txt allows (RFC 9309), read once and asked often; matching takes linear time (pure)."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import quote, unquote_to_bytes

MAX_BYTES = 500 * 1024
"""So much of a robots.txt is read (RFC 9309 section 2.5 asks for at least that)."""
_MAX_RULES = 20_000
_MAX_SITEMAPS = 100
_LONGEST_DELAY_SECONDS = 300.0
_PRODUCT = re.compile(r"[A-Za-z_-]+")
_PLAIN = "!$&'()*+,-./:;=?@[]_~%"


@dataclass(frozen=True, slots=True)
class _Rule:
    pieces: tuple[str, ...]
    is_anchored: bool
    is_allowing: bool
    length: int


@dataclass(frozen=True, slots=True)
class Robots:
    """The rules of one site for one crawler. `delay_seconds` is what it asks for between requests; None: nothing."""

    rules: tuple[_Rule, ...] = ()
    delay_seconds: float | None = None
    sitemaps: tuple[str, ...] = ()

    def allows(self, target: str) -> bool:
        """Whether `target`, a path with its query, may be read: the longest rule decides, of equal ones the kinder."""
        wanted = _normal(target)
        best = max(
            (rule for rule in self.rules if _matches(rule, wanted)),
            key=lambda rule: (rule.length, rule.is_allowing),
            default=None,
        )
        return best is None or best.is_allowing


ALLOWS_ALL = Robots()
FORBIDS_ALL = Robots((_Rule(("/",), False, False, 1),))


@dataclass(slots=True)
class _Group:
    rules: list[_Rule] = field(default_factory=list)
    delay_seconds: float | None = None


def read_robots(body: bytes, user_agent: str) -> Robots:
    """The rules in `body` for the crawler that calls itself `user_agent`: of all groups that name its product.

    Where none does, those of `*`; where there are none of these either, everything is allowed.
    """
    text = body[:MAX_BYTES].decode("utf-8-sig", "replace")
    found = _PRODUCT.match(user_agent)
    product = found[0].lower() if found else ""
    groups: dict[str, _Group] = {}
    sitemaps: list[str] = []
    names: list[str] = []
    is_naming = False
    for key, value in _lines(text):
        if key == "user-agent":
            names = [*names, _name_of(value)] if is_naming else [_name_of(value)]
            is_naming = True
        elif key == "sitemap":
            sitemaps.append(value)
        else:
            is_naming = False if key in ("allow", "disallow", "crawl-delay") else is_naming
            for name in set(names) & {product, "*"}:
                _take(groups.setdefault(name, _Group()), key, value)
        for name in set(names) & {product, "*"}:
            groups.setdefault(name, _Group())
    mine = groups.get(product) or groups.get("*") or _Group()
    return Robots(tuple(mine.rules), mine.delay_seconds, tuple(sitemaps[:_MAX_SITEMAPS]))


def _lines(text: str) -> Iterable[tuple[str, str]]:
    for line in re.split(r"[\r\n]+", text):
        key, separator, value = line.partition("#")[0].partition(":")
        if separator:
            yield key.strip().lower(), value.strip()


def _name_of(value: str) -> str:
    if value.startswith("*"):
        return "*"
    found = _PRODUCT.match(value)
    return found[0].lower() if found else ""


def _take(group: _Group, key: str, value: str) -> None:
    if key in ("allow", "disallow"):
        if value and len(group.rules) < _MAX_RULES:
            group.rules.append(_rule(value, is_allowing=key == "allow"))
    elif key == "crawl-delay":
        group.delay_seconds = _delay(value)


def _delay(value: str) -> float | None:
    if not re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,9})?", value):
        return None
    return min(float(value), _LONGEST_DELAY_SECONDS)


def _rule(pattern: str, *, is_allowing: bool) -> _Rule:
    is_anchored = pattern.endswith("$")
    text = _normal(pattern[:-1] if is_anchored else pattern)
    text = text if text.startswith(("/", "*")) else f"/{text}"
    return _Rule(tuple(text.split("*")), is_anchored, is_allowing, len(pattern.encode()))


def _matches(rule: _Rule, text: str) -> bool:
    """Whether the pattern matches a prefix of `text`, or all of it when it is anchored.

    Between two `*` the first place that fits is as good as any, so that nothing is tried twice.
    """
    first, *rest = rule.pieces
    if not text.startswith(first):
        return False
    at = len(first)
    if not rest:
        return not rule.is_anchored or at == len(text)
    *middle, last = rest
    at = _find_in_order(text, middle, at)
    if at < 0:
        return False
    if rule.is_anchored:
        return len(text) - len(last) >= at and text.endswith(last)
    return text.find(last, at) >= 0


def _find_in_order(text: str, pieces: Sequence[str], at: int) -> int:
    for piece in pieces:
        at = text.find(piece, at)
        if at < 0:
            return -1
        at += len(piece)
    return at


def _normal(text: str) -> str:
    """Percent-encodings in one form: unreserved characters plain, all others encoded in upper case (section 2.2.2)."""
    kept = re.sub(r"%(?![0-9A-Fa-f]{2})", "%25", text)

    def decoded(found: re.Match[str]) -> str:
        byte = unquote_to_bytes(found[0])
        is_unreserved = byte.isalnum() or byte in (b"-", b".", b"_", b"~")
        return byte.decode("ascii") if is_unreserved else found[0].upper()

    return quote(re.sub(r"%[0-9A-Fa-f]{2}", decoded, kept), safe=_PLAIN)
