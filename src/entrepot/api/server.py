"""The HTTP server: uvicorn on one address, announced when it is ready, with streams that end when it stops."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import uvicorn
from fastapi import FastAPI

from entrepot.api.app import create_app
from entrepot.api.protocol import BoundedProtocol
from entrepot.config import Settings
from entrepot.errors import CannotListen
from entrepot.telemetry import configure_logs
from entrepot.wiring.services import Services

GRACE_SECONDS = 5
_MAX_MESSAGE_BYTES = 64 * 1024  # of what a client says over a WebSocket, where none has much to say


def run_server(settings: Settings, *, announce: Callable[[str], None]) -> None:
    """Serves until SIGINT or SIGTERM; `announce` gets the page's address when it is ready.

    Raises CannotListen, and whatever `open_services` raises.
    """
    configure_logs(settings.log_level, settings.log_format)
    with _listen(settings.host, settings.port) as listener:
        address = listener.getsockname()
        app = create_app(settings, listening_on=(str(address[0]), int(address[1])))
        server = _Server(app, on_ready=lambda: announce(_page_url(settings.host, int(address[1]))))
        with contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])


def _config(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app, loop="uvloop", http=BoundedProtocol, ws="websockets-sansio", ws_max_size=_MAX_MESSAGE_BYTES, lifespan="off", access_log=False, log_config=None,
        server_header=False, timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=75,
    )  # fmt: skip


class _Server(uvicorn.Server):
    """uvicorn inside the application's own lifespan: what goes wrong at the start is raised, and a stop cuts it short."""

    def __init__(self, app: FastAPI, *, on_ready: Callable[[], None]) -> None:
        super().__init__(_config(app))
        self._app = app
        self._on_ready = on_ready
        self._opening: asyncio.Task[Any] | None = None

    async def serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._opening = asyncio.current_task()
        with self.capture_signals():
            try:
                async with self._app.router.lifespan_context(self._app):
                    self._opening = None
                    await self._serve(sockets)
            except asyncio.CancelledError:
                if not self.should_exit:
                    raise

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        super().handle_exit(sig, frame)
        if self._opening is not None:
            self._opening.get_loop().call_soon_threadsafe(self._opening.cancel)
            self._opening = None
        else:
            self._end_streams()

    def _end_streams(self) -> None:
        """Lets event streams finish, which would otherwise hold up the stop; called from a signal handler."""
        services: Services | None = getattr(self._app.state, "services", None)
        if services is not None:
            services.loop.call_soon_threadsafe(services.hub.end)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn does it, but without raising the signal again afterwards: a stop that was asked for is a success."""
        handled = (signal.SIGINT, signal.SIGTERM)
        previous = {number: signal.signal(number, self.handle_exit) for number in handled}
        try:
            yield
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)


def _listen(host: str, port: int) -> socket.socket:
    try:
        return _bound_socket(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        raise CannotListen(f"Cannot listen on {host} port {port}: {reason}.") from error


def _bound_socket(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
        listener.set_inheritable(False)
    except OSError:
        listener.close()
        raise
    return listener


def _page_url(host: str, port: int) -> str:
    """Where a browser on this machine finds the page; a wildcard is no address to go to."""
    name = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - compared, not bound
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
