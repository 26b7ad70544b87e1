"""The engine that lives in the serving process: so many jobs at once, each in a child process of its own."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime

from entrepot.jobs.attempt import Attempt
from entrepot.jobs.control import EngineStatistics
from entrepot.jobs.ledger import PASSING_TROUBLE, utc_now
from entrepot.jobs.run import JobRunner
from entrepot.telemetry import get_logger

_LONGEST_NAP_SECONDS = 60.0  # wall clocks jump: nothing that is due waits longer than this
_TROUBLE_PAUSE_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
_log = get_logger("jobs")


class EmbeddedEngine:
    """Claims jobs while a slot is free, and sleeps until woken or until the next job is due."""

    def __init__(self, runner: JobRunner, *, slots: int, clock: Callable[[], datetime] = utc_now) -> None:
        self._runner = runner
        self._slots = slots
        self._clock = clock
        self._free = asyncio.Semaphore(slots)
        self._awake = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._dispatcher: asyncio.Task[None] | None = None
        self._is_closing = False

    async def start(self) -> None:
        """Begins to run jobs."""
        self._dispatcher = asyncio.create_task(self._dispatch(), name="engine")

    def wake(self) -> None:
        """A job may have become runnable."""
        self._awake.set()

    async def stop(self, job_id: str, fence: int) -> None:
        """Ends what still runs of a canceled job, up to this attempt; returns when nothing of it is left."""
        await self._runner.stop(job_id, fence)

    async def close(self) -> None:
        """Kills the children, gives their jobs back to the queue, and ends; within 5 s."""
        self._is_closing = True
        self._runner.leave()
        self._awake.set()
        self._free.release()  # a dispatcher that waits for a slot has to see that we close
        closing = [self._dispatcher] if self._dispatcher else []
        ends_at = asyncio.get_running_loop().time() + _CLOSE_SECONDS
        await _wait_until(ends_at, closing)  # first: it may have claimed one more job
        await _wait_until(ends_at, self._tasks)
        await _cancel([*closing, *self._tasks])

    def statistics(self) -> EngineStatistics:
        """How busy the engine is."""
        return EngineStatistics(name="embedded", slots=self._slots, running=len(self._runner.running))

    async def _dispatch(self) -> None:
        while not self._is_closing:
            await self._free.acquire()
            attempt = await self._next_attempt()
            if attempt is None:
                return
            task = asyncio.create_task(self._runner.run(attempt), name=f"job {attempt.job.id}")
            self._tasks.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._free.release()
        self._awake.set()  # its job may have gone back to the queue, to run at some later moment

    async def _next_attempt(self) -> Attempt | None:
        """Waits for a job to run; None when the engine closes."""
        while not self._is_closing:
            self._awake.clear()
            try:
                attempt = await self._runner.claim()
                if attempt is not None:
                    return attempt
                await self._nap(await self._seconds_until_due())
                continue
            except PASSING_TROUBLE as error:
                _log.warning("no job could be claimed", code=error.code)
            except Exception as error:  # whatever it is, it must not be the end of all jobs
                _log.error("no job could be claimed", exc_info=error)
            await asyncio.sleep(_TROUBLE_PAUSE_SECONDS)
        return None

    async def _seconds_until_due(self) -> float:
        due = await self._runner.next_run_at()
        return _LONGEST_NAP_SECONDS if due is None else (due - self._clock()).total_seconds()

    async def _nap(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(min(max(seconds, 0.001), _LONGEST_NAP_SECONDS)):
                await self._awake.wait()
        except TimeoutError:
            return


async def _wait_until(moment: float, tasks: Collection[asyncio.Task[None]]) -> None:
    if tasks:
        await asyncio.wait(tasks, timeout=max(moment - asyncio.get_running_loop().time(), 0.0))


async def _cancel(tasks: Collection[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
