"""Which format an `Accept` header asks for (RFC 9110 §12.5.1), decided without I/O."""

import re
from dataclasses import dataclass

from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.errors import NotAcceptable

_NAME = r"[A-Za-z0-9!#$&^_.+*-]+"
_RANGE = re.compile(rf"({_NAME}/{_NAME})((?:\s*;[^;]*)*)")
_QUALITY = re.compile(r"(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)")
_IRRELEVANT = frozenset({"charset", "variant", "profile"})
"""Parameters that ask for nothing that another rendering could give."""

_OFFERED = {
    format_: media_type for format_, media_type in MEDIA_TYPES.items() if format_ is not Format.SCREENSHOT
}
# A screenshot is had by name alone: a browser's own `Accept: image/*` asks for the picture at the address.

CHOICES = tuple(media_type.partition(";")[0] for media_type in _OFFERED.values())
"""The media types that can be had, the preferred first; beside them `*/*`: the source as it is."""


@dataclass(frozen=True, slots=True)
class _MediaRange:
    media_range: str
    quality: float

    @property
    def specificity(self) -> int:
        """How narrow it is: 2 names one type, 1 a family, 0 anything."""
        return 2 - self.media_range.count("*")

    def covers(self, media_type: str) -> bool:
        return self.media_range in (media_type, f"{media_type.partition('/')[0]}/*")


def choose_format(accept: str | None) -> Format | None:
    """The format that fits `accept` best; None: the source's own bytes, as `*/*` or no header asks.

    Of equal ones the narrower range wins, then our order. Raises NotAcceptable with what could be had.
    """
    ranges = _read(accept or "*/*")
    best: tuple[float, int, int] | None = None
    chosen: Format | None = None
    for place, (format_, media_type) in enumerate(zip(_OFFERED, CHOICES, strict=True)):
        found = max(
            (one for one in ranges if one.covers(media_type)), key=lambda one: one.specificity, default=None
        )
        if found is None or not found.quality:
            continue
        rank = (found.quality, found.specificity, -place)
        if best is None or rank > best:
            best, chosen = rank, format_
    anything = max((one.quality for one in ranges if one.media_range == "*/*"), default=0.0)
    if anything and (best is None or (anything, 0, 0) > best):
        return None
    if chosen is None:
        raise NotAcceptable(
            f"This can be had as {', '.join(CHOICES)}, or unchanged as */*.", available=[*CHOICES, "*/*"]
        )
    return chosen


def _read(accept: str) -> list[_MediaRange]:
    """The media ranges of the header. What is malformed, or asks for more than a type, is passed over."""
    found = []
    for item in accept[:8192].split(","):
        match = _RANGE.fullmatch(item.strip())
        if match is None:
            continue
        quality = _quality_of(match[2])
        if quality is not None:
            found.append(_MediaRange(match[1].lower(), quality))
    return found


def _quality_of(parameters: str) -> float | None:
    """The range's weight; None where it has parameters that no rendering of ours has, or a weight that is none."""
    quality = 1.0
    for parameter in parameters.split(";")[1:]:
        name, _, value = (part.strip().lower() for part in parameter.partition("="))
        if name == "q":
            if not _QUALITY.fullmatch(value):
                return None
            quality = float(value)
        elif name and name not in _IRRELEVANT:
            return None
    return quality
