"""One page in a browser: opened in a context of its own, waited for, scrolled, read, photographed, closed."""

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from entrepot.dates import rfc3339
from entrepot.errors import (
    AppError,
    ContentTooLarge,
    DestinationForbidden,
    InvalidURL,
    RenderFailed,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamFailure,
    UpstreamTimeout,
    UpstreamUnreachable,
    ValidationFailed,
)
from entrepot.fetch.browser import scripts
from entrepot.fetch.browser.protocol import BrowserGone, CommandFailed, DevTools
from entrepot.fetch.browser.tab import Tab
from entrepot.fetch.browser.traffic import Credentials
from entrepot.fetch.browser.wishes import Rendered, RenderRequest

_LOOK_SECONDS = 0.05
_LONGEST_QUIET_SECONDS = 8.0
_RESERVE = 0.2
"""The share of a visit's time that is kept for reading the page, whatever it is still loading."""

_MAX_SCROLLS = 40
_MAX_SHOT_HEIGHT = 16_000
_MAX_SHOT_PIXELS = 32_000_000
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml"})

_FAULTS: Mapping[str, AppError] = {
    "ERR_NAME_NOT_RESOLVED": UpstreamUnreachable("The host's name could not be resolved."),
    "ERR_TOO_MANY_REDIRECTS": TooManyRedirects(),
    "ERR_UNSAFE_REDIRECT": DestinationForbidden("Only http and https may be fetched."),
    "ERR_UNSAFE_PORT": DestinationForbidden(),
    "ERR_HTTP_RESPONSE_CODE_FAILURE": UpstreamFailure("The origin answered with an error and no page."),
    "ERR_TIMED_OUT": UpstreamTimeout(),
    "ERR_CONNECTION_TIMED_OUT": UpstreamTimeout(),
    "ERR_TUNNEL_CONNECTION_FAILED": UpstreamUnreachable(),
    "ERR_PROXY_CONNECTION_FAILED": BrowserGone("The proxy could not be reached."),
    "ERR_EMPTY_RESPONSE": UpstreamBroken("The origin closed the connection without an answer."),
    "ERR_ABORTED": RenderFailed("The address is no page but a download.", reason="no-page"),
    "ERR_CERT": UpstreamUnreachable("The origin's certificate is not valid."),
    "ERR_SSL": UpstreamUnreachable("No secure connection to the origin could be made."),
    "ERR_CONNECTION": UpstreamUnreachable(),
}


