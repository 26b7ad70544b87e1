"""May an answer be stored, how long is it fresh, how old is it: RFC 9111 sections 3 and 4.2. Pure.

A shared cache serves anyone; a private one serves one principal and may keep what is meant for that one alone.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from entrepot.dates import parse_http_date
from entrepot.fetch.cache.directives import MAX_SECONDS, request_directives, response_directives
from entrepot.fetch.headers import Headers

# RFC 9110 section 15.1; 206 is left out, since parts are not stored here.
HEURISTIC_STATUSES = frozenset({200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501})
# Those whose meaning for caching is known (`must-understand`, RFC 9111 section 5.2.2.3).
_UNDERSTOOD = HEURISTIC_STATUSES | {302, 303, 307, 400, 401, 403, 451, 500, 502, 503, 504}
_NEGATIVE = frozenset({404, 405, 410, 414, 451, 501})
_NEVER_STORED = frozenset({206, 304})
_HEURISTIC_PART = 0.1  # of the time since the last change (RFC 9111 section 4.2.2)


@dataclass(frozen=True, slots=True)
class Answer:
    """An origin's answer as a cache sees it. Times are seconds since the epoch by our own clock."""

    status: int
    headers: Headers
    requested_at: float
    responded_at: float


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long answers are fresh, in seconds, whose origins say nothing about it.

    `by_type` maps media types (`text/html`), or families (`image/*`), to lifetimes; `otherwise` is for all other types
    (None: a tenth of the time since the last change, at most `heuristic_cap`). `negative` is for 404, 410 and the like.
    `stale_if_error` is how much longer an answer may be used while its origin fails.
    """

    by_type: Mapping[str, int] = field(default_factory=dict)
    otherwise: int | None = None
    negative: int | None = None
    heuristic_cap: int = 86400
    stale_if_error: int = 0

    def of_type(self, media_type: str) -> int | None:
        """The lifetime set for a media type without parameters."""
        family = media_type.partition("/")[0] + "/*"
        return self.by_type.get(media_type, self.by_type.get(family, self.otherwise))


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How many seconds after its making an answer is fresh, and whether its origin has said so."""

    seconds: float
    is_explicit: bool


def may_store(
    answer: Answer, request: Headers, lifetimes: Lifetimes, *, is_shared: bool, media_type: str = ""
) -> bool:
    """Whether an answer to a GET may be stored, and storing it is of any use (RFC 9111 section 3)."""
    said = response_directives(answer.headers)
    if answer.status < 200 or answer.status in _NEVER_STORED or "no-store" in request_directives(request):
        return False
    is_understood = answer.status in _UNDERSTOOD
    if "must-understand" in said and not is_understood:
        return False
    if "no-store" in said and not ("must-understand" in said and is_understood):
        return False
    if is_shared and not _may_share(answer.headers, request):
        return False
    if "*" in answer.headers.members("Vary"):
        return False
    return _is_worth_storing(answer, lifetimes, is_shared=is_shared, media_type=media_type)


def lifetime(answer: Answer, lifetimes: Lifetimes, *, is_shared: bool, media_type: str = "") -> Lifetime:
    """How long the answer is fresh (RFC 9111 section 4.2.1): what the origin says, else what we have set for its kind."""
    said = response_directives(answer.headers)
    told = said.seconds("s-maxage") if is_shared else None
    if told is None:
        told = said.seconds("max-age")
    if told is not None:
        return Lifetime(told, is_explicit=True)
    if "Expires" in answer.headers:
        return Lifetime(_seconds_to_expiry(answer), is_explicit=True)
    if answer.status not in HEURISTIC_STATUSES and not said.says("public"):
        return Lifetime(0, is_explicit=False)
    return Lifetime(_set_lifetime(answer, lifetimes, media_type), is_explicit=False)


