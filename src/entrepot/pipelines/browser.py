"""The serving process's browser: started at need, shared by a few pages at once, ended when idle, replaced when it fails."""

import asyncio
import itertools
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from entrepot.errors import AppError, Busy, DestinationForbidden, RenderFailed, UpstreamTimeout
from entrepot.fetch.browser.chromium import find_chromium
from entrepot.fetch.browser.protocol import BrowserGone
from entrepot.fetch.browser.wishes import Rendered, RenderRequest
from entrepot.fetch.proxy import GuardProxy
from entrepot.pipelines.browser_child import TASK
from entrepot.pipelines.chromium import sweep_profiles
from entrepot.processes.nursery import Child, Nursery
from entrepot.telemetry import get_logger
from entrepot.threads import in_thread

_GRACE_SECONDS = 5.0  # what the child may need beyond a visit's own time
_RETRY_AFTER_SECONDS = 5

log = get_logger("entrepot.browser")


@dataclass(frozen=True, slots=True)
class BrowserBounds:
    """What browsing may cost. `waiting` is how many pages may wait for their turn, `idle_seconds` how long an idle browser is
    kept, `pages_each` after how many pages it is replaced.
    """

    pages_at_once: int = 2
    waiting: int = 16
    idle_seconds: float = 60.0
    pages_each: int = 100
    memory_bytes: int = 2 * 1024**3


class BrowserPool:
    """Renders pages in a child process that keeps a Chromium."""

    def __init__(
        self,
        nursery: Nursery,
        proxy: GuardProxy,
        *,
        program: Path | None = None,
        bounds: BrowserBounds | None = None,
        folder: Path | None = None,
    ) -> None:
        """`program` None: the first that is found in the PATH. `folder` is for browsers' profiles; None: the system's for
        temporary files, which a browser that runs as somebody else can reach.
        """
        self._nursery = nursery
        self._proxy = proxy
        self._program = program
        self._bounds = bounds or BrowserBounds()
        self._folder = folder or Path(tempfile.gettempdir())
        self._turns = asyncio.Semaphore(self._bounds.pages_at_once)
        self._waiting = 0
        self._numbers = itertools.count(1)
        self._starting = asyncio.Lock()
        self._browser: _Browser | None = None
        self._retired: set[_Browser] = set()
        self._idle_timer: asyncio.TimerHandle | None = None
        self._errands: set[asyncio.Task[None]] = set()

    @property
    def pid(self) -> int | None:
        """The present browser's child process; None: there is none just now."""
        return self._browser.child.pid if self._browser is not None else None

    async def prepare(self) -> None:
        """Removes what browsers of earlier services left behind."""
        await in_thread(sweep_profiles, self._folder)

    async def render(self, wanted: RenderRequest, folder: Path) -> Rendered:
        """The page, rendered into files in `folder`, which must exist.

        Raises BrowserMissing, Busy, DestinationForbidden, UpstreamTimeout, RenderFailed and whatever `Visit.run` raises.
        """
        find_chromium(self._program)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + wanted.timeout_seconds
        async with self._turn(deadline):
            try:
                return await self._attempt(wanted, folder, deadline)
            except BrowserGone:  # it fails many pages at once, of which one at most is to blame
                return await self._attempt(wanted, folder, deadline)

    async def close(self) -> None:
        """Ends every browser; returns when they are gone."""
        self._stop_idling()
        browsers = [*self._retired, *([self._browser] if self._browser else [])]
        self._browser = None
        await asyncio.gather(
            *(browser.close() for browser in browsers), *self._errands, return_exceptions=True
        )

    @asynccontextmanager
    async def _turn(self, deadline: float) -> AsyncIterator[None]:
        """A place among the pages at once. Raises Busy, UpstreamTimeout."""
        if self._turns.locked() and self._waiting >= self._bounds.waiting:
            raise Busy("Too many pages wait for the browser.", retry_after_seconds=_RETRY_AFTER_SECONDS)
        self._waiting += 1
        try:
            async with asyncio.timeout_at(deadline):
                await self._turns.acquire()
        except TimeoutError as error:
            raise Busy(
                "The browser had no time for this page.", retry_after_seconds=_RETRY_AFTER_SECONDS
            ) from error
        finally:
            self._waiting -= 1
        self._stop_idling()
        try:
            yield
        finally:
            self._turns.release()
            self._begin_to_idle()

    async def _attempt(self, wanted: RenderRequest, folder: Path, deadline: float) -> Rendered:
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        user = f"browser-{number}"
        try:
            async with asyncio.timeout_at(deadline + _GRACE_SECONDS):
                browser = await self._present_browser()
                left = max(0.5, deadline - loop.time())
                order = {
                    "id": number, "render": replace(wanted, timeout_seconds=left).as_dict(), "folder": str(folder), "user": user,
                }  # fmt: skip
                return Rendered.from_dict(await browser.ask(number, order))
        except TimeoutError as error:
            await self._forsake()
            raise UpstreamTimeout("The page took longer than allowed to be rendered.") from error
        except AppError as error:
            if self._proxy.refused_by_user.get(user) and error.code in _TUNNEL_FAULTS:
                raise DestinationForbidden from error
            raise

    async def _present_browser(self) -> "_Browser":
        async with self._starting:
            browser = self._browser
            if browser is not None and (browser.is_over or browser.pages >= self._bounds.pages_each):
                self._retire(browser)
                browser = None
            if browser is None:
                browser = self._browser = await self._start()
            browser.pages += 1
            return browser

    async def _start(self) -> "_Browser":
        payload = {
            "program": str(self._program) if self._program else None,
            "proxy_url": self._proxy.url,
            "memory_bytes": self._bounds.memory_bytes,
            "folder": str(self._folder),
        }
        browser = _Browser(await self._nursery.spawn(TASK, payload), self._folder)
        try:
            await browser.ready
        except BaseException:
            await browser.close()
            raise
        return browser

    def _retire(self, browser: "_Browser") -> None:
        """Lets a browser finish what it is doing, and then end."""
        self._retired.add(browser)

        async def end() -> None:
            await browser.idle()
            await browser.close()
            self._retired.discard(browser)

        self._run(end())

    async def _forsake(self) -> None:
        """Ends a browser that does not even keep its own deadlines."""
        browser, self._browser = self._browser, None
        if browser is not None:
            await browser.close()

    def _begin_to_idle(self) -> None:
        if self._browser is None or self._browser.is_busy:
            return
        self._stop_idling()
        loop = asyncio.get_running_loop()
        self._idle_timer = loop.call_later(self._bounds.idle_seconds, self._end_idle)

    def _stop_idling(self) -> None:
        if self._idle_timer is not None:
            self._idle_timer.cancel()
            self._idle_timer = None

    def _end_idle(self) -> None:
        browser, self._browser = self._browser, None
        if browser is not None:
            self._retire(browser)

    def _run(self, errand: Any) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)


