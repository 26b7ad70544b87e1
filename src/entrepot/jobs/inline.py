"""Jobs that run in the service's own process, as tasks that a runner cannot tell from child processes.

Crawls and batches need the service's reader, its cache and its database, and do no hostile work themselves: what parses
pages runs in children of the reader. Lease, fence, retries, cancelling and recovery are the runner's, as for all jobs.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Protocol

from entrepot.errors import AppError
from entrepot.jobs import messages
from entrepot.jobs.desk import ChannelDesk, only_our_errors
from entrepot.jobs.messages import Message
from entrepot.jobs.run import Child, Nursery
from entrepot.jobs.work import TASK, Desk, Kind, Order, Outcome

_KILLED = -9


class InlinePipeline(Protocol):
    """One kind of job. `run` works in the service's event loop, never blocks it, and raises AppError."""

    async def run(self, order: Order, desk: Desk) -> Outcome: ...


class InlineNursery:
    """Runs some kinds of jobs as tasks of this process, and has all others done by the children of `nursery`."""

    def __init__(self, nursery: Nursery, pipelines: Mapping[Kind, InlinePipeline]) -> None:
        self._nursery = nursery
        self._pipelines = pipelines

    async def spawn(self, task: str, payload: dict[str, Any]) -> Child:
        """A task for an order of one of our kinds, else a child. Raises what the nursery raises."""
        pipeline = self._pipelines.get(payload["kind"]) if task == TASK else None
        if pipeline is None:
            return await self._nursery.spawn(task, payload)
        return InlineChild(pipeline, Order.from_dict(payload))


class InlineChild:
    """A pipeline at work in this process."""

    def __init__(self, pipeline: InlinePipeline, order: Order) -> None:
        self.is_orphan = False
        self._said: asyncio.Queue[Message | None] = asyncio.Queue()
        self._task = asyncio.create_task(self._perform(pipeline, order), name=f"inline {order.job_id}")
        self._task.add_done_callback(lambda _: self._said.put_nowait(None))

    async def messages(self) -> AsyncIterator[Message]:
        """What it says, until it has ended."""
        while (message := await self._said.get()) is not None:
            yield message

    async def kill(self) -> None:
        """Cancels the pipeline; returns when it has cleaned up after itself."""
        while not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task], timeout=1.0)

    async def wait(self) -> int:
        """0 when it came to its own end, else as a killed process has it."""
        await asyncio.wait([self._task])
        return _KILLED if self._task.cancelled() else 0

    def close(self) -> None:
        """Nothing is held open."""

    def send(self, message: Message) -> None:
        """The pipeline's desk speaks through here."""
        self._said.put_nowait(message)

    async def _perform(self, pipeline: InlinePipeline, order: Order) -> None:
        try:
            with only_our_errors(order):
                ending = messages.done_message(await pipeline.run(order, ChannelDesk(self)))
        except AppError as error:
            ending = messages.error_message(error)
        self.send(ending)