def age_seconds(answer: Answer, now: float) -> float:
    """The answer's age at `now` (RFC 9111 section 4.2.3); infinite where its `Age` cannot be read."""
    made_at = _moment(answer.headers.get("Date"), now)
    apparent = max(0.0, answer.responded_at - made_at) if made_at is not None else 0.0
    told = _told_age(answer.headers)
    corrected = told + (answer.responded_at - answer.requested_at)
    return max(apparent, corrected) + max(0.0, now - answer.responded_at)


def fresh_until(answer: Answer, lifetimes: Lifetimes, *, is_shared: bool, media_type: str = "") -> float:
    """Until when the answer may be used unasked, in seconds since the epoch; what must always be asked for is over at once."""
    if response_directives(answer.headers).says("no-cache"):
        return answer.responded_at
    found = lifetime(answer, lifetimes, is_shared=is_shared, media_type=media_type)
    return answer.responded_at + found.seconds - age_seconds(answer, answer.responded_at)


def forbids_stale(headers: Headers, *, is_shared: bool) -> bool:
    """Whether the origin forbids to use the answer when it is no longer fresh (RFC 9111 section 4.2.4)."""
    said = response_directives(headers)
    return (
        "must-revalidate" in said
        or said.says("no-cache")
        or (is_shared and ("proxy-revalidate" in said or "s-maxage" in said))
    )


def _may_share(headers: Headers, request: Headers) -> bool:
    said = response_directives(headers)
    if said.says("private"):
        return False
    if "Authorization" not in request:
        return True
    return "public" in said or "s-maxage" in said or "must-revalidate" in said  # section 3.5


def _is_worth_storing(answer: Answer, lifetimes: Lifetimes, *, is_shared: bool, media_type: str) -> bool:
    """What is never fresh and cannot be validated would only take room."""
    found = lifetime(answer, lifetimes, is_shared=is_shared, media_type=media_type)
    if found.seconds > age_seconds(answer, answer.responded_at):
        said = response_directives(answer.headers)
        return not said.says("no-cache") or _has_validator(answer.headers)
    is_named = answer.status in HEURISTIC_STATUSES or found.is_explicit
    return is_named and _has_validator(answer.headers)


def _has_validator(headers: Headers) -> bool:
    return "ETag" in headers or "Last-Modified" in headers


def _set_lifetime(answer: Answer, lifetimes: Lifetimes, media_type: str) -> float:
    if answer.status in _NEGATIVE and lifetimes.negative is not None:
        return lifetimes.negative
    found = lifetimes.of_type(media_type)
    return _heuristic_seconds(answer, lifetimes.heuristic_cap) if found is None else found


def _heuristic_seconds(answer: Answer, cap: int) -> float:
    changed_at = _moment(answer.headers.get("Last-Modified"), answer.responded_at)
    if changed_at is None:
        return 0
    return min(cap, max(0.0, _made_at(answer) - changed_at) * _HEURISTIC_PART)


def _seconds_to_expiry(answer: Answer) -> float:
    """An `Expires` that cannot be read, or stands there twice, lies in the past (RFC 9111 section 5.3)."""
    lines = set(answer.headers.get_all("Expires"))
    expires_at = _moment(lines.pop(), answer.responded_at) if len(lines) == 1 else None
    if expires_at is None:
        return 0
    return min(MAX_SECONDS, max(0.0, expires_at - _made_at(answer)))


def _made_at(answer: Answer) -> float:
    made_at = _moment(answer.headers.get("Date"), answer.responded_at)
    return answer.responded_at if made_at is None else made_at


def _told_age(headers: Headers) -> float:
    lines = headers.get_all("Age")
    if not lines:
        return 0
    if len(lines) > 1 or not (lines[0].isascii() and lines[0].isdigit()):
        return math.inf
    return min(int(lines[0][:12]), MAX_SECONDS)


def _moment(text: str | None, now: float) -> float | None:
    """Seconds since the epoch of an HTTP-date."""
    found = parse_http_date((text or "").strip(" \t"), datetime.fromtimestamp(now, UTC))
    return None if found is None else found.timestamp()
