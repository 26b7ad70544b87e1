"""Work that is only done while somebody waits for it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from fastapi import Request

from entrepot.api.departure import until_gone
from entrepot.errors import RequestTimeout

T = TypeVar("T")


async def while_listening(request: Request, work: Coroutine[Any, Any, T]) -> T:
    """The work's result; its body has to have been read. Work for a caller that has gone is ended: RequestTimeout."""
    working = asyncio.create_task(work)
    departure = asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait({working, departure}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return await working
    finally:
        departure.cancel()
        if not working.done():
            working.cancel()
            await asyncio.wait({working})
    raise RequestTimeout("The caller has gone.")
