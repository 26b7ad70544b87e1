"""Many pages in one job: read and kept (`scrape`), or read so that the cache holds them (`warm`)."""

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any

from entrepot.content.format import Format
from entrepot.database import Database
from entrepot.errors import AppError, ConversionUnsupported
from entrepot.fetch.url import URL, parse_url
from entrepot.jobs.pages import NewPage, Page, PageResult
from entrepot.jobs.schema import PageState
from entrepot.jobs.work import Desk, Kind, Order, Outcome, Source
from entrepot.pipelines.pagework import OUR_TROUBLE, PageWork, failure, patiently
from entrepot.pipelines.reader import PageReader, ReadRequest
from entrepot.pipelines.scrape import PageWish, Scraper
from entrepot.storage.contract import BlobStore

_AT_ONCE = 8


class BatchPipeline:
    """Reads the pages `urls`, in their order and some at once; one page's failure is never another's.

    Options: `urls`, `page` (PageWish), `owner`, `max_concurrency`; a `warm` job takes `formats` (names of formats, only
    markdown unless said otherwise) instead of `page`, and keeps nothing but how each page went.
    """

    def __init__(
        self, database: Database, store: BlobStore, reader: PageReader, turns: asyncio.Semaphore
    ) -> None:
        """`turns` are shared by all jobs."""
        self._database = database
        self._store = store
        self._reader = reader
        self._scraper = Scraper(reader)
        self._turns = turns

    async def run(self, order: Order, desk: Desk) -> Outcome:
        """What came of the pages, as one file of JSON lines."""
        urls = list(order.options["urls"])
        work = PageWork(self._database, self._store, order, desk, limit=len(urls))
        first = await work.begin([NewPage(url, _key(place, url)) for place, url in enumerate(urls)])
        visitor = _Visitor(self, work, order.kind, order.options)
        wished = order.options.get("max_concurrency") or _AT_ONCE
        await work.run(visitor.visit, at_once=min(wished, _AT_ONCE))
        counts = await work.counts()
        details = {"pages": counts[PageState.DONE], "failed": counts[PageState.FAILED]}
        name = "warm.jsonl" if order.kind is Kind.WARM else "batch.jsonl"
        return Outcome((await work.write_results(name),), Source(url=first.url, details=details))

    async def scrape(self, url: URL, wish: PageWish, owner: str) -> dict[str, Any]:
        async with self._turns:
            return await patiently(lambda: self._scraper.scrape(url, wish, owner=owner))

    async def warm(self, url: URL, formats: list[Format], owner: str) -> str:
        """Has the cache hold the source and these forms of it, as far as they can be had; gives the final address."""
        final_url = str(url)
        async with self._turns:
            forms: list[Format | None] = [*formats] or [None]
            for form in forms:
                try:
                    reading = await self._reader.read(ReadRequest(url, form, owner=owner))
                except ConversionUnsupported:
                    reading = await self._reader.read(ReadRequest(url, None, owner=owner))
                final_url = reading.final_url
                await reading.aclose()
        return final_url


class _Visitor:
    def __init__(
        self, pipeline: BatchPipeline, work: PageWork, kind: Kind, options: Mapping[str, Any]
    ) -> None:
        self._pipeline = pipeline
        self._work = work
        self._is_warming = kind is Kind.WARM
        self._owner = str(options.get("owner", ""))
        self._wish = PageWish.from_dict(options.get("page", {}))
        self._formats = [Format(name) for name in options.get("formats", [Format.MARKDOWN])]

    async def visit(self, page: Page) -> None:
        try:
            url = parse_url(page.url)
            if self._is_warming:
                final_url = await self._pipeline.warm(url, self._formats, self._owner)
                await self._work.note(page, PageResult(final_url=final_url))
            else:
                content = await self._pipeline.scrape(url, self._wish, self._owner)
                await self._work.keep(page, content, final_key=None, found=())
        except OUR_TROUBLE:
            raise
        except AppError as error:
            await self._work.note(page, failure(error))


def _key(place: int, url: str) -> str:
    """Every page of a batch is one of its own, also when its address is given twice."""
    return hashlib.sha256(f"{place} {url}".encode()).hexdigest()
