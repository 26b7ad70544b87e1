"""Crawls and batches that are killed, canceled or too long: nothing is lost, and nothing comes twice."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.acceptance.service import ServiceProcess, wait_until
from tests.doors.conftest import finish, look, sources, start
from tests.doors.web import Web, fill

LOOPBACK = {"ENTREPOT_EGRESS_ALLOW": "127.0.0.1"}


@contextmanager
def client_of(service: ServiceProcess) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
        yield http


def test_killed_crawl_goes_on_where_it_stopped(web: Web, data_dir: Path) -> None:
    paths = fill(web)
    gate = threading.Event()
    for path in ("/section/2", "/section/3", "/section/4"):  # one of four readers goes on
        web.answers[path].gate = gate
    service = ServiceProcess(data_dir, settings=LOOPBACK).start()
    with client_of(service) as http:
        status = start(http, "/v2/crawl", url=web.url("/"))
        wait_until(lambda: look(http, status)["completed"] == 9)
        before = sources(look(http, status))
    service.kill()
    gate.set()
    service.start()
    try:
        with client_of(service) as http:
            found = finish(http, status)
            assert found["status"] == "completed"
            assert sources(found) == sorted(web.url(path) for path in paths)
            done_before = {url.removeprefix(web.base) for url in before}
            assert {path: web.count(path) for path in done_before} == dict.fromkeys(done_before, 1)
            job = http.get(f"/api/v1/download/{status.rsplit('/', 1)[1]}").json()
            assert job["attempts"] == 2
    finally:
        service.stop()


def test_batch_survives_two_kills(web: Web, data_dir: Path) -> None:
    gate = threading.Event()
    urls = [web.publish(f"/{n}", f"Page {n}", gate=gate if n >= 10 else None) for n in range(20)]
    service = ServiceProcess(data_dir, settings=LOOPBACK).start()
    try:
        with client_of(service) as http:
            status = start(http, "/v2/batch/scrape", urls=urls)
            wait_until(lambda: look(http, status)["completed"] >= 5)
        service.kill()
        service.start()
        with client_of(service) as http:
            wait_until(lambda: look(http, status)["completed"] == 10)
        service.kill()
        gate.set()
        service.start()
        with client_of(service) as http:
            assert Counter(sources(finish(http, status))) == Counter(urls)
    finally:
        service.stop()


def test_crawl_is_canceled_within_two_seconds(http: httpx2.Client, web: Web) -> None:
    gate = threading.Event()
    web.publish("/", "A", *(f"/{n}" for n in range(20)))
    for n in range(20):
        web.publish(f"/{n}", str(n), gate=gate)
    path = start(http, "/v2/crawl", url=web.url("/"))
    wait_until(lambda: sum(web.requests.values()) >= 5)
    started = time.monotonic()
    assert http.delete(path).json() == {"success": True, "status": "cancelled"}
    assert time.monotonic() - started < 2
    status = look(http, path)
    assert (status["status"], sources(status)) == ("cancelled", [web.url("/")])
    asked = sum(web.requests.values())
    gate.set()
    assert http.delete(path).status_code == 409
    assert sum(web.requests.values()) == asked


def test_no_more_pages_are_read_at_once_than_asked_for(http: httpx2.Client, web: Web) -> None:
    gate = threading.Event()
    web.publish("/", "A", *(f"/{n}" for n in range(8)))
    for n in range(8):
        web.publish(f"/{n}", str(n), gate=gate)
    path = start(http, "/v2/crawl", url=web.url("/"), maxConcurrency=2)
    wait_until(lambda: web.open_requests == 2)
    gate.set()
    assert finish(http, path)["completed"] == 9
    assert web.most_at_once == 2


def test_canceled_crawl_that_is_retried_goes_on(http: httpx2.Client, web: Web) -> None:
    gate = threading.Event()
    web.publish("/", "A", "/b")
    web.publish("/b", "B", gate=gate)
    path = start(http, "/v2/crawl", url=web.url("/"))
    wait_until(lambda: web.count("/b") == 1)
    http.delete(path)
    gate.set()
    assert http.post(f"/v1/download/retry/{path.rsplit('/', 1)[1]}").status_code == 202
    assert sources(finish(http, path)) == [web.url("/"), web.url("/b")]
    assert web.count("/") == 1


def test_crawls_keep_no_download_waiting(web: Web, other_service: ServiceProcess) -> None:
    gate = threading.Event()
    urls = [web.publish(f"/{n}", str(n), gate=gate) for n in range(4)]
    with client_of(other_service) as http:
        crawls = [start(http, "/v2/crawl", url=url) for url in urls]
        wait_until(lambda: sum(web.count(f"/{n}") for n in range(4)) == 2)
        order = http.post(
            "/api/v1/download", json={"url": web.serve("/file", "bytes"), "kind": "file"}
        ).json()
        wait_until(lambda: http.get(f"/api/v1/download/{order['id']}").json()["status"] == "completed")
        assert {look(http, path)["status"] for path in crawls} == {"scraping"}
        gate.set()
        assert {finish(http, path)["status"] for path in crawls} == {"completed"}


def test_crawl_whose_time_is_up_ends_with_what_it_has(web: Web, data_dir: Path) -> None:
    gate = threading.Event()
    web.publish("/", "A", "/b", "/c")
    web.publish("/b", "B")
    web.publish("/c", "C", gate=gate)
    settings = {**LOOPBACK, "ENTREPOT_CRAWL_TIME_LIMIT_SECONDS": "4"}
    with ServiceProcess(data_dir, settings=settings) as service, client_of(service) as http:
        status = finish(http, start(http, "/v2/crawl", url=web.url("/")))
        assert (status["status"], sources(status)) == ("completed", [web.url("/"), web.url("/b")])
        assert "1 pages" in status["warning"]
        gate.set()


def test_operator_may_let_crawls_ignore_robots_txt(web: Web, other_service: ServiceProcess) -> None:
    web.publish("/", "A")
    web.serve("/robots.txt", "User-agent: *\nDisallow: /")
    with client_of(other_service) as http:
        status = finish(http, start(http, "/v2/crawl", url=web.url("/"), ignoreRobotsTxt=True))
        assert sources(status) == [web.url("/")]
