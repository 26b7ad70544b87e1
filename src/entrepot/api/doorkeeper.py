"""Whom a service without keys lets in: callers that know its address, never the pages of strangers in a user's browser.

A stranger's page may send requests to `http://127.0.0.1:8080` from the browser that shows it. It reads no answers, since
there are no CORS headers; but its forms would start and cancel jobs, and a name of its own that it lets resolve to
127.0.0.1 (DNS rebinding) would make it of our own origin. So: only names that are ours, and no changes from elsewhere.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from entrepot.api.problems import problem
from entrepot.errors import AppError, CrossSiteRequest, HostNotServed

_WEBSOCKET = "websocket"
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Doorkeeper:
    """Refuses requests for names that are not `names`, and changes that another site's page asks for.

    Addresses and localhost are always ours: no stranger can make them his. `names` None: any name is.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] | None) -> None:
        self._app = app
        self._names = None if names is None else {"localhost", *(name.lower().rstrip(".") for name in names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        # A WebSocket can be read by any page that opens it, unlike other answers: it counts as a change.
        refusal = self._refusal(scope.get("method", _WEBSOCKET), Headers(scope=scope))
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem(refusal, HTTPConnection(scope))(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> AppError | None:
        host = headers.get("host", "")
        if not self._is_ours(_name_of(host)):
            return HostNotServed(
                "This service does not go by that name; ENTREPOT_ALLOWED_HOSTS lists the names that it goes by."
            )
        if method not in _READING and is_from_elsewhere(headers):
            return CrossSiteRequest("Another site's page may not change anything here, nor watch.")
        return None

    def _is_ours(self, name: str) -> bool:
        return self._names is None or name in self._names or _is_address(name)


def is_from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that another origin's page sends this (Fetch Metadata, or else RFC 6454's `Origin`)."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()


def _name_of(host: str) -> str:
    """A `Host` field without its port, in lower case; IPv6 without brackets."""
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().rstrip(".")


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True
