"""Alive, ready, and each part."""

import asyncio
from types import SimpleNamespace

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from entrepot import __version__
from entrepot.api import health
from entrepot.errors import OutOfOrder
from entrepot.wiring.checks import Check, Finding


async def _sound() -> Finding:
    return Finding(version="1.2", detail="well")


async def _broken() -> Finding:
    raise OutOfOrder("The warm parent is not running.")


async def _crashing() -> Finding:
    raise ZeroDivisionError("secret")


async def _stuck() -> Finding:
    await asyncio.Event().wait()
    return Finding()


def _client(**checks: Check) -> TestClient:
    app = FastAPI()
    app.include_router(health.router)
    app.state.services = SimpleNamespace(checks=checks)
    return TestClient(app)


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_life_is_told_whatever_the_parts_are_like(path: str) -> None:
    response = _client(a=Check(_broken)).get(path)
    assert (response.status_code, response.json()) == (200, {"status": "ok", "version": __version__})


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
def test_probe_may_ask_for_the_head_alone(path: str) -> None:
    assert _client(a=Check(_sound)).head(path).status_code == 200


@pytest.mark.parametrize("path", ["/health/ready", "/health/detailed", "/api/v1/health"])
def test_sound_parts_make_a_ready_service(path: str) -> None:
    response = _client(a=Check(_sound)).get(path)
    body = response.json()
    assert (response.status_code, body["status"], body["version"]) == (200, "ok", __version__)
    assert response.headers["cache-control"] == "no-store"
    latency_ms = body["components"]["a"].pop("latency_ms")
    assert latency_ms >= 0
    assert body["components"] == {"a": {"status": "ok", "version": "1.2", "detail": "well"}}


@pytest.mark.parametrize("path", ["/health/ready", "/health/detailed", "/api/v1/health"])
@pytest.mark.parametrize(
    ("check", "detail"), [(_broken, "The warm parent is not running."), (_crashing, "ZeroDivisionError")]
)
def test_broken_part_that_is_needed_makes_it_unready(path: str, check: object, detail: str) -> None:
    response = _client(a=Check(_sound), b=Check(check)).get(path)  # type: ignore[arg-type]  # one of the above
    body = response.json()
    assert (response.status_code, body["status"]) == (503, "failing")
    assert (body["components"]["a"]["status"], body["components"]["b"]["status"]) == ("ok", "failing")
    assert body["components"]["b"]["detail"] == detail
    assert "secret" not in response.text


def test_broken_part_that_can_be_spared_is_told_and_no_more() -> None:
    client = _client(a=Check(_sound), b=Check(_broken, is_needed=False))
    detailed = client.get("/health/detailed")
    assert (detailed.status_code, detailed.json()["components"]["b"]["status"]) == (200, "failing")
    assert client.get("/health/ready").json()["components"].keys() == {"a"}


def test_part_that_does_not_answer_is_failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_CHECK_TIMEOUT_SECONDS", 0.01)
    response = _client(a=Check(_stuck)).get("/health/ready")
    assert response.status_code == 503
    assert "no answer" in response.json()["components"]["a"]["detail"]
