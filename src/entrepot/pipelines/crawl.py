"""Crawling: a first page, the pages of the site that it leads to, and so on, within rules and in the site's own pace."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from entrepot.database import Database
from entrepot.errors import AppError, OutsideCrawl, RobotsDisallowed
from entrepot.fetch.url import URL, parse_url
from entrepot.jobs.pages import NewPage, Page
from entrepot.jobs.schema import PageState
from entrepot.jobs.work import Desk, Order, Outcome, Source
from entrepot.pipelines.pagework import OUR_TROUBLE, PageWork, failure, patiently
from entrepot.pipelines.reader import PageReader
from entrepot.pipelines.scope import CrawlRules, Scope, page_key
from entrepot.pipelines.scrape import PageWish, Scraper
from entrepot.pipelines.site import SiteBook
from entrepot.storage.contract import BlobStore

_MAX_LINKS = 5000  # of one page; what lies behind is a trap, or on another page as well
_AT_ONCE = 4
_PIECE = 100


@dataclass(frozen=True, slots=True)
class CrawlTerms:
    """What the operator lets a crawl cost. `user_agent` is how robots.txt knows us; `turns` are shared by all jobs."""

    user_agent: str
    turns: asyncio.Semaphore
    at_once: int = _AT_ONCE
    time_limit_seconds: float = 6 * 3600.0


class CrawlPipeline:
    """Crawls one site. Options: `rules` (CrawlRules), `page` (PageWish), `owner`."""

    def __init__(self, database: Database, store: BlobStore, reader: PageReader, terms: CrawlTerms) -> None:
        self._database = database
        self._store = store
        self._reader = reader
        self._terms = terms

    async def run(self, order: Order, desk: Desk) -> Outcome:
        """The crawl's pages as one file of JSON lines.

        Raises the first page's error when nothing can be read there, RobotsDisallowed, BadInput for bad patterns.
        """
        rules = CrawlRules.from_dict(order.options.get("rules", {}))
        work = PageWork(self._database, self._store, order, desk, limit=rules.limit)
        crawl = _Crawl(work, order, desk, reader=self._reader, terms=self._terms, rules=rules)
        return await crawl.run()


class _Crawl:
    def __init__(
        self,
        work: PageWork,
        order: Order,
        desk: Desk,
        *,
        reader: PageReader,
        terms: CrawlTerms,
        rules: CrawlRules,
    ) -> None:
        self._work = work
        self._desk = desk
        self._terms = terms
        self._rules = rules
        self._owner = str(order.options.get("owner", ""))
        self._wish = PageWish.from_dict(order.options.get("page", {}))
        self._scraper = Scraper(reader)
        self._site = SiteBook(
            reader, user_agent=terms.user_agent, owner=self._owner, is_obeyed=not rules.ignore_robots
        )
        self._start = parse_url(order.url)
        self._scope = Scope(rules, self._start)
        self._pace = _Pace()

    async def run(self) -> Outcome:
        first = await self._begin()
        if first.final_url:
            self._scope = Scope(self._rules, self._start, parse_url(first.final_url))
        if first.state is PageState.WAITING and self._rules.sitemap != "only":
            await self._visit_first(first)
        await self._add_listed()
        is_whole = await self._work.run(
            self._visit, at_once=await self._number_at_once(), until=self._deadline(first.created_at)
        )
        if not is_whole:
            skipped = await self._work.skip_rest()
            self._desk.log("warning", f"The time limit has been reached; {skipped} pages were not read.")
        return await self._outcome()

    async def _begin(self) -> Page:
        await self._require_allowed(self._start)
        return await self._work.begin([NewPage(str(self._start), self._key(self._start))])

    async def _visit_first(self, page: Page) -> None:
        """The first page alone: without it there is no crawl, and where it redirects to is the site that is meant."""
        content, links = await self._read(page)
        landed = parse_url(content["final_url"] or page.url)
        await self._require_allowed(landed)
        self._scope = Scope(self._rules, self._start, landed)
        await self._keep(page, content, landed, links)

    async def _visit(self, page: Page) -> None:
        try:
            content, links = await self._read(page)
            landed = parse_url(content["final_url"] or page.url)
            if not self._scope.is_on_site(landed):
                raise OutsideCrawl("The page redirects to another site.")
            await self._require_allowed(landed)
        except OUR_TROUBLE:
            raise
        except AppError as error:
            await self._work.note(page, failure(error))
        else:
            await self._keep(page, content, landed, links)

    async def _read(self, page: Page) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        url = parse_url(page.url)
        asked_seconds = await self._site.delay_seconds(url)
        await self._pace.wait(url.host, max(self._rules.delay_seconds, asked_seconds))
        async with self._terms.turns:
            content = await patiently(lambda: self._scraper.scrape(url, self._wish, owner=self._owner))
            links = [] if self._is_last(page) else await self._links(url)
        return content, links

    async def _require_allowed(self, url: URL) -> None:
        """Where a redirect leads counts as much as where it began. Raises RobotsDisallowed."""
        if not await self._site.allows(url):
            raise RobotsDisallowed(f"{url.host}'s robots.txt does not allow this page to be read.")

    async def _links(self, url: URL) -> list[dict[str, Any]]:
        """A page that can be read has been read, even where its links cannot be had."""
        try:
            return await patiently(lambda: self._scraper.links(url, self._wish, owner=self._owner))
        except OUR_TROUBLE:
            raise
        except AppError as error:
            self._desk.log("info", f"{url}: its links could not be read ({error.code}).")
            return []

    def _is_last(self, page: Page) -> bool:
        """Whether no link of this page could belong to the crawl."""
        max_depth = self._rules.max_depth
        return self._rules.sitemap == "only" or (max_depth is not None and page.depth >= max_depth)

    async def _keep(
        self, page: Page, content: dict[str, Any], landed: URL, links: Sequence[Mapping[str, Any]]
    ) -> None:
        addresses = [str(link.get("href", "")) for link in links[:_MAX_LINKS]]
        found = await self._admitted(addresses, page.depth + 1)
        await self._work.keep(page, content, final_key=self._key(landed), found=found)

    async def _admitted(self, addresses: Sequence[str], depth: int) -> list[NewPage]:
        """Those of the addresses that belong to the crawl, each once, and which of them robots.txt forbids."""
        found: dict[str, NewPage] = {}
        for number, address in enumerate(addresses):
            if number % _PIECE == 0:
                await asyncio.sleep(0)  # a sitemap lists fifty thousand of them
            url = _parsed(address)
            if url is None or not self._scope.admits(url, depth):
                continue
            key = self._key(url)
            if key not in found:
                is_blocked = not await self._site.allows(url)
                found[key] = NewPage(str(url), key, depth, is_blocked)
        return list(found.values())

    async def _add_listed(self) -> None:
        """The sitemap's pages, as far away as the first one."""
        if self._rules.sitemap == "skip":
            return
        addresses: list[str] = []
        async for address in self._site.listed(self._start):
            addresses.append(address)
            if len(addresses) >= 10 * self._rules.limit:
                break
        await self._work.add(await self._admitted(addresses, 0))

    async def _number_at_once(self) -> int:
        """One at a time where a pause is to be kept."""
        if self._rules.delay_seconds or await self._site.delay_seconds(self._start):
            return 1
        return min(self._rules.max_concurrency or self._terms.at_once, self._terms.at_once)

    def _deadline(self, began_at: datetime) -> datetime:
        longest = self._terms.time_limit_seconds
        wished = min(self._rules.time_limit_seconds or longest, longest)
        return deadline_of(began_at, datetime.now(UTC), wished)

    def _key(self, url: URL) -> str:
        rules = self._rules
        return page_key(url, ignore_query=rules.ignore_query, deduplicate_similar=rules.deduplicate_similar)

    async def _outcome(self) -> Outcome:
        counts, first = await self._work.counts(), await self._work.first()
        details = {"pages": counts[PageState.DONE], "failed": counts[PageState.FAILED]}
        file = await self._work.write_results("crawl.jsonl")
        title = first.title if first is not None else None
        return Outcome((file,), Source(url=str(self._start), title=title, details=details))


def deadline_of(began_at: datetime, now: datetime, limit_seconds: float) -> datetime:
    """When a crawl has to end: counted from where it began, over restarts.

    One that is taken up again only afterwards, by hand or after a long standstill, gets its time anew.
    """
    limit = timedelta(seconds=limit_seconds)
    return began_at + limit if began_at + limit > now else now + limit


class _Pace:
    """A pause between two requests to the same host, kept across pages that are read at once."""

    def __init__(self) -> None:
        self._free_at: dict[str, float] = {}

    async def wait(self, host: str, seconds: float) -> None:
        """Returns when the host may be asked again."""
        if seconds <= 0:
            return
        now = asyncio.get_running_loop().time()
        at = max(self._free_at.get(host, 0.0), now)
        self._free_at[host] = at + seconds
        await asyncio.sleep(at - now)


def _parsed(address: str) -> URL | None:
    try:
        return parse_url(address)
    except AppError:
        return None
