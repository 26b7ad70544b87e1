"""`/api/v1/content` and `/r/…`: any URL's content, in the format that is asked for, told honestly and kept harmless."""

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from tests.acceptance.conftest import DEAF_PORT
from tests.acceptance.orders import fetch
from tests.acceptance.service import ServiceProcess, wait_until
from tests.content.reading import ARTICLE, PROSE
from tests.origin.pages import ARTICLE_TITLE
from tests.origin.site import Site

PAGE = (
    "<!doctype html><html lang='en'><head><title>Second crane</title><link rel='canonical' href='/c'></head><body>"
    f"<nav><a href='/'>Home</a></nav><main><h1>Second crane</h1>{ARTICLE}<p>All of the town's <a href='/rope'>Rope</a> was needed for it "
    f"that week, so that the ships had to wait. <img src='/crane.png' alt='Crane'></p><script>alert(1)</script></main></body></html>"
)
TYPES = {
    "markdown": "text/markdown; charset=utf-8",
    "text": "text/plain; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "json": "application/json",
}


@pytest.fixture(scope="module")
def page(origin: Site) -> str:
    return origin.publish("/content/page", PAGE)


def _get(http: httpx2.Client, url: str, accept: str = "*/*", **query: Any) -> httpx2.Response:
    return http.get("/api/v1/content", params={"url": url, **query}, headers={"Accept": accept})


