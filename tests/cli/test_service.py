"""The service as the command line meets it: absent, foreign, or slow to come back."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import typer

from entrepot.cli.console import Unreachable
from entrepot.cli.service import Service
from entrepot.errors import AppError, JobFinished, ValidationFailed

Answer = Callable[[str, str], tuple[int, bytes]]
JOB = {"id": "a", "status": "running"}


@contextmanager
def _server(answer: Answer) -> Iterator[tuple[str, list[str]]]:
    """A server that answers each (method, path) as `answer` says; its address, and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(f"{self.command} {self.path}")
            status, body = answer(self.command, self.path)
            if status == 0:  # breaks off without an answer
                self.connection.close()
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def do_DELETE(self) -> None:
            self.do_GET()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
            """Nothing goes to stderr."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def _service(address: str) -> Service:
    return Service(address, pause=lambda _: None)


@pytest.mark.parametrize(
    "address", ["nonsense", "ftp://x", "http://", "http://[::1", "http://a:b", "", "http://a:0"]
)
def test_senseless_address_is_wrong_usage(address: str) -> None:
    with pytest.raises(typer.BadParameter):
        _service(address)


def test_absent_service_is_named_with_what_to_do() -> None:
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9; start one with `entrepot serve`"):
        _service("http://127.0.0.1:9/").jobs(status=None, limit=1)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>"),
        (200, b"[]"),
        (200, b'"x"'),
        (200, b"{}"),
        (200, b"\xff\xfe"),
        (302, b"{}"),
        (404, b"not here"),
        (500, b"{}"),
    ],
)
def test_foreign_answer_is_told_from_ours(status: int, body: bytes) -> None:
    with _server(lambda *_: (status, body)) as (address, _), pytest.raises(Unreachable, match="not Entrep"):
        _service(address).job("a")


def test_problem_is_raised_as_the_error_that_it_names() -> None:
    body = json.dumps({"code": "job-finished", "detail": "Too late."}).encode()
    with _server(lambda *_: (409, body)) as (address, _), pytest.raises(JobFinished, match="Too late"):
        _service(address).cancel("a")


def test_each_wrong_field_is_named() -> None:
    errors = [{"location": "body.url", "message": "too long", "code": "x"}]
    body = json.dumps({"code": "validation-failed", "detail": "Off.", "errors": errors}).encode()
    with _server(lambda *_: (422, body)) as (address, _), pytest.raises(ValidationFailed) as caught:
        _service(address).add("http://example.com/", {})
    assert caught.value.detail == "body.url: too long"


def test_problem_of_a_newer_service_is_still_an_error() -> None:
    body = json.dumps({"code": "never-heard-of", "detail": "New."}).encode()
    with _server(lambda *_: (409, body)) as (address, _), pytest.raises(AppError, match="New"):
        _service(address).cancel("a")


def test_broken_connection_is_tried_again() -> None:
    answers = iter([(0, b""), (0, b""), (200, json.dumps(JOB).encode())])
    with _server(lambda *_: next(answers)) as (address, asked):
        assert _service(address).job("a") == JOB
    assert len(asked) == 3


@pytest.mark.parametrize("job_id", ["../../health", "a/b", "a?b", "a#b", "%2e%2e"])
def test_job_id_stays_one_part_of_the_path(job_id: str) -> None:
    with _server(lambda *_: (200, json.dumps(JOB).encode())) as (address, asked):
        _service(address).job(job_id)
    path = asked[0].removeprefix("GET /api/v1/download/")
    assert path
    assert not set(path) & set("/?#")


def test_watching_outlives_a_restart() -> None:
    ended = {"id": "a", "status": "completed"}
    answers = iter([(200, JOB), *[(0, {})] * 9, (200, JOB), (200, ended)])

    def answer(_method: str, _path: str) -> tuple[int, bytes]:
        status, body = next(answers)
        return status, json.dumps(body).encode()

    with _server(answer) as (address, _):
        assert [job["status"] for job in _service(address).watch("a")] == ["running", "running", "completed"]
