"""Who watches jobs: every event once and in order, replayed from the tables and then live.

The tables are the only source. `announce` says that something was committed; one reader then fetches what is new and
hands it to the watchers, so that ids rise for each of them whoever wrote the events. A watcher that reads slowly keeps
one progress event for each job; when even the changes of state pile up, its memory is dropped and it reads on from the
tables.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from sqlalchemy import Connection

from entrepot.database import Database
from entrepot.jobs import history, records
from entrepot.jobs.history import Event
from entrepot.jobs.schema import EventType
from entrepot.jobs.state import Job
from entrepot.telemetry import get_logger

_PAGE = 500
_MAILBOX_EVENTS = 1000
_RETRY_SECONDS = 1.0
_Audience = tuple[str, str]
_EVERYONE: _Audience = ("all", "")
_log = get_logger("jobs")


class Hub:
    """Hands events to watchers in this process."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._mailboxes: dict[_Audience, set[_Mailbox]] = {}
        self._announced = asyncio.Event()
        self._reader: asyncio.Task[None] | None = None
        self._last_id = 0
        self.is_closed = False

    @property
    def last_id(self) -> int:
        """The newest event's id that watchers have been given: where a new watcher of everything begins."""
        return self._last_id

    async def start(self) -> None:
        """Begins to hand out what happens from now on."""
        self._last_id = await self.database.read(history.last_event_id)
        self._reader = asyncio.create_task(self._read_forever(), name="events")

    def end(self) -> None:
        """Ends every subscription; returns at once."""
        self.is_closed = True
        for mailbox in self._everyone():
            mailbox.arrived.set()

    async def close(self) -> None:
        """Ends every subscription, and the reading."""
        self.end()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.wait([self._reader])

    def announce(self) -> None:
        """Says that events have been committed; returns at once."""
        self._announced.set()

    def subscribe(
        self, *, job_id: str | None = None, owner: str | None = None, after_id: int | None = None
    ) -> "Subscription":
        """The events of one job, or of all of the owner's jobs, or (both None) of all.

        For one job the present state comes first, and it ends after the job's last event. `after_id` replays what came
        after that event instead. Use as `async with hub.subscribe(…) as events: async for event in events: …`; entering
        raises JobNotFound.
        """
        return Subscription(self, job_id=job_id, owner=owner, after_id=after_id)

    def register(self, audience: _Audience, mailbox: "_Mailbox") -> None:
        """Lets `mailbox` receive the events of `audience`."""
        self._mailboxes.setdefault(audience, set()).add(mailbox)

    def unregister(self, audience: _Audience, mailbox: "_Mailbox") -> None:
        """Undoes `register`."""
        remaining = self._mailboxes.get(audience, set())
        remaining.discard(mailbox)
        if not remaining:
            self._mailboxes.pop(audience, None)

    async def _read_forever(self) -> None:
        while True:
            await self._announced.wait()
            self._announced.clear()
            try:
                await self._hand_out()
            except Exception as error:  # the watchers depend on this task: it has to outlive any trouble
                _log.warning("events could not be read", exc_info=error)
                self._announced.set()
                await asyncio.sleep(_RETRY_SECONDS)

    async def _hand_out(self) -> None:
        has_more = True
        while has_more:
            page = await self.database.read(self._read_page)
            for event in page:
                self._last_id = event.id
                for mailbox in self._audience_of(event):
                    mailbox.put(event)
            has_more = len(page) == _PAGE

    def _read_page(self, connection: Connection) -> list[Event]:
        return history.events_after(connection, self._last_id, limit=_PAGE)

    def _audience_of(self, event: Event) -> Iterable["_Mailbox"]:
        for audience in (("job", event.job_id), ("owner", event.owner), _EVERYONE):
            yield from self._mailboxes.get(audience, ())

    def _everyone(self) -> Iterable["_Mailbox"]:
        for mailboxes in self._mailboxes.values():
            yield from mailboxes


