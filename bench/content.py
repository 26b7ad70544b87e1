"""`python -m bench.content`: content from the cache and anew through the running service, side by side in one run.

Ends with 1 where a figure is beyond its limit. Figures are of this machine at this moment; only their ratios mean something
elsewhere.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx2
from tests.acceptance.service import ServiceProcess

from bench.fetch import new_client
from bench.page import running_page_origin
from entrepot.content.convert import convert
from entrepot.content.document import Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.fetch.client import FetchClient, FetchRequest, Limits
from entrepot.fetch.url import parse_url

MIN_CACHED_A_SECOND = 3000
MAX_CACHED_P99_MS = 10.0
MAX_OVERHEAD = 0.15
_AT_ONCE = 16
_HERD = 1000
_IN_A_ROW = 15
_LIMITS = Limits(max_bytes=1 << 25, total_seconds=30)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the report."""

    name: str
    value: str
    limit: str
    is_within: bool


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=5.0, help="how long cached answers are asked for (5)"
    )
    parser.add_argument("--rounds", type=int, default=8, help="rows of uncached readings of each page (8)")
    parser.add_argument("pages", type=Path, nargs="*", help="HTML files to read instead of the built-in page")
    options = parser.parse_args()
    pages = [path.read_bytes() for path in options.pages] or [_built_in_page()]
    with tempfile.TemporaryDirectory() as folder, running_page_origin(pages) as origin:
        settings = {"ENTREPOT_EGRESS_ALLOW": f"127.0.0.1:{origin.port}", "ENTREPOT_LOG_LEVEL": "warning"}
        with ServiceProcess(Path(folder), settings=settings) as service:
            figures = [
                *_cached(service.url, origin.url("/cached"), options.seconds),
                _overhead(
                    service.url, [origin.url("/anew", page) for page in range(len(pages))], options.rounds
                ),
                _herd(service.url, origin.url("/herd"), lambda: origin.count("/herd")),
            ]
    for figure in figures:
        print(
            f"{figure.name:<46} {figure.value:>16}   {figure.limit:<18} {'' if figure.is_within else 'BEYOND THE LIMIT'}"
        )
    return 0 if all(figure.is_within for figure in figures) else 1


# --- from the cache ---------------------------------------------------------------------------------------------------


def _cached(service: str, url: str, seconds: float) -> list[Figure]:
    path = f"/api/v1/content?format=markdown&url={quote(url, safe='')}"
    httpx2.get(service + path, trust_env=False).raise_for_status()
    took = asyncio.run(_ask_for(service, path, seconds))
    rate = len(took) / seconds
    p99 = statistics.quantiles(took, n=100)[98] * 1000
    return [
        Figure("cached answers a second, 16 at once", f"{rate:.0f}", f">= {MIN_CACHED_A_SECOND}", rate >= MIN_CACHED_A_SECOND),
        Figure("their 99th percentile, ms", f"{p99:.1f}", f"< {MAX_CACHED_P99_MS:g}", p99 < MAX_CACHED_P99_MS),
    ]  # fmt: skip


async def _ask_for(service: str, path: str, seconds: float) -> list[float]:
    """How long each answer took, over connections that each ask again as soon as they are answered."""
    took: list[float] = []
    until = time.perf_counter() + seconds

    async def ask() -> None:
        async with _Caller(service) as caller:
            while time.perf_counter() < until:
                took.append(await _timed(lambda: caller.get(path)))

    await asyncio.gather(*(ask() for _ in range(_AT_ONCE)))
    return took


