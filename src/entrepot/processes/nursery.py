"""The nursery: where the serving process gets its children from, each ready to work within milliseconds."""

import asyncio
from contextlib import suppress
from typing import Any

from entrepot.errors import OutOfOrder
from entrepot.processes.child import Child
from entrepot.processes.generation import Generation, GenerationOver
from entrepot.telemetry import get_logger

__all__ = ["Child", "Nursery"]

_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 5.0

log = get_logger("entrepot.processes")


class Nursery:
    """Keeps one warm parent process alive and has children forked from it.

    A warm parent that dies is replaced; its children die with it and end as killed. For one event loop, in a thread that
    lives as long as the nursery (the kernel ends the warm parent with the thread that started it).
    """

    def __init__(self, tasks: str, settings: str, *, warm_timeout_seconds: float = 60.0) -> None:
        """`tasks` is "module:function": called once in the warm parent with `settings`, after loading the libraries it
        likes, it returns the tasks by name, each a function of the payload and the child's Channel.
        """
        self._tasks = tasks
        self._settings = settings
        self._warm_timeout_seconds = warm_timeout_seconds
        self._generation: Generation | None = None
        self._is_settled = asyncio.Event()  # there is a warm parent, or it is certain that there will be none
        self._is_settled.set()
        self._keeper: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        """The warm parent's pid; None: there is none just now."""
        return self._generation.pid if self._generation is not None else None

    async def start(self) -> None:
        """Starts the warm parent; returns when it is ready. Raises OutOfOrder when it cannot be had."""
        self._is_settled.clear()
        try:
            await self._start_generation()
        finally:
            self._is_settled.set()
        self._keeper = asyncio.create_task(self._keep(), name="nursery")

    async def close(self) -> None:
        """Ends the warm parent and every child; returns when all are gone."""
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            with suppress(asyncio.CancelledError):
                await keeper
        generation, self._generation = self._generation, None
        self._is_settled.set()  # whoever waits for a child learns that there will be none
        if generation is not None:
            await generation.bury()

    async def spawn(self, task: str, payload: dict[str, Any]) -> Child:
        """A new child that runs `task` with `payload`; its leader's group and session are its own.

        Waits while the warm parent is being replaced. Raises OutOfOrder when no child can be had, ValueError for an
        unknown task, BrokenMessage for a payload over 4 MiB.
        """
        try:
            async with asyncio.timeout(self._warm_timeout_seconds):
                while True:
                    generation = await self._present_generation()
                    try:
                        return await generation.spawn(task, payload)
                    except GenerationOver:
                        await generation.is_over.wait()
        except TimeoutError as error:
            raise OutOfOrder("The worker processes are starting") from error

    async def _present_generation(self) -> Generation:
        while True:
            await self._is_settled.wait()
            generation = self._generation
            if generation is None:
                raise OutOfOrder("The worker processes are not running")
            if not generation.is_over.is_set():
                return generation
            await asyncio.sleep(0)  # the keeper notices in its next step

    async def _start_generation(self) -> None:
        generation = self._generation = Generation()
        try:
            await generation.warm(self._tasks, self._settings, self._warm_timeout_seconds)
        except BaseException:
            await generation.bury()
            self._generation = None
            raise
        self._is_settled.set()

    async def _keep(self) -> None:
        while self._generation is not None:
            await self._generation.is_over.wait()
            self._is_settled.clear()
            log.warning("the warm parent has ended and is replaced", pid=self._generation.pid)
            await self._generation.bury()
            await self._replace()

    async def _replace(self) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._is_settled.is_set():
            try:
                await self._start_generation()
            except (OutOfOrder, OSError) as error:
                log.error("the warm parent did not start", reason=str(error), pause_seconds=pause_seconds)  # noqa: TRY400 - expected, no traceback
                await asyncio.sleep(pause_seconds)
                pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)
