"""What is too large to be held back, passed on as it comes: at the reader's pace, with a few pieces between the two."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

from entrepot.errors import UpstreamBroken
from entrepot.fetch.client import FetchRequest, Limits, Response, raise_for_status
from entrepot.fetch.headers import Headers
from entrepot.fetch.origins import Origins

_PIECES_BETWEEN = 4


@dataclass(frozen=True, slots=True)
class Passage:
    """An answer whose body is on its way. `size_bytes` 0: nobody knows. `pieces` must be closed."""

    final_url: str
    status: int
    headers: Headers
    size_bytes: int
    pieces: AsyncGenerator[bytes, None]


async def open_passage(origins: Origins, request: FetchRequest, limits: Limits) -> Passage:
    """The answer's head, once it is there; its body follows as `pieces` are taken.

    Raises what `Origins.fetch` raises, and the errors of a bad status; so do `pieces` when the body is not whole.
    """
    queue: asyncio.Queue[bytes] = asyncio.Queue(_PIECES_BETWEEN)
    head: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    async def pump(response: Response) -> None:
        raise_for_status(response)
        if head.done():
            raise UpstreamBroken("The origin broke off in the midst of its content.")
        async for piece in response.chunks():
            if (
                not head.done()
            ):  # only now: what fails before its first byte is still a problem, not a broken answer
                head.set_result(response)
            await queue.put(piece)
        if not head.done():
            head.set_result(response)

    pumping = asyncio.create_task(origins.fetch(request, limits, pump), name=f"pass {request.url.host}")
    try:
        both: set[asyncio.Future[Any]] = {head, pumping}
        await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        if not head.done():
            await pumping  # it has failed: an answer that was received has been told of
    except BaseException:
        await _end(pumping)
        raise
    response = head.result()
    return Passage(
        final_url=str(response.url), status=response.status, headers=response.headers,
        size_bytes=response.content_length or 0, pieces=_pieces(queue, pumping),
    )  # fmt: skip


async def _pieces(queue: asyncio.Queue[bytes], pumping: asyncio.Task[None]) -> AsyncGenerator[bytes, None]:
    try:
        while not (pumping.done() and queue.empty()):
            getting = asyncio.ensure_future(queue.get())
            both: set[asyncio.Future[Any]] = {getting, pumping}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if getting.done():
                yield getting.result()
            else:
                getting.cancel()
        await pumping
    finally:
        await _end(pumping)


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled():
        task.exception()  # marks it as seen