class _Caller:
    """One connection to the service; as little as HTTP can be, so that what is timed is the service."""

    def __init__(self, service: str) -> None:
        self._host, _, port = service.removeprefix("http://").partition(":")
        self._port = int(port)

    async def __aenter__(self) -> "_Caller":
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def get(self, path: str) -> bytes:
        self._writer.write(
            f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nAccept: */*\r\n\r\n".encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200"), head
        return await self._reader.readexactly(
            int(head.lower().partition(b"content-length:")[2].partition(b"\r")[0])
        )


# --- anew -------------------------------------------------------------------------------------------------------------


def _overhead(service: str, urls: Sequence[str], rounds: int) -> Figure:
    """What the service adds to a bare fetch with our own client and the conversion in one process, for all pages together.

    The two take turns, some in a row each: so whatever else the machine does burdens both, and neither finds its processor
    asleep more often than the other. A page counts with the median of each.
    """
    ours, bare = asyncio.run(_read_anew(service, urls, rounds))
    added = ours / bare - 1
    return Figure(
        f"uncached, over fetch and conversion ({len(urls)} pages)",
        f"{added:+.0%} of {bare / len(urls) * 1000:.0f} ms",
        f"<= {MAX_OVERHEAD:.0%}",
        added <= MAX_OVERHEAD,
    )


async def _read_anew(service: str, urls: Sequence[str], rounds: int) -> tuple[float, float]:
    """Seconds for all pages: through the service, and without it."""
    client = new_client()
    try:
        async with _Caller(service) as caller:
            both = [await _read_page(caller, client, url, rounds) for url in urls]
    finally:
        await client.aclose()
    return sum(ours for ours, _ in both), sum(bare for _, bare in both)


async def _read_page(caller: _Caller, client: FetchClient, url: str, rounds: int) -> tuple[float, float]:
    path = f"/api/v1/content?format=markdown&max_age=0&url={quote(url, safe='')}"
    ours: list[float] = []
    bare: list[float] = []
    for _ in range(rounds):
        bare.extend([await _timed(lambda: _fetch_and_convert(client, url)) for _ in range(_IN_A_ROW)])
        ours.extend([await _timed(lambda: caller.get(path)) for _ in range(_IN_A_ROW)])
    return statistics.median(ours), statistics.median(bare)


async def _fetch_and_convert(client: FetchClient, url: str) -> None:
    async with client.stream(FetchRequest(parse_url(url)), _LIMITS) as response:
        body = await response.read()
    convert(Page(body, "text/html", url, url), Format.MARKDOWN, ContentOptions())


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


# --- a herd -----------------------------------------------------------------------------------------------------------


def _herd(service: str, url: str, count: Callable[[], int]) -> Figure:
    asked = f"{service}/api/v1/content?format=text&url={quote(url, safe='')}"
    limits = httpx2.Limits(max_connections=200)
    with httpx2.Client(trust_env=False, timeout=60, limits=limits) as http, ThreadPoolExecutor(200) as pool:
        statuses = set(pool.map(lambda _: http.get(asked).status_code, range(_HERD)))
    fetches = count()
    return Figure(
        f"fetches for {_HERD} askers at once", str(fetches), "1", fetches == 1 and statuses == {200}
    )


def _built_in_page() -> bytes:
    """A page of about the size and make of a news article: navigation, text with links, a table, related links."""
    paragraph = (
        "<p>" + "The harbour of Saltmere has had a crane since the year in which the rope walk burned. " * 6
    )
    links = "".join(f"<li><a href='/n/{n}'>Another story of the town, number {n}</a>" for n in range(120))
    rows = "".join(f"<tr><td>Ship {n}<td>{n * 7} t<td>Pier {n % 5}" for n in range(30))
    body = "".join(f"<h2>Part {n}</h2>{paragraph}<a href='/p/{n}'>More</a>" for n in range(24))
    return (
        f"<!doctype html><html lang=en><head><title>The crane of Saltmere</title></head><body><nav><ul>{links}</ul></nav>"
        f"<main><article><h1>The crane of Saltmere</h1>{body}<table>{rows}</table></article></main>"
        f"<aside><ul>{links}</ul></aside><footer>Imprint</footer></body></html>"
    ).encode()


if __name__ == "__main__":
    sys.exit(main())