def _assert_problem(response: httpx2.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["code"] == code
    return problem


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", TYPES)
def test_format_parameter_decides(format_: str, http: httpx2.Client, page: str) -> None:
    response = _get(http, page, accept="image/png", format=format_)
    assert (response.status_code, response.headers["content-type"]) == (200, TYPES[format_])
    assert PROSE[0] in response.text
    assert "Home" not in response.text
    assert "alert(1)" not in response.text


@pytest.mark.parametrize(
    ("accept", "format_"),
    [
        ("text/markdown", "markdown"),
        ("text/plain", "text"),
        ("text/html", "html"),
        ("application/json", "json"),
        ("text/html;q=0.5, text/plain;q=0.9", "text"),
        ("text/*", "markdown"),
        ("image/png, application/json;q=0.1", "json"),
    ],
)
def test_accept_decides(accept: str, format_: str, http: httpx2.Client, page: str) -> None:
    assert _get(http, page, accept).headers["content-type"] == TYPES[format_]


def test_several_accept_lines_are_one(http: httpx2.Client, page: str) -> None:
    headers = httpx2.Headers([("Accept", "image/png"), ("Accept", "text/plain")])
    assert (
        http.get("/api/v1/content", params={"url": page}, headers=headers).headers["content-type"]
        == TYPES["text"]
    )


@pytest.mark.parametrize("query", [{}, {"format": "raw"}])
def test_anything_is_the_source_as_it_is(query: dict[str, str], http: httpx2.Client, page: str) -> None:
    response = _get(http, page, **query)
    assert response.content == PAGE.encode()
    assert response.headers["content-type"] == "text/html; charset=utf-8"


def test_wish_for_a_part_of_anything_gives_html(http: httpx2.Client, page: str) -> None:
    response = _get(http, page, selector="h1")
    assert response.headers["content-type"] == TYPES["html"]
    assert PROSE[0] not in response.text


@pytest.mark.parametrize("format_", ["raw", "screenshot"])
@pytest.mark.parametrize("wish", [{"selector": "p"}, {"remove": "p"}, {"extract": "full"}, {"links": "none"}])
def test_wish_for_a_part_of_what_is_not_converted_is_refused(
    format_: str, wish: dict[str, str], http: httpx2.Client, page: str
) -> None:
    problem = _assert_problem(_get(http, page, format=format_, **wish), 422, "validation-failed")
    assert [(one["location"], one["code"]) for one in problem["errors"]] == [("query", "not_converted")]


def test_raw_file_keeps_its_type_and_bytes(http: httpx2.Client, origin: Site) -> None:
    response = _get(http, origin.url("/files/360p.webm"))
    assert response.headers["content-type"] == "video/webm"
    assert hashlib.sha256(response.content).hexdigest() == origin.media.sha256("360p.webm")
    assert "content-security-policy" not in response.headers


def test_refusal_of_formats_lists_those_that_can_be_had(http: httpx2.Client, page: str) -> None:
    problem = _assert_problem(_get(http, page, "image/png"), 406, "not-acceptable")
    assert problem["available"] == [
        "text/markdown", "text/html", "text/plain", "application/json", "application/pdf", "*/*",
    ]  # fmt: skip


def test_json_tells_everything(http: httpx2.Client, page: str) -> None:
    members = _get(http, page, format="json", max_age=0).json()
    assert (members["url"], members["final_url"], members["status"]) == (page, page, 200)
    assert (members["title"], members["language"]) == ("Second crane", "en")
    assert members["canonical_url"] == page.replace("/content/page", "/c")
    assert PROSE[0] in members["text"]
    assert members["markdown"].startswith("# Second crane\n")
    assert [link["text"] for link in members["links"]] == ["Rope"]
    assert [image["alt"] for image in members["images"]] == ["Crane"]
    assert members["sha256"] == hashlib.sha256(PAGE.encode()).hexdigest()
    assert members["cache"] == {"hit": False, "age_seconds": 0}
    assert members["timings_ms"].keys() == {"fetch", "convert"}


@pytest.mark.parametrize(
    ("query", "present", "absent"),
    [
        ({"extract": "full"}, "Home", "alert"),
        ({"selector": "h1"}, "# Second crane", PROSE[0]),
        ({"remove": "h1, p:first-of-type"}, PROSE[1], PROSE[0]),
        ({"links": "none"}, "Rope", "/rope"),
        ({"links": "end"}, "[1]: http", "Rope](http"),
        ({"images": "drop"}, "Rope", "crane.png"),
    ],
)
def test_options_are_heeded(
    query: dict[str, str], present: str, absent: str, http: httpx2.Client, page: str
) -> None:
    found = _get(http, page, format="markdown", **query).text
    assert present in found
    assert absent not in found


@pytest.mark.parametrize(
    ("body", "declared", "expected"),
    [
        ("Гавань Солтмира".encode("cp1251"), "text/html; charset=windows-1251", "Гавань Солтмира"),
        ('<meta charset="shift_jis"><p>港のクレーン</p>'.encode("cp932"), "text/html", "港のクレーン"),
        ("\ufeff<p>Grüße</p>".encode("utf-16"), "text/html", "Grüße"),
        (b'{"a":1}', "application/json", '"a": 1'),
        (b"plain words", "text/plain", "plain words"),
    ],
)
def test_source_is_read_as_what_it_is(
    body: bytes, declared: str, expected: str, http: httpx2.Client, origin: Site
) -> None:
    url = origin.publish("/content/" + hashlib.sha256(body).hexdigest(), body, declared)
    assert expected in _get(http, url, format="text").text


# --- headers and conditions -------------------------------------------------------------------------------------------


def test_answer_tells_where_it_comes_from(http: httpx2.Client, page: str, origin: Site) -> None:
    response = _get(http, origin.url("/redirect?to=/content/page"), format="markdown", max_age=0)
    headers = response.headers
    assert headers["content-location"] == page
    assert headers["link"] == f'<{origin.url("/c")}>; rel="canonical"'
    assert headers["vary"] == "Accept"
    assert headers["age"] == "0"
    assert headers["cache-status"].startswith("Entrepot; fwd=request")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-request-id"]
    assert int(headers["content-length"]) == len(response.content)


def test_date_of_the_source_is_handed_on(http: httpx2.Client, origin: Site) -> None:
    response = _get(http, origin.url("/files/subtitles.en.vtt"), format="text")
    assert response.headers["last-modified"] == "Thu, 01 Jan 2026 00:00:00 GMT"


@pytest.mark.parametrize("format_", [*TYPES, "raw"])
def test_known_content_is_not_sent_again(format_: str, http: httpx2.Client, page: str) -> None:
    first = _get(http, page, format=format_)
    tag = first.headers["etag"]
    assert tag.startswith('W/"') is (format_ == "json")
    again = http.get(
        "/api/v1/content", params={"url": page, "format": format_}, headers={"If-None-Match": tag}
    )
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["content-location"] == page


def test_formats_have_tags_of_their_own(http: httpx2.Client, page: str) -> None:
    tags = {_get(http, page, format=format_).headers["etag"] for format_ in [*TYPES, "raw"]}
    assert len(tags) == 5


def test_changed_page_is_sent_anew(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/content/changing", "<p>old</p>")
    tag = _get(http, url, format="text").headers["etag"]
    origin.publish("/content/changing", "<p>new</p>")
    response = http.get(
        "/api/v1/content",
        params={"url": url, "format": "text", "max_age": 0},
        headers={"If-None-Match": tag},
    )
    assert (response.status_code, response.text) == (200, "new\n")


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("If-None-Match", "*", 304),
        ("If-None-Match", '"other"', 200),
        ("If-Match", "*", 200),
        ("If-Match", '"other"', 412),
        ("If-Modified-Since", "Thu, 01 Jan 2026 00:00:00 GMT", 304),
        ("If-Modified-Since", "Wed, 31 Dec 2025 00:00:00 GMT", 200),
        ("If-Unmodified-Since", "Wed, 31 Dec 2025 00:00:00 GMT", 412),
        ("If-Modified-Since", "soon", 200),
        ("Range", "bytes=0-3", 200),
    ],
)
def test_preconditions_hold(field: str, value: str, status: int, http: httpx2.Client, origin: Site) -> None:
    query = {"url": origin.url("/files/subtitles.en.vtt"), "format": "text"}
    response = http.get("/api/v1/content", params=query, headers={field: value})
    assert response.status_code == status
    if status == 412:
        _assert_problem(response, 412, "precondition-failed")


