"""What to ask an origin for, what that may cost, and the request that a redirect makes of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from entrepot.errors import RedirectLoop, UpstreamBroken
from entrepot.fetch.cookies import Cookie, cookie_field, keep_cookies
from entrepot.fetch.headers import Headers, safe_across_origins, without_body
from entrepot.fetch.url import URL

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Limits:
    """What an exchange may cost. `max_bytes` counts the decoded body; `total_seconds` includes redirects and the reader's time.

    `idle_seconds` is the longest silence, and the time over which fewer than `min_bytes_per_second` (0: any) is too slow;
    `connect_seconds` covers TCP and TLS; `head_seconds` runs until the final head is whole.
    """

    max_bytes: int
    total_seconds: float
    idle_seconds: float = 30
    connect_seconds: float = 10
    min_bytes_per_second: int = 0
    max_redirects: int = 10
    head_seconds: float = 60


@dataclass(frozen=True, slots=True)
class FetchRequest:
    """What to ask for. `may_compress` False asks for the bytes as they are; `may_redirect` False gives a redirect as the answer.
    `may_reuse` False asks over a new connection: a kept one may be what failed.

    `headers` go to the origin of `url`; to other origins only those that are known to hold no credentials. `cookies` and
    `trail` are what `redirected` has gathered on the way here; an answer that cookies were sent for is this caller's alone.
    """

    url: URL
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    may_compress: bool = True
    may_redirect: bool = True
    may_reuse: bool = True
    cookies: tuple[Cookie, ...] = ()
    trail: frozenset[tuple[str, str, str]] = frozenset()


def redirected(request: FetchRequest, status: int, headers: Headers) -> FetchRequest | None:
    """The request that an answer redirects `request` to (RFC 9110 section 15.4); None when it is no redirect.

    It carries the cookies of this and earlier answers, for where they belong. `len(trail)` tells how many redirects led to it.
    Raises InvalidURL or DestinationForbidden for an unusable target, UpstreamBroken for contradictory ones, RedirectLoop
    where the very same request has been redirected before.
    """
    targets = set(headers.get_all("Location"))
    if status not in _REDIRECTS or not targets:
        return None
    if len(targets) > 1:
        raise UpstreamBroken("The origin redirects to several places at once.")
    url = request.url.join(targets.pop())
    following = replace(
        request,
        url=url,
        cookies=keep_cookies(request.cookies, headers.get_all("Set-Cookie"), request.url),
        trail=request.trail | {_signature(request)},
    )
    if url.origin != request.url.origin:
        following = replace(following, headers=safe_across_origins(request.headers))
    if _loses_body(request.method, status):
        following = replace(following, method="GET", body=None, headers=without_body(following.headers))
    if _signature(following) in following.trail:
        raise RedirectLoop
    return following


def _loses_body(method: str, status: int) -> bool:
    return (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")


def _signature(request: FetchRequest) -> tuple[str, str, str]:
    """What an origin can tell two requests of one journey apart by."""
    return request.method, str(request.url), cookie_field(request.cookies, request.url)
