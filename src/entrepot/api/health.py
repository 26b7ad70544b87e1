"""Is the service alive, is it ready, and how is each of its parts."""

import asyncio
import time
from typing import Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from entrepot import __version__
from entrepot.api.dependencies import ServicesDep
from entrepot.errors import AppError
from entrepot.wiring.checks import Check
from entrepot.wiring.services import Services

router = APIRouter(tags=["health"])
_CHECK_TIMEOUT_SECONDS = 5.0
Status = Literal["ok", "failing"]


class Health(BaseModel):
    """The short answer."""

    status: Status
    version: str


class Component(BaseModel):
    """One part of the service, asked just now."""

    status: Status
    latency_ms: float
    version: str | None = None
    detail: str | None = None


class DetailedHealth(Health):
    """The long answer."""

    components: dict[str, Component]


@router.head("/health", include_in_schema=False)
@router.head("/health/live", include_in_schema=False)
@router.get("/health")
@router.get("/health/live")
async def live() -> Health:
    """The process answers."""
    return Health(status="ok", version=__version__)


@router.head("/health/ready", include_in_schema=False)
@router.get("/health/ready", responses={503: {"model": DetailedHealth}})
async def ready(services: ServicesDep, response: Response) -> DetailedHealth:
    """Every part that a request needs works; 503 otherwise."""
    return await _examine(services, response, only_needed=True)


@router.get("/health/detailed", responses={503: {"model": DetailedHealth}})
@router.get("/api/v1/health", responses={503: {"model": DetailedHealth}})
async def detailed(services: ServicesDep, response: Response) -> DetailedHealth:
    """Each part, asked for real: storage is written, read and deleted."""
    return await _examine(services, response, only_needed=False)


async def _examine(services: Services, response: Response, *, only_needed: bool) -> DetailedHealth:
    checks = {name: check for name, check in services.checks.items() if check.is_needed or not only_needed}
    found = dict(zip(checks, await asyncio.gather(*map(_run, checks.values())), strict=True))
    failing = any(found[name].status == "failing" for name, check in checks.items() if check.is_needed)
    response.status_code = 503 if failing else 200
    response.headers["Cache-Control"] = "no-store"
    return DetailedHealth(status="failing" if failing else "ok", version=__version__, components=found)


async def _run(check: Check) -> Component:
    started = time.perf_counter()
    try:
        async with asyncio.timeout(_CHECK_TIMEOUT_SECONDS):
            finding = await check.examine()
    except TimeoutError:
        return _component("failing", started, detail=f"no answer within {_CHECK_TIMEOUT_SECONDS:g} s")
    except AppError as error:
        return _component("failing", started, detail=error.detail)
    except Exception as error:  # a check that fails in any way is a finding, not a failure of ours
        return _component("failing", started, detail=type(error).__name__)
    return _component("ok", started, version=finding.version, detail=finding.detail)


def _component(
    status: Status, started: float, *, version: str | None = None, detail: str | None = None
) -> Component:
    latency_ms = round((time.perf_counter() - started) * 1000, 2)
    return Component(status=status, latency_ms=latency_ms, version=version, detail=detail)
