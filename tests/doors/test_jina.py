"""Jina Reader's door: its text, its JSON, its events, its headers, its errors; and our own answers at the same address."""

import json
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess
from tests.doors.web import Web

PAGE = (
    "<!doctype html><html lang=en><head><title>Second  crane</title><meta name=description content=About>"
    '<meta property="article:published_time" content="2026-01-02T03:04:05+00:00"></head><body><nav><a href=/menu>Menu</a></nav>'
    "<main><article><h1>Second crane</h1><p class=first>The harbour has a second crane, which lifts forty tons and stands "
    "beside the first one on the quay.</p><p class=second>It was built in the old yard by hand, and took nine years, as "
    "the <a href=/log>log</a> says.</p><p><img src=/crane.png alt='A crane'></p></article></main></body></html>"
)


@pytest.fixture
def page(web: Web) -> str:
    return web.serve("/page?n=1", PAGE, "text/html")


def get(http: httpx2.Client, url: str, path: str = "/r/", **headers: str) -> httpx2.Response:
    return http.get(
        f"{path}{url}", headers={name.replace("_", "-"): value for name, value in headers.items()}
    )


@pytest.mark.parametrize("path", ["/r/", "/"])
def test_text_has_title_source_and_content(http: httpx2.Client, page: str, path: str) -> None:
    response = get(http, page, path)
    head, _, content = response.text.partition("Markdown Content:\n")
    assert (
        head == f"Title: Second crane\n\nURL Source: {page}\n\nPublished Time: 2026-01-02T03:04:05+00:00\n\n"
    )
    assert "lifts forty tons" in content
    assert "Menu" not in content
    assert response.headers["content-type"] == "text/plain; charset=utf-8"
    assert response.headers["vary"] == "Accept"


@pytest.mark.parametrize("path", ["/r/", "/"])
@pytest.mark.parametrize("form", ["plain", "escaped", "one slash"])
def test_address_is_read_in_every_form(http: httpx2.Client, page: str, path: str, form: str) -> None:
    written = {"plain": page, "escaped": quote(page, safe=""), "one slash": page.replace("://", ":/")}[form]
    response = http.get(httpx2.URL(f"{str(http.base_url).rstrip('/')}{path}{written}"))
    assert f"\n\nURL Source: {page}\n\n" in response.text


@pytest.mark.parametrize("path", ["/r/", "/r", "/"])
@pytest.mark.parametrize("kind", ["form", "json"])
def test_address_comes_in_a_body(http: httpx2.Client, page: str, path: str, kind: str) -> None:
    sent: dict[str, Any] = {"data": {"url": page}} if kind == "form" else {"json": {"url": page}}
    assert http.post(path, **sent).text.startswith("Title: Second crane\n\n")


def test_body_s_wishes_are_those_of_the_headers(http: httpx2.Client, page: str) -> None:
    body = {
        "url": page,
        "respondWith": "text",
        "targetSelector": [".first", ".second"],
        "removeSelector": ".second",
    }
    assert (
        http.post("/r/", json=body).text
        == get(http, page, X_Respond_With="text", X_Target_Selector=".first").text
    )


def test_content_that_is_not_all_comes_with_a_warning(http: httpx2.Client, web: Web) -> None:
    form = "<form method=post><input name=user><input type=password name=word><button>Log in</button></form>"
    url = web.serve("/in", f"<title>Sign in</title><main><h1>Sign in</h1>{form}</main>", "text/html")
    text = get(http, url, X_Engine="direct").text
    assert text.startswith(f"Title: Sign in\n\nURL Source: {url}\n\nWarning: ")
    data = get(http, url, "/", Accept="application/json", X_Engine="direct").json()["data"]
    document = http.post("/v2/scrape", json={"url": url}).json()["data"]
    assert f"Warning: {data['warning']}\n\nMarkdown Content:\n" in text
    assert document["warning"] == data["warning"]


def test_json_is_wrapped_as_jina_does(http: httpx2.Client, page: str) -> None:
    told = get(http, page, "/", Accept="application/json").json()
    assert (told["code"], told["status"]) == (200, 20000)
    data = told["data"]
    assert (data["title"], data["description"], data["url"]) == ("Second crane", "About", page)
    assert "lifts forty tons" in data["content"]
    assert data["publishedTime"] == "2026-01-02T03:04:05+00:00"
    assert data["usage"]["tokens"] > 10
    assert told.keys() == {"code", "status", "data", "meta"}


