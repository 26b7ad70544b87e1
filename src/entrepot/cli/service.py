"""A running service, as the command line talks to it."""

import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import typer

from entrepot.cli.console import Unreachable
from entrepot.errors import AppError

if TYPE_CHECKING:
    import httpx2

DEFAULT_ADDRESS = "http://127.0.0.1:8080"
FINAL = frozenset({"completed", "failed", "canceled"})
_TRIES = 4
_RESTART_SECONDS = 30.0
"""How long somebody who follows a job waits for a service that has gone: it may be starting again."""


class Service:
    """The HTTP API at `address`. Raises Unreachable, or the AppError that the service's problem names."""

    def __init__(self, address: str, *, pause: Callable[[float], None] = time.sleep) -> None:
        import httpx2  # late: `--help` needs none of it

        self._pause = pause
        self.address = _checked(address)
        self._http = httpx2.Client(base_url=self.address, timeout=30, trust_env=False)
        self._passing = (httpx2.NetworkError, httpx2.RemoteProtocolError)
        self._lasting = httpx2.TransportError

    def add(self, url: str, options: dict[str, Any]) -> dict[str, Any]:
        """Submits a download; safe to repeat, since it carries a key of its own."""
        headers = {"Idempotency-Key": uuid4().hex}
        return self._call("id", "POST", "/api/v1/download", json={"url": url, **options}, headers=headers)

    def job(self, job_id: str) -> dict[str, Any]:
        return self._call("id", "GET", f"/api/v1/download/{_part(job_id)}")

    def jobs(self, *, status: str | None, limit: int) -> list[dict[str, Any]]:
        params = {"limit": str(limit), **({"status": status} if status else {})}
        return list(self._call("items", "GET", "/api/v1/downloads", params=params)["items"])

    def cancel(self, job_id: str) -> dict[str, Any]:
        return self._call("id", "DELETE", f"/api/v1/download/{_part(job_id)}")

    def retry(self, job_id: str) -> dict[str, Any]:
        return self._call("jobId", "POST", f"/v1/download/retry/{_part(job_id)}")

    def logs(self, job_id: str, *, after: int = 0) -> list[dict[str, Any]]:
        path = f"/api/v1/download/{_part(job_id)}/logs"
        return list(self._call("items", "GET", path, params={"after": after})["items"])

    def watch(self, job_id: str, *, interval_seconds: float = 0.5) -> Iterator[dict[str, Any]]:
        """The job as it stands, again and again, until it has ended; a restart of the service is waited for."""
        job = self.job(job_id)
        yield job
        while job["status"] not in FINAL:
            self._pause(interval_seconds)
            job = self._job_after_a_restart(job_id)
            yield job

    def _job_after_a_restart(self, job_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + _RESTART_SECONDS
        while True:
            try:
                return self.job(job_id)
            except Unreachable:
                if time.monotonic() > deadline:
                    raise

    def _call(self, expected: str, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """The answer, which has the field `expected`."""
        for attempt in range(_TRIES):
            try:
                response = self._http.request(method, path, **arguments)
            except self._passing as error:
                if attempt == _TRIES - 1:
                    raise self._unreachable() from error
                self._pause(0.2 * 2**attempt)
            except self._lasting as error:
                raise self._unreachable() from error
            else:
                return self._answer(response, expected)
        raise AssertionError("unreachable")

    def _answer(self, response: "httpx2.Response", expected: str) -> dict[str, Any]:
        try:
            body = response.json()
        except ValueError as error:
            raise self._foreign() from error
        if not isinstance(body, dict) or (expected if response.is_success else "code") not in body:
            raise self._foreign()
        if response.is_success:
            return body
        raise AppError.kind_of(str(body["code"]))(_detail_of(body))

    def _unreachable(self) -> Unreachable:
        return Unreachable(f"No service answers at {self.address}; start one with `entrepot serve`.")

    def _foreign(self) -> Unreachable:
        return Unreachable(f"What answers at {self.address} is not Entrepôt.")


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        is_sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_sound = False
    if not is_sound:
        raise typer.BadParameter(
            f"{address!r} is no address such as {DEFAULT_ADDRESS}", param_hint="--server"
        )
    return address.rstrip("/")


def _part(job_id: str) -> str:
    return quote(job_id, safe="")


def _detail_of(problem: dict[str, Any]) -> str:
    """The problem's detail, with what is wrong with each field."""
    named = [f"{error['location']}: {error['message']}" for error in problem.get("errors", [])]
    return "; ".join(named) or str(problem.get("detail") or "")