class Visit:
    """One page's visit; `run` does all of it, within the request's time."""

    def __init__(self, tools: DevTools, wanted: RenderRequest, credentials: Credentials) -> None:
        self._wanted = wanted
        self._tab = Tab(tools, wanted, credentials)
        self._traffic = self._tab.traffic
        self._warnings: dict[str, str] = {}
        self._until = 0.0

    async def run(self, folder: Path) -> Rendered:
        """Renders into files in `folder`.

        Raises InvalidURL, UpstreamTimeout, RenderFailed (BrowserGone where the browser itself ended), ValidationFailed for a selector
        that does not parse, ContentTooLarge, and what the origin or the guard's proxy is at fault for.
        """
        if not self._wanted.url.startswith(("http://", "https://")):
            raise InvalidURL("A browser is sent to http and https addresses only.")
        started = time.monotonic()
        fetched_at = rfc3339(datetime.now(UTC))
        self._until = started + self._wanted.timeout_seconds * (1 - _RESERVE)
        try:
            async with asyncio.timeout(self._wanted.timeout_seconds), self._tab.opened():
                found, shot = await self._tab.unless_crashed(self._look(folder))
        except TimeoutError as error:
            raise UpstreamTimeout("The page took longer than allowed to be rendered.") from error
        except CommandFailed as error:
            raise RenderFailed(f"The page could not be rendered: {error}.") from error
        main = self._traffic.main
        return Rendered(
            html_path=str(folder / "page.html"), final_url=found, status=main.status, content_type=main.content_type,
            screenshot_path=shot, last_modified=main.last_modified, fetched_at=fetched_at,
            took_ms=round((time.monotonic() - started) * 1000, 1), warnings=self._warnings,
        )  # fmt: skip

    # --- the visit itself ---------------------------------------------------------------------------------------------

    async def _look(self, folder: Path) -> tuple[str, str | None]:
        """The final URL and the screenshot's path."""
        await self._navigate()
        await self._settle()
        if self._wanted.wait_for:
            await self._wait_for(self._wanted.wait_for)
        if self._wanted.scroll:
            await self._scroll()
        url, html = await self._read()
        (folder / "page.html").write_bytes(html)
        return url, await self._photograph(folder / "page.png")

    async def _navigate(self) -> None:
        self._tab.is_loaded.clear()  # by the empty page that every tab begins with
        answer = await self._tab.ask("Page.navigate", {"url": self._wanted.url, "transitionType": "link"})
        self._check_answer()  # first: where the proxy refuses, the browser's own error says less
        if fault := answer.get("errorText"):
            raise _error_of(fault)

    def _check_answer(self) -> None:
        """Raises the proxy's refusal, and RenderFailed where the main document is none."""
        main = self._traffic.main
        if main.refusal is not None:
            raise AppError.from_dict({"code": main.refusal})
        kind = (main.content_type or "text/html").partition(";")[0].strip().lower()
        if kind not in _PAGE_TYPES:
            raise RenderFailed(f"The address is no page but {kind}.", reason="no-page")

    async def _settle(self) -> None:
        """Waits until the page has loaded and its network is quiet, but never into the time kept for reading."""
        loaded = await self._comes_true(self._is_over, self._until)
        if self._traffic.main.has_broken_off:
            self._warnings["page-unfinished"] = "The origin broke off; the page was read as far as it came."
        elif not loaded:
            self._warnings["page-unfinished"] = "The page was still loading when it was read."
        at_least = time.monotonic() + self._wanted.settle_seconds
        await self._comes_true(
            self._traffic.is_quiet, min(self._until, time.monotonic() + _LONGEST_QUIET_SECONDS)
        )
        await asyncio.sleep(max(0.0, min(at_least, self._until) - time.monotonic()))

    def _is_over(self) -> bool:
        """Whether the page has loaded, or never will."""
        return self._tab.is_loaded.is_set() or self._traffic.main.has_broken_off

    async def _wait_for(self, selector: str) -> None:
        while (found := await self._tab.evaluate(scripts.has(selector))) is not True:
            if found == "invalid":
                raise ValidationFailed("The selector to wait for does not parse.")
            if time.monotonic() > self._until:
                self._warnings["selector-not-found"] = "What was waited for did not appear in time."
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _scroll(self) -> None:
        for _ in range(_MAX_SCROLLS):
            seen, end = await self._tab.evaluate(scripts.SCROLL)
            await asyncio.sleep(2 * _LOOK_SECONDS)
            await self._comes_true(self._traffic.is_quiet, min(self._until, time.monotonic() + 1.0))
            if seen >= end or time.monotonic() > self._until:
                break
        await self._tab.evaluate(scripts.TO_TOP)

    async def _read(self) -> tuple[str, bytes]:
        self._check_answer()  # again: scripts may have led the page elsewhere
        found = await self._tab.evaluate(scripts.serialise(self._wanted.max_bytes))
        if not found["url"].startswith(("http://", "https://")):
            raise RenderFailed("The page led to an address that could not be loaded.")
        html = found["html"]
        if html is None or len(encoded := html.encode("utf-8", "replace")) > self._wanted.max_bytes:
            raise ContentTooLarge("The rendered page is larger than allowed.")
        return found["url"], encoded

    async def _photograph(self, path: Path) -> str | None:
        if self._wanted.screenshot == "no":
            return None
        options: dict[str, Any] = {"format": "png"}
        if self._wanted.screenshot == "page":
            width, height = await self._tab.evaluate(scripts.SIZE)
            width = min(width, 4 * self._wanted.width)
            most = min(_MAX_SHOT_HEIGHT, _MAX_SHOT_PIXELS // max(1, width))
            if height > most:
                self._warnings["screenshot-cut"] = f"The screenshot ends after {most} of {height} pixels."
            clip = {"x": 0, "y": 0, "width": width, "height": min(height, most), "scale": 1}
            options |= {"captureBeyondViewport": True, "clip": clip}
        shot = await self._tab.ask("Page.captureScreenshot", options)
        path.write_bytes(base64.b64decode(shot["data"]))
        return str(path)

    async def _comes_true(self, condition: Callable[[], bool], until: float) -> bool:
        while not condition():
            if time.monotonic() > until:
                return False
            await asyncio.sleep(_LOOK_SECONDS)
        return True


def _error_of(fault: str) -> AppError:
    """What a network error of the browser's means; the longest name that fits says it."""
    name = fault.removeprefix("net::")
    fitting = [known for known in _FAULTS if name.startswith(known)]
    if not fitting:
        return RenderFailed(f"The browser could not load the page ({name}).")
    known = _FAULTS[max(fitting, key=len)]
    return type(known)(known.detail, **known.extra)
