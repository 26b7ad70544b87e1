"""Preconditions and ranges, decided without I/O (RFC 9110 §13 and §14)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from entrepot.dates import parse_http_date

_BEYOND_ANY_SIZE = 10**18
_MAX_RANGES = 16

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ONE_TAG = re.compile(_ENTITY_TAG)
_TAG_LIST = re.compile(rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*")
_RANGE_SET = re.compile(r"bytes=(?P<specs>[\x20\t,0-9-]*)", re.IGNORECASE)
_RANGE_SPEC = re.compile(r"(?P<first>[0-9]*)-(?P<last>[0-9]*)")


@dataclass(frozen=True, slots=True)
class Representation:
    """What is there now. `etag` is strong and quoted.

    `is_date_strong`: no other bytes bore this Last-Modified second (RFC 9110 §8.8.2.2), so If-Range may go by it.
    """

    etag: str
    last_modified: datetime
    size_bytes: int
    is_date_strong: bool = False


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size_bytes(self) -> int:
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Decision:
    """How to answer: 200, 206 (then `ranges` has what to send), 304, 412 or 416, and the fields that this adds."""

    status: int
    ranges: tuple[ByteRange, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


def decide(
    method: str, headers: Mapping[str, str], representation: Representation, now: datetime
) -> Decision:
    """The order of RFC 9110 §13.2.2. `headers` has lower-case names, several lines of one joined with ", ".

    `now` only dates the two-digit years of RFC 850. More than one range is answered whole, as §14.2 allows.
    """
    if not _is_still_the_one(headers, representation, now):
        return Decision(412)
    is_reading = method in ("GET", "HEAD")
    if _is_known_to_caller(headers, representation, now, is_reading=is_reading):
        return Decision(304 if is_reading else 412)
    if method == "GET" and "range" in headers and _may_send_range(headers, representation, now):
        return _ranged(headers["range"], representation.size_bytes)
    return Decision(200)


def parse_ranges(text: str, size_bytes: int) -> tuple[ByteRange, ...] | None:
    """The satisfiable ranges in the order asked for; None when the field is to be ignored (§14.1.1, §14.2).

    An empty tuple means that none can be satisfied.
    """
    match = _RANGE_SET.fullmatch(text)
    specs = [spec.strip(" \t") for spec in match["specs"].split(",")] if match else []
    wanted = [spec for spec in specs if spec]
    if not wanted or len(wanted) > _MAX_RANGES:
        return None
    found = []
    for spec in wanted:
        parsed = _RANGE_SPEC.fullmatch(spec)
        if parsed is None or parsed[0] == "-":
            return None
        first, last = _position(parsed["first"]), _position(parsed["last"])
        if first is not None and last is not None and last < first:
            return None
        found.append(_within(first, last, size_bytes))
    return tuple(part for part in found if part is not None)


def _is_still_the_one(headers: Mapping[str, str], representation: Representation, now: datetime) -> bool:
    """If-Match, or else If-Unmodified-Since."""
    if "if-match" in headers:
        wanted = headers["if-match"].strip(" \t")
        return wanted == "*" or representation.etag in _tags(wanted)  # strong: a W/ tag never equals ours
    since = parse_http_date(headers.get("if-unmodified-since", ""), now)
    return since is None or _whole_second(representation.last_modified) <= since


def _is_known_to_caller(
    headers: Mapping[str, str], representation: Representation, now: datetime, *, is_reading: bool
) -> bool:
    """If-None-Match, or else, when reading, If-Modified-Since."""
    if "if-none-match" in headers:
        known = headers["if-none-match"].strip(" \t")
        return known == "*" or representation.etag in [tag.removeprefix("W/") for tag in _tags(known)]
    since = parse_http_date(headers.get("if-modified-since", ""), now) if is_reading else None
    return since is not None and _whole_second(representation.last_modified) <= since


def _may_send_range(headers: Mapping[str, str], representation: Representation, now: datetime) -> bool:
    """If-Range (§13.1.5): the strong tag, or the very date where dates are strong."""
    validator = headers.get("if-range")
    if validator is None or validator == representation.etag:
        return True
    date = parse_http_date(validator, now)
    return representation.is_date_strong and date == _whole_second(representation.last_modified)


def _ranged(text: str, size_bytes: int) -> Decision:
    ranges = parse_ranges(text, size_bytes)
    if ranges is None or len(ranges) > 1:
        return Decision(200)
    if not ranges:
        return Decision(416, headers={"Content-Range": f"bytes */{size_bytes}"})
    part = ranges[0]
    if part.size_bytes == 0:  # a suffix of nothing: there is no Content-Range that could say it
        return Decision(200)
    return Decision(206, ranges, {"Content-Range": f"bytes {part.first}-{part.last}/{size_bytes}"})


def _within(first: int | None, last: int | None, size_bytes: int) -> ByteRange | None:
    if first is None:
        assert last is not None
        return ByteRange(max(size_bytes - last, 0), size_bytes - 1) if last > 0 else None
    if first >= size_bytes:
        return None
    return ByteRange(first, size_bytes - 1 if last is None else min(last, size_bytes - 1))


def _position(digits: str) -> int | None:
    if not digits:
        return None
    return int(digits) if len(digits) <= 18 else _BEYOND_ANY_SIZE


def _tags(text: str) -> list[str]:
    """The entity tags of a list; none at all when it is malformed."""
    return _ONE_TAG.findall(text) if _TAG_LIST.fullmatch(text) else []


def _whole_second(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)
