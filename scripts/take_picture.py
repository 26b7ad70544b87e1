"""Takes docs/images/page.png: the real page of a real service, with goods of a made-up harbour.

`python -m scripts.take_picture`, with Chromium installed; needs no network.
"""

import subprocess
import tempfile
from pathlib import Path

import httpx2
from imageio_ffmpeg import get_ffmpeg_exe
from playwright.sync_api import Browser, Page
from tests.acceptance.conftest import allowing
from tests.acceptance.orders import fetch, order, wait_for
from tests.acceptance.page.browser import Tab, running_browser
from tests.acceptance.service import ServiceProcess
from tests.origin.pages import ARTICLE_TITLE, article, page
from tests.origin.site import Site, running_site

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "page.png"
SCENES = {
    "dawn": ("#1d3557", "#f4a261", "#ffe8b6"),
    "noon": ("#3a86c8", "#a9d6f5", "#fffbe6"),
    "dusk": ("#231942", "#c9577a", "#ffc971"),
}
SCENE = """
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1280 720" width="1280" height="720">
  <defs>
    <linearGradient id="sky" x2="0" y2="1"><stop stop-color="{0}"/><stop offset="1" stop-color="{1}"/></linearGradient>
    <linearGradient id="sea" x2="0" y2="1"><stop stop-color="{1}"/><stop offset="1" stop-color="{0}"/></linearGradient>
  </defs>
  <rect width="1280" height="720" fill="url(#sky)"/>
  <circle cx="860" cy="430" r="96" fill="{2}"/>
  <rect y="500" width="1280" height="220" fill="url(#sea)"/>
  <path d="M700 540h320M760 580h200M810 620h100" stroke="{2}" stroke-width="8" stroke-linecap="round" opacity=".6"/>
  <g fill="none" stroke="#0d1b26" stroke-width="14" stroke-linecap="round" stroke-linejoin="round">
    <path d="M250 520V190M390 520V190M250 190H390M250 355H390M250 520L390 355L250 190M90 190H690M320 190V90L670 190M320 90L110 190M620 190V330"/>
  </g>
  <path d="M90 190h90v70H90zM585 330h70v54h-70z" fill="#0d1b26"/>
  <path d="M0 515h470v205H0z" fill="#0d1b26"/>
  <path d="M520 520h330l-46 78H572z" fill="#14222d"/><path d="M560 520v-44h70v44zM650 520v-70h56v70z" fill="#b3402e"/>
</svg>
"""  # fmt: skip


def main() -> None:
    with (
        tempfile.TemporaryDirectory() as folder,
        running_site() as site,
        ServiceProcess(Path(folder) / "data", settings=allowing(site)) as service,
        running_browser() as browser,
        httpx2.Client(base_url=service.url, timeout=30, trust_env=False) as calls,
    ):
        _publish(site, browser, Path(folder))
        shown = _order(site, calls)
        with Tab(browser, service.url, color_scheme="light") as tab:
            tab.open(f"/#job/{shown}").page.locator("[data-panel] video").wait_for()
            tab.page.set_viewport_size({"width": 1280, "height": 1080})
            tab.until(lambda: bool(tab.page.evaluate("document.querySelector('video').readyState >= 2")))
            tab.until(lambda: tab.page.locator("[data-job] img").count() == len(SCENES))
            tab.page.wait_for_timeout(1000)  # the player's sign of loading fades
            _name_the_site(tab.page, site)
            tab.page.screenshot(path=PICTURE)
        (site.media.folder / "picture.mp4").unlink()  # the folder is kept for the tests


def _publish(site: Site, browser: Browser, folder: Path) -> None:
    for name, colours in SCENES.items():
        still = _draw(browser, folder / f"{name}.jpg", SCENE.format(*colours))
        site.publish(f"/stills/{name}.jpg", still.read_bytes(), "image/jpeg")
    (site.media.folder / "picture.mp4").write_bytes(_film(folder / "dawn.jpg").read_bytes())
    site.publish("/harbour/crane", _video(site, "The second crane, at dawn", "dawn"))
    site.publish("/harbour/gulls", _video(site, "Gulls over the fish market", "noon", "?bps=60000"))
    site.publish("/harbour/nets", _video(site, "Mending nets: the long version", "dusk", "?bps=40000"))
    site.publish("/gazette/second-crane", page(ARTICLE_TITLE, article()))
    site.publish("/charts/saltmere-harbour.pdf", b"%PDF-1.7\n" + bytes(2_345_678), "application/pdf")


def _video(site: Site, title: str, still: str, throttle: str = "") -> str:
    kind = "throttled" if throttle else "files"
    head = (
        f'<meta property="og:title" content="{title}"><meta property="og:type" content="video.other">'
        f'<meta property="og:image" content="{site.url(f"/stills/{still}.jpg")}">'
        f'<meta property="og:video" content="{site.url(f"/{kind}/picture.mp4{throttle}")}">'
        '<meta property="og:video:type" content="video/mp4">'
    )
    return page(title, f"<h1>{title}</h1>", head)


def _order(site: Site, calls: httpx2.Client) -> str:
    """Goods that have arrived and goods under way; gives the job to show."""
    fetch(calls, site.url("/charts/saltmere-harbour.pdf"))
    fetch(calls, site.url("/gazette/second-crane"))
    shown = str(fetch(calls, site.url("/harbour/crane"), kind="media")["id"])
    for path, far in (("/harbour/gulls", 45), ("/harbour/nets", 12)):
        wait_for(
            calls, order(calls, site.url(path), kind="media"), lambda found, far=far: found["progress"] > far
        )
    return shown


def _draw(browser: Browser, path: Path, drawing: str) -> Path:
    sheet = browser.new_page(viewport={"width": 1280, "height": 720})
    sheet.set_content(f"<style>body {{ margin: 0 }}</style>{drawing}")
    sheet.screenshot(path=path, type="jpeg", quality=90)
    sheet.close()
    return path


def _film(still: Path) -> Path:
    """Twelve seconds of the still, coming slowly nearer."""
    film = still.with_suffix(".mp4")
    zoom = "zoompan=z='1+on/3000':d=300:s=1280x720:fps=25,format=yuv420p"
    command = [
        get_ffmpeg_exe(),
        "-nostdin",
        "-loglevel",
        "error",
        "-y",
        "-i",
        still,
        "-vf",
        zoom,
        "-b:v",
        "1M",
        film,
    ]
    subprocess.run(command, check=True)
    return film


def _name_the_site(tab: Page, site: Site) -> None:
    """The harbour's site has no name on loopback; in the picture it gets one."""
    tab.evaluate(
        """([address, name]) => {
            const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (texts.nextNode()) texts.currentNode.data = texts.currentNode.data.replaceAll(address, name);
        }""",
        [f"127.0.0.1:{site.port}", "saltmere.example"],
    )


if __name__ == "__main__":
    main()
