"""Asking whether a stored answer still holds, and what else an exchange makes invalid: RFC 9111 sections 4.3 and 4.4. Pure."""

from entrepot.errors import AppError
from entrepot.fetch.cache.policy import Answer
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import URL

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
# Those for which what is stored may stand in: `stale-if-error`'s (RFC 5861 section 4), and the origin's own limit.
PASSING_FAILURES = frozenset({429, 500, 502, 503, 504})


def conditions(answer: Answer) -> dict[str, str]:
    """The fields that make a request for the same thing conditional; empty where nothing can be compared."""
    fields: dict[str, str] = {}
    if tag := answer.headers.get("ETag"):
        fields["If-None-Match"] = tag
    if changed := answer.headers.get("Last-Modified"):
        fields["If-Modified-Since"] = changed
    return fields


def is_failure(status: int) -> bool:
    """Whether an answer only tells that its origin cannot give one: it takes no good answer's place."""
    return status >= 500 or status in PASSING_FAILURES


def invalidated_urls(method: str, url: URL, status: int, headers: Headers) -> list[URL]:
    """What an exchange has changed at its origin: its own URL, and those of the same origin that its answer names."""
    if method in _SAFE_METHODS or not 200 <= status < 400:
        return []
    named = [value for name in ("Location", "Content-Location") for value in headers.get_all(name)]
    found = [url, *(joined for reference in named if (joined := _joined(url, reference)) is not None)]
    return [each for each in found if each.origin == url.origin]


def _joined(url: URL, reference: str) -> URL | None:
    """The URL that a field names; None for one that is none, which then names nothing that we hold."""
    try:
        return url.join(reference)
    except AppError:
        return None
