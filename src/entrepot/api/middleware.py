"""What every request passes on its way in and out: its id, its log line, the size of its body, safe headers."""

import time

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from entrepot.api.problems import problem, unexpected
from entrepot.errors import PayloadTooLarge
from entrepot.telemetry import get_logger, request_id_from

MAX_BODY_BYTES = 1024 * 1024
_log = get_logger("http")

_SAFE_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class RequestLog:
    """Gives each request its id, binds it to every log line, and writes one line when the answer has gone out.

    It stands outermost, so that what nobody expected is answered here: with an id and safe headers like all else.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_from(Headers(scope=scope).get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        started = time.perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                told = list(message.get("headers", ()))
                names = {name for name, _ in told}
                told.append((b"x-request-id", request_id.encode("latin-1")))
                told.extend(header for header in _SAFE_HEADERS if header[0] not in names)
                message["headers"] = told
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, send_with_headers)
            except Exception as error:
                if status:  # the answer is on its way already: only a broken connection can tell
                    raise
                await unexpected(error, Request(scope))(scope, receive, send_with_headers)
            finally:
                duration_ms = round((time.perf_counter() - started) * 1000, 1)
                _log.info(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    duration_ms=duration_ms,
                )


class BodyLimit:
    """Refuses bodies over `max_bytes` with 413, as soon as their declared or their counted size says so."""

    def __init__(self, app: ASGIApp, max_bytes: int = MAX_BODY_BYTES) -> None:
        self._app = app
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "0")
        if not declared.isascii() or not declared.isdigit() or int(declared) > self._max_bytes:
            await self._refuse(scope, receive, send)
            return
        seen = 0

        async def counted_receive() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._max_bytes:
                raise HTTPException(
                    413
                )  # the one kind of error that FastAPI lets through while it reads a body
            return message

        await self._app(scope, counted_receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        error = PayloadTooLarge(f"The body may have at most {self._max_bytes} bytes.")
        await problem(error, Request(scope), {"Connection": "close"})(scope, receive, send)
