"""A page's content as a document to keep: fetch -> convert -> store."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.fetch.client import FetchClient, Limits
from entrepot.fetch.url import parse_url
from entrepot.jobs.work import Desk, Order, Outcome, Progress, Source, Stage, StoredFile
from entrepot.media.names import file_name, safe_title
from entrepot.pipelines.conversion import Converted, Fetched, convert_fenced, fetch_page
from entrepot.pipelines.wishes import origin_headers, within
from entrepot.storage.contract import BlobStore

FETCHED_PERCENT = 50.0
CONVERTED_PERCENT = 95.0


class PagePipeline:
    """Keeps a page's main content as markdown. Heeds `headers`, `referer` and `max_filesize_bytes`."""

    def __init__(self, client_factory: Callable[[], FetchClient], store: BlobStore, limits: Limits) -> None:
        """`limits` are those of one attempt's fetch."""
        self._client_factory = client_factory
        self._store = store
        self._limits = limits

    def run(self, order: Order, desk: Desk) -> Outcome:
        """Raises what `fetch_page` and `convert_fenced` raise."""
        desk.progress(Progress(Stage.DOWNLOADING))
        fetched = asyncio.run(self._fetch(order))
        size = fetched.size_bytes
        desk.progress(Progress(Stage.CONVERTING, FETCHED_PERCENT, size, size))
        target = order.folder / "content"
        target.mkdir()
        converted = convert_fenced(fetched, Format.MARKDOWN, ContentOptions(), target / "page.md")
        source = _source_of(order, fetched, converted)
        desk.source(source)
        desk.progress(Progress(Stage.STORING, CONVERTED_PERCENT, size, size))
        return Outcome((self._keep(converted, source),), source)

    async def _fetch(self, order: Order) -> Fetched:
        client = self._client_factory()
        limits = within(self._limits, order.options)
        try:
            return await fetch_page(
                client, parse_url(order.url), limits, order.folder / "page", origin_headers(order.options)
            )
        finally:
            await client.aclose()

    def _keep(self, converted: Converted, source: Source) -> StoredFile:
        blob = self._store.adopt(Path(converted.path))
        name = file_name(safe_title(source.title, fallback="page"), "md")
        return StoredFile(
            "main", name, MEDIA_TYPES[Format.MARKDOWN], blob.sha256, blob.size_bytes, f"pages/{name}"
        )


def _source_of(order: Order, fetched: Fetched, converted: Converted) -> Source:
    details = {"final_url": fetched.final_url, "canonical_url": converted.canonical_url}
    return Source(
        url=order.url,
        title=converted.title or parse_url(fetched.final_url).host,
        uploader=converted.author,
        details={name: value for name, value in details.items() if value is not None},
    )
