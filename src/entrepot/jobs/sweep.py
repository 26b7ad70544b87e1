"""Puts right what nobody else will: jobs whose worker vanished, folders that nobody owns, keys that are old."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from entrepot.database import Database
from entrepot.jobs import pages, queueing, records
from entrepot.jobs.control import Engine
from entrepot.jobs.events import Hub
from entrepot.jobs.folders import WorkFolder, WorkFolders
from entrepot.jobs.ledger import PASSING_TROUBLE, utc_now
from entrepot.jobs.state import Job
from entrepot.telemetry import get_logger

_TICK_SECONDS = 5.0
_HOUSEKEEPING_SECONDS = 600.0
_log = get_logger("jobs")


class Sweeper:
    """Sweeps once at the start and then for ever. `running` tells which jobs run in this process: they are spared."""

    def __init__(
        self,
        database: Database,
        hub: Hub,
        engine: Engine,
        folders: WorkFolders,
        *,
        running: Callable[[], tuple[Job, ...]],
        key_hours: float,
        page_hours: float = 24.0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._hub = hub
        self._engine = engine
        self._folders = folders
        self._running = running
        self._key_hours = key_hours
        self._page_hours = page_hours
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    async def recover(self) -> None:
        """Frees every running job; for a process that has just started and is the only worker there is."""
        freed = await self._rescue(expired_at=None)
        if freed:
            _log.info("jobs of an earlier run were freed", jobs=len(freed))
        await self.keep_house()

    async def start(self) -> None:
        """Begins to sweep every few seconds."""
        self._task = asyncio.create_task(self._sweep_forever(), name="sweeper")

    async def close(self) -> None:
        """Ends the sweeping."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def sweep(self) -> None:
        """Frees the jobs whose lease has expired, and wakes the engine when a job is due."""
        now = self._clock()
        freed = await self._rescue(expired_at=now)
        for job in freed:
            _log.warning("a job was rescued", job_id=job.id, fence=job.fence, rescues=job.rescues)
        due = await self._database.read(records.next_run_at)
        if due is not None and due <= now:
            self._engine.wake()

    async def keep_house(self) -> None:
        """Removes old idempotency keys, pages and marks of the queue, and the work folders of jobs that need none."""
        now = self._clock()
        keys_before, pages_before = (
            now - timedelta(hours=self._key_hours),
            now - timedelta(hours=self._page_hours),
        )
        await self._database.write(partial(_forget, keys_before=keys_before, pages_before=pages_before))
        await self._sweep_folders()

    async def _rescue(self, *, expired_at: datetime | None) -> list[Job]:
        spare = [job.id for job in self._running()]
        rescue = partial(records.rescue, now=self._clock(), expired_at=expired_at, spare=spare)
        freed = await self._database.write(rescue)
        if freed:
            self._hub.announce()
            self._engine.wake()
        return freed

    async def _sweep_folders(self) -> None:
        folders = await asyncio.to_thread(self._folders.list)
        for start in range(0, len(folders), 500):
            await self._sweep_some_folders(folders[start : start + 500])

    async def _sweep_some_folders(self, folders: list[WorkFolder]) -> None:
        ids = {folder.job_id for folder in folders}
        states = await self._database.read(partial(records.states_of, job_ids=ids))
        busy = {job.id for job in self._running()}
        for folder in folders:
            state = states.get(folder.job_id)
            if folder.job_id not in busy and (state is None or state[0].is_finished):
                await asyncio.to_thread(self._folders.remove, folder.job_id, folder.fence)

    async def _sweep_forever(self) -> None:
        housekeeping_due = time.monotonic() + _HOUSEKEEPING_SECONDS
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                await self.sweep()
                if time.monotonic() >= housekeeping_due:
                    housekeeping_due = time.monotonic() + _HOUSEKEEPING_SECONDS
                    await self.keep_house()
            except PASSING_TROUBLE as error:
                _log.warning("the sweep has to wait", code=error.code)
            except Exception as error:  # whatever it is, the next sweep may succeed, and has to come
                _log.error("the sweep failed", exc_info=error)


def _forget(connection: Connection, *, keys_before: datetime, pages_before: datetime) -> None:
    records.forget_old_keys(connection, before=keys_before)
    pages.forget_old(connection, before=pages_before)
    queueing.forget_past_tags(connection)