def test_json_below_r_bears_our_own_members_too(http: httpx2.Client, page: str) -> None:
    told = get(http, page, Accept="application/json").json()
    assert (told["code"], told["data"]["title"]) == (200, "Second crane")
    assert (told["final_url"], told["title"], told["content_type"]) == (page, "Second crane", "text/html")
    assert told["markdown"] == told["data"]["content"]


@pytest.mark.parametrize(
    ("accept", "content_type", "start"),
    [
        ("text/markdown", "text/markdown; charset=utf-8", "# Second crane"),
        ("text/plain", "text/plain; charset=utf-8", "Second crane"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8", "<!DOCTYPE html>"),
    ],
)
def test_own_formats_are_had_by_name(
    http: httpx2.Client, page: str, accept: str, content_type: str, start: str
) -> None:
    response = get(http, page, Accept=accept)
    assert response.headers["content-type"] == content_type
    assert response.text.startswith(start)
    assert "etag" in response.headers


@pytest.mark.parametrize("name", ["X-Respond-With", "X-Return-Format"])
@pytest.mark.parametrize(
    ("form", "start"),
    [("markdown", "[Menu]"), ("text", "Menu"), ("html", "<!DOCTYPE html>"), ("content", "Title: ")],
)
def test_form_is_chosen_by_header(http: httpx2.Client, page: str, name: str, form: str, start: str) -> None:
    response = http.get(f"/r/{page}", headers={name: form, "Accept": "text/plain"})
    assert response.text.lstrip("- ").startswith(start)
    assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_selectors_choose_and_remove(http: httpx2.Client, page: str) -> None:
    chosen = get(http, page, X_Target_Selector=".first, .second", X_Remove_Selector=".first").text
    assert "nine years" in chosen
    assert "forty tons" not in chosen


def test_summaries_follow_the_content(http: httpx2.Client, page: str, web: Web) -> None:
    headers = {"X_With_Links_Summary": "true", "X_With_Images_Summary": "true"}
    text = get(http, page, **headers).text
    assert text.endswith(
        f"\n\nImages:\n- ![Image 1: A crane]({web.url('/crane.png')})\n\nLinks/Buttons:\n- [log]({web.url('/log')})\n"
    )
    data = get(http, page, Accept="application/json", **headers).json()["data"]
    assert data["links"] == {"log": web.url("/log")}
    assert data["images"] == {"Image 1: A crane": web.url("/crane.png")}


def test_images_and_links_are_dropped_on_request(http: httpx2.Client, page: str) -> None:
    text = get(http, page, X_Retain_Images="none", X_Md_Link_Style="discarded").text
    assert "crane.png" not in text
    assert "/log" not in text
    assert "crane.png" in get(http, page).text


def test_cookies_and_languages_are_told_to_the_origin(http: httpx2.Client, page: str, web: Web) -> None:
    headers = [
        ("X-Set-Cookie", "a=b; path=/"),
        ("X-Set-Cookie", "c=d"),
        ("X-Locale", "de-AT"),
        ("X-User-Agent", "Me/1"),
    ]
    assert http.get(f"/r/{page}", headers=headers).status_code == 200
    sent = web.seen[0][1]
    assert (sent["Cookie"], sent["Accept-Language"], sent["User-Agent"]) == ("a=b; c=d", "de-AT", "Me/1")


def test_no_cache_fetches_anew_and_tolerance_does_not(http: httpx2.Client, page: str, web: Web) -> None:
    get(http, page)
    get(http, page, X_Cache_Tolerance="3600")
    assert web.count("/page?n=1") == 1
    get(http, page, X_No_Cache="true")
    assert web.count("/page?n=1") == 2


def test_page_that_is_not_to_be_tracked_is_not_kept(http: httpx2.Client, page: str, web: Web) -> None:
    get(http, page, DNT="1")
    get(http, page)
    assert web.count("/page?n=1") == 2


def test_robots_txt_counts_when_that_is_asked_for(http: httpx2.Client, page: str, web: Web) -> None:
    web.serve("/robots.txt", "User-agent: somebot\nDisallow: /")
    assert get(http, page, X_Robots_Txt="SomeBot").status_code == 403
    assert get(http, page, X_Robots_Txt="true").status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Proxy-Url": "http://proxy.example/"},
        {"X-Proxy": "de"},
        {"X-Respond-With": "readerlm-v2"},
        {"X-Timeout": "soon"},
        {"X-Timeout": "0"},
        {"X-Cache-Tolerance": "-1"},
        {"X-Engine": "magic"},
        {"X-Token-Budget": "100"},
        {"X-Instruction": "translate"},
        {"X-With-Generated-Alt": "true"},
        {"X-Retain-Images": "some"},
        {"X-Target-Selector": "p["},
    ],
)
def test_wish_that_cannot_be_fulfilled_is_told(
    http: httpx2.Client, page: str, headers: dict[str, str]
) -> None:
    response = http.get(f"/r/{page}", headers=headers)
    assert response.status_code in (400, 422), response.text
    assert response.headers["content-type"] == "application/problem+json"
    told = http.get(f"/r/{page}", headers={**headers, "Accept": "application/json"}).json()
    assert (told["data"], told["name"]) == (None, "ParamValidationError")