def test_date_counts_for_nothing_where_the_source_has_none(http: httpx2.Client, page: str) -> None:
    later = "Fri, 01 Jan 2100 00:00:00 GMT"
    response = http.get("/api/v1/content", params={"url": page}, headers={"If-Modified-Since": later})
    assert response.status_code == 200
    assert "last-modified" not in response.headers


@pytest.mark.parametrize("format_", [*TYPES, "raw"])
def test_head_tells_what_get_would(format_: str, http: httpx2.Client, page: str) -> None:
    query = {"url": page, "format": format_}
    head, whole = http.head("/api/v1/content", params=query), http.get("/api/v1/content", params=query)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "etag", "content-location", "vary"):
        assert head.headers[name] == whole.headers[name]


SVG = "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


@pytest.mark.parametrize(
    ("body", "declared", "format_"),
    [
        (PAGE, "text/html", "raw"),
        (PAGE, "text/html", "html"),
        (SVG, "image/svg+xml", "raw"),
        ("<x/>", "application/xml", "raw"),
        (PAGE, "application/octet-stream", "raw"),
        (PAGE, "nonsense", "raw"),
        ("alert(1)", "text/javascript", "raw"),
    ],
)
def test_strangers_page_never_runs_as_ours(
    body: str, declared: str, format_: str, http: httpx2.Client, origin: Site
) -> None:
    headers = _get(http, origin.publish("/content/active", body, declared), format=format_).headers
    assert headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert headers["x-content-type-options"] == "nosniff"
    assert "set-cookie" not in headers


@pytest.mark.parametrize(("declared", "format_"), [("text/plain", "raw"), ("text/html", "text")])
def test_plain_text_needs_no_sandbox(declared: str, format_: str, http: httpx2.Client, origin: Site) -> None:
    headers = _get(http, origin.publish("/content/passive", PAGE, declared), format=format_).headers
    assert "content-security-policy" not in headers
    assert headers["x-content-type-options"] == "nosniff"


# --- the address in the path ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["plain", "escaped", "one slash"])
def test_address_in_the_path_is_read(
    form: str, http: httpx2.Client, page: str, service: ServiceProcess
) -> None:
    written = {"plain": page, "escaped": quote(page, safe=""), "one slash": page.replace("://", ":/")}[form]
    response = http.get(httpx2.URL(f"{service.url}/r/{written}"), headers={"Accept": "text/markdown"})
    assert response.status_code == 200, response.text
    assert response.text.startswith("# Second crane\n")
    assert response.headers["content-location"] == page


