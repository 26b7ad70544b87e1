"""What a watcher of a crawl hears over its WebSocket, and who may listen."""

import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from tests.acceptance.service import ServiceProcess
from tests.doors.conftest import finish, sources, start
from tests.doors.web import Answer, Web, fill


def listen(service: ServiceProcess, path: str, **settings: Any) -> ClientConnection:
    connection: ClientConnection = connect(
        f"{service.url.replace('http', 'ws')}{path}", proxy=None, open_timeout=20, **settings
    )
    return connection


def heard(connection: ClientConnection) -> list[dict[str, Any]]:
    """Everything up to the end."""
    with connection:
        return [json.loads(message) for message in connection]


def until_closed(connection: ClientConnection) -> Iterator[str | bytes]:
    """What still comes, however the connection ends."""
    with suppress(ConnectionClosed):
        while True:
            yield connection.recv(timeout=20)


def test_running_crawl_is_told_page_by_page(service: ServiceProcess, http: httpx2.Client, web: Web) -> None:
    paths = fill(web)
    job = start(http, "/v2/crawl", url=web.url("/"), scrapeOptions={"formats": ["markdown"]})
    told = heard(listen(service, job))
    pages = [one["data"]["metadata"]["sourceURL"] for one in told if one["type"] == "document"]
    assert sorted(pages) == sorted(web.url(path) for path in paths)
    assert told[-1]["type"] == "done"
    assert (told[-1]["data"]["status"], told[-1]["data"]["completed"]) == ("completed", len(paths))


def test_crawl_that_has_ended_is_told_whole(service: ServiceProcess, http: httpx2.Client, web: Web) -> None:
    fill(web)
    job = start(http, "/v2/crawl", url=web.url("/"), scrapeOptions={"formats": ["markdown"]})
    ended = finish(http, job)
    told = heard(listen(service, job))
    pages = [one["data"]["metadata"]["sourceURL"] for one in told if one["type"] == "document"]
    assert sorted(pages) == sources(ended)
    assert [one["type"] for one in told if one["type"] != "document"] == ["done"]


def test_canceled_crawl_is_told(service: ServiceProcess, http: httpx2.Client, web: Web) -> None:
    web.publish("/", "Harbour", "/slow")
    web.answers["/slow"] = Answer(b"Late.", gate=threading.Event())
    job = start(http, "/v2/crawl", url=web.url("/"))
    with listen(service, job) as connection:
        assert json.loads(connection.recv(timeout=20))["type"] == "catchup"
        assert http.delete(job).status_code == 200
        last = [json.loads(message) for message in connection][-1]
    assert last["data"]["status"] == "cancelled"


@pytest.mark.parametrize(
    "path", ["/v2/crawl/nothing", "/v2/batch/scrape/nothing", "/v2/crawls/nothing", "/api/v1/content"]
)
def test_what_is_not_there_cannot_be_watched(path: str, service: ServiceProcess) -> None:
    with pytest.raises(InvalidStatus) as refused:
        listen(service, path)
    assert refused.value.response.status_code in (403, 404)


def test_batch_is_no_crawl(service: ServiceProcess, http: httpx2.Client, web: Web) -> None:
    job = start(http, "/v2/batch/scrape", urls=[web.publish("/", "Harbour")])
    with pytest.raises(InvalidStatus) as refused:
        listen(service, job.replace("batch/scrape", "crawl"))
    assert json.loads(refused.value.response.body)["code"] == "job-not-found"


def test_pages_of_other_sites_may_not_listen(service: ServiceProcess, http: httpx2.Client, web: Web) -> None:
    job = start(http, "/v2/crawl", url=web.publish("/", "Harbour"))
    with pytest.raises(InvalidStatus) as refused:
        listen(service, job, origin="https://evil.example")
    assert json.loads(refused.value.response.body)["code"] == "cross-site-request"


def test_key_that_comes_as_a_subprotocol_is_taken(
    service: ServiceProcess, http: httpx2.Client, web: Web
) -> None:
    job = start(http, "/v2/crawl", url=web.publish("/", "Harbour"))
    with listen(service, job, subprotocols=["fc-any"]) as connection:
        assert connection.subprotocol == "fc-any"


def test_listeners_do_not_keep_the_service_from_ending(
    tmp_path_factory: pytest.TempPathFactory, web: Web
) -> None:
    web.publish("/", "Harbour", "/slow")
    web.answers["/slow"] = Answer(b"Late.", gate=threading.Event())
    settings = {"ENTREPOT_EGRESS_ALLOW": "127.0.0.1"}
    with ServiceProcess(tmp_path_factory.mktemp("data"), settings=settings) as service:
        with httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http:
            job = start(http, "/v2/crawl", url=web.url("/"))
        with listen(service, job) as connection:
            assert json.loads(connection.recv(timeout=20))["type"] == "catchup"
            assert service.stop() == 0
            rest = [json.loads(message)["type"] for message in until_closed(connection)]
    assert not {"done", "error"}.intersection(rest)
    assert connection.close_code == 1012  # the service restarts: whoever watches comes again
