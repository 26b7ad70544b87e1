"""Whether the caller still listens."""

from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.types import Receive


async def until_gone(receive: Receive) -> None:
    """Returns when the caller has gone, or sends a body beyond all bounds instead of listening."""
    with suppress(HTTPException):
        while (await receive())["type"] != "http.disconnect":
            pass
