"""Live progress as server-sent events: one job at `/v1/download/subscribe`, all of one's own at `/api/v1/downloads/events`."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any

from fastapi import APIRouter, Header, Response
from starlette.types import Receive, Scope, Send

from entrepot.api.departure import until_gone
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.presentation import download_response, job_status
from entrepot.errors import BadInput, JobNotFound
from entrepot.jobs.events import Subscription
from entrepot.jobs.history import Event
from entrepot.jobs.schema import EventType
from entrepot.wiring.services import Services

router = APIRouter(tags=["progress"])

_HEARTBEAT_SECONDS = 15.0
_RECONNECT_MS = 2000
_STREAM = {"text/event-stream": {"schema": {"type": "string"}}}

LastEventId = Annotated[str | None, Header(description="Replays what came after this event.")]
Render = Callable[[Event], Awaitable[tuple[str, dict[str, Any]] | None]]


@router.get("/v1/download/subscribe/{job_id}", response_class=Response, responses={200: {"content": _STREAM}})
async def subscribe(
    job_id: str, services: ServicesDep, owner: OwnerDep, last_event_id: LastEventId = None
) -> Response:
    """One job's events (`status`, `progress`, `error`, `result`): the present state at once, then live, until it ends."""
    job = await services.control.get(job_id, owner=owner)
    subscription = services.hub.subscribe(job_id=job.id, owner=owner, after_id=_event_number(last_event_id))

    async def render(event: Event) -> tuple[str, dict[str, Any]] | None:
        return event.type.value, await _job_message(services, event, owner)

    return EventStream(subscription, render)


@router.get("/api/v1/downloads/events", response_class=Response, responses={200: {"content": _STREAM}})
async def follow_all(services: ServicesDep, owner: OwnerDep, last_event_id: LastEventId = None) -> Response:
    """All of one's own jobs: each `job` event is the whole job, as `/api/v1/download/{id}` shows it."""
    subscription = services.hub.subscribe(owner=owner, after_id=_event_number(last_event_id))

    async def render(event: Event) -> tuple[str, dict[str, Any]] | None:
        try:
            job = await services.control.get(event.job_id, owner=owner)
        except JobNotFound:
            return None
        files = (await services.control.files([job.id]))[job.id]
        response = download_response(job, files, base_url=services.settings.public_url)
        return "job", response.model_dump(mode="json")

    return EventStream(subscription, render)


class EventStream(Response):
    """A `text/event-stream` fed by a subscription; a comment every 15 s keeps proxies awake."""

    def __init__(
        self,
        subscription: Subscription,
        render: Render,
        *,
        heartbeat_seconds: float = _HEARTBEAT_SECONDS,
    ) -> None:
        headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        super().__init__(headers=headers, media_type="text/event-stream; charset=utf-8")
        del self.headers["content-length"]
        self._subscription = subscription
        self._render = render
        self._heartbeat_seconds = heartbeat_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's three
        sending = asyncio.create_task(self._send_all(send))
        leaving = asyncio.create_task(until_gone(receive))
        try:
            await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
        finally:
            leaving.cancel()
            sending.cancel()
            await asyncio.wait([sending, leaving])
        if not sending.cancelled() and (error := sending.exception()) is not None:
            raise error

    async def _send_all(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with self._subscription as events:
            await _send_text(send, f"retry: {_RECONNECT_MS}\n\n")
            async for event in with_heartbeats(events, self._heartbeat_seconds):
                if event is None:
                    await _send_text(send, ": still here\n\n")
                elif (rendered := await self._render(event)) is not None:
                    name, data = rendered
                    await _send_text(send, f"id: {event.id}\nevent: {name}\ndata: {json.dumps(data)}\n\n")
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def with_heartbeats(events: Subscription, seconds: float) -> AsyncIterator[Event | None]:
    """The subscription's events, with None wherever nothing happened for a while."""
    while True:
        try:
            async with asyncio.timeout(seconds):
                event = await anext(events)
        except TimeoutError:
            yield None
        except StopAsyncIteration:
            return
        else:
            yield event


async def _send_text(send: Send, text: str) -> None:
    await send({"type": "http.response.body", "body": text.encode(), "more_body": True})


async def _job_message(services: Services, event: Event, owner: str) -> dict[str, Any]:
    data = event.data
    message: dict[str, Any] = {
        "jobId": event.job_id, "status": data["status"], "progress": data["progress"], "etaSeconds": data["eta_seconds"],
        "stage": data["stage"], "downloadedBytes": data["downloaded_bytes"], "totalBytes": data["total_bytes"],
        "speedBps": data["speed_bps"], "attempts": data["attempts"],
    }  # fmt: skip
    if event.type is EventType.ERROR and data["error"] is not None:
        message["error"] = {"code": data["error"]["code"], "message": data["error"]["message"]}
    if event.type is EventType.RESULT:
        job = await services.control.get(event.job_id, owner=owner)
        files = (await services.control.files([job.id]))[job.id]
        result = job_status(job, files, base_url=services.settings.public_url).result
        message["result"] = result.model_dump(mode="json", by_alias=True) if result else None
    return message


def _event_number(last_event_id: str | None) -> int | None:
    if last_event_id is None:
        return None
    if not (last_event_id.isascii() and last_event_id.isdigit() and len(last_event_id) < 19):
        raise BadInput("Last-Event-ID must be the number of an event.")
    return int(last_event_id)