@pytest.mark.parametrize(
    ("path", "status", "name"),
    [
        ("/gone", 404, "UpstreamNotFound"),
        ("http://10.0.0.1/", 403, "DestinationForbidden"),
        ("ftp://a/", 403, "DestinationForbidden"),
    ],
)
def test_failure_is_in_jina_s_shape_for_who_asks_for_json(
    http: httpx2.Client, web: Web, path: str, status: int, name: str
) -> None:
    url = web.url(path) if path.startswith("/") else path
    response = get(http, url, Accept="application/json")
    told = response.json()
    assert (response.status_code, told["code"], told["name"]) == (status, status, name)
    assert told["readableMessage"] == f"{name}: {told['message']}"
    assert get(http, url).headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("kind", "body"),
    [("application/json", "{"), ("application/json", "[]"), ("application/json", "{}"), ("application/json", '{"url": 5}'),
     ("application/json", '{"url": "https://a.example/", "html": "<p>"}'), ("application/json", '{"url": "x", "nonsense": 1}'),
     ("application/x-www-form-urlencoded", "u=1"), ("text/plain", "https://a.example/")],
)  # fmt: skip
def test_bad_body_is_a_bad_request(http: httpx2.Client, kind: str, body: str) -> None:
    response = http.post("/r/", content=body, headers={"Content-Type": kind})
    assert response.status_code == 400
    assert response.json()["code"] in ("bad-request", "malformed-json", "not-offered")


def test_events_bear_the_page(http: httpx2.Client, page: str) -> None:
    with http.stream("GET", f"/r/{page}", headers={"Accept": "text/event-stream"}) as response:
        assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
        lines = [line for line in response.iter_lines() if line]
    assert lines[0] == "event: data"
    assert json.loads(lines[1].removeprefix("data: "))["title"] == "Second crane"
    assert len(lines) == 2


def test_events_bear_the_failure(http: httpx2.Client, web: Web) -> None:
    response = get(http, web.url("/gone"), Accept="text/event-stream")
    assert response.text.startswith('event: error\ndata: {"data": null, "code": 404')


def test_head_is_answered_without_a_body(http: httpx2.Client, page: str) -> None:
    response = http.head(f"/r/{page}")
    assert (response.status_code, response.content) == (200, b"")


def test_other_site_s_form_is_refused(http: httpx2.Client, page: str) -> None:
    assert http.post("/", data={"url": page}, headers={"Origin": "https://evil.example"}).status_code == 403


def test_page_of_the_service_stays_at_the_root(http: httpx2.Client) -> None:
    assert http.get("/").headers["content-type"].startswith("text/html")
    assert http.get("/nothing-here").status_code == 404


def test_root_is_no_reader_by_default(web: Web, other_service: ServiceProcess) -> None:
    url = web.publish("/", "Harbour")
    with httpx2.Client(base_url=other_service.url, timeout=30, trust_env=False) as http:
        assert http.get(f"/{url}").status_code == 404
        assert http.post("/", data={"url": url}).status_code == 405
        assert http.get(f"/r/{url}").text.startswith("Title: Harbour\n")
    assert web.count("/") == 1