def test_query_of_the_address_in_the_path_is_its_own(http: httpx2.Client, origin: Site) -> None:
    origin.publish("/content/asked", "<p>asked</p>")
    http.get(f"/r/{origin.url('/content/asked')}?format=json&q=a%20b", headers={"Accept": "text/plain"})
    assert origin.requests["/content/asked?format=json&q=a%20b"] == 1


def test_head_of_an_address_in_the_path(http: httpx2.Client, page: str) -> None:
    response = http.head(f"/r/{page}", headers={"Accept": "text/plain"})
    assert (response.status_code, response.headers["content-type"]) == (200, TYPES["text"])


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("http://127.0.0.1/", 403, "destination-forbidden"),
        ("ftp://example.com/", 403, "destination-forbidden"),
        ("http://a@127.0.0.1/", 400, "invalid-url"),
        ("http://", 400, "invalid-url"),
    ],
)
def test_bad_address_in_the_path_is_refused(target: str, status: int, code: str, http: httpx2.Client) -> None:
    _assert_problem(http.get(f"/r/{target}"), status, code)


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({}, "query.url"),
        ({"format": "docx"}, "query.format"),
        ({"extract": "some"}, "query.extract"),
        ({"links": "x"}, "query.links"),
        ({"images": "x"}, "query.images"),
        ({"render": "x"}, "query.render"),
        ({"max_age": "-1"}, "query.max_age"),
        ({"timeout": "0"}, "query.timeout"),
        ({"timeout": "1e9"}, "query.timeout"),
        ({"timeout": "nan"}, "query.timeout"),
        ({"selector": "p["}, "query.selector"),
        ({"remove": ":x("}, "query.remove"),
        ({"selector": "p" * 1001}, "query.selector"),
        ({"fromat": "text"}, "query.fromat"),
    ],
)
def test_wrong_parameter_is_named(
    query: dict[str, str], location: str, http: httpx2.Client, page: str
) -> None:
    asked = {
        **({"url": page} if query else {}),
        **({"format": "text"} if "selector" in query or "remove" in query else {}),
        **query,
    }
    problem = _assert_problem(http.get("/api/v1/content", params=asked), 422, "validation-failed")
    assert [error["location"] for error in problem["errors"]] == [location]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/status/404", 404, "upstream-not-found"),
        ("/status/410", 404, "upstream-not-found"),
        ("/status/403", 502, "upstream-error"),
        ("/status/500", 502, "upstream-unavailable"),
        ("/status/503", 502, "upstream-unavailable"),
        ("/lying/length/360p.webm", 502, "upstream-broken"),
        ("/reset/360p.webm?after=1000", 502, "upstream-broken"),
        ("/redirect/loop/1", 422, "too-many-redirects"),
        ("/redirect?to=http://127.0.0.1:9/", 403, "destination-forbidden"),
        ("/redirect?to=file:///etc/passwd", 403, "destination-forbidden"),
        ("/bomb?mib=256", 413, "content-too-large"),
        ("/endless?type=text/html", 413, "content-too-large"),
        ("/files/360p.webm", 415, "conversion-unsupported"),
        ("/content/bare", 422, "no-content"),
        ("/content/empty", 422, "no-content"),
    ],
)
def test_failure_has_its_code(path: str, status: int, code: str, http: httpx2.Client, origin: Site) -> None:
    origin.publish("/content/bare", "<title>Bare</title><div id=app></div><script>show()</script>")
    origin.publish("/content/empty", "")
    problem = _assert_problem(_get(http, origin.url(path), format="markdown"), status, code)
    if path.startswith("/status/"):
        assert problem["upstream_status"] == int(path.removeprefix("/status/"))


def test_stalling_origin_is_a_timeout(http: httpx2.Client, origin: Site) -> None:
    response = _get(http, origin.url("/stall/360p.webm"), format="raw", timeout=1)
    _assert_problem(response, 504, "upstream-timeout")
    assert response.elapsed.total_seconds() < 5


def test_origin_that_is_not_there_is_told(http: httpx2.Client) -> None:
    _assert_problem(_get(http, f"http://127.0.0.1:{DEAF_PORT}/"), 502, "upstream-unreachable")


