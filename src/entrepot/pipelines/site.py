"""What a site says to crawlers, fetched through the reader: its robots.txt, and the addresses in its sitemaps."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

from entrepot.errors import AppError, UpstreamBusy, UpstreamFailure, UpstreamNotFound
from entrepot.fetch.url import URL, parse_url
from entrepot.pipelines.intake import read_start
from entrepot.pipelines.reader import PageReader, ReadRequest
from entrepot.pipelines.robots import ALLOWS_ALL, FORBIDS_ALL, MAX_BYTES, Robots, read_robots
from entrepot.pipelines.sitemap import MAX_BYTES as SITEMAP_BYTES
from entrepot.pipelines.sitemap import Sitemap, read_sitemap
from entrepot.telemetry import get_logger
from entrepot.threads import in_thread

_FRESH_SECONDS = 24 * 3600.0  # RFC 9309 section 2.4
_MAX_SITEMAPS = 50
_MAX_SITES = 1000
_TIMEOUT_SECONDS = 30.0
_log = get_logger("crawl")


@dataclass(frozen=True, slots=True)
class _Known:
    robots: Robots
    until: float


class SiteBook:
    """What the sites of one crawl say, each asked once a day. `is_obeyed` False takes everything as allowed."""

    def __init__(self, reader: PageReader, *, user_agent: str, owner: str, is_obeyed: bool = True) -> None:
        self._reader = reader
        self._user_agent = user_agent
        self._owner = owner
        self._is_obeyed = is_obeyed
        self._known: dict[tuple[str, str, int], _Known] = {}
        self._asking = asyncio.Lock()

    async def allows(self, url: URL) -> bool:
        """Whether the site's robots.txt lets us read `url`."""
        return not self._is_obeyed or (await self.robots(url)).allows(url.target)

    async def delay_seconds(self, url: URL) -> float:
        """The pause that the site asks for between requests; 0: none."""
        return (await self.robots(url)).delay_seconds or 0.0 if self._is_obeyed else 0.0

    async def robots(self, url: URL) -> Robots:
        """The rules of the site of `url`."""
        known = self._known.get(url.origin)
        if known is None or known.until < time.monotonic():
            async with self._asking:
                known = self._known.get(url.origin)
                if known is None or known.until < time.monotonic():
                    known = _Known(await self._fetch_robots(url), time.monotonic() + _FRESH_SECONDS)
                    if len(self._known) >= _MAX_SITES:
                        del self._known[next(iter(self._known))]
                    self._known[url.origin] = known
        return known.robots

    async def listed(self, url: URL) -> AsyncIterator[str]:
        """The pages in the sitemaps of the site of `url`: those that its robots.txt names, else `/sitemap.xml`.

        What cannot be read is left out.
        """
        named = (await self.robots(url)).sitemaps
        waiting = list(named) or [str(url.join("/sitemap.xml"))]
        seen: set[str] = set()
        while waiting and len(seen) < _MAX_SITEMAPS:
            address = waiting.pop(0)
            if address in seen:
                continue
            seen.add(address)
            found = await self._fetch_sitemap(address)
            waiting += found.sitemaps
            for page in found.pages:
                yield page

    async def _fetch_robots(self, url: URL) -> Robots:
        """Unavailable (4xx) means that everything is allowed, unreachable (5xx, no answer) that nothing is: section 2.3.1."""
        try:
            return read_robots(await self._fetch(url.join("/robots.txt"), MAX_BYTES), self._user_agent)
        except UpstreamNotFound:
            return ALLOWS_ALL
        except UpstreamBusy:
            return FORBIDS_ALL
        except UpstreamFailure as error:
            status = error.extra.get("upstream_status")
            return ALLOWS_ALL if isinstance(status, int) and status < 500 else FORBIDS_ALL
        except AppError as error:
            _log.info("robots.txt could not be read", host=url.host, code=error.code)
            return FORBIDS_ALL

    async def _fetch_sitemap(self, address: str) -> Sitemap:
        try:
            body = await self._fetch(parse_url(address), SITEMAP_BYTES)
        except AppError as error:
            _log.info("a sitemap could not be read", url=address[:200], code=error.code)
            return Sitemap()
        return await in_thread(read_sitemap, body)

    async def _fetch(self, url: URL, max_bytes: int) -> bytes:
        request = ReadRequest(url, None, timeout_seconds=_TIMEOUT_SECONDS, render="http", owner=self._owner)
        reading = await self._reader.read(request)
        return await read_start(reading, max_bytes)
