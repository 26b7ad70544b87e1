"""The event stream on its own: its pulse, its form, and its end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from starlette.types import Message

from entrepot.api.progress import EventStream
from entrepot.database import Database, metadata
from entrepot.jobs import records
from entrepot.jobs.events import Hub
from entrepot.jobs.history import Event
from entrepot.jobs.state import Draft, Job

NOW = datetime(2026, 1, 1, tzinfo=UTC)
DEADLINE_SECONDS = 10


class Watcher:
    """What an ASGI server would see of a stream; it may hang up."""

    def __init__(self) -> None:
        self.text = ""
        self.messages: list[Message] = []
        self._grown = asyncio.Condition()
        self._gone = asyncio.Event()

    async def receive(self) -> Message:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        async with self._grown:
            self.messages.append(message)
            self.text += message.get("body", b"").decode()
            self._grown.notify_all()

    async def until(self, condition: Callable[[str], bool]) -> None:
        async with asyncio.timeout(DEADLINE_SECONDS), self._grown:
            await self._grown.wait_for(lambda: condition(self.text))

    def hang_up(self) -> None:
        self._gone.set()


@asynccontextmanager
async def _hub(folder: Path) -> AsyncIterator[tuple[Hub, Job]]:
    """A hub with one queued job."""
    database = Database(f"sqlite:///{folder / 'a.db'}")
    metadata.create_all(database.engine)
    database.start()
    hub = Hub(database)
    await hub.start()
    draft = Draft(owner="ann", url="https://example.com/")
    job = await database.write(
        lambda connection: records.insert_job(connection, draft, job_id="job-1", now=NOW, once=None)
    )
    try:
        yield hub, job
    finally:
        await hub.close()
        await database.close()


async def _render(event: Event) -> tuple[str, dict[str, Any]]:
    return event.type.value, {"status": event.data["status"]}


@asynccontextmanager
async def _stream(hub: Hub, *, heartbeat_seconds: float = 60) -> AsyncIterator[Watcher]:
    """A watcher of the job, with its stream running."""
    watcher = Watcher()
    subscription = hub.subscribe(job_id="job-1", owner="ann")
    stream = EventStream(subscription, _render, heartbeat_seconds=heartbeat_seconds)
    task = asyncio.create_task(stream({"type": "http"}, watcher.receive, watcher.send))
    try:
        yield watcher
    finally:
        watcher.hang_up()
        async with asyncio.timeout(DEADLINE_SECONDS):
            await task


async def _cancel_job(hub: Hub) -> None:
    await hub.database.write(partial(records.cancel, job_id="job-1", owner="ann", now=NOW))
    hub.announce()


def test_comment_keeps_a_quiet_stream_awake(tmp_path: Path) -> None:
    async def run() -> None:
        async with _hub(tmp_path) as (hub, _), _stream(hub, heartbeat_seconds=0.02) as watcher:
            await watcher.until(lambda text: text.count(": still here\n\n") >= 3)

    asyncio.run(run())


def test_pulse_loses_no_event(tmp_path: Path) -> None:
    async def run() -> None:
        async with _hub(tmp_path) as (hub, _), _stream(hub, heartbeat_seconds=0.01) as watcher:
            await watcher.until(lambda text: text.count(": still here") >= 2)
            await _cancel_job(hub)
            await watcher.until(lambda text: '"canceled"' in text)

    asyncio.run(run())


def test_event_has_an_id_a_name_and_one_line_of_data(tmp_path: Path) -> None:
    async def run() -> None:
        async with _hub(tmp_path) as (hub, _), _stream(hub) as watcher:
            await watcher.until(lambda text: "data:" in text)
            assert watcher.text == 'retry: 2000\n\nid: 1\nevent: status\ndata: {"status": "queued"}\n\n'

    asyncio.run(run())


def test_stream_ends_after_the_last_event(tmp_path: Path) -> None:
    async def run() -> None:
        async with _hub(tmp_path) as (hub, _), _stream(hub) as watcher:
            await watcher.until(lambda text: "queued" in text)
            await _cancel_job(hub)
            async with asyncio.timeout(DEADLINE_SECONDS):
                while watcher.messages[-1].get("more_body", True):
                    await asyncio.sleep(0)

    asyncio.run(run())


def test_stream_ends_when_the_watcher_hangs_up(tmp_path: Path) -> None:
    async def run() -> None:
        async with _hub(tmp_path) as (hub, _):
            async with _stream(hub) as watcher:
                await watcher.until(lambda text: "queued" in text)
            assert hub._mailboxes == {}

    asyncio.run(run())


def test_trouble_while_rendering_is_not_swallowed(tmp_path: Path) -> None:
    async def fail(_event: Event) -> tuple[str, dict[str, Any]]:
        raise ZeroDivisionError

    async def run() -> None:
        async with _hub(tmp_path) as (hub, _):
            watcher = Watcher()
            stream = EventStream(hub.subscribe(job_id="job-1", owner="ann"), fail)
            with pytest.raises(ZeroDivisionError):
                await stream({"type": "http"}, watcher.receive, watcher.send)

    asyncio.run(run())
