"""Crawls and batches told over a WebSocket as they go, as `watcher` of Firecrawl's clients hears them."""

import asyncio
import json
from typing import Any

from fastapi import APIRouter, WebSocket
from starlette.websockets import WebSocketDisconnect

from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.doors.firecrawl_documents import document_of
from entrepot.api.doors.firecrawl_status import find_job, progress_of
from entrepot.api.problems import problem
from entrepot.api.progress import with_heartbeats
from entrepot.errors import AppError, JobNotFound
from entrepot.jobs.state import Job, JobState
from entrepot.jobs.work import Kind
from entrepot.wiring.services import Services

router = APIRouter(prefix="/v2")

_LOOK_SECONDS = 1.0  # at the latest after so long, whatever the job tells of itself
_PAGES_AT_ONCE = 20
_ENDED, _RESTARTING = 1000, 1012  # RFC 6455 section 7.4; the clients ask again after the latter


@router.websocket("/crawl/{job_id}")
async def watch_crawl(socket: WebSocket, job_id: str, services: ServicesDep, owner: OwnerDep) -> None:
    """A crawl's pages, each as soon as it has been read, until the crawl has ended."""
    await _watch(socket, services, job_id, owner, Kind.CRAWL)


@router.websocket("/batch/scrape/{job_id}")
async def watch_batch(socket: WebSocket, job_id: str, services: ServicesDep, owner: OwnerDep) -> None:
    """As `watch_crawl`."""
    await _watch(socket, services, job_id, owner, Kind.SCRAPE)


async def _watch(socket: WebSocket, services: Services, job_id: str, owner: str, kind: Kind) -> None:
    try:
        job = await find_job(services, job_id, owner, kind)
    except AppError as error:
        await socket.send_denial_response(problem(error, socket))
        return
    # A client that gives its key as a subprotocol, as browsers have to, wants to hear that one was taken.
    await socket.accept(next(iter(socket.scope["subprotocols"]), None))
    telling = asyncio.create_task(_Telling(socket, services, job, owner).run())
    leaving = asyncio.create_task(_gone(socket))
    try:
        await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (telling, leaving):
            task.cancel()
        await asyncio.wait({telling, leaving})
    failure = None if telling.cancelled() else telling.exception()
    if failure is not None and not isinstance(failure, WebSocketDisconnect):
        raise failure


async def _gone(socket: WebSocket) -> None:
    """Returns when the client has gone; what it says is nobody's business."""
    while (await socket.receive())["type"] != "websocket.disconnect":
        pass


class _Telling:
    """What one watcher is told, in order: the status, each page, every change of the status, and the end."""

    def __init__(self, socket: WebSocket, services: Services, job: Job, owner: str) -> None:
        self._socket = socket
        self._services = services
        self._job = job
        self._owner = owner
        self._place = 0
        self._told: dict[str, Any] = {}

    async def run(self) -> None:
        try:
            subscription = self._services.hub.subscribe(job_id=self._job.id, owner=self._owner)
            async with subscription as events:
                await self._tell_status("catchup")
                async for _ in with_heartbeats(events, _LOOK_SECONDS):
                    await self._tell_pages()
                    await self._tell_status("update")
            await self._tell_end()
        except JobNotFound as error:
            await self._say("error", error=error.detail)
        await self._socket.close(_ENDED if self._job.state.is_finished else _RESTARTING)

    async def _tell_pages(self) -> None:
        while True:
            found = await self._services.crawling.results.read(
                self._job.id, after=self._place, limit=_PAGES_AT_ONCE
            )
            for page in found.items:
                await self._say("document", data=document_of(page))
            self._place = found.end
            if found.next_place is None:
                return

    async def _tell_status(self, kind: str) -> None:
        """Tells the status where it is another one; one that is final is told at the end, after all pages."""
        status = await self._progress()
        if status["status"] == "scraping" and status != self._told:
            self._told = status
            await self._say(kind, data=status)

    async def _tell_end(self) -> None:
        progress = await self._progress()
        await self._tell_pages()
        if self._job.state is JobState.FAILED:
            await self._say("error", error=self._job.error_message)
        elif self._job.state.is_finished:
            is_done = self._job.state is JobState.COMPLETED
            await self._say("done" if is_done else "update", data=progress)

    async def _progress(self) -> dict[str, Any]:
        """How far the job is now; its pages are told one by one."""
        self._job = await self._services.control.get(self._job.id, owner=self._owner)
        return await progress_of(self._services, self._job)

    async def _say(self, kind: str, **members: Any) -> None:
        said = json.dumps({"type": kind, **members}, ensure_ascii=False, separators=(",", ":"))
        await self._socket.send_text(said.encode("utf-8", "replace").decode())
