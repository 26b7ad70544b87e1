"""One tab of a browser, in a context of its own: opened, watched, asked, and closed whatever it is doing."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, TypeVar

from entrepot.errors import RenderFailed
from entrepot.fetch.browser import scripts
from entrepot.fetch.browser.protocol import BrowserGone, CommandFailed, DevTools
from entrepot.fetch.browser.traffic import Credentials, Traffic, origin_of
from entrepot.fetch.browser.wishes import RenderRequest

_CLOSE_SECONDS = 2.0
_MOVING_SECONDS = 0.1
_WORLD = "reader"

T = TypeVar("T")


class Tab:
    """A tab and all that its page makes: frames, workers, dialogs, windows. `traffic` is what it fetches."""

    def __init__(self, tools: DevTools, wanted: RenderRequest, credentials: Credentials) -> None:
        self.traffic = Traffic(
            tools, credentials, url=wanted.url, headers=_without_cookie(wanted.headers),
            fetches_fonts=wanted.screenshot != "no",
        )  # fmt: skip
        self.is_loaded = asyncio.Event()
        self._tools = tools
        self._wanted = wanted
        self._session = ""
        self._frame = ""
        self._context = ""
        self._has_crashed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._errands: set[asyncio.Task[None]] = set()
        self._sessions: list[str] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """The tab, for as long as the block runs."""
        made = await self._tools.call("Target.createBrowserContext", {"disposeOnDetach": True})
        self._context = made["browserContextId"]
        try:
            await self._tools.call(
                "Browser.setDownloadBehavior", {"behavior": "deny", "browserContextId": self._context}
            )
            await self._open_page()
            yield
        finally:
            await asyncio.shield(asyncio.ensure_future(self._close()))

    async def _open_page(self) -> None:
        wanted = self._wanted
        size = {"width": wanted.width, "height": wanted.height}
        opened = await self._tools.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": self._context, **size}
        )
        attached = await self._tools.call(
            "Target.attachToTarget", {"targetId": opened["targetId"], "flatten": True}
        )
        self._session = attached["sessionId"]
        self._listen(self._session)
        await self.ask("Page.enable")
        self._frame = (await self.ask("Page.getFrameTree"))["frameTree"]["frame"]["id"]
        self.traffic.main_frame = self._frame
        await self.ask("Inspector.enable")
        await self.ask(
            "Target.setAutoAttach", {"autoAttach": True, "waitForDebuggerOnStart": True, "flatten": True}
        )
        await self.traffic.watch(self._session)
        await self.ask("Network.setBypassServiceWorker", {"bypass": True})
        await self.ask("Page.addScriptToEvaluateOnNewDocument", {"source": scripts.SHUT_DOORS})
        await self.ask(
            "Emulation.setDeviceMetricsOverride",
            {**size, "deviceScaleFactor": 2 if wanted.is_mobile else 1, "mobile": wanted.is_mobile},
        )
        if wanted.user_agent:
            await self.ask("Network.setUserAgentOverride", {"userAgent": wanted.user_agent})
        cookies = _cookies_of(wanted)
        if cookies:
            await self.ask("Network.setCookies", {"cookies": cookies})

    async def _close(self) -> None:
        """Ends the page whatever it is doing. Where the browser does not obey, it is at its end, and is told so."""
        for errand in self._errands:
            errand.cancel()
        await self.traffic.close()
        for session in self._sessions:
            self._tools.listeners.pop(session, None)
        if self._has_crashed.done():
            self._has_crashed.exception()
        else:
            self._has_crashed.cancel()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._tools.call("Target.disposeBrowserContext", {"browserContextId": self._context})
        except (TimeoutError, CommandFailed):
            self._tools.is_gone.set()
        except BrowserGone:
            return

    async def ask(self, method: str, parameters: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The result of a command. Raises CommandFailed, BrowserGone."""
        return await self._tools.call(method, parameters, session=self._session)

    async def evaluate(self, script: str) -> Any:
        """The value of a script in a world of our own; once more where the page has moved on meanwhile."""
        for is_last in (False, True):
            try:
                world = await self.ask(
                    "Page.createIsolatedWorld", {"frameId": self._frame, "worldName": _WORLD}
                )
                done = await self.ask(
                    "Runtime.evaluate",
                    {"expression": script, "contextId": world["executionContextId"], "returnByValue": True},
                )
            except CommandFailed:
                if is_last:
                    raise
                await asyncio.sleep(_MOVING_SECONDS)
                continue
            if "exceptionDetails" in done:
                raise RenderFailed("The page could not be read.")
            return done["result"].get("value")
        return None

    async def unless_crashed(self, work: Coroutine[Any, Any, T]) -> T:
        """What `work` returns. Raises RenderFailed as soon as the page's process ends, BrowserGone as soon as the browser does."""
        task = asyncio.ensure_future(work)
        gone = asyncio.ensure_future(self._tools.is_gone.wait())
        watched: set[asyncio.Future[Any]] = {task, gone, self._has_crashed}
        try:
            await asyncio.wait(watched, return_when=asyncio.FIRST_COMPLETED)
            if self._has_crashed.done():
                self._has_crashed.result()
            if gone.done() and not task.done():
                raise BrowserGone("The browser ended.")
            return await task
        finally:
            task.cancel()
            gone.cancel()
            await asyncio.gather(task, gone, return_exceptions=True)

    # --- events -------------------------------------------------------------------------------------------------------

    def _listen(self, session: str) -> None:
        self._sessions.append(session)
        self._tools.listeners[session] = lambda method, parameters: self._on_event(
            session, method, parameters
        )

    def _on_event(self, session: str, method: str, parameters: dict[str, Any]) -> None:
        if self.traffic.notice(session, method, parameters):
            return
        match method:
            case "Page.loadEventFired":
                self.is_loaded.set()
            case "Page.javascriptDialogOpening":
                accepts = parameters.get("type") == "beforeunload"
                self._send("Page.handleJavaScriptDialog", {"accept": accepts}, session)
            case "Target.attachedToTarget":
                self._on_attached(parameters)
            case "Inspector.targetCrashed" | "Target.targetCrashed":
                if session == self._session and not self._has_crashed.done():
                    self._has_crashed.set_exception(
                        RenderFailed("The page crashed its process, or needed more memory than allowed.")
                    )

    def _on_attached(self, parameters: Mapping[str, Any]) -> None:
        """Something that belongs to the page: another window is closed, a worker or a frame is watched like the page."""
        session, info = parameters["sessionId"], parameters["targetInfo"]
        if info["type"] == "page":
            self._send("Target.closeTarget", {"targetId": info["targetId"]}, "")
            return
        self._listen(session)
        self._run(self._admit(session))

    async def _admit(self, session: str) -> None:
        with suppress(CommandFailed):
            await self.traffic.watch(session)
        await self._tools.call("Runtime.runIfWaitingForDebugger", session=session)

    def _send(self, method: str, parameters: Mapping[str, Any], session: str) -> None:
        async def send() -> None:
            await self._tools.call(method, parameters, session=session)

        self._run(send())

    def _run(self, errand: Any) -> None:
        async def attempt() -> None:
            with suppress(CommandFailed, BrowserGone):  # it comes too late
                await errand

        task = asyncio.create_task(attempt())
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


def _without_cookie(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items() if name.lower() != "cookie"}


def _cookies_of(wanted: RenderRequest) -> list[dict[str, Any]]:
    """The cookies among the headers, for the page's own origin alone."""
    told = next((value for name, value in wanted.headers.items() if name.lower() == "cookie"), "")
    pairs = (part.strip().partition("=") for part in told.split(";"))
    scheme, _, port = origin_of(wanted.url)
    source = {
        "url": wanted.url,
        "sourceScheme": "Secure" if scheme == "https" else "NonSecure",
        "sourcePort": port or -1,
    }
    return [{"name": name, "value": value, **source} for name, sign, value in pairs if name and sign]
