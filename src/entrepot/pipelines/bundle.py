"""Many URLs read at once: in turns that are fair to hosts, each with its own result, whatever becomes of the others."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from entrepot.errors import AppError
from entrepot.pipelines.reader import Reading, ReadRequest
from entrepot.telemetry import get_logger

AT_ONCE = 16
A_HOST_AT_ONCE = 4
"""Of one bundle; fewer than all, so that a slow host leaves room for the others."""

_log = get_logger("content")

Read = Callable[[ReadRequest], Awaitable[Reading]]


@dataclass(frozen=True, slots=True)
class BundleResult:
    """What became of the URL at `index`: one of the two."""

    index: int
    found: Reading | AppError


@asynccontextmanager
async def read_all(
    read: Read, wanted: Sequence[ReadRequest | AppError]
) -> AsyncIterator[AsyncIterator[BundleResult]]:
    """The results of all, each as soon as it is there; an error among `wanted` is its own result.

    Leaving the context ends what still runs and closes what nobody took.
    """
    done: asyncio.Queue[BundleResult] = asyncio.Queue()
    everyone = asyncio.Semaphore(AT_ONCE)
    hosts: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(A_HOST_AT_ONCE))

    async def read_one(index: int, request: ReadRequest) -> None:
        async with (
            hosts[request.url.host],
            everyone,
        ):  # in this order: who waits for its host holds no one's place
            done.put_nowait(BundleResult(index, await _attempt(read, request)))

    tasks = []
    for index, request in enumerate(wanted):
        if isinstance(request, AppError):
            done.put_nowait(BundleResult(index, request))
        else:
            tasks.append(asyncio.create_task(read_one(index, request)))
    try:
        yield _taken(done, len(wanted))
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        while not done.empty():
            await _close(done.get_nowait())


async def in_order(results: AsyncIterator[BundleResult]) -> AsyncGenerator[BundleResult, None]:
    """The same results in the order of the URLs, each as soon as those before it are there."""
    early: dict[int, BundleResult] = {}
    following = 0
    try:
        async for result in results:
            early[result.index] = result
            while (ready := early.pop(following, None)) is not None:
                following += 1
                yield ready
    finally:
        for result in early.values():
            await _close(result)


async def _attempt(read: Read, request: ReadRequest) -> Reading | AppError:
    try:
        return await read(request)
    except AppError as error:
        return error
    except Exception as error:  # one URL's trouble, whatever it is, is no other's
        _log.error("a URL of a bundle failed unexpectedly", url=str(request.url), exc_info=error)
        return AppError("Something went wrong on our side; the log has the details.")


async def _taken(done: asyncio.Queue[BundleResult], count: int) -> AsyncIterator[BundleResult]:
    for _ in range(count):
        yield await done.get()


async def _close(result: BundleResult) -> None:
    if isinstance(result.found, Reading):
        await result.found.aclose()