def test_caller_that_leaves_ends_the_fetch(http: httpx2.Client, origin: Site) -> None:
    before = origin.open_responses
    with pytest.raises(httpx2.ReadTimeout):
        http.get("/api/v1/content", params={"url": origin.url("/stall/360p.mp4?left")}, timeout=1)
    wait_until(lambda: origin.open_responses <= before, timeout_seconds=10)


def test_nothing_stays_in_the_spool(
    http: httpx2.Client, page: str, origin: Site, service: ServiceProcess
) -> None:
    for url in (page, origin.url("/bomb?mib=80"), origin.url("/status/404"), origin.url("/files/360p.webm")):
        _get(http, url, format="text")
    wait_until(lambda: not any((service.data_dir / "spool").iterdir()))


def test_what_a_crash_left_in_the_spool_is_gone_after_the_next_start(data_dir: Path) -> None:
    with ServiceProcess(data_dir) as service:
        (data_dir / "spool" / "reading").mkdir()
        (data_dir / "spool" / "reading" / "source").write_bytes(b"half a page")
        service.kill()
    with ServiceProcess(data_dir):
        assert list((data_dir / "spool").iterdir()) == []


def test_fifty_at_once_are_all_right(service: ServiceProcess, origin: Site) -> None:
    urls = [
        origin.publish(f"/content/many/{n}", f"<main><h1>Page {n}</h1><p>Words of {n}.</p></main>")
        for n in range(50)
    ]
    with (
        httpx2.Client(base_url=service.url, timeout=60, trust_env=False) as http,
        ThreadPoolExecutor(50) as pool,
    ):
        answers = list(pool.map(lambda url: _get(http, url, format="text"), urls))
    assert {answer.status_code for answer in answers} == {200}
    assert all(f"Words of {n}." in answer.text for n, answer in enumerate(answers))


# --- page jobs --------------------------------------------------------------------------------------------------------


def _markdown(http: httpx2.Client, job: dict[str, Any]) -> str:
    return http.get(job["files"][0]["download_url"]).text


def test_page_job_keeps_markdown_in_the_library(
    http: httpx2.Client, origin: Site, service: ServiceProcess
) -> None:
    job = fetch(http, origin.url("/article?kept"), kind="page")
    assert (job["status"], job["kind"], job["source"]["title"]) == ("completed", "page", ARTICLE_TITLE)
    (file,) = job["files"]
    assert file["content_type"] == "text/markdown; charset=utf-8"
    assert file["name"] == f"{ARTICLE_TITLE}.md"
    kept = service.data_dir / "library" / file["path"]
    assert kept.parent == service.data_dir / "library" / "pages"
    assert kept.read_text() == _markdown(http, job)
    assert kept.read_text().startswith(f"# {ARTICLE_TITLE}\n")


def test_same_page_again_is_the_same_asset(http: httpx2.Client, origin: Site) -> None:
    url = origin.url("/article?twice")
    first, second = fetch(http, url, kind="page"), fetch(http, url, kind="page")
    assert first["files"] == second["files"]


def test_changed_page_is_a_new_version_of_its_asset(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/content/kept", PAGE)
    first = fetch(http, url, kind="page")
    origin.publish("/content/kept", PAGE.replace("forty", "fifty"))
    second = fetch(http, url, kind="page")
    assert first["files"][0]["asset_id"] == second["files"][0]["asset_id"]
    assert first["files"][0]["sha256"] != second["files"][0]["sha256"]
    assert "fifty years" in _markdown(http, second)


def test_page_job_without_content_fails_for_good(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/content/bare-job", "<div id=app></div><script>show()</script>")
    job = fetch(http, url, kind="page")
    assert (job["status"], job["error"]["code"], job["error"]["retryable"]) == ("failed", "no-content", False)
    assert job["files"] == []


def test_description_of_the_door_names_its_formats(http: httpx2.Client) -> None:
    described = json.loads(http.get("/api/openapi.json").text)["paths"]["/api/v1/content"]["get"][
        "responses"
    ]["200"]
    assert {"text/markdown", "text/plain", "text/html", "application/json", "*/*"} <= described[
        "content"
    ].keys()
