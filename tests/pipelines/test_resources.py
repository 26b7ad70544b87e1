"""Images for prints: through the proxy alone, within bounds, and no failure of one is anybody else's."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from entrepot.fetch.proxy import GuardProxy
from entrepot.pipelines.resources import ImageBounds, ImageFetcher
from entrepot.processes.fence import Fence, scrubbed_environment
from entrepot.processes.fork import call_fenced
from tests.content.prints import pages_of, picture_count, png
from tests.origin.canary import Canary
from tests.origin.children import run_in_child
from tests.origin.guarded import running_proxy
from tests.origin.hostile import CERTIFICATE, Exchange, HostileOrigin, hostile_origin, secure


@pytest.fixture
def proxy(origin: HostileOrigin) -> Iterator[GuardProxy]:
    with running_proxy([f"127.0.0.1:{origin.port}"]) as running:
        yield running


def fetcher(proxy: GuardProxy, **bounds: Any) -> ImageFetcher:
    return ImageFetcher(proxy.url, user_agent="Tester/1", bounds=ImageBounds(**bounds), ca_file=CERTIFICATE)


def serve(origin: HostileOrigin, path: str, body: bytes = b"image") -> str:
    async def answer(exchange: Exchange) -> None:
        await exchange.answer(body)

    return origin.on(path, answer)


async def never(exchange: Exchange) -> None:
    await exchange.gone()


async def forever(exchange: Exchange) -> None:
    await exchange.send(b"HTTP/1.1 200 OK\r\n\r\n")
    while True:
        await exchange.send(b"x" * 65536)


def test_images_are_fetched_by_their_addresses(proxy: GuardProxy, origin: HostileOrigin) -> None:
    urls = [serve(origin, f"/{number}", str(number).encode()) for number in range(9)]
    assert fetcher(proxy)(urls) == {url: str(number).encode() for number, url in enumerate(urls)}
    assert origin.requests[0].headers["user-agent"] == "Tester/1"
    assert origin.requests[0].headers["accept"].startswith("image/")


def test_image_is_fetched_once(proxy: GuardProxy, origin: HostileOrigin) -> None:
    url = serve(origin, "/a")
    fetcher(proxy)([url, url])
    assert len(origin.requests) == 1


def test_https_is_fetched_through_a_tunnel() -> None:
    with hostile_origin(tls=secure()) as origin, running_proxy([f"127.0.0.1:{origin.port}"]) as proxy:
        url = serve(origin, "/a")
        assert fetcher(proxy)([url]) == {url: b"image"}


def test_redirect_is_followed(proxy: GuardProxy, origin: HostileOrigin) -> None:
    serve(origin, "/b")
    url = origin.raw("/a", b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Length: 0\r\n\r\n")
    assert fetcher(proxy)([url]) == {url: b"image"}


def test_one_failure_is_nobody_elses(proxy: GuardProxy, origin: HostileOrigin, canary: Canary) -> None:
    good = serve(origin, "/good")
    bad = [
        origin.url("/missing"), canary.url, "file:///etc/passwd", "ftp://127.0.0.1/x", "gopher://127.0.0.1/", "http://", "https://[::1", "http://é/",
        origin.raw("/redirect", f"HTTP/1.1 302 Found\r\nLocation: {canary.url}\r\nContent-Length: 0\r\n\r\n".encode()),
        origin.raw("/local", b"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n"),
        origin.raw("/loop", b"HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n"),
        origin.raw("/short", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx"), origin.on("/reset", _reset),
    ]  # fmt: skip
    assert fetcher(proxy)([*bad, good]) == {good: b"image"}
    assert canary.connections == 0


async def _reset(exchange: Exchange) -> None:
    exchange.reset()


def test_image_too_large_is_left_out(proxy: GuardProxy, origin: HostileOrigin) -> None:
    said, unsaid = serve(origin, "/large", b"x" * 2000), origin.on("/endless", forever)
    small = serve(origin, "/small")
    assert fetcher(proxy, max_bytes=1000)([said, unsaid, small]) == {small: b"image"}


def test_all_images_together_are_bounded(proxy: GuardProxy, origin: HostileOrigin) -> None:
    urls = [serve(origin, f"/{number}", b"x" * 400) for number in range(5)]
    assert list(fetcher(proxy, max_total_bytes=1000, at_once=1)(urls)) == urls[:2]


def test_count_is_bounded(proxy: GuardProxy, origin: HostileOrigin) -> None:
    urls = [serve(origin, f"/{number}") for number in range(5)]
    assert list(fetcher(proxy, count=2)(urls)) == urls[:2]


def test_time_in_all_is_bounded(proxy: GuardProxy, origin: HostileOrigin) -> None:
    good = serve(origin, "/good")
    slow = [origin.on(f"/slow{number}", never) for number in range(4)]
    assert fetcher(proxy, total_seconds=0.4, at_once=5)([*slow, good]) == {good: b"image"}


def test_without_the_proxys_secret_nothing_comes(proxy: GuardProxy, origin: HostileOrigin) -> None:
    stranger = ImageFetcher(f"http://127.0.0.1:{proxy.port}", user_agent="x")
    assert stranger([serve(origin, "/a")]) == {}


def test_print_with_images_is_made_behind_the_fence(
    proxy: GuardProxy, origin: HostileOrigin, canary: Canary, tmp_path: Path
) -> None:
    url = serve(origin, "/crane.png", png(30, 20))
    fragment = f"<p>Crane <img src='{url}'><img src='{canary.url}' alt='secret'>"
    body = run_in_child(_print_fenced, fragment, proxy.url, proxy.port, tmp_path)
    assert picture_count(body) == 1
    assert "Crane" in pages_of(body)[0]
    assert "[secret]" in pages_of(body)[0]
    assert canary.connections == 0


def _print_fenced(fragment: str, proxy_url: str, port: int, folder: Path) -> bytes:
    fence = Fence(
        writable=(folder,), readable=(), connect_ports=(port,), memory_bytes=2 * 1024**3, cpu_seconds=30,
        environment=scrubbed_environment(folder),
    )  # fmt: skip

    def work(_say: object) -> dict[str, str]:
        from entrepot.content.formats.pdf import render
        from tests.content.prints import document

        images = ImageFetcher(proxy_url, user_agent="Tester/1")
        return {"body": render(document(fragment), images=images).body.hex()}

    return bytes.fromhex(str(call_fenced(fence, work, timeout_seconds=30)["body"]))
