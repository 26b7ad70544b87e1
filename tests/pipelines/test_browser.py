"""Pages that run: what their scripts make is read, what they reach for beyond the guard is not, and none holds the house."""

import asyncio
import os
import signal
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from entrepot.errors import (
    AppError,
    BrowserMissing,
    Busy,
    ContentTooLarge,
    DestinationForbidden,
    RenderFailed,
    UpstreamTimeout,
    UpstreamUnreachable,
    ValidationFailed,
)
from entrepot.fetch.browser.wishes import RenderRequest
from entrepot.pipelines.browser_child import outfit_of, render_alone
from tests.fetch.fetching import eventually
from tests.origin.canary import Canary
from tests.origin.children import run_in_child
from tests.origin.hostile import Exchange, HostileOrigin, hostile_origin
from tests.pipelines.browsing import Lounge, chromium_of, open_lounge, status_of, tree_of

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def stage() -> Iterator[HostileOrigin]:
    with hostile_origin() as running:
        yield running


@pytest.fixture(scope="module")
def shared(stage: HostileOrigin) -> Iterator[Lounge]:
    with open_lounge(f"127.0.0.1:{stage.port}") as running:
        yield running


@pytest.fixture
def lounge(shared: Lounge, stage: HostileOrigin) -> Lounge:
    stage.requests.clear()
    return shared


@pytest.fixture
def fresh(lounge: Lounge) -> Iterator[Lounge]:
    """The lounge for tests that give it another pool."""
    yield lounge
    lounge.renew()


def page(stage: HostileOrigin, path: str, body: str, *fields: str, status: str = "200 OK") -> str:
    """Serves a page from now on; gives its URL."""

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(body.encode(), "Content-Type: text/html; charset=utf-8", *fields, status=status)

    return stage.on(path, answer)


async def never(exchange: Exchange) -> None:
    await exchange.gone()


# --- what is read -----------------------------------------------------------------------------------------------------


def test_what_scripts_make_is_read(lounge: Lounge, stage: HostileOrigin) -> None:
    page(stage, "/data", "brought later")
    url = page(stage, "/app", "<body><script>fetch('/data').then(r => r.text()).then(t => document.body.innerHTML = `<h1>${t}</h1>`)</script>",
               "Last-Modified: Sun, 01 Mar 2026 08:00:00 GMT")  # fmt: skip
    found = lounge.render(url)
    assert "<h1>brought later</h1>" in found.html
    assert (found.rendered.status, found.rendered.content_type) == (200, "text/html; charset=utf-8")
    assert (found.rendered.final_url, found.rendered.last_modified) == (url, "Sun, 01 Mar 2026 08:00:00 GMT")
    assert found.rendered.warnings == {}
    assert found.rendered.took_ms > 0


def test_shadows_and_frames_are_read_in_their_places(lounge: Lounge, stage: HostileOrigin) -> None:
    page(stage, "/framed", "<p>In the frame.")
    url = page(
        stage,
        "/parts",
        """<!doctype html><x-card><b>slotted</b></x-card><iframe src=/framed></iframe><script>
        document.querySelector('x-card').attachShadow({mode: 'open'}).innerHTML = '<p>In the shadow: <slot>none</slot>.</p>'</script>""",
    )
    html = lounge.render(url).html
    assert html.startswith("<!DOCTYPE html>")
    assert "<p>In the shadow: <slot><b>slotted</b></slot>.</p>" in html
    assert "<p>In the frame.</p>" in html


