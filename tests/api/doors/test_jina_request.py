"""What Jina Reader's clients ask for, in our own words."""

import pytest
from starlette.datastructures import Headers

from entrepot.api.doors.jina_request import headers_of_body, is_from_jina_client, read_request
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.errors import AppError
from entrepot.fetch.url import parse_url
from entrepot.pipelines.reader import ReadRequest

URL = parse_url("https://a.example/")


def ask(**headers: str) -> ReadRequest:
    named = Headers({name.replace("_", "-"): value for name, value in headers.items()})
    return read_request(URL, named, owner="ann").read


def test_nothing_said_is_the_main_content() -> None:
    assert ask() == ReadRequest(URL, Format.JSON, ContentOptions(), owner="ann")


@pytest.mark.parametrize(
    ("form", "format_", "extract"),
    [("content", Format.JSON, "main"), ("markdown", Format.JSON, "full"), ("html", Format.HTML, "full"),
     ("TEXT", Format.JSON, "full"), ("screenshot", Format.SCREENSHOT, "full"), ("pageshot", Format.SCREENSHOT, "full")],
)  # fmt: skip
def test_form_decides_on_format_and_extraction(form: str, format_: Format, extract: str) -> None:
    asked = ask(X_Respond_With=form)
    assert (asked.format, asked.options.extract) == (format_, extract)


def test_waiting_for_a_selector_takes_a_browser() -> None:
    asked = ask(X_Wait_For_Selector="#a")
    assert (asked.render, asked.wait_for) == ("browser", "#a")


@pytest.mark.parametrize(("engine", "render"), [("browser", "browser"), ("direct", "http"), ("auto", "auto")])
def test_engine_is_how_a_page_is_rendered(engine: str, render: str) -> None:
    assert ask(X_Engine=engine).render == render


@pytest.mark.parametrize(
    ("headers", "max_age"), [({}, None), ({"X_No_Cache": "true"}, 0), ({"X_No_Cache": "false"}, None), ({"X_Cache_Tolerance": "5"}, 5),
                             ({"X_Cache_Tolerance": "0"}, 0)],
)  # fmt: skip
def test_cache_is_asked_as_far_as_it_is_trusted(headers: dict[str, str], max_age: int | None) -> None:
    assert ask(**headers).max_age_seconds == max_age


def test_time_is_bounded() -> None:
    assert ask(X_Timeout="100000").timeout_seconds == 180


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"accept": "*/*", "user-agent": "curl"}, False), ({"x-request-id": "a"}, False), ({"X-Respond-With": "text"}, True), ({"x-no-cache": ""}, True),
     ({"DNT": "1"}, False)],
)  # fmt: skip
def test_clients_are_known_by_their_headers(headers: dict[str, str], expected: bool) -> None:
    assert is_from_jina_client(Headers(headers)) is expected


def test_body_says_the_same_as_headers() -> None:
    named = headers_of_body(
        {"url": "x", "respondWith": "text", "noCache": True, "setCookie": ["a=b", "c=d"], "timeout": 5}
    )
    assert (named["x-respond-with"], named["x-no-cache"], named["x-timeout"]) == ("text", "true", "5")
    assert named.getlist("x-set-cookie") == ["a=b", "c=d"]


@pytest.mark.parametrize("body", [{"html": "<p>"}, {"pdf": "x"}, {"nonsense": 1}, {"x-respond-with": "a"}])
def test_body_with_other_wishes_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(AppError):
        headers_of_body({"url": "https://a.example/", **body})


def test_cookie_cannot_smuggle_a_header() -> None:
    with pytest.raises(AppError):
        ask(X_Set_Cookie="a=b\r\nX-Evil: 1")
