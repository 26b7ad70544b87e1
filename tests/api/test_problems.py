"""Every error as a problem, whoever raised it."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import pytest
from fastapi import FastAPI, Query
from starlette.exceptions import HTTPException
from starlette.testclient import TestClient
from structlog.testing import capture_logs

from entrepot.api import problems
from entrepot.api.middleware import BodyLimit, RequestLog
from entrepot.errors import AppError, JobNotFinished, StorageFull

MEMBERS = {"type", "title", "status", "detail", "instance", "code", "retryable", "correlation_id"}
RAISED: dict[str, Exception] = {
    "own": JobNotFinished(retry_after_seconds=7),
    "extra": AppError("Oh.", upstream_status=418),
    "full": StorageFull(),
    "teapot": HTTPException(418, "short and stout"),
    "gateway": HTTPException(502),
    "bug": ZeroDivisionError("secret of /etc/passwd"),
}


@pytest.fixture
def client() -> Iterator[TestClient]:
    app = FastAPI()
    problems.install(app)

    @app.get("/raise/{name}")
    async def fail(name: str) -> None:
        raise RAISED[name]

    @app.get("/number")
    async def number(n: Annotated[int, Query(ge=1)]) -> int:
        return n

    @app.post("/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    app.add_middleware(BodyLimit, max_bytes=100)
    app.add_middleware(RequestLog)
    with capture_logs():  # a traceback made pretty takes seconds
        yield TestClient(app)


@pytest.mark.parametrize(
    ("name", "status", "code", "retryable"),
    [
        ("own", 409, "job-not-finished", True),
        ("extra", 500, "internal-error", False),
        ("full", 507, "storage-full", True),
        ("teapot", 400, "bad-request", False),
        ("gateway", 500, "internal-error", False),
        ("bug", 500, "internal-error", False),
    ],
)
def test_error_becomes_a_problem(
    name: str, status: int, code: str, retryable: bool, client: TestClient
) -> None:
    response = client.get(f"/raise/{name}", headers={"X-Request-ID": "mine"})
    body = response.json()
    assert (response.status_code, body["status"]) == (status, status)
    assert response.headers["content-type"] == "application/problem+json"
    assert body.keys() >= MEMBERS
    assert (body["code"], body["retryable"]) == (code, retryable)
    assert body["type"] == f"urn:entrepot:problem:{code}"
    assert body["instance"] == f"/raise/{name}"
    assert body["correlation_id"] == response.headers["x-request-id"] == "mine"


def test_patience_is_asked_for(client: TestClient) -> None:
    assert client.get("/raise/own").headers["retry-after"] == "7"


def test_further_members_are_told(client: TestClient) -> None:
    assert client.get("/raise/extra").json()["upstream_status"] == 418


def test_unexpected_error_tells_nothing_of_the_inside(client: TestClient) -> None:
    response = client.get("/raise/bug")
    assert "passwd" not in response.text
    assert "ZeroDivision" not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"


def test_validation_names_the_place_and_never_the_value(client: TestClient) -> None:
    response = client.get("/number", params={"n": "s3cret"})
    body = response.json()
    assert (response.status_code, body["code"]) == (422, "validation-failed")
    assert [error["location"] for error in body["errors"]] == ["query.n"]
    assert "s3cret" not in response.text


@pytest.mark.parametrize("content", [b"{", b"\xff", b"nul", b""])
def test_broken_json_is_named(content: bytes, client: TestClient) -> None:
    response = client.post("/echo", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["code"] in ("malformed-json", "validation-failed", "bad-request")
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("depth", [10_000, 100_000])
def test_deep_json_is_refused(depth: int) -> None:
    app = FastAPI()
    problems.install(app)

    @app.post("/echo")
    async def echo(body: dict[str, Any]) -> dict[str, Any]:
        return body

    app.add_middleware(RequestLog)
    content = b'{"a":' * depth
    response = TestClient(app).post("/echo", content=content, headers={"Content-Type": "application/json"})
    assert 400 <= response.status_code < 500
    assert response.headers["content-type"] == "application/problem+json"


def test_declared_size_is_judged_before_the_body_is_read(client: TestClient) -> None:
    response = client.post("/echo", content=json.dumps({"a": "b" * 100}))
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")
    assert response.headers["connection"] == "close"
    assert response.headers["x-request-id"] == response.json()["correlation_id"]


def test_undeclared_size_is_counted(client: TestClient) -> None:
    pieces = (b'{"a": "' + b"b" * 40, b"b" * 40, b"b" * 40 + b'"}')
    response = client.post("/echo", content=iter(pieces), headers={"Content-Type": "application/json"})
    assert (response.status_code, response.json()["code"]) == (413, "payload-too-large")


def test_body_at_the_limit_is_taken(client: TestClient) -> None:
    content = json.dumps({"a": "b" * 91}).encode()
    assert len(content) == 100
    response = client.post("/echo", content=content, headers={"Content-Type": "application/json"})
    assert response.status_code == 200
