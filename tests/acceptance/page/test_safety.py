"""The page and hostile goods: nothing that came from outside ever runs in it."""

import httpx2
import pytest
from playwright.sync_api import Browser, expect

from tests.acceptance.orders import fetch
from tests.acceptance.page.browser import NOT_FOUND, Tab
from tests.acceptance.service import ServiceProcess
from tests.origin.pages import article, page, video_of
from tests.origin.site import Site

pytestmark = pytest.mark.browser

HOSTILE = '<img src=/files/thumbnail.jpg onload="window.hurt=1"><script>window.hurt=1</script>'
_SCRIPT = "<script>document.title = 'hurt'; localStorage.setItem('kept', 'broken')</script>"
EVIL_FILES = {
    "evil.html": (f"<!doctype html><title>Evil</title>{_SCRIPT}", "text/html"),
    "evil.svg": (
        f"<svg xmlns='http://www.w3.org/2000/svg'><title>Evil</title>{_SCRIPT}</svg>",
        "image/svg+xml",
    ),
}


def test_hostile_title_is_shown_as_text(tab: Tab, origin: Site) -> None:
    url = origin.publish("/hostile", video_of(origin.url("/files/360p.mp4"), HOSTILE))
    expect(tab.paste(url)).to_contain_text(HOSTILE)
    panel = tab.start(url, "Download video")
    expect(panel.locator("video")).to_be_visible()
    expect(panel.get_by_role("heading", level=2)).to_have_text(HOSTILE)
    expect(tab.row(HOSTILE)).to_have_count(1)
    assert tab.page.evaluate("window.hurt") is None


def test_markup_in_an_article_is_never_run(tab: Tab, origin: Site) -> None:
    evil = (
        "<p>&lt;script&gt;window.hurt=1&lt;/script&gt; and <a href='javascript:window.hurt=1'>a trap</a>.</p>"
    )
    url = origin.publish(
        "/trap", page("A trap", article().replace("</article>", f"{evil}{HOSTILE}</article>"))
    )
    reader = tab.start(url, "Save page").locator("[data-reader]")
    expect(reader).to_contain_text("a trap")
    assert reader.locator("script, [onerror], a[href^='javascript:']").count() == 0
    assert tab.page.evaluate("window.hurt") is None


def test_script_that_got_into_the_page_is_not_run(browser: Browser, quay: ServiceProcess) -> None:
    with Tab(browser, quay.url, expected=("Content Security Policy",)) as tab:
        tab.open().page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.textContent = "window.hurt = 1";
                document.body.append(script);
                document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.hurt = 1'>");
            }"""
        )
        tab.until(lambda: tab.page.evaluate("[...document.images].every(image => image.complete)"))
        assert tab.page.evaluate("window.hurt") is None


@pytest.mark.parametrize("file", EVIL_FILES)
def test_file_with_a_script_is_saved_and_never_run(
    file: str, browser: Browser, quay: ServiceProcess, origin: Site, calls: httpx2.Client
) -> None:
    done = fetch(calls, origin.publish(f"/{file}", *EVIL_FILES[file]), kind="file")
    with Tab(browser, quay.url) as tab:
        tab.open().page.evaluate("localStorage.setItem('kept', 'whole')")
        with tab.page.expect_download():
            tab.page.evaluate(
                "path => location.assign(path)", f"/assets/{done['files'][0]['asset_id']}/download?inline=1"
            )
        assert tab.page.evaluate("localStorage.getItem('kept')") == "whole"
        assert tab.page.title() != "hurt"


def test_page_of_a_stranger_starts_nothing(
    browser: Browser, quay: ServiceProcess, origin: Site, calls: httpx2.Client
) -> None:
    target = origin.url("/article?stranger")
    request = f"{{method: 'POST', mode: 'no-cors', body: JSON.stringify({{url: '{target}'}})}}"
    script = f"fetch('{quay.url}/api/v1/download', {request}).finally(() => document.title = 'tried')"
    origin.publish("/stranger", page("A stranger", f"<script>{script}</script>"))
    with Tab(browser, origin.base, expected=("403 (Forbidden)", *NOT_FOUND)) as tab:
        expect(tab.open("/stranger").page).to_have_title("tried")
    assert calls.get("/api/v1/downloads", params={"q": "?stranger"}).json()["items"] == []


@pytest.mark.parametrize("path", ["/", "/index.html", "/theme.js", "/api/docs", "/api/redoc"])
def test_every_page_bears_a_strict_policy(path: str, calls: httpx2.Client) -> None:
    policy = calls.get(path).headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert "unsafe-eval" not in policy
