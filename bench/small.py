"""`python -m bench.small`: small pages from loopback, 64 at once, through the whole fetching layer, beside httpx 0.28.

Both run in this process, one after the other, in turns; ends with 1 where the median of the ratios is below the limit.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import httpx
import uvloop

from bench.pages import BODY
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response
from entrepot.fetch.guard import Guard
from entrepot.fetch.origins import Origins
from entrepot.fetch.turns import Politeness
from entrepot.fetch.url import parse_url

MIN_RATIO = 6.0
_LIMITS = Limits(max_bytes=1024**2, total_seconds=60, min_bytes_per_second=100)

Get = Callable[[], Awaitable[bytes]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=5000, help="requests in a round (5000)")
    parser.add_argument("--at-once", type=int, default=64, help="requests under way at once (64)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds (3)")
    parser.add_argument("--ours-only", action="store_true", help="for profiling")
    options = parser.parse_args()
    with _origin() as url:
        return uvloop.run(_compare(url, options))


async def _compare(url: str, options: argparse.Namespace) -> int:
    print(f"{options.pages} pages of {len(BODY)} bytes, {options.at_once} at once, pages a second")
    print(f"{'round':>7} {'httpx':>8} {'ours':>8} {'ratio':>7}")
    ratios = []
    for number in range(1, options.rounds + 1):
        theirs = 1.0 if options.ours_only else await _httpx_rate(url, options)
        ours = await _our_rate(url, options)
        ratios.append(ours / theirs)
        print(f"{number:>7} {theirs:>8.0f} {ours:>8.0f} {ratios[-1]:>7.1f}")
    ratio = statistics.median(ratios)
    is_enough = ratio >= MIN_RATIO
    print(f"median ratio {ratio:.1f} (at least {MIN_RATIO}): {'enough' if is_enough else 'NOT ENOUGH'}")
    return 0 if is_enough else 1


async def _httpx_rate(url: str, options: argparse.Namespace) -> float:
    limits = httpx.Limits(max_connections=options.at_once, max_keepalive_connections=options.at_once)
    async with httpx.AsyncClient(limits=limits, timeout=60, trust_env=False) as client:

        async def get() -> bytes:
            return (await client.get(url)).content

        return await _rate(get, options)


async def _our_rate(url: str, options: argparse.Namespace) -> float:
    client = FetchClient(Guard(allow=["127.0.0.1"]), user_agent="entrepot-bench")
    origins = Origins(client, politeness=Politeness(per_host=options.at_once, in_all=options.at_once))

    async def read(response: Response) -> bytes:
        return await response.read()

    async def get() -> bytes:
        return await origins.fetch(FetchRequest(parse_url(url)), _LIMITS, read)

    try:
        return await _rate(get, options)
    finally:
        await client.aclose()


async def _rate(get: Get, options: argparse.Namespace) -> float:
    """Pages a second, each checked, after enough of them to open the connections."""
    await _get_all(get, options.at_once, options.at_once)
    began = time.perf_counter()
    await _get_all(get, options.pages, options.at_once)
    return float(options.pages / (time.perf_counter() - began))


async def _get_all(get: Get, count: int, at_once: int) -> None:
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            assert await get() == BODY

    await asyncio.gather(*(work() for _ in range(at_once)))


@contextmanager
def _origin() -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-m", "bench.pages"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/page"
        finally:
            process.terminate()


if __name__ == "__main__":
    sys.exit(main())
