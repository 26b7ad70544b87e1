"""One client's exchange through the guard proxy: the request it makes, a TLS tunnel or a forwarded answer, refusals."""

import asyncio
import json
import re
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus

from entrepot.errors import AppError, BadInput, UpstreamBroken, UpstreamTimeout
from entrepot.fetch.proxy_message import (
    MAX_HEAD_BYTES,
    REFUSAL_FIELD,
    RequestHead,
    body_bytes,
    parse_request_head,
    rewrite_response,
    write_request,
)
from entrepot.fetch.relay import (
    PIECE_BYTES,
    HeadTooLarge,
    close_gently,
    copy_bytes,
    discard_bytes,
    idle_limit,
    read_head,
    run_together,
)
from entrepot.fetch.url import URL, parse_url

_MAX_INTERIM_ANSWERS = 16
_UPLOAD_PIECE_BYTES = 64 * 1024
_AUTHORITY_FORM = re.compile(r"[^/?#@\\]+:[0-9]{1,5}")
_TLS_HANDSHAKE = b"\x16"  # the record type that every TLS connection begins with (RFC 8446, section 5.1)


async def receive_request(client: socket.socket) -> tuple[RequestHead, bytes]:
    """The client's request head, and what came behind it. Raises BadInput; EOFError where nothing whole came."""
    try:
        head, rest = await read_head(client, b"", MAX_HEAD_BYTES)
    except HeadTooLarge as error:
        raise BadInput("The request's head is too large.") from error
    return parse_request_head(head), rest


def requested_url(head: RequestHead) -> URL:
    """Where the request wants to go. Raises InvalidURL, DestinationForbidden or BadInput."""
    if head.method == "CONNECT":
        if not _AUTHORITY_FORM.fullmatch(head.target):
            raise BadInput("CONNECT takes a host and a port.")
        return parse_url(f"https://{head.target}/")
    url = parse_url(head.target)
    if url.scheme != "http":
        raise BadInput("https goes through CONNECT.")
    return url


async def tunnel(client: socket.socket, origin: socket.socket, *, rest: bytes, idle_seconds: float) -> None:
    """Carries TLS both ways until both have ended; the origin hears nothing before the client has begun TLS.

    Raises EOFError where the client begins with anything else; OSError, TimeoutError among them.
    """
    loop = asyncio.get_running_loop()
    async with idle_limit(idle_seconds) as touch:
        await loop.sock_sendall(client, b"HTTP/1.1 200 Connection established\r\n\r\n")
        first = rest or await loop.sock_recv(client, _UPLOAD_PIECE_BYTES)
        if not first.startswith(_TLS_HANDSHAKE):
            raise EOFError
        await loop.sock_sendall(origin, first)
        await run_together(
            _carry(client, origin, touch, _UPLOAD_PIECE_BYTES),
            _carry(origin, client, touch, PIECE_BYTES),
            until="FIRST_EXCEPTION",
        )


async def forward(
    client: socket.socket,
    origin: socket.socket,
    head: RequestHead,
    url: URL,
    *,
    rest: bytes,
    idle_seconds: float,
) -> None:
    """Sends one http request on and hands its answer back; ends when either side has ended.

    Raises AppError while nothing has been answered yet; OSError or EOFError after that.
    """
    length = body_bytes(head)
    answered = asyncio.Event()
    try:
        async with idle_limit(idle_seconds) as touch:
            await asyncio.get_running_loop().sock_sendall(origin, write_request(head, url) + rest[:length])
            if length > len(rest) and head.values("expect"):
                await asyncio.get_running_loop().sock_sendall(client, b"HTTP/1.1 100 Continue\r\n\r\n")
            await run_together(
                _send_body(client, origin, length - len(rest), touch),
                _hand_back(origin, client, touch, answered),
                until="FIRST_COMPLETED",
            )
    except TimeoutError as error:
        if answered.is_set():
            raise
        raise UpstreamTimeout from error
    await close_gently(client)


async def answer(
    client: socket.socket,
    error: AppError,
    *,
    status: int | None = None,
    fields: Mapping[str, str] | None = None,
) -> None:
    """Tells the client why nothing comes: a problem (RFC 9457), its code also in a field that no origin can set."""
    status = status or error.status
    body = json.dumps(
        {"title": error.title, "status": status, "detail": error.detail, "code": error.code}
    ).encode()
    sent = {
        "Content-Type": "application/problem+json",
        "Content-Length": str(len(body)),
        REFUSAL_FIELD: error.code,
        "Connection": "close",
        **(fields or {}),
    }
    lines = [
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}",
        *(f"{name}: {value}" for name, value in sent.items()),
    ]
    with suppress(OSError):
        await asyncio.get_running_loop().sock_sendall(client, "\r\n".join([*lines, "", ""]).encode() + body)
        await close_gently(client)


async def _carry(
    source: socket.socket, sink: socket.socket, touch: Callable[[], None], piece_bytes: int
) -> None:
    await copy_bytes(source, sink, touch, piece_bytes=piece_bytes)
    sink.shutdown(socket.SHUT_WR)


async def _send_body(
    client: socket.socket, origin: socket.socket, count: int, touch: Callable[[], None]
) -> None:
    """Whatever follows the body is dropped: the client was told nothing that lets it send a second request."""
    if count > 0:
        await copy_bytes(client, origin, touch, count=count, piece_bytes=_UPLOAD_PIECE_BYTES)
    await discard_bytes(client)


async def _hand_back(
    origin: socket.socket, client: socket.socket, touch: Callable[[], None], answered: asyncio.Event
) -> None:
    head, rest = await _receive_answer(origin)
    answered.set()
    await asyncio.get_running_loop().sock_sendall(client, head + rest)
    await copy_bytes(origin, client, touch)


async def _receive_answer(origin: socket.socket) -> tuple[bytes, bytes]:
    """The head of the final answer, rewritten, and what came behind it."""
    rest = b""
    for _ in range(_MAX_INTERIM_ANSWERS):
        try:
            head, rest = await read_head(origin, rest, MAX_HEAD_BYTES)
        except (HeadTooLarge, EOFError, OSError) as error:
            raise UpstreamBroken("The origin's answer has no proper head.") from error
        status, rewritten = rewrite_response(head)
        if status >= 200:
            return rewritten, rest
    raise UpstreamBroken("The origin answers without end.")