class _Mailbox:
    """What a watcher has not read yet."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.is_overflown = False
        self._waiting: dict[int | str, Event] = {}  # progress by its job, everything else by its id

    def put(self, event: Event) -> None:
        if self.is_overflown:
            return
        self._waiting.pop(event.job_id, None)  # whatever comes later says more than the progress before
        key = event.job_id if event.type is EventType.PROGRESS else event.id
        self._waiting[key] = event
        if len(self._waiting) > _MAILBOX_EVENTS:
            self._waiting.clear()
            self.is_overflown = True
        self.arrived.set()

    def take(self) -> Event | None:
        """The oldest event, or None."""
        if not self._waiting:
            return None
        return self._waiting.pop(next(iter(self._waiting)))

    def reopen(self) -> None:
        """Receives again; what was missed has to be read from the tables afterwards."""
        self.is_overflown = False


class Subscription:
    """One watcher's events, an asynchronous iterator; a cancelled `anext` loses nothing."""

    def __init__(self, hub: Hub, *, job_id: str | None, owner: str | None, after_id: int | None) -> None:
        self._hub = hub
        self._job_id = job_id
        self._owner = owner
        self._last_id = after_id
        self._mailbox = _Mailbox()
        self._replay: deque[Event] = deque()
        self._may_have_more = False
        self._is_over = False

    async def __aenter__(self) -> Self:
        self._hub.register(
            self._audience, self._mailbox
        )  # first, so that nothing falls between replay and live
        try:
            await self._begin()
        except BaseException:
            self._hub.unregister(self._audience, self._mailbox)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hub.unregister(self._audience, self._mailbox)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while True:
            event = self._next_at_hand()
            if event is not None:
                self._note(event)
                return event
            if self._is_over or self._hub.is_closed:
                raise StopAsyncIteration
            if self._may_have_more or self._mailbox.is_overflown:
                await self._read_on()
            else:
                self._mailbox.arrived.clear()
                await self._mailbox.arrived.wait()

    def _next_at_hand(self) -> Event | None:
        if self._replay:
            return self._replay.popleft()
        if self._is_over or self._may_have_more or self._mailbox.is_overflown:
            return None
        while (event := self._mailbox.take()) is not None:
            if event.id > (self._last_id or 0):
                return event
        return None

    def _note(self, event: Event) -> None:
        self._last_id = event.id
        follows_more = bool(self._replay) or self._may_have_more
        self._is_over = self._job_id is not None and event.is_last and not follows_more

    async def _read_on(self) -> None:
        self._mailbox.reopen()
        page = await self._hub.database.read(self._read_page)
        self._take_page(page)

    def _read_page(self, connection: Connection) -> list[Event]:
        return history.events_after(
            connection, self._last_id or 0, job_id=self._job_id, owner=self._owner, limit=_PAGE
        )

    def _take_page(self, page: list[Event]) -> None:
        self._replay.extend(page)
        self._may_have_more = len(page) == _PAGE

    async def _begin(self) -> None:
        if self._job_id is None:
            await self._begin_with_all()
        else:
            await self._begin_with_job(self._job_id)

    async def _begin_with_all(self) -> None:
        newest = await self._hub.database.read(history.last_event_id)
        if self._last_id is None or self._last_id > newest:
            self._last_id = newest
        else:
            await self._read_on()

    async def _begin_with_job(self, job_id: str) -> None:
        def look(connection: Connection) -> tuple[Job, list[Event]]:
            job = records.get(connection, job_id, owner=self._owner)
            newest = history.last_event_id(connection, job_id)
            if self._last_id is not None and self._last_id <= history.last_event_id(connection):
                return job, self._read_page(connection)
            if job.state.is_finished:
                self._last_id = history.last_change(connection, job_id) - 1
                return job, self._read_page(connection)
            present = Event(
                newest, job_id, job.owner, EventType.STATUS, history.describe(job), job.updated_at
            )
            return job, [present]

        job, page = await self._hub.database.read(look)
        self._take_page(page)
        self._is_over = job.state.is_finished and not page

    @property
    def _audience(self) -> _Audience:
        if self._job_id is not None:
            return ("job", self._job_id)
        return ("owner", self._owner) if self._owner is not None else _EVERYONE
