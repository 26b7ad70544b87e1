"""Whether the caller still listens, and work that is only done while it does."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Receive

T = TypeVar("T")

_CLIENT_GONE = 499  # nobody reads it but the log; the number is nginx's


async def until_gone(receive: Receive) -> None:
    """Returns when the caller has gone, or sends a body beyond all bounds instead of listening."""
    with suppress(HTTPException):
        while (await receive())["type"] != "http.disconnect":
            pass


async def while_listening(
    receive: Receive, work: Coroutine[Any, Any, T], let_go: Callable[[T], Awaitable[None]] | None = None
) -> T | None:
    """The work's result; None when the caller has gone before it was there, and the work is ended.

    The request's body has to have been read. What the work brings in its last moment is given to `let_go`.
    """
    working, departure = asyncio.create_task(work), asyncio.create_task(until_gone(receive))
    try:
        await asyncio.wait({working, departure}, return_when=asyncio.FIRST_COMPLETED)
        return await working if working.done() else None
    finally:
        departure.cancel()
        await _end(working, let_go)


def gone() -> Response:
    """The answer to a caller that has gone."""
    return Response(status_code=_CLIENT_GONE)


async def _end(working: asyncio.Task[T], let_go: Callable[[T], Awaitable[None]] | None) -> None:
    """Returns once the work has cleaned up after itself."""
    if working.done():
        return
    working.cancel()
    await asyncio.wait({working})
    if let_go is not None and not working.cancelled() and working.exception() is None:
        await let_go(working.result())
