"""The real application over real assets, on a port of its own: its other services are left out."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import httpx2
import uvicorn
import uvloop
from fastapi import FastAPI
from sqlalchemy import Connection, update

from entrepot.api.app import create_app
from entrepot.assets.records import Asset
from entrepot.assets.schema import assets
from entrepot.config import Settings
from tests.assets.shelf import Shelf, opened

T = TypeVar("T")
OWNER = "local"


@dataclass(frozen=True, slots=True)
class Served:
    """A running application and the shelf behind it."""

    http: httpx2.Client
    port: int
    _loop: asyncio.AbstractEventLoop
    _shelf: Shelf

    def on_shelf(self, work: Callable[[Shelf], Awaitable[T]]) -> T:
        """Runs `work` in the application's own event loop."""

        async def run() -> T:
            return await work(self._shelf)

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(20)

    def put(self, content: bytes, name: str = "a.txt", *, owner: str = OWNER, **changes: str) -> Asset:
        """An asset with these bytes."""
        return self.on_shelf(lambda shelf: shelf.put(content, name, owner=owner, **changes))

    def make_public(self, asset: Asset) -> None:
        """Lets everybody read the asset."""

        def transaction(connection: Connection) -> None:
            connection.execute(update(assets).where(assets.c.id == asset.id).values(is_public=True))

        self.on_shelf(lambda shelf: shelf.database.write(transaction))

    def connect(self, *, receive_bytes: int | None = None) -> socket.socket:
        """A connection of our own; `receive_bytes` makes its window small."""
        connection = socket.socket()
        if receive_bytes is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        connection.settimeout(20)
        connection.connect(("127.0.0.1", self.port))
        return connection


@contextmanager
def serving(folder: Path) -> Iterator[Served]:
    """Serves the assets in `folder` until the end of the block."""
    app = create_app(Settings(data_dir=folder), listening_on=("127.0.0.1", 0))
    app.router.lifespan_context = _without_services
    config = uvicorn.Config(
        app, port=0, http="httptools", ws="none", access_log=False, log_config=None,
        timeout_graceful_shutdown=1,
    )  # fmt: skip
    server = uvicorn.Server(config)
    found: list[tuple[asyncio.AbstractEventLoop, Shelf]] = []

    async def run() -> None:
        async with opened(folder) as shelf:
            app.state.services = SimpleNamespace(assets=shelf.assets)
            found.append((asyncio.get_running_loop(), shelf))
            await server.serve(sockets=[listener])

    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=lambda: uvloop.run(run()), daemon=True)
        thread.start()
        try:
            with httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=20, trust_env=False) as http:
                assert (
                    http.get("/api/openapi.json").status_code == 200
                )  # waits in the backlog until it is served
                [(loop, shelf)] = found
                yield Served(http, port, loop, shelf)
        finally:
            server.should_exit = True
            thread.join(20)


@asynccontextmanager
async def _without_services(_app: FastAPI) -> AsyncIterator[None]:
    yield
