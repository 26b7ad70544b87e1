"""What a page fetches: each request judged before it leaves, the proxy's question for its secret answered, bytes counted."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from entrepot.fetch.browser.protocol import CommandFailed, DevTools
from entrepot.fetch.proxy_message import REFUSAL_FIELD

QUIET_SECONDS = 0.5
MAX_REQUESTS = 1000
MAX_PAGE_BYTES = 128 * 1024 * 1024

_UNWANTED = frozenset({"Media", "Ping", "CSPViolationReport", "Prefetch", "TextTrack"})


@dataclass(slots=True)
class MainDocument:
    """What the main frame's newest document came with. `refusal` is the proxy's code where it refused; `has_broken_off`:
    not all of it came.
    """

    request_id: str = ""
    status: int = 0
    content_type: str | None = None
    last_modified: str | None = None
    refusal: str | None = None
    has_broken_off: bool = False


@dataclass(frozen=True, slots=True)
class Credentials:
    """The proxy's."""

    user: str
    secret: str


class Traffic:
    """One page's requests. `notice` takes a session's events; `quiet_since` is the loop's time since nothing is under way."""

    def __init__(
        self,
        tools: DevTools,
        credentials: Credentials,
        *,
        url: str,
        headers: Mapping[str, str],
        fetches_fonts: bool,
    ) -> None:
        self.main = MainDocument()
        self.main_frame = ""
        self.quiet_since = time.monotonic()
        self._tools = tools
        self._credentials = credentials
        self._origin = origin_of(url)
        self._headers = dict(headers)
        self._unwanted = _UNWANTED if fetches_fonts else _UNWANTED | {"Font"}
        self._under_way: set[str] = set()
        self._asked: set[str] = set()
        self._count = 0
        self._bytes = 0
        self._errands: set[asyncio.Task[None]] = set()
        self._handlers: Mapping[str, Callable[[str, dict[str, Any]], None]] = {
            "Fetch.requestPaused": self._on_paused,
            "Fetch.authRequired": self._on_question,
            "Network.requestWillBeSent": self._on_sent,
            "Network.responseReceived": self._on_response,
            "Network.dataReceived": self._on_data,
            "Network.loadingFinished": self._on_end,
            "Network.loadingFailed": self._on_failure,
        }

    async def watch(self, session: str) -> None:
        """Has the browser tell of a session's requests, and wait for our word on each."""
        await self._tools.call("Network.enable", {"maxTotalBufferSize": 0}, session=session)
        await self._tools.call(
            "Fetch.enable", {"handleAuthRequests": True, "patterns": [{"urlPattern": "*"}]}, session=session
        )

    def notice(self, session: str, method: str, parameters: dict[str, Any]) -> bool:
        """Takes an event; False: it is none of the traffic's."""
        handler = self._handlers.get(method)
        if handler is not None:
            handler(session, parameters)
        return handler is not None

    def is_quiet(self) -> bool:
        """Whether nothing has been under way for `QUIET_SECONDS`."""
        return not self._under_way and time.monotonic() - self.quiet_since >= QUIET_SECONDS

    async def close(self) -> None:
        """Ends what has not been answered."""
        for errand in self._errands:
            errand.cancel()
        await asyncio.gather(*self._errands, return_exceptions=True)

    # --- each request -------------------------------------------------------------------------------------------------

    def _on_paused(self, session: str, parameters: dict[str, Any]) -> None:
        self._count += 1
        request = parameters["request"]
        verdict: dict[str, Any] = {"requestId": parameters["requestId"]}
        if not self._may_go(request["url"], str(parameters.get("resourceType"))):
            self._send("Fetch.failRequest", {**verdict, "errorReason": "BlockedByClient"}, session)
            return
        if self._headers and origin_of(request["url"]) == self._origin:
            merged = {**{name.lower(): value for name, value in request["headers"].items()}, **self._headers}
            verdict["headers"] = [{"name": name, "value": value} for name, value in merged.items()]
        self._send("Fetch.continueRequest", verdict, session)

    def _may_go(self, url: str, kind: str) -> bool:
        if kind in self._unwanted or self._count > MAX_REQUESTS or self._bytes > MAX_PAGE_BYTES:
            return False
        return url.startswith(("http://", "https://", "data:", "blob:"))

    def _on_question(self, session: str, parameters: dict[str, Any]) -> None:
        """The proxy is told its secret, once for each request; nobody else is told anything."""
        answer: dict[str, Any] = {"response": "CancelAuth"}
        is_proxy = parameters.get("authChallenge", {}).get("source") == "Proxy"
        if is_proxy and parameters["requestId"] not in self._asked:
            self._asked.add(parameters["requestId"])
            answer = {
                "response": "ProvideCredentials", "username": self._credentials.user, "password": self._credentials.secret,
            }  # fmt: skip
        told = {"requestId": parameters["requestId"], "authChallengeResponse": answer}
        self._send("Fetch.continueWithAuth", told, session)

    def _send(self, method: str, parameters: Mapping[str, Any], session: str) -> None:
        errand = asyncio.create_task(_attempt(self._tools.call(method, parameters, session=session)))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)

    # --- what came of it ----------------------------------------------------------------------------------------------

    def _on_sent(self, _session: str, parameters: dict[str, Any]) -> None:
        if parameters.get("type") not in self._unwanted:
            self._under_way.add(parameters["requestId"])

    def _on_response(self, _session: str, parameters: dict[str, Any]) -> None:
        if parameters.get("type") != "Document" or parameters.get("requestId") != parameters.get("loaderId"):
            return
        if parameters.get("frameId") != self.main_frame:
            return
        response = parameters["response"]
        fields = {name.lower(): value for name, value in response.get("headers", {}).items()}
        self.main = MainDocument(
            request_id=parameters["requestId"],
            status=int(response.get("status", 0)),
            content_type=fields.get("content-type") or response.get("mimeType"),
            last_modified=fields.get("last-modified"),
            refusal=fields.get(REFUSAL_FIELD.lower()) if response["url"].startswith("http://") else None,
        )

    def _on_data(self, _session: str, parameters: dict[str, Any]) -> None:
        self._bytes += int(parameters.get("dataLength", 0))

    def _on_failure(self, session: str, parameters: dict[str, Any]) -> None:
        is_left = parameters.get("canceled")  # for another page
        if parameters["requestId"] == self.main.request_id and not is_left:
            self.main.has_broken_off = True
        self._on_end(session, parameters)

    def _on_end(self, _session: str, parameters: dict[str, Any]) -> None:
        self._under_way.discard(parameters["requestId"])
        self.quiet_since = time.monotonic()


def origin_of(url: str) -> tuple[str, str | None, int | None]:
    """Scheme, host and port; empty where the URL has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    except ValueError:
        return "", None, None
    return parts.scheme, parts.hostname, port


async def _attempt(call: Coroutine[Any, Any, dict[str, Any]]) -> None:
    """Waits for a call that may come too late: the request, its page or its browser is gone."""
    try:
        await call
    except (CommandFailed, OSError):
        return
