"""Small steps that many acceptance tests take over HTTP."""

import time
from typing import Any

import httpx2

FINAL = {"completed", "failed", "canceled"}


def order(http: httpx2.Client, url: str, **options: Any) -> str:
    """Submits a download and gives the job's id."""
    response = http.post("/api/v1/download", json={"url": url, **options})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def job(http: httpx2.Client, job_id: str) -> dict[str, Any]:
    response = http.get(f"/api/v1/download/{job_id}")
    assert response.status_code == 200, response.text
    return dict(response.json())


def wait_for_end(http: httpx2.Client, job_id: str, *, timeout_seconds: float = 60) -> dict[str, Any]:
    """The job once it has ended."""
    return wait_for(http, job_id, lambda found: found["status"] in FINAL, timeout_seconds=timeout_seconds)


def wait_for(
    http: httpx2.Client, job_id: str, condition: Any, *, timeout_seconds: float = 60
) -> dict[str, Any]:
    """The job once `condition` holds of it."""
    deadline = time.monotonic() + timeout_seconds
    while not condition(found := job(http, job_id)):
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def fetch(http: httpx2.Client, url: str, **options: Any) -> dict[str, Any]:
    """Submits a download and waits for its end."""
    return wait_for_end(http, order(http, url, **options))