def test_pages_own_changes_to_the_browser_do_not_lie(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(
        stage,
        "/liar",
        """<p>Truth<script>Object.defineProperty(Element.prototype, 'outerHTML', {get: () => 'lie'});
        document.querySelectorAll = () => { throw 1 }; JSON.stringify = () => 'lie'</script>""",
    )
    assert "<p>Truth" in lounge.render(url).html


@pytest.mark.parametrize("status", [404])
def test_status_is_told_with_the_page(status: int, lounge: Lounge, stage: HostileOrigin) -> None:
    found = lounge.render(page(stage, "/gone", "<p>Not here.", status=f"{status} Odd"))
    assert found.rendered.status == status
    assert "Not here." in found.html


@pytest.mark.parametrize("way", ["Location: /end", "Refresh", "script"])
def test_moved_page_is_followed(way: str, lounge: Lounge, stage: HostileOrigin) -> None:
    end = page(stage, "/end", "<p>The end.")
    bodies = {
        "Refresh": "<meta http-equiv=refresh content='0;url=/end'>",
        "script": "<script>location.replace('/end')</script>",
    }
    fields = [way] if ":" in way else []
    url = page(stage, "/start", bodies.get(way, ""), *fields, status="302 Found" if fields else "200 OK")
    found = lounge.render(url)
    assert "The end." in found.html
    assert found.rendered.final_url == end


def test_selector_is_waited_for(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(
        stage,
        "/late",
        "<body><script>setTimeout(() => document.body.innerHTML = '<p id=late>Late.', 700)</script>",
    )
    assert "Late." in lounge.render(url, wait_for="#late").html


def test_selector_that_never_fits_is_told(lounge: Lounge, stage: HostileOrigin) -> None:
    found = lounge.render(page(stage, "/plain", "<p>Plain."), wait_for="#never", timeout_seconds=1.5)
    assert "Plain." in found.html
    assert list(found.rendered.warnings) == ["selector-not-found"]


def test_selector_that_does_not_parse_is_refused(lounge: Lounge, stage: HostileOrigin) -> None:
    with pytest.raises(ValidationFailed):
        lounge.render(page(stage, "/plain", "<p>Plain."), wait_for="p[")


def test_page_settles_for_as_long_as_asked(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(
        stage, "/slow", "<body><script>setTimeout(() => document.body.innerHTML = 'Settled.', 800)</script>"
    )
    assert "Settled." in lounge.render(url, settle_seconds=1).html


def test_scrolling_brings_what_waits_below(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(
        stage,
        "/lazy",
        """<div style='height:4000px'></div><p id=end>end<script>new IntersectionObserver(seen => {
        if (seen[0].isIntersecting) document.querySelector('#end').textContent = 'Scrolled to.' }).observe(document.querySelector('#end'))</script>""",
    )
    assert "Scrolled to." not in lounge.render(url).html
    assert "Scrolled to." in lounge.render(url, scroll=True).html


def size_of(picture: bytes) -> tuple[int, int]:
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    return width, height


def test_screenshots_have_the_pages_size(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/tall", "<!doctype html><body style='margin:0'><div style='height:3000px'>")
    assert size_of(lounge.render(url, screenshot="viewport").picture) == (1280, 900)
    assert size_of(lounge.render(url, screenshot="page").picture) == (1280, 3000)


def test_endless_page_is_cut_in_its_screenshot(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/endless", "<!doctype html><body style='margin:0'><div style='height:90000px'>")
    found = lounge.render(url, screenshot="page", width=800, height=600)
    assert size_of(found.picture) == (800, 16000)
    assert list(found.rendered.warnings) == ["screenshot-cut"]


def test_headers_go_to_the_pages_own_origin_alone(lounge: Lounge, stage: HostileOrigin) -> None:
    with hostile_origin() as stranger, open_lounge("127.0.0.1") as open_to_all:
        page(stranger, "/pixel", "x")
        page(stage, "/own", "x")
        url = page(stage, "/", f"<img src=/own><img src='{stranger.url('/pixel')}'>")
        given = {"X-Token": "t", "Cookie": "a=1; b=2", "Accept-Language": "eo"}
        open_to_all.render(url, headers=given, user_agent="Tester/1")
    seen = {request.target: request.headers for request in [*stage.requests, *stranger.requests]}
    for path in ("/", "/own"):
        assert (seen[path]["x-token"], seen[path]["cookie"], seen[path]["accept-language"]) == (
            "t",
            "a=1; b=2",
            "eo",
        )
    assert not {"x-token", "cookie"} & set(seen["/pixel"])
    assert {headers["user-agent"] for headers in seen.values()} == {"Tester/1"}


def test_visits_share_nothing(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/memory", "<body><script>document.body.append('had ' + (document.cookie || localStorage.x || 'nothing'));"
               "document.cookie = 'a=1'; localStorage.x = 1</script>")  # fmt: skip
    for _ in range(2):
        assert "had nothing" in lounge.render(url).html


# --- what is not reached ----------------------------------------------------------------------------------------------

REACHES = """
<link rel=stylesheet href="{url}?css"><link rel=preload as=image href="{url}?preload"><link rel=prefetch href="{url}?prefetch">
<link rel=dns-prefetch href="{url}"><link rel=preconnect href="{url}"><link rel=manifest href="{url}?manifest"><link rel=icon href="{url}?icon">
<style>@font-face {{ font-family: f; src: url({url}?font) }} p {{ font-family: f; background: url({url}?background) }}</style>
<img src="{url}?img"><img src="http://user:pw@127.1:{port}/"><img src="http://[::ffff:127.0.0.1]:{port}/"><img src="http://localhost:{port}/">
<img src="http://169.254.169.254/latest/meta-data/"><iframe src="{url}?frame"></iframe><iframe src="file:///etc/passwd"></iframe>
<iframe src="https://127.0.0.1:{port}/"></iframe><object data="{url}?object"></object><embed src="{url}?embed"><video src="{url}?video"></video>
<audio src="{url}?audio" autoplay></audio><script src="{url}?script"></script><script type=module src="{url}?module"></script>
<form id=form action="{url}?form" target=frame method=post></form><iframe name=frame></iframe><p>Held in.</p><script>
const url = "{url}", tell = (t) => document.body.append(" leaked:" + t);
fetch(url, {{mode: "no-cors"}}).catch(() => 0); fetch(url).then(r => r.text()).then(tell).catch(() => 0);
fetch("file:///etc/passwd").then(r => r.text()).then(tell).catch(() => 0);
const x = new XMLHttpRequest(); x.open("GET", url + "?xhr"); x.onload = () => tell(x.responseText); try {{ x.send() }} catch {{}}
for (const scheme of ["ws", "wss"]) try {{ new WebSocket(scheme + "://127.0.0.1:{port}/") }} catch {{}}
try {{ new EventSource(url) }} catch {{}}
navigator.sendBeacon(url, "x");
const code = `fetch("${{url}}?worker", {{mode: "no-cors"}}); new WebSocket("ws://127.0.0.1:{port}/"); importScripts("${{url}}?import")`;
try {{ new Worker(URL.createObjectURL(new Blob([code], {{type: "text/javascript"}}))) }} catch {{}}
try {{ new SharedWorker(URL.createObjectURL(new Blob([code]))) }} catch {{}}
try {{ navigator.serviceWorker.register("/sw.js") }} catch {{}}
try {{ const p = new RTCPeerConnection({{iceServers: [{{urls: "stun:127.0.0.1:{udp}"}}, {{urls: "turn:127.0.0.1:{port}?transport=tcp", username: "u", credential: "c"}}]}});
  p.createDataChannel("x"); p.createOffer().then(o => p.setLocalDescription(o)) }} catch {{}}
const inner = document.createElement("iframe"); inner.srcdoc = `<script>try {{ new RTCPeerConnection({{iceServers: [{{urls: "stun:127.0.0.1:{udp}"}}]}}).createDataChannel("x") }} catch {{}}</` + `script>`; document.body.append(inner);
try {{ new WebTransport("https://127.0.0.1:{port}/") }} catch {{}}
window.open(url + "?popup"); document.getElementById("form").submit();
const a = document.createElement("a"); a.href = url + "?ping"; a.ping = url; a.target = "_blank"; document.body.append(a); a.click();
const d = document.createElement("a"); d.href = "data:text/plain,x"; d.download = "x"; document.body.append(d); d.click();
</script>"""


def test_nothing_but_the_guard_is_reached(lounge: Lounge, stage: HostileOrigin, canary: Canary) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stun:
        stun.bind(("127.0.0.1", 0))
        stun.setblocking(False)
        body = REACHES.format(url=canary.url, port=canary.port, udp=stun.getsockname()[1])
        page(stage, "/sw.js", f"fetch('{canary.url}')", "Content-Type: text/javascript")
        html = lounge.render(page(stage, "/reaches", body), settle_seconds=1.0).html
        assert "Held in." in html
        assert "leaked" not in html
        assert "root:" not in html
        assert canary.connections == 0
        with pytest.raises(BlockingIOError):
            stun.recv(1)


@pytest.mark.parametrize("way", ["plain", "tls", "redirect", "metadata", "script"])
def test_forbidden_page_is_refused(way: str, lounge: Lounge, stage: HostileOrigin, canary: Canary) -> None:
    stage.raw("/away", f"HTTP/1.1 302 Found\r\nLocation: {canary.url}\r\nContent-Length: 0\r\n\r\n".encode())
    led = page(stage, "/led", f"<p>x<script>location.href = '{canary.url}'</script>")
    url = {
        "script": led, "plain": canary.url, "tls": f"https://127.0.0.1:{canary.port}/", "redirect": stage.url("/away"),
        "metadata": "http://169.254.169.254/latest/meta-data/",
    }[way]  # fmt: skip
    with pytest.raises(DestinationForbidden):
        lounge.render(url)
    assert canary.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "chrome://version",
        "view-source:http://x/",
        "ftp://x/",
        "javascript:1",
        "about:blank",
    ],
)
def test_other_schemes_are_no_pages(url: str, lounge: Lounge) -> None:
    with pytest.raises(AppError) as caught:
        lounge.render(url, timeout_seconds=8)
    assert caught.value.status == 400


def test_browser_is_fenced(lounge: Lounge, stage: HostileOrigin) -> None:
    lounge.render(page(stage, "/plain", "<p>Plain."))
    found = chromium_of(lounge.pool.pid or 0)
    assert found
    for pid in found:
        status = status_of(pid)
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
        if os.geteuid() == 0:
            assert status["Uid"].split() == ["65534"] * 4
    assert b"ENTREPOT" not in Path(f"/proc/{found[0]}/environ").read_bytes()


# --- pages that hold on -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("<script>for (;;);</script>", UpstreamTimeout),
        ("<p>x<script>setTimeout(() => { for (;;); }, 0)</script>", UpstreamTimeout),
        ("<script>const all = []; for (;;) all.push(new Uint8Array(50e6).fill(1))</script>", RenderFailed),
    ],
)
def test_page_that_holds_on_is_given_up(
    body: str, error: type[AppError], fresh: Lounge, stage: HostileOrigin
) -> None:
    fresh.renew(memory_bytes=900 * 1024**2)
    good = page(stage, "/good", "<p>Good.")
    url = page(stage, "/bad", body)
    started = time.monotonic()
    with pytest.raises(error):
        fresh.render(url, timeout_seconds=2 if error is UpstreamTimeout else 8)
    assert time.monotonic() - started < 12
    assert "Good." in fresh.render(good).html


@pytest.mark.parametrize(
    "script",
    [
        "alert(1); confirm(2); prompt(3); print(); for (let i = 0; i < 50; i++) open('/other'); setInterval(() => alert(1), 1)",
        "onbeforeunload = () => 'stay'; location.href = '/other'",
        "history.pushState(0, '', '/pushed'); setInterval(() => history.pushState(0, '', '/p' + Math.random()), 10)",
    ],
)
def test_page_that_asks_its_user_is_read(script: str, lounge: Lounge, stage: HostileOrigin) -> None:
    page(stage, "/other", "<p>Asked.")
    url = page(stage, "/asks", f"<p>Asked.<script>{script}</script>")
    assert "Asked." in lounge.render(url, timeout_seconds=8).html


def test_page_behind_a_password_is_told(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/locked", "<p>Locked.", 'WWW-Authenticate: Basic realm="x"', status="401 Unauthorized")
    found = lounge.render(url)
    assert (found.rendered.status, "Locked." in found.html) == (401, True)
    assert all("authorization" not in request.headers for request in stage.requests)


def test_page_that_never_finishes_is_read_as_far_as_it_is(lounge: Lounge, stage: HostileOrigin) -> None:
    stage.on("/never", never)
    found = lounge.render(page(stage, "/loading", "<p>There.<img src=/never>"), timeout_seconds=1.5)
    assert "There." in found.html
    assert list(found.rendered.warnings) == ["page-unfinished"]


def test_page_that_breaks_off_is_read_at_once_as_far_as_it_came(lounge: Lounge, stage: HostileOrigin) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\nConnection: close\r\n\r\n"
    url = stage.raw("/half", head + b"<p>Half of it.")
    found = lounge.render(url)
    assert "Half of it." in found.html
    assert "broke off" in found.rendered.warnings["page-unfinished"]


def test_page_that_is_left_while_it_loads_has_not_broken_off(lounge: Lounge, stage: HostileOrigin) -> None:
    page(stage, "/there", "<p>Arrived.")

    async def answer(exchange: Exchange) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999\r\n\r\n"
        await exchange.send(head + b"<p>Here." + b" " * 2000 + b"<script>location = '/there'</script>")
        await exchange.gone()

    found = lounge.render(stage.on("/left", answer))
    assert "Arrived." in found.html
    assert found.rendered.warnings == {}


def test_origin_that_does_not_answer_is_given_up(lounge: Lounge, stage: HostileOrigin) -> None:
    with pytest.raises(UpstreamTimeout):
        lounge.render(stage.on("/silent", never), timeout_seconds=1)


def test_origin_that_is_not_there_is_told(stage: HostileOrigin) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with open_lounge(f"127.0.0.1:{port}") as lounge, pytest.raises(UpstreamUnreachable):
        lounge.render(f"http://127.0.0.1:{port}/")


@pytest.mark.parametrize("kind", ["application/zip", "application/json"])
def test_what_is_no_page_is_told(kind: str, lounge: Lounge, stage: HostileOrigin) -> None:
    stage.raw("/file", f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: 2\r\n\r\n[]".encode())
    with pytest.raises(RenderFailed) as caught:
        lounge.render(stage.url("/file"))
    assert caught.value.extra == {"reason": "no-page"}


def test_page_too_large_is_refused(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/giant", "<body><script>document.body.append('x'.repeat(3e6))</script>")
    with pytest.raises(ContentTooLarge):
        lounge.render(url, max_bytes=1_000_000)


# --- the pool ---------------------------------------------------------------------------------------------------------


def test_browser_that_dies_is_replaced_and_its_page_rendered(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(
        stage, "/survivor", "<p>x<script>setTimeout(() => document.body.append('Survived.'), 600)</script>"
    )

    async def kill_meanwhile() -> str:
        visit = asyncio.create_task(lounge.visit(url, settle_seconds=0.8))
        await _until(lambda: bool(stage.requests))
        os.kill(chromium_of(lounge.pool.pid or 0)[0], signal.SIGKILL)
        return (await visit).html

    assert "Survived." in lounge.run(kill_meanwhile())
    assert len([request for request in stage.requests if request.target == "/survivor"]) == 2


async def _until(condition: Any) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def test_pages_are_rendered_side_by_side(fresh: Lounge, stage: HostileOrigin) -> None:
    fresh.renew(pages_at_once=3)
    together = asyncio.Barrier(3)

    async def answer(exchange: Exchange) -> None:
        await together.wait()
        await exchange.answer(b"<p>Together.", "Content-Type: text/html")

    urls = [stage.on(f"/side{number}", answer) for number in range(3)]

    async def all_of_them() -> list[str]:
        return [found.html for found in await asyncio.gather(*map(fresh.visit, urls))]

    assert all("Together." in html for html in fresh.run(all_of_them()))


def test_more_than_may_wait_are_refused(fresh: Lounge, stage: HostileOrigin) -> None:
    fresh.renew(pages_at_once=1, waiting=1)
    url = page(stage, "/plain", "<p>Plain.")

    async def three() -> list[Any]:
        return await asyncio.gather(*(fresh.visit(url) for _ in range(3)), return_exceptions=True)

    refused = [found for found in fresh.run(three()) if isinstance(found, Busy)]
    assert [error.retry_after_seconds for error in refused] == [5]


def test_idle_browser_ends(fresh: Lounge, stage: HostileOrigin) -> None:
    fresh.renew(idle_seconds=0.05)
    fresh.render(page(stage, "/plain", "<p>Plain."))
    eventually(lambda: fresh.pool.pid is None and not chromium_of(fresh.nursery.pid or 0))


def test_browser_is_replaced_after_its_pages(fresh: Lounge, stage: HostileOrigin) -> None:
    fresh.renew(pages_each=1)
    url = page(stage, "/plain", "<p>Plain.")
    pids = set()
    for _ in range(2):
        fresh.render(url)
        pids.add(fresh.pool.pid)
    assert len(pids) == 2


def test_cancelled_page_is_closed(lounge: Lounge, stage: HostileOrigin) -> None:
    ended = asyncio.Event()

    async def answer(exchange: Exchange) -> None:
        await exchange.gone()
        ended.set()

    url = stage.on("/cancelled", answer)

    async def cancel() -> None:
        visit = asyncio.create_task(lounge.visit(url))
        await _until(lambda: bool(stage.requests))
        visit.cancel()
        await asyncio.wait([visit])

    lounge.run(cancel())
    eventually(ended.is_set)


def test_closed_pool_leaves_nothing(fresh: Lounge, stage: HostileOrigin) -> None:
    fresh.render(page(stage, "/plain", "<p>Plain."))
    before = tree_of(fresh.pool.pid or 0)
    fresh.run(fresh.pool.close())
    assert len(before) > 3
    eventually(lambda: not chromium_of(fresh.nursery.pid or 0))
    assert not [pid for pid in before if Path(f"/proc/{pid}").exists()]
    assert not profiles(fresh)


@pytest.mark.parametrize("is_warned", [True, False])
def test_profile_of_a_browser_that_was_killed_is_swept(
    is_warned: bool, fresh: Lounge, stage: HostileOrigin
) -> None:
    url = page(stage, "/plain", "<p>Plain.")
    fresh.render(url)
    os.kill(fresh.pool.pid or 0, signal.SIGTERM if is_warned else signal.SIGKILL)
    eventually(lambda: not chromium_of(fresh.nursery.pid or 0))
    fresh.render(url)
    assert len(profiles(fresh)) == 1


def profiles(lounge: Lounge) -> list[Path]:
    return list(lounge.folder.glob("entrepot-browser-*"))


def test_missing_browser_is_told(fresh: Lounge, monkeypatch: pytest.MonkeyPatch) -> None:
    fresh.renew(program=Path("/nowhere/chromium"))
    with pytest.raises(BrowserMissing, match="no browser at"):
        fresh.render("http://127.0.0.1/")
    monkeypatch.setenv("PATH", "/nowhere")
    fresh.renew()
    with pytest.raises(BrowserMissing, match="chromium-headless-shell"):
        fresh.render("http://127.0.0.1/")


def test_program_that_is_no_browser_fails(fresh: Lounge) -> None:
    fresh.renew(program=Path("/bin/true"))
    with pytest.raises(RenderFailed, match="did not start"):
        fresh.render("http://127.0.0.1/")


def test_job_renders_with_a_browser_of_its_own(lounge: Lounge, stage: HostileOrigin) -> None:
    url = page(stage, "/alone", "<body><script>document.body.append('Made alone.')</script>")
    assert "Made alone." in run_in_child(_render_alone, url, lounge.proxy.url)


def _render_alone(url: str, proxy_url: str) -> str:
    outfit = outfit_of({"proxy_url": proxy_url, "memory_bytes": 2 * 1024**3})
    with TemporaryDirectory() as folder:
        return Path(render_alone(RenderRequest(url), Path(folder), outfit).html_path).read_text()
