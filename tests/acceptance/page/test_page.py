"""The page in a real browser, at the real service: a link goes in, is watched, and is played, read or saved."""

import hashlib
import re
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import job, order, wait_for
from tests.acceptance.page.browser import NOT_FOUND, Tab
from tests.acceptance.service import ServiceProcess
from tests.origin.pages import ARTICLE_TITLE, article, page
from tests.origin.site import Site

pytestmark = pytest.mark.browser


# --- what it is, before it starts ---


def test_video_is_shown_with_its_qualities_before_it_starts(tab: Tab, origin: Site) -> None:
    card = tab.paste(origin.url("/watch/tag?shown"))
    expect(card).to_contain_text("Nets at dusk")
    expect(card).to_contain_text("Video")
    assert card.get_by_label("Quality").locator("option").all_text_contents() == [
        "Best (1080p)", "1080p", "720p", "480p", "360p", "Audio only",
    ]  # fmt: skip
    expect(tab.row("Nets at dusk")).to_have_count(0)


def test_file_is_shown_with_its_size_before_it_starts(tab: Tab, origin: Site) -> None:
    card = tab.paste(origin.url("/files/audio.mp3?shown"))
    expect(card).to_contain_text("File")
    expect(card).to_contain_text("kB")
    expect(card).to_contain_text("audio/mpeg")


def test_link_that_leads_nowhere_is_told_in_plain_words(
    browser: Browser, quay: ServiceProcess, origin: Site
) -> None:
    with Tab(browser, quay.url, expected=NOT_FOUND) as tab:
        card = tab.open().paste(origin.url("/status/404"))
        expect(card.get_by_role("alert")).to_contain_text("The site has nothing at this link.")


def test_forbidden_address_is_told_in_plain_words(browser: Browser, quay: ServiceProcess) -> None:
    with Tab(browser, quay.url, expected=("403 (Forbidden)",)) as tab:
        card = tab.open().paste("http://169.254.169.254/latest/meta-data/")
        expect(card.get_by_role("alert")).to_contain_text("This service does not go there.")


def test_dropped_link_is_looked_at(tab: Tab, origin: Site) -> None:
    url = origin.url("/article?dropped")
    tab.page.evaluate(
        """url => {
            const data = new DataTransfer();
            data.setData("text/uri-list", url);
            document.body.dispatchEvent(new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true }));
        }""",
        url,
    )
    expect(tab.page.locator(f'[data-arrival="{url}"]')).to_contain_text(ARTICLE_TITLE)


# --- from link to goods ---


def test_video_started_from_the_page_plays(tab: Tab, origin: Site) -> None:
    card = tab.paste(origin.url("/watch/tag?played"))
    card.get_by_label("Quality").select_option("360p")
    card.get_by_role("button", name="Download video").click()
    video = tab.page.locator("[data-panel] video")
    video.wait_for()
    video.evaluate("video => { video.muted = true; return video.play(); }")
    tab.until(lambda: video.evaluate("video => video.currentTime > 0.5"))
    assert video.evaluate("video => video.videoHeight") == 360


def test_article_is_read_as_clean_text(tab: Tab, origin: Site) -> None:
    panel = tab.start(origin.url("/article?read"), "Save page")
    reader = panel.locator("[data-reader]")
    expect(reader).to_contain_text("lived with a single crane")
    expect(reader).not_to_contain_text("Made for tests.")
    expect(panel.get_by_role("heading", level=2)).to_have_text(ARTICLE_TITLE)


def test_file_is_saved_byte_for_byte(tab: Tab, origin: Site, tmp_path: Path) -> None:
    panel = tab.start(origin.url("/files/480p.mp4?saved"), "Download file")
    with tab.page.expect_download() as download:
        panel.get_by_role("link", name="Download 480p.mp4").click()
    download.value.save_as(tmp_path / "saved")
    assert _sha256(tmp_path / "saved") == _sha256(origin.media.path("480p.mp4"))
    assert download.value.suggested_filename == "480p.mp4"


def test_many_links_are_brought_in_by_one_button(tab: Tab, origin: Site) -> None:
    links = [origin.publish(f"/many/{n}", page(f"Crate {n}", article())) for n in range(3)]
    tab.page.locator("#link-field").fill("\n".join(links))
    tab.page.get_by_role("button", name="Bring all in").click()
    for n in range(3):
        expect(tab.row(f"Crate {n}").filter(has_text="Arrived")).to_have_count(1)
    expect(tab.page.locator("[data-arrival]")).to_have_count(0)


