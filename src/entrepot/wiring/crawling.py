"""The jobs that run in the service's own process, and what is asked of their pages."""

import asyncio
from dataclasses import dataclass

from entrepot.config import Settings
from entrepot.database import Database
from entrepot.jobs.inline import InlineNursery
from entrepot.jobs.run import Nursery
from entrepot.jobs.work import Kind
from entrepot.pipelines.batch import BatchPipeline
from entrepot.pipelines.crawl import CrawlPipeline, CrawlTerms
from entrepot.pipelines.reader import PageReader
from entrepot.pipelines.results import PageResults
from entrepot.pipelines.scrape import Scraper
from entrepot.pipelines.sitemapper import SiteMapper
from entrepot.storage.contract import BlobStore


@dataclass(frozen=True, slots=True)
class Crawling:
    """What the doors of other services' clients work with."""

    scraper: Scraper
    mapper: SiteMapper
    results: PageResults


def build_crawling(settings: Settings, database: Database, store: BlobStore, reader: PageReader) -> Crawling:
    """What the roof asks of pages and their jobs."""
    mapper = SiteMapper(reader, user_agent=settings.user_agent)
    return Crawling(Scraper(reader), mapper, PageResults(database, store))


def with_service_jobs(
    settings: Settings, nursery: Nursery, *, database: Database, store: BlobStore, reader: PageReader
) -> InlineNursery:
    """The nursery, and beside it the kinds of jobs that need no child: they share their turns at reading pages."""
    turns = asyncio.Semaphore(settings.crawl_pages_at_once)
    terms = CrawlTerms(settings.user_agent, turns, time_limit_seconds=settings.crawl_time_limit_seconds)
    batch = BatchPipeline(database, store, reader, turns)
    crawl = CrawlPipeline(database, store, reader, terms)
    return InlineNursery(nursery, {Kind.CRAWL: crawl, Kind.SCRAPE: batch, Kind.WARM: batch})
