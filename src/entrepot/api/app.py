"""The application: middleware, errors as problems, every router, and the page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

import entrepot
from entrepot.api import (
    assets,
    content,
    content_batch,
    content_cache,
    deliver,
    docs,
    downloads,
    health,
    jobs,
    metadata,
    problems,
    progress,
    versions,
)
from entrepot.api.description import DescribedApp
from entrepot.api.doorkeeper import Doorkeeper
from entrepot.api.doors import door_routers
from entrepot.api.hot_content import HotContent, Plans
from entrepot.api.middleware import BodyLimit, RequestLog
from entrepot.api.page import page_router
from entrepot.config import Settings
from entrepot.wiring.services import open_services

_ABOUT = "Any URL in; a durable, cacheable, versioned artifact out."
_ROOMS = (
    content,
    content_batch,
    content_cache,
    progress,
    downloads,
    metadata,
    jobs,
    assets,
    versions,
    deliver,
    health,
    docs,
)


def create_app(settings: Settings, *, listening_on: tuple[str, int]) -> FastAPI:
    """The service as an ASGI application. `listening_on` is its own address, which it never fetches from."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, listening_on=listening_on) as services:
            app.state.services = services
            yield

    app = DescribedApp(
        title="Entrepôt", version=entrepot.__version__, description=_ABOUT, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url="/api/openapi.json", redirect_slashes=False,
    )  # fmt: skip
    problems.install(app)
    for door in door_routers(is_reader_at_root=settings.reader_at_root):
        app.include_router(door)
    for room in _ROOMS:
        app.include_router(room.router)
    app.include_router(page_router(Path(entrepot.__file__).parent / "ui"))
    app.state.plans = Plans()
    app.add_middleware(HotContent, plans=app.state.plans)
    app.add_middleware(BodyLimit)
    app.add_middleware(Doorkeeper, names=settings.served_names)
    app.add_middleware(RequestLog)
    return app
