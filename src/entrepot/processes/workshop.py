"""The workshop: fenced work on files by processes that stand ready, seen from the serving process."""

import asyncio
import itertools
from contextlib import suppress
from pathlib import Path
from typing import Any

from entrepot.errors import AppError, JobCrashed, JobTimeout, OutOfOrder
from entrepot.processes.nursery import Child, Nursery

_GRACE_SECONDS = 5.0  # what the foreman may need beyond the work's own time


class Workshop:
    """Has work done by the workers of one foreman, which is started on the first order and again when it has ended.

    For one event loop.
    """

    def __init__(self, nursery: Nursery, task: str, settings: dict[str, Any]) -> None:
        """`task` is the nursery's name of what runs a `Foreman`; `settings` is its payload."""
        self._nursery = nursery
        self._task = task
        self._settings = settings
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._foreman: Child | None = None
        self._listener: asyncio.Task[None] | None = None
        self._opening = asyncio.Lock()
        self._speaking = asyncio.Lock()

    async def do(
        self,
        trade: str,
        party: str,
        payload: dict[str, Any],
        *,
        source: Path,
        target: Path,
        timeout_seconds: float,
    ) -> dict[str, Any]:
        """Has a worker of `trade` read `source` and write the new file `target`; returns its result.

        No worker sees sources of two parties. A work that is cancelled is killed. Raises the AppError that the work raised, JobTimeout, JobCrashed, OutOfOrder.
        """
        foreman = await self._open()
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        order = {
            "id": number, "trade": trade, "party": party, "payload": payload, "source": str(source), "target": str(target),
            "timeout_seconds": timeout_seconds,
        }  # fmt: skip
        try:
            await self._say(foreman, order)
            async with asyncio.timeout(timeout_seconds + _GRACE_SECONDS):
                return _result_of(await answer)
        except TimeoutError as error:
            await foreman.kill()  # it does not keep its own time: nothing of it can be trusted to end
            raise JobTimeout(f"There was no answer within {timeout_seconds:g} s.") from error
        except asyncio.CancelledError:
            await self._say(foreman, {"cancel": number})
            raise
        finally:
            del self._waiting[number]

    async def close(self) -> None:
        """Ends the foreman and all work."""
        async with self._opening:
            foreman, self._foreman = self._foreman, None
            if foreman is not None:
                await self._say(foreman, {"leave": True})
                with suppress(TimeoutError):
                    async with asyncio.timeout(_GRACE_SECONDS):
                        await foreman.wait()
                await foreman.kill()
            if self._listener is not None:
                await asyncio.wait([self._listener])

    async def _say(self, foreman: Child, message: dict[str, Any]) -> None:
        """Tells the foreman; one that has ended hears nothing, and `_listen` lets everybody know."""
        async with self._speaking:  # one line after the other
            with suppress(OSError):
                await foreman.send(message)

    async def _open(self) -> Child:
        async with self._opening:
            if self._foreman is None:
                self._foreman = await self._nursery.spawn(self._task, self._settings)
                self._listener = asyncio.create_task(self._listen(self._foreman), name="workshop")
            return self._foreman

    async def _listen(self, foreman: Child) -> None:
        """Hands answers to those who wait for them, until the foreman has ended; then nobody waits any longer."""
        try:
            async for message in foreman.messages():
                waiting = self._waiting.get(message.get("id", 0))
                if waiting is not None and not waiting.done():
                    waiting.set_result(message)
        finally:
            if self._foreman is foreman:
                self._foreman = None
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_result({"error": OutOfOrder("The workers have ended").as_dict()})
            with suppress(asyncio.CancelledError):
                await foreman.kill()
            foreman.close()


def _result_of(message: dict[str, Any]) -> dict[str, Any]:
    result, error = message.get("result"), message.get("error")
    if isinstance(result, dict):
        return result
    try:
        raise AppError.from_dict(error if isinstance(error, dict) else {})
    except (KeyError, TypeError, ValueError) as nonsense:
        raise JobCrashed("The work's process spoke nonsense") from nonsense
