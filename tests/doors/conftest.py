"""The running service beside a small web site, and its callers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess, wait_until
from tests.doors.web import Web, running_web


@pytest.fixture
def web() -> Iterator[Web]:
    with running_web() as web:
        yield web


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """`entrepot serve`, which may reach loopback and answers as Jina Reader at its root."""
    settings = {"ENTREPOT_EGRESS_ALLOW": "127.0.0.1", "ENTREPOT_READER_AT_ROOT": "true"}
    with ServiceProcess(tmp_path_factory.mktemp("data"), settings=settings) as running:
        yield running


@pytest.fixture(scope="session")
def http(service: ServiceProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def other_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """One with an operator of another mind: one worker, no reader at the root, and robots.txt may be ignored."""
    settings = {
        "ENTREPOT_EGRESS_ALLOW": "127.0.0.1",
        "ENTREPOT_WORKERS": "1",
        "ENTREPOT_CRAWLS": "2",
        "ENTREPOT_CRAWL_MAY_IGNORE_ROBOTS": "true",
    }
    with ServiceProcess(tmp_path_factory.mktemp("data"), settings=settings) as running:
        yield running


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


def start(http: httpx2.Client, path: str, **body: Any) -> str:
    """Starts a crawl or a batch and gives its status's path."""
    response = http.post(path, json=body)
    assert response.status_code == 200, response.text
    assert response.json()["success"] is True
    return f"{path}/{response.json()['id']}"


def look(http: httpx2.Client, path: str) -> dict[str, Any]:
    response = http.get(path)
    assert response.status_code == 200, response.text
    return dict(response.json())


def finish(http: httpx2.Client, path: str, *, timeout_seconds: float = 60) -> dict[str, Any]:
    """The job's status once it has ended."""
    wait_until(lambda: look(http, path)["status"] != "scraping", timeout_seconds=timeout_seconds)
    return look(http, path)


def sources(status: dict[str, Any]) -> list[str]:
    """The addresses of the pages that a job has, in order."""
    return sorted(page["metadata"]["sourceURL"] for page in status["data"])
