"""Strangers' pages are kept out of a service without keys."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from entrepot.api.doorkeeper import Doorkeeper


async def _greet(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("welcome")


def _client(names: list[str] | None) -> TestClient:
    route = Route("/", _greet, methods=["GET", "HEAD", "POST", "DELETE"])
    app = Starlette(routes=[route], middleware=[Middleware(Doorkeeper, names=names)])
    return TestClient(app, base_url="http://127.0.0.1:8080")


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8080",
        "127.0.0.1",
        "[::1]:8080",
        "localhost:8080",
        "LOCALHOST",
        "192.168.1.5",
        "box.lan",
        "BOX.lan.:80",
    ],
)
def test_own_names_and_addresses_are_served(host: str) -> None:
    assert _client(["box.lan"]).get("/", headers={"Host": host}).text == "welcome"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil", "", "[evil"]
)
def test_strangers_names_are_refused(host: str) -> None:
    response = _client(["box.lan"]).get("/", headers={"Host": host})
    assert response.status_code == 421
    assert response.json()["code"] == "host-not-served"


def test_any_name_is_served_where_the_settings_say_so() -> None:
    assert _client(None).get("/", headers={"Host": "whatever.example"}).text == "welcome"


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
    ],
)
@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_changes_from_other_sites_pages_are_refused(method: str, headers: dict[str, str]) -> None:
    response = _client([]).request(method, "/", headers=headers)
    assert response.status_code == 403
    assert response.json()["code"] == "cross-site-request"


@pytest.mark.parametrize(
    "headers",
    [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://127.0.0.1:8080"}],
)
def test_changes_from_own_page_and_from_programs_are_served(headers: dict[str, str]) -> None:
    assert _client([]).post("/", headers=headers).text == "welcome"


def test_reading_is_open_to_links_from_other_sites() -> None:
    assert _client([]).get("/", headers={"Sec-Fetch-Site": "cross-site"}).text == "welcome"
