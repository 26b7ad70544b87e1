"""What came of a crawl's or a batch's pages, for those who ask while it runs or afterwards."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from entrepot.database import Database
from entrepot.jobs import pages
from entrepot.jobs.pages import Page
from entrepot.jobs.schema import PageState
from entrepot.storage.contract import BlobStore
from entrepot.threads import in_thread

_MAX_BYTES = 10 * 1024**2
_MAX_ERRORS = 10_000


@dataclass(frozen=True, slots=True)
class ResultPage:
    """Some results in the order in which they came; `next_place` asks for those that follow, None: there are none yet.

    `end` is the place after the last of these, where those that are still to come begin.
    """

    items: tuple[dict[str, Any], ...]
    next_place: int | None
    end: int


class PageResults:
    """The pages of jobs, which the caller has looked up before."""

    def __init__(self, database: Database, store: BlobStore) -> None:
        self._database = database
        self._store = store

    async def counts(self, job_id: str) -> Mapping[PageState, int]:
        """How many pages of the job stand in each state; all 0 when it has not begun, or its pages have expired."""
        return await self._database.read(partial(pages.counts, job_id=job_id))

    async def read(self, job_id: str, *, after: int, limit: int) -> ResultPage:
        """At most `limit` results from the place `after`, and not much over 10 MiB of them."""
        found = await self._database.read(partial(pages.results, job_id=job_id, after=after, limit=limit + 1))
        items, next_place = await in_thread(self._load, found[:limit])
        if next_place is None and len(found) > limit:
            next_place = found[limit].place
        last = next((page.place for page in reversed(found) if page.place is not None), after - 1)
        return ResultPage(tuple(items), next_place, last + 1 if next_place is None else next_place)

    async def failed(self, job_id: str) -> list[Page]:
        """The pages that could not be read."""
        return await self._in_state(job_id, PageState.FAILED)

    async def blocked(self, job_id: str) -> list[Page]:
        """The pages that robots.txt forbids."""
        return await self._in_state(job_id, PageState.BLOCKED)

    async def _in_state(self, job_id: str, state: PageState) -> list[Page]:
        return await self._database.read(
            partial(pages.in_state, job_id=job_id, state=state, limit=_MAX_ERRORS)
        )

    def _load(self, found: list[Page]) -> tuple[list[dict[str, Any]], int | None]:
        items: list[dict[str, Any]] = []
        size_bytes = 0
        for page in found:
            if items and size_bytes + (page.size_bytes or 0) > _MAX_BYTES:
                return items, page.place
            size_bytes += page.size_bytes or 0
            if page.sha256 is not None:
                with self._store.open(page.sha256) as blob:
                    items.append({**json.loads(blob.read()), "url": page.url})
        return items, None
