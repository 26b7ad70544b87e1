"""HTTP/1.1 on one connection, with the bounds that the server's own protocol lacks: of a head's size, of its time, of Host."""

import asyncio
import json
from http import HTTPStatus
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from entrepot.api.problems import MEDIA_TYPE, problem_body
from entrepot.errors import AppError, BadInput, HeadTooLarge, RequestTimeout
from entrepot.telemetry import request_id_from


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol; what breaks a bound, or is no HTTP at all, gets a problem and the connection's end."""

    max_head_bytes: ClassVar[int] = 64 * 1024
    max_fields: ClassVar[int] = 100
    request_seconds: ClassVar[float] = 60.0
    """A request has to arrive whole within this time, its body too."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._is_in_head = True
        self._head_bytes = 0
        self._refusal: AppError | None = None
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        super().connection_made(transport)
        self._begin_request()

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._deadline is None:
            self._begin_request()
        self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > self.max_head_bytes and not self.transport.is_closing():
            self._refuse(HeadTooLarge())

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        size_bytes = len(self.url) + sum(len(field) + len(text) + 4 for field, text in self.headers)
        if len(self.headers) > self.max_fields or size_bytes > self.max_head_bytes:
            self._object(HeadTooLarge())

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            self._object(BadInput("A request needs one Host header."))
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._disarm()
        self._is_in_head = True
        self._head_bytes = 0  # what follows in the same piece is not counted: a piece is small
        super().on_message_complete()

    def handle_websocket_upgrade(self) -> None:
        self._disarm()
        super().handle_websocket_upgrade()

    def send_400_response(self, msg: str) -> None:
        self._refuse(self._refusal or BadInput(msg))

    def _object(self, error: AppError) -> None:
        """Leaves a callback of the parser, which then gives up the connection."""
        self._refusal = error
        raise error

    def _refuse(self, error: AppError) -> None:
        self._disarm()
        request_id = request_id_from(None)
        body = json.dumps(problem_body(error, instance="/", request_id=request_id)).encode()
        head = (
            f"HTTP/1.1 {error.status} {HTTPStatus(error.status).phrase}\r\n"
            f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
            f"x-request-id: {request_id}\r\ncache-control: no-store\r\nconnection: close\r\n\r\n"
        )
        # The cycle is None before the first request; while one is being answered, this would land in that answer.
        if self.cycle is None or self.cycle.response_complete:  # type: ignore[redundant-expr]  # uvicorn says never None
            self.transport.write(head.encode("ascii") + body)
        self.transport.close()

    def _begin_request(self) -> None:
        self._deadline = self.loop.call_later(self.request_seconds, self._give_up)

    def _give_up(self) -> None:
        self._deadline = None
        if self._is_in_head and self._head_bytes:
            self._refuse(RequestTimeout())
        else:
            self.transport.close()

    def _disarm(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
