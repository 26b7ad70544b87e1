"""The addresses of a site without reading its pages: its sitemaps, and the links of one page."""

import asyncio
from dataclasses import dataclass

from entrepot.errors import AppError, UpstreamTimeout
from entrepot.fetch.url import URL, parse_url
from entrepot.pipelines.reader import PageReader
from entrepot.pipelines.scope import CrawlRules, Scope, SitemapMode, page_key
from entrepot.pipelines.scrape import PageWish, Scraper
from entrepot.pipelines.site import SiteBook

_MAX_ADDRESSES = 100_000


@dataclass(frozen=True, slots=True)
class MapWish:
    """What to look for. `search` narrows the addresses to those that hold all of its words, best first."""

    search: str | None = None
    limit: int = 5000
    sitemap: SitemapMode = "include"
    may_leave_to_subdomains: bool = True
    ignore_query: bool = True
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class MappedLink:
    """An address of the site; `title` is the text of the link that led to it."""

    url: str
    title: str | None = None


class SiteMapper:
    """Maps sites through `reader`, as far as their robots.txt allows."""

    def __init__(self, reader: PageReader, *, user_agent: str) -> None:
        self._reader = reader
        self._user_agent = user_agent

    async def map(self, start: URL, wish: MapWish, *, owner: str) -> list[MappedLink]:
        """The site's addresses, those of the page first. Raises the page's error where nothing else is known, UpstreamTimeout."""
        try:
            async with asyncio.timeout(wish.timeout_seconds):
                return await self._map(start, wish, owner)
        except TimeoutError as error:
            raise UpstreamTimeout("The site could not be mapped within the time given.") from error

    async def _map(self, start: URL, wish: MapWish, owner: str) -> list[MappedLink]:
        rules = CrawlRules(crawl_entire_domain=True, allow_subdomains=wish.may_leave_to_subdomains)
        scope = Scope(rules, start)
        found: dict[str, MappedLink] = {}

        def take(address: str, title: str | None = None) -> None:
            url = _parsed(address)
            if url is not None and len(found) < _MAX_ADDRESSES and scope.admits(url, 0):
                key = page_key(url, ignore_query=wish.ignore_query, deduplicate_similar=True)
                found.setdefault(key, MappedLink(_shown(url, wish), title))

        trouble: AppError | None = None
        if wish.sitemap != "only":
            take(str(start))
            try:
                for link in await Scraper(self._reader).links(start, PageWish(), owner=owner):
                    take(str(link.get("href", "")), str(link.get("text", "")).strip() or None)
            except AppError as error:
                trouble = error
        if wish.sitemap != "skip":
            site = SiteBook(self._reader, user_agent=self._user_agent, owner=owner)
            async for address in site.listed(start):
                take(address)
        if trouble is not None and len(found) <= 1:
            raise trouble
        return _sought(list(found.values()), wish.search)[: wish.limit]


def _shown(url: URL, wish: MapWish) -> str:
    return str(url).partition("?")[0] if wish.ignore_query else str(url)


def _sought(links: list[MappedLink], search: str | None) -> list[MappedLink]:
    """Those that hold all words of `search`, the more of them in the address the earlier."""
    words = (search or "").lower().split()
    if not words:
        return links
    held = [link for link in links if all(word in f"{link.url} {link.title or ''}".lower() for word in words)]
    return sorted(held, key=lambda link: -sum(word in link.url.lower() for word in words))


def _parsed(address: str) -> URL | None:
    try:
        return parse_url(address)
    except AppError:
        return None