_TUNNEL_FAULTS = frozenset({"upstream-unreachable", "render-failed"})
"""What a refusal of the proxy's looks like to a browser that wanted a tunnel."""


class _Browser:
    """A child that keeps a browser, as the pool sees it."""

    def __init__(self, child: Child, folder: Path) -> None:
        loop = asyncio.get_running_loop()
        self.child = child
        self._folder = folder
        self.pages = 0
        self.is_over = False
        self.ready: asyncio.Future[None] = loop.create_future()
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._is_idle = asyncio.Event()
        self._is_idle.set()
        self._listening = asyncio.create_task(self._listen())

    @property
    def is_busy(self) -> bool:
        return bool(self._answers)

    async def ask(self, number: int, order: dict[str, Any]) -> dict[str, Any]:
        """What comes of one order. Raises the error that the child tells, BrowserGone where it ends without one."""
        if self.is_over:
            raise BrowserGone("The browser ended.")
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._answers[number] = answer
        self._is_idle.clear()
        try:
            await self.child.send(order)
            return await answer
        except asyncio.CancelledError:
            await asyncio.shield(asyncio.ensure_future(self.child.send({"cancel": number})))
            raise
        finally:
            self._answers.pop(number, None)
            if not self._answers:
                self._is_idle.set()

    async def idle(self) -> None:
        """Returns when nothing is being rendered."""
        await self._is_idle.wait()

    async def close(self) -> None:
        """Kills the child with all that it started."""
        self.is_over = True
        await self.child.kill()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.child.close()
        self._give_up()
        if self.ready.done() and not self.ready.cancelled():
            self.ready.exception()
        await in_thread(sweep_profiles, self._folder)

    async def _listen(self) -> None:
        try:
            async for message in self.child.messages():
                self._take(message)
        finally:
            self.is_over = True
            self._give_up()

    def _take(self, message: dict[str, Any]) -> None:
        error = message.get("error")
        if message.get("is") == "ready" and not self.ready.done():
            self.ready.set_result(None)
        elif message.get("is") == "failed" and not self.ready.done():
            self.ready.set_exception(_error_from(error))
        answer = self._answers.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if isinstance(result := message.get("result"), dict):
            answer.set_result(result)
        else:
            self.is_over = self.is_over or bool(message.get("is_gone"))
            answer.set_exception(BrowserGone() if message.get("is_gone") else _error_from(error))

    def _give_up(self) -> None:
        gone = BrowserGone("The browser ended.")
        if not self.ready.done():
            self.ready.set_exception(gone)
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(gone)


def _error_from(data: Any) -> AppError:
    with suppress(TypeError, ValueError):
        if isinstance(data, dict):
            return AppError.from_dict(data)
    return RenderFailed("The browser's process spoke nonsense.")
