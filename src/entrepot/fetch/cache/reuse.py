"""May a stored answer be used for a request, and how: RFC 9111 sections 4 and 5.2.1, RFC 5861. Pure."""

import hashlib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from entrepot.fetch.cache.directives import Directives, response_directives
from entrepot.fetch.cache.policy import Answer, Lifetime, age_seconds, forbids_stale
from entrepot.fetch.headers import Headers

# Lists whose members may come in any order and case without asking for anything else.
_UNORDERED = frozenset({"accept", "accept-charset", "accept-encoding", "accept-language"})
_SPACE = re.compile(r"[ \t]+")


class Use(Enum):
    """What to do with a stored answer."""

    AS_IT_IS = "fresh"
    WHILE_VALIDATING = "stale, asked anew behind the caller's back"
    AFTER_VALIDATION = "asked first"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the caller puts up with: answers up to an age (None: any), and stale ones up to so many seconds past their end."""

    max_age_seconds: float | None = None
    min_fresh_seconds: float = 0
    max_stale_seconds: float = 0
    must_validate: bool = False


def wish_within(max_age_seconds: float | None) -> Wish:
    """The wish for an answer that is at most so old, fresh or not (unless its origin forbids that); None: a fresh one.

    With 0 nothing that is stored will do.
    """
    if max_age_seconds is None:
        return Wish()
    return Wish(max_age_seconds, max_stale_seconds=math.inf, must_validate=max_age_seconds <= 0)


def wish_of(asked: Directives) -> Wish:
    """The wish that a request's own directives express (RFC 9111 section 5.2.1)."""
    max_age = asked.seconds("max-age")
    max_stale = math.inf if asked.says("max-stale") else asked.seconds("max-stale") or 0
    return Wish(
        max_age, asked.seconds("min-fresh") or 0, max_stale, must_validate="no-cache" in asked or max_age == 0
    )


def use_of(answer: Answer, lifetime: Lifetime, wish: Wish, now: float, *, is_shared: bool) -> Use:
    """How the stored answer may be used for this request at `now`."""
    said = response_directives(answer.headers)
    age = age_seconds(answer, now)
    if wish.must_validate or said.says("no-cache") or _is_too_old(age, wish):
        return Use.AFTER_VALIDATION
    left = lifetime.seconds - age
    if left > 0 and left >= wish.min_fresh_seconds:
        return Use.AS_IT_IS
    if wish.min_fresh_seconds or forbids_stale(answer.headers, is_shared=is_shared):
        return Use.AFTER_VALIDATION
    if -left < wish.max_stale_seconds:
        return Use.AS_IT_IS
    is_soon = -left < (said.seconds("stale-while-revalidate") or 0)
    return Use.WHILE_VALIDATING if is_soon else Use.AFTER_VALIDATION


def may_use_on_error(
    answer: Answer, lifetime: Lifetime, wish: Wish, now: float, *, is_shared: bool, otherwise_seconds: int
) -> bool:
    """Whether the stored answer may stand in while its origin fails (`stale-if-error`, RFC 5861 section 4).

    `otherwise_seconds` is for origins that say nothing about it. What is older than the caller wants never may.
    """
    age = age_seconds(answer, now)
    if wish.must_validate or _is_too_old(age, wish):
        return False
    if age < lifetime.seconds and not response_directives(answer.headers).says("no-cache"):
        return True
    if forbids_stale(answer.headers, is_shared=is_shared):
        return False
    told = response_directives(answer.headers).seconds("stale-if-error")
    return age - lifetime.seconds < (otherwise_seconds if told is None else told)


def selecting_fields(headers: Headers, request: Headers) -> dict[str, str]:
    """The request's fields that `Vary` names, by digests of their normalised values, since these may be credentials.

    An absent field is the empty string (RFC 9111 section 4.1).
    """
    return {name: _normal(name, request) for name in headers.members("Vary")}


def is_selected(stored: Mapping[str, str], request: Headers) -> bool:
    """Whether a request asks for the variant whose selecting fields are `stored`."""
    return all(value == _normal(name, request) for name, value in stored.items())


def _is_too_old(age: float, wish: Wish) -> bool:
    return wish.max_age_seconds is not None and age > wish.max_age_seconds


def _normal(name: str, request: Headers) -> str:
    """A digest of the field's lines together, without meaningless differences; empty where there are none."""
    lines = request.get_all(name)
    if not lines:
        return ""
    members = [_SPACE.sub(" ", member.strip()) for line in lines for member in line.split(",")]
    if name in _UNORDERED:
        members = sorted(member.replace(" ", "").lower() for member in members)
    return hashlib.sha256(",".join(members).encode()).hexdigest()[:32]
