"""The browser's child process: keeps one Chromium, renders what it is told to, several pages at a time."""

import asyncio
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from entrepot.disk import translated_disk_errors
from entrepot.errors import AppError, RenderFailed
from entrepot.fetch.browser.chromium import find_chromium
from entrepot.fetch.browser.protocol import BrowserGone, DevTools
from entrepot.fetch.browser.traffic import Credentials
from entrepot.fetch.browser.visit import Visit
from entrepot.fetch.browser.wishes import Rendered, RenderRequest
from entrepot.pipelines.chromium import BrowserOutfit, running_chromium
from entrepot.processes.channel import BrokenMessage, Channel
from entrepot.telemetry import get_logger

TASK = "browser"

log = get_logger("entrepot.browser")


def outfit_of(payload: Mapping[str, Any]) -> BrowserOutfit:
    """What a browser is started with, from plain values: `program` (or None), `proxy_url`, `memory_bytes`, `folder` (or none).

    Raises BrowserMissing.
    """
    given = payload.get("program")
    proxy_url = str(payload["proxy_url"])
    return BrowserOutfit(
        program=find_chromium(Path(given) if given else None),
        proxy_url=proxy_url,
        proxy_port=urlsplit(proxy_url).port or 0,
        memory_bytes=int(payload["memory_bytes"]),
        folder=Path(payload.get("folder") or tempfile.gettempdir()),
    )


def render_alone(wanted: RenderRequest, folder: Path, outfit: BrowserOutfit) -> Rendered:
    """Renders one page with a browser of its own; blocks. For a process of one thread, such as a job's.

    Raises what `Visit.run` raises.
    """

    async def render() -> Rendered:
        async with running_chromium(outfit) as tools:
            return await Visit(tools, wanted, credentials_of(outfit.proxy_url)).run(folder)

    with translated_disk_errors():
        return asyncio.run(render())


def child_browse(payload: Mapping[str, Any], channel: Channel) -> None:
    """The child's side of a `BrowserPool`: renders until the other side is gone, or the browser is."""
    asyncio.run(_Desk(channel, payload).serve())


def credentials_of(proxy_url: str, user: str | None = None) -> Credentials:
    """The proxy's user and secret, from its URL; `user` in the place of the one there."""
    parts = urlsplit(proxy_url)
    return Credentials(user or parts.username or "", parts.password or "")


class _Desk:
    """Takes orders from the channel, `{"render": request, "id", "folder", "user"}` or `{"cancel": id}`, and answers them."""

    def __init__(self, channel: Channel, payload: Mapping[str, Any]) -> None:
        self._channel = channel
        self._payload = payload
        self._visits: dict[int, asyncio.Task[None]] = {}
        self._is_over = asyncio.Event()

    async def serve(self) -> None:
        try:
            outfit = outfit_of(self._payload)
            async with running_chromium(outfit) as tools:
                self._tell({"is": "ready"})
                await self._take_orders(tools, outfit)
        except AppError as error:
            self._tell({"is": "failed", "error": error.as_dict()})

    async def _take_orders(self, tools: DevTools, outfit: BrowserOutfit) -> None:
        loop = asyncio.get_running_loop()
        loop.add_reader(self._channel.fileno(), self._read_orders, tools, outfit)
        gone = asyncio.create_task(tools.is_gone.wait())
        over = asyncio.create_task(self._is_over.wait())
        try:
            await asyncio.wait({gone, over}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            loop.remove_reader(self._channel.fileno())
            for task in (gone, over, *self._visits.values()):
                task.cancel() if self._is_over.is_set() or task in (gone, over) else None
            await asyncio.gather(gone, over, *self._visits.values(), return_exceptions=True)

    def _read_orders(self, tools: DevTools, outfit: BrowserOutfit) -> None:
        try:
            if not self._channel.read():
                self._is_over.set()
                return
            while (order := self._channel.next_message()) is not None:
                self._obey(order, tools, outfit)
        except BrokenMessage:
            self._is_over.set()

    def _obey(self, order: Mapping[str, Any], tools: DevTools, outfit: BrowserOutfit) -> None:
        if (cancelled := order.get("cancel")) is not None:
            if (visit := self._visits.get(cancelled)) is not None:
                visit.cancel()
            return
        number = int(order["id"])
        visit = asyncio.create_task(self._render(number, order, tools, outfit))
        self._visits[number] = visit
        visit.add_done_callback(lambda _task: self._visits.pop(number, None))

    async def _render(
        self, number: int, order: Mapping[str, Any], tools: DevTools, outfit: BrowserOutfit
    ) -> None:
        wanted = RenderRequest.from_dict(order["render"])
        credentials = credentials_of(outfit.proxy_url, order.get("user"))
        try:
            with translated_disk_errors():
                rendered = await Visit(tools, wanted, credentials).run(Path(order["folder"]))
            self._tell({"id": number, "result": rendered.as_dict()})
        except AppError as error:
            self._tell({"id": number, "error": error.as_dict(), "is_gone": isinstance(error, BrowserGone)})
        except Exception as error:
            log.warning("a visit failed", exc_info=error)
            self._tell({"id": number, "error": RenderFailed().as_dict(), "is_gone": False})

    def _tell(self, message: dict[str, Any]) -> None:
        with suppress(OSError):  # whoever asked is gone, and so will this process be
            self._channel.send(message)
