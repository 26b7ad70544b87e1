"""The bytes' way out: `/assets/{id}/download`, streamed from the store at the reader's pace."""

import asyncio
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Query, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from entrepot.api.assets import AssetsDep
from entrepot.api.departure import until_gone
from entrepot.api.dependencies import OwnerDep
from entrepot.api.problems import problem
from entrepot.assets.conditional import ByteRange
from entrepot.assets.deliver import MAX_PIECE_BYTES, Delivery, PieceReader, plan_delivery
from entrepot.errors import MethodNotAllowed, OutOfOrder, PreconditionFailed, RangeNotSatisfiable

_MIN_PIECE_BYTES = 32 * 1024
_PROMPT_SECONDS = 0.02

_PATH = "/assets/{asset_id}/download"

router = APIRouter(tags=["assets"])


@router.head(_PATH, include_in_schema=False)
@router.get(
    _PATH,
    response_class=Response,
    responses={
        200: {"description": "The bytes.", "content": {"application/octet-stream": {}}},
        206: {"description": "The range that was asked for.", "content": {"application/octet-stream": {}}},
        304: {"description": "The caller has these bytes already."},
        412: {"description": "If-Match or If-Unmodified-Since does not hold."},
        416: {"description": "The range lies outside the content; Content-Range tells its size."},
    },
)
async def download_asset(
    asset_id: str,
    request: Request,
    assets: AssetsDep,
    owner: OwnerDep,
    inline: Annotated[
        bool, Query(description="Lets a browser show what is safe to show, rather than save it.")
    ] = False,
) -> Response:
    """The asset's current bytes, with preconditions and single ranges as RFC 9110 has them."""
    asset = await assets.find_readable(asset_id, owner)
    fields = join_fields(request.headers.raw)
    delivery = plan_delivery(asset, request.method, fields, is_inline=inline, now=datetime.now(UTC))
    match delivery.status:
        case 304:
            return Response(status_code=304, headers=delivery.headers)
        case 412:
            return problem(PreconditionFailed(), request, delivery.headers)
        case 416:
            return problem(RangeNotSatisfiable(), request, delivery.headers)
        case _:
            return BlobResponse(delivery, await assets.open(asset), assets.reader)


class _OtherMethods:
    """Answers what is neither GET nor HEAD; the framework's own 405 would name one of the two only."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = MethodNotAllowed(f"{scope['method']} is not allowed here.")
        await problem(error, Request(scope), {"Allow": "GET, HEAD"})(scope, receive, send)


router.routes.append(Route(_PATH, _OtherMethods(), include_in_schema=False))


def join_fields(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """Header lines as one value for each lower-case name, several joined with ", " (RFC 9110 §5.3)."""
    fields: dict[str, str] = {}
    for name_bytes, value_bytes in raw:
        name, value = name_bytes.decode("latin-1").lower(), value_bytes.decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


class BlobResponse(Response):
    """Sends a part of an open file and closes it, whatever happens.

    What waits for a slow reader is one piece at most, and pieces are small for whoever is slow. A reader may pause for
    as long as it likes, as players do; when it has gone, so has the file.
    """

    def __init__(self, delivery: Delivery, file: BinaryIO, reader: PieceReader) -> None:
        super().__init__(status_code=delivery.status, headers=delivery.headers)
        self._part = delivery.part
        self._file = file
        self._reader = reader

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's three
        with self._file:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
            )
            if self._part is None:
                await send({"type": "http.response.body", "body": b""})
                return
            gone = asyncio.create_task(until_gone(receive))
            try:
                await self._send_part(self._part, send, gone)
            finally:
                gone.cancel()

    async def _send_part(self, part: ByteRange, send: Send, gone: asyncio.Task[None]) -> None:
        offset, end, size_bytes = part.first, part.last + 1, _MIN_PIECE_BYTES
        while offset < end and not gone.done():
            await asyncio.sleep(
                0
            )  # whoever reads as fast as we send would never let the others have their turn
            piece = await self._reader.read(self._file.fileno(), offset, min(size_bytes, end - offset))
            if not piece:
                raise OutOfOrder("A blob is shorter than it was.")  # the connection breaks, as it must
            offset += len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": offset < end})
            del piece  # the server holds it until the reader has taken it; we wait empty-handed
            if offset < end:
                started = time.perf_counter()
                await send({"type": "http.response.body", "body": b"", "more_body": True})  # waits for room
                is_prompt = time.perf_counter() - started < _PROMPT_SECONDS
                size_bytes = min(2 * size_bytes, MAX_PIECE_BYTES) if is_prompt else _MIN_PIECE_BYTES
