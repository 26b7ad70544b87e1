"""Pages made by scripts, pictures of pages, and PDF in and out, through the running service."""

from pathlib import Path
from typing import Any

import httpx2
import pypdfium2
import pytest

from tests.acceptance.conftest import allowing
from tests.acceptance.service import ServiceProcess
from tests.content.reading import ARTICLE, PROSE
from tests.origin.site import Site

pytestmark = pytest.mark.browser

SHELL = (
    "<title>App</title><div id=app></div><script>setTimeout(() => {{ document.getElementById('app').innerHTML ="
    " '<main><h1>Made by a script</h1><p>{words} Grüße vom Kran am Hafen, der seit Jahren steht.</p></main>' }}, 50)</script>"
)


def _get(http: httpx2.Client, url: str, **query: Any) -> httpx2.Response:
    return http.get("/api/v1/content", params={"url": url, **query})


@pytest.fixture(scope="module")
def shell(origin: Site) -> str:
    return origin.publish("/render/shell", SHELL.format(words=PROSE[0].replace("'", "")), "text/html")


def test_scripts_are_run_where_there_is_nothing_without(http: httpx2.Client, shell: str) -> None:
    response = _get(http, shell, format="markdown")
    assert response.status_code == 200, response.text
    assert "Made by a script" in response.text
    assert "Grüße vom Kran" in response.text
    assert "hit" in _get(http, shell, format="markdown").headers["cache-status"]


def test_scripts_are_not_run_where_that_is_not_wanted(http: httpx2.Client, shell: str) -> None:
    response = _get(http, shell, format="markdown", render="http")
    assert (response.status_code, response.json()["code"]) == (422, "no-content")


def test_page_with_content_needs_no_browser(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish(
        "/render/plain",
        f"<main><h1>Plain</h1>{ARTICLE}</main><script>document.body.innerHTML = 'changed'</script>",
    )
    assert PROSE[0] in _get(http, url, format="text").text
    assert origin.count("/render/plain") == 1


def test_browser_can_be_asked_for(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish(
        "/render/wished",
        f"<main><h1>Plain</h1>{ARTICLE}</main><script>document.querySelector('h1').textContent = 'Run'</script>",
    )
    answer = _get(http, url, format="json", render="browser").json()
    assert answer["title"] == "Run"


def test_screenshot_is_a_picture(http: httpx2.Client, shell: str) -> None:
    response = _get(http, shell, format="screenshot")
    assert (response.status_code, response.headers["content-type"]) == (200, "image/png")
    assert response.content.startswith(b"\x89PNG\r\n")


def test_document_is_what_it_is_in_a_browser_too(http: httpx2.Client, origin: Site) -> None:
    url = origin.publish("/render/data", '{"crane": 2}', "application/json")
    response = _get(http, url, format="text", render="browser")
    assert response.status_code == 200, response.text
    assert '"crane": 2' in response.text


def test_missing_browser_is_told(data_dir: Path, origin: Site, shell: str) -> None:
    settings = {**allowing(origin), "ENTREPOT_BROWSER": "/nowhere/chromium"}
    with (
        ServiceProcess(data_dir, settings=settings) as service,
        httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as http,
    ):
        wished = _get(http, shell, format="text", render="browser")
        assert (wished.status_code, wished.json()["code"]) == (501, "browser-missing")
        automatic = _get(http, shell, format="text")
        assert (automatic.status_code, automatic.json()["code"]) == (422, "no-content")
        assert "browser" in automatic.json()["detail"]


def test_page_is_printed_with_its_picture(http: httpx2.Client, origin: Site) -> None:
    picture = origin.publish(
        "/render/picture.svg",
        "<svg xmlns='http://www.w3.org/2000/svg' width='60' height='40'><rect width='60' height='40'/></svg>",
        "image/svg+xml",
    )
    url = origin.publish(
        "/render/print",
        f"<title>Printed</title><main><h1>Printed</h1>{ARTICLE}<p><img src='{picture}' alt='A crane'> It stands.</p></main>",
    )
    response = http.get("/api/v1/content", params={"url": url}, headers={"Accept": "application/pdf"})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/pdf")
    assert PROSE[0].split()[0] in _text_of(response.content)
    assert origin.count("/render/picture.svg") == 1
    assert "sandbox" in response.headers["content-security-policy"]


def test_pdf_is_handed_on_as_it_is_and_read(http: httpx2.Client, origin: Site) -> None:
    page = origin.publish("/render/source", f"<title>Source</title><main><h1>Source</h1>{ARTICLE}</main>")
    printed = _get(http, page, format="pdf").content
    url = origin.publish("/render/source.pdf", printed, "application/pdf")
    assert _get(http, url, format="pdf").content == printed
    text = " ".join(_get(http, url, format="text").text.split())
    assert " ".join(PROSE[0].split())[:40] in text


def _text_of(pdf: bytes) -> str:
    document = pypdfium2.PdfDocument(pdf)
    try:
        return "".join(document[number].get_textpage().get_text_range() for number in range(len(document)))
    finally:
        document.close()