# --- watching, cancelling, trying again ---


def test_running_job_tells_stage_bar_speed_and_time_left(
    tab: Tab, origin: Site, calls: httpx2.Client
) -> None:
    panel = tab.start(origin.url("/throttled/1080p.mp4?bps=700000&watched"), "Download file")
    expect(panel).to_contain_text("Downloading")
    expect(panel).to_contain_text(re.compile(r"[kM]B/s"))
    expect(panel).to_contain_text("left")
    bar = panel.get_by_role("progressbar")
    first = _percent(bar)
    tab.until(lambda: _percent(bar) > first)
    calls.delete(f"/api/v1/download/{panel.get_attribute('data-panel')}")


def test_running_job_is_canceled_from_the_page(tab: Tab, origin: Site, calls: httpx2.Client) -> None:
    panel = tab.start(origin.url("/throttled/720p.mp4?bps=50000&stopped"), "Download file")
    job_id = panel.get_attribute("data-panel") or ""
    wait_for(calls, job_id, lambda found: (found["downloaded_bytes"] or 0) > 0)
    panel.get_by_role("button", name="Cancel").click()
    expect(panel).to_contain_text("Canceled")
    assert job(calls, job_id)["status"] == "canceled"


def test_failed_job_is_tried_again_from_the_page(tab: Tab, origin: Site, calls: httpx2.Client) -> None:
    job_id = order(calls, origin.url("/later"), kind="page")
    tab.open(f"/#job/{job_id}")
    panel = tab.page.locator("[data-panel]")
    expect(panel.get_by_role("alert")).to_contain_text("upstream-not-found")
    origin.publish("/later", article())
    panel.get_by_role("button", name="Retry").click()
    expect(panel.locator("[data-reader]")).to_contain_text("lived with a single crane")


def test_log_of_a_job_is_shown(tab: Tab, origin: Site) -> None:
    panel = tab.start(origin.url("/watch/og?logged"), "Download video")
    panel.get_by_role("button", name="Log", exact=True).click()
    expect(panel.get_by_role("log")).to_contain_text("Downloading webpage")
    tab.page.keyboard.press("Escape")
    expect(panel.get_by_role("log")).to_have_count(0)


def test_job_outlives_a_reload_of_the_page(tab: Tab, origin: Site) -> None:
    panel = tab.start(origin.url("/throttled/720p.mp4?bps=1500000&reloaded"), "Download file")
    expect(panel.get_by_role("progressbar")).to_be_visible()
    tab.page.reload()
    expect(panel.get_by_role("progressbar")).to_be_visible()
    expect(panel.locator("video")).to_be_visible()
    tab.page.reload()
    expect(panel.locator("video")).to_be_visible()


# --- the line to the service ---


def test_jobs_are_followed_by_asking_when_the_stream_is_broken(
    browser: Browser, quay: ServiceProcess, origin: Site
) -> None:
    with Tab(browser, quay.url, expected=("net::ERR_FAILED",)) as tab:
        tab.context.route("**/api/v1/downloads/events", lambda route: route.abort())
        panel = tab.open().start(origin.url("/throttled/360p.mp4?bps=300000&asked"), "Download file")
        expect(tab.page.locator("[data-feed]")).to_have_text("Every 2 s")
        expect(panel.locator("video")).to_be_visible()


def test_page_goes_on_by_itself_after_the_service_has_crashed(
    browser: Browser, origin: Site, tmp_path: Path
) -> None:
    with (
        ServiceProcess(tmp_path, settings=allowing(origin)) as service,
        Tab(browser, service.url, expected=("net::ERR_",)) as tab,
    ):
        expect(tab.open().page.locator("#empty-heading")).to_be_visible()
        panel = tab.start(origin.url("/throttled/360p.mp4?bps=300000&crashed"), "Download file")
        expect(panel.get_by_role("progressbar")).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
        service.kill()
        expect(tab.page.locator("[data-lost=true]")).to_be_visible()
        service.start()
        expect(tab.page.locator("[data-lost=false]")).to_have_count(1)
        expect(panel.locator("video")).to_be_visible(timeout=30_000)


# --- for everybody, everywhere ---


