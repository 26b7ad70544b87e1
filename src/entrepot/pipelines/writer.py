"""Writing behind the network's back: what has arrived is appended in a thread while more arrives."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import asynccontextmanager

from entrepot.pipelines.partial import Partial

_BATCH_BYTES = 2 * 1024 * 1024


class Writer:
    """Appends to a partial file: at once when the thread is idle, else as soon as it is. For one event loop."""

    def __init__(self, partial: Partial, executor: Executor) -> None:
        self._partial = partial
        self._executor = executor
        self._writing: asyncio.Future[None] | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0

    async def put(self, pieces: Sequence[bytes]) -> None:
        """Takes `pieces`; returns when no more than a batch waits. Raises what an earlier write raised."""
        self._waiting += pieces
        self._waiting_bytes += sum(map(len, pieces))
        if self._writing is None:
            self._start()
        elif self._writing.done():
            self._writing.result()
        elif self._waiting_bytes >= _BATCH_BYTES:
            await self._until_written()

    async def flush(self) -> None:
        """Returns when everything is in the file. Raises what a write raised."""
        while self._writing is not None:
            await self._until_written()

    async def _until_written(self) -> None:
        if self._writing is not None:
            writing = self._writing
            await asyncio.wait([writing])
            writing.result()

    def _start(self) -> None:
        batch, self._waiting, self._waiting_bytes = self._waiting, [], 0
        loop = asyncio.get_running_loop()
        self._writing = loop.run_in_executor(self._executor, self._partial.write, batch)
        self._writing.add_done_callback(self._on_written)

    def _on_written(self, writing: asyncio.Future[None]) -> None:
        """Goes on with what has arrived meanwhile, so that nothing waits for the network; after a failure with nothing."""
        if writing.exception() is not None:
            return
        self._writing = None
        if self._waiting:
            self._start()


@asynccontextmanager
async def writing_to(partial: Partial) -> AsyncIterator[Writer]:
    """A writer for the block; at its end, however that comes, all that was put is in the file. Raises what a write raised."""
    with ThreadPoolExecutor(1, "write") as executor:
        writer = Writer(partial, executor)
        try:
            yield writer
        finally:
            await writer.flush()
