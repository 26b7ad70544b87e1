"""The engine that lives in the serving process: so many jobs at once, in lanes that do not wait for each other."""

import asyncio
from collections.abc import Callable, Collection
from datetime import datetime

from entrepot.jobs.attempt import Attempt
from entrepot.jobs.control import EngineStatistics
from entrepot.jobs.ledger import PASSING_TROUBLE, utc_now
from entrepot.jobs.run import JobRunner
from entrepot.jobs.work import Lane
from entrepot.telemetry import get_logger

_LONGEST_NAP_SECONDS = 60.0  # wall clocks jump: nothing that is due waits longer than this
_TROUBLE_PAUSE_SECONDS = 1.0
_CLOSE_SECONDS = 5.0
_log = get_logger("jobs")


class EmbeddedEngine:
    """Claims jobs while a slot is free, and sleeps until woken or until the next job is due.

    `slots` are for jobs with processes of their own, `service_slots` for those that run in the service. Without the
    latter, all jobs share `slots`.
    """

    def __init__(
        self,
        runner: JobRunner,
        *,
        slots: int,
        service_slots: int = 0,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._runner = runner
        self._slots = slots + service_slots
        if service_slots:
            lanes = {Lane.PROCESS: slots, Lane.SERVICE: service_slots}
            self._dispatchers = [_Dispatcher(runner, lane, number, clock) for lane, number in lanes.items()]
        else:
            self._dispatchers = [_Dispatcher(runner, None, slots, clock)]

    async def start(self) -> None:
        """Begins to run jobs."""
        for dispatcher in self._dispatchers:
            dispatcher.start()

    def wake(self) -> None:
        """A job may have become runnable."""
        for dispatcher in self._dispatchers:
            dispatcher.wake()

    async def stop(self, job_id: str, fence: int) -> None:
        """Ends what still runs of a canceled job, up to this attempt; returns when nothing of it is left."""
        await self._runner.stop(job_id, fence)

    async def close(self) -> None:
        """Kills the children, gives their jobs back to the queue, and ends; within 5 s."""
        for dispatcher in self._dispatchers:
            dispatcher.leave()
        self._runner.leave()
        self.wake()
        ends_at = asyncio.get_running_loop().time() + _CLOSE_SECONDS
        claiming = [task for dispatcher in self._dispatchers for task in dispatcher.claiming]
        await _wait_until(ends_at, claiming)  # first: it may have claimed one more job
        running = [task for dispatcher in self._dispatchers for task in dispatcher.tasks]
        await _wait_until(ends_at, running)
        await _cancel([*claiming, *running])

    def statistics(self) -> EngineStatistics:
        """How busy the engine is."""
        return EngineStatistics(name="embedded", slots=self._slots, running=len(self._runner.running))


class _Dispatcher:
    """Gives the slots of one lane (None: of all) to the jobs that wait for them."""

    def __init__(
        self, runner: JobRunner, lane: Lane | None, slots: int, clock: Callable[[], datetime]
    ) -> None:
        self._runner = runner
        self._lane = lane
        self._clock = clock
        self._free = asyncio.Semaphore(slots)
        self._awake = asyncio.Event()
        self._is_closing = False
        self.tasks: set[asyncio.Task[None]] = set()
        self.claiming: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self.claiming = [asyncio.create_task(self._dispatch(), name=f"engine {self._lane or ''}".rstrip())]

    def wake(self) -> None:
        self._awake.set()

    def leave(self) -> None:
        """Claims no more; what waits for a slot or for a job has to see that."""
        self._is_closing = True
        self._free.release()

    async def _dispatch(self) -> None:
        while not self._is_closing:
            await self._free.acquire()
            attempt = await self._next_attempt()
            if attempt is None:
                return
            task = asyncio.create_task(self._runner.run(attempt), name=f"job {attempt.job.id}")
            self.tasks.add(task)
            task.add_done_callback(self._finish)

    def _finish(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self._free.release()
        self._awake.set()  # its job may have gone back to the queue, to run at some later moment

    async def _next_attempt(self) -> Attempt | None:
        """Waits for a job to run; None when the engine closes."""
        while not self._is_closing:
            self._awake.clear()
            try:
                attempt = await self._runner.claim(self._lane)
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
        due = await self._runner.next_run_at(self._lane)
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