def test_whole_way_can_be_gone_by_keyboard_alone(tab: Tab, origin: Site) -> None:
    url = origin.publish("/keys", page("Only keys", article()))
    keyboard = tab.page.keyboard
    expect(tab.page.locator("#link-field")).to_be_focused()
    keyboard.type(url)
    keyboard.press("Enter")
    row = tab.row("Only keys")
    expect(row).to_contain_text("Arrived")
    expect(tab.page.locator("[data-panel]")).to_be_visible()
    keyboard.press("Escape")
    expect(tab.page.locator("[data-panel]")).to_have_count(0)
    _tab_to(tab.page, row.locator(".row-link"))
    keyboard.press("Enter")
    expect(tab.page.get_by_role("heading", level=2, name="Only keys")).to_be_focused()
    save = tab.page.locator("[data-panel]").get_by_role("link", name="Download Only keys")
    _tab_to(tab.page, save)
    with tab.page.expect_download() as download:
        keyboard.press("Enter")
    assert download.value.suggested_filename == "Only keys.md"
    keyboard.press("Escape")
    expect(row.locator(".row-link")).to_be_focused()
    keyboard.press("/")
    expect(tab.page.locator("#link-field")).to_be_focused()


def test_running_job_can_be_canceled_by_keyboard_alone(tab: Tab, origin: Site) -> None:
    keyboard = tab.page.keyboard
    keyboard.type(origin.url("/throttled/720p.mp4?bps=40000&keys"))
    keyboard.press("Enter")
    panel = tab.page.locator("[data-panel]")
    _tab_to(tab.page, panel.get_by_role("button", name="Cancel"))
    keyboard.press("Enter")
    expect(panel).to_contain_text("Canceled")


@pytest.mark.parametrize("place", ["list", "card", "video", "article", "log"])
def test_narrow_screen_never_scrolls_sideways(
    place: str, browser: Browser, quay: ServiceProcess, origin: Site, calls: httpx2.Client
) -> None:
    long = "Unbreakable" * 20
    rows = "<tr>" + "<th>Crane of the harbour and its load</th>" * 6 + "</tr><tr>" + f"<td>{long}</td>" * 6
    content = f"{article()}<table>{rows}</table><pre>crane.lift('{long * 3}')</pre>{article()}"
    url = origin.publish("/long", page(long, f"<article><h1>{long}</h1>{content}</article>"))
    with Tab(browser, quay.url, width=390, has_touch=True) as tab:
        kind = {
            "article": url,
            "video": origin.url("/watch/tag?narrow"),
            "log": origin.url("/watch/og?narrow"),
        }.get(place)
        if kind is None:
            calls.post("/api/v1/download", json={"url": url, "kind": "page"})
            tab.open().row(long).first.wait_for()
        else:
            job_id = order(calls, kind, kind="page" if place == "article" else "media")
            wait_for(calls, job_id, lambda found: found["status"] == "completed")
            tab.open(f"/#job/{job_id}" + ("/log" if place == "log" else ""))
            shown = {"article": "[data-reader] table", "video": "video", "log": "[role=log] li"}[place]
            tab.page.locator(f"[data-panel] {shown}").first.wait_for()
        if place == "card":
            tab.paste(url)
        assert _sideways(tab.page) == []


@pytest.mark.parametrize("scheme", ["dark", "light"])
def test_page_follows_the_system_s_colours(scheme: str, browser: Browser, quay: ServiceProcess) -> None:
    with Tab(browser, quay.url, color_scheme=scheme) as tab:
        assert (_brightness(tab.open().page) < 0.3) == (scheme == "dark")


def test_chosen_colours_are_kept_over_a_reload(browser: Browser, quay: ServiceProcess) -> None:
    with Tab(browser, quay.url, color_scheme="light") as tab:
        tab.open().page.get_by_role("button", name="Switch to dark").click()
        tab.page.reload()
        expect(tab.page.get_by_role("button", name="Switch to light")).to_be_visible()
        assert _brightness(tab.page) < 0.3


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _percent(bar: Locator) -> int:
    expect(bar).to_have_attribute("aria-valuenow", re.compile(r"\d"))
    return int(bar.get_attribute("aria-valuenow") or 0)


def _tab_to(page: Page, target: Locator) -> None:
    """Presses Tab until `target` has the focus."""
    target.wait_for()
    for _ in range(60):
        if target.evaluate("element => element === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError("the keyboard does not get there")


def _sideways(page: Page) -> list[str]:
    """What makes the document wider than the window; empty when nothing does."""
    wide: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.body.querySelectorAll("*")].filter(element => element.getBoundingClientRect().right > innerWidth + 1)
                .map(element => element.outerHTML.slice(0, 100))"""
    )
    return wide


def _brightness(page: Page) -> float:
    """How bright the background is, 0 to 1."""
    colour = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return sum(int(part) for part in re.findall(r"\d+", colour)[:3]) / 765
