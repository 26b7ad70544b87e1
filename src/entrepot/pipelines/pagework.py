"""How a job works through its pages: some at once, each result durable before the next step, and one file at the end."""

import asyncio
import io
import json
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from entrepot.database import Database
from entrepot.errors import AppError, DatabaseUnavailable, JobCrashed, JobTakenOver, OutOfOrder, StorageFull
from entrepot.jobs import pages
from entrepot.jobs.pages import NewPage, Page, PageResult
from entrepot.jobs.schema import PageState
from entrepot.jobs.work import Desk, Order, Progress, Stage, StoredFile
from entrepot.storage.contract import Blob, BlobStore
from entrepot.threads import in_thread

T = TypeVar("T")
Visit = Callable[[Page], Awaitable[None]]

OUR_TROUBLE = (DatabaseUnavailable, StorageFull, JobTakenOver)
"""What is no fault of a page: the job stops, and goes on later where it stopped."""
_CHUNK = 200
_RESERVE = 100
_PAUSES_SECONDS = (0.5, 4.0)
_LONGEST_PAUSE_SECONDS = 30.0


class PageWork:
    """The pages of one attempt at a job."""

    def __init__(self, database: Database, store: BlobStore, order: Order, desk: Desk, *, limit: int) -> None:
        self._database = database
        self._store = store
        self._order = order
        self._desk = desk
        self._limit = limit
        self._most = 2 * limit + _RESERVE
        self._percent = 0.0

    async def begin(self, found: Sequence[NewPage]) -> Page:
        """The job's first page; where the job has none yet, it begins with `found`. Raises JobCrashed."""
        if await self.first() is None:
            await self.add(found)
        first = await self.first()
        if first is None:
            raise JobCrashed("The job has no page to begin with.")
        return first

    async def first(self) -> Page | None:
        return await self._database.read(partial(pages.first, job_id=self._order.job_id))

    async def counts(self) -> dict[PageState, int]:
        return await self._database.read(partial(pages.counts, job_id=self._order.job_id))

    async def add(self, found: Sequence[NewPage]) -> None:
        """Adds pages that the job does not know yet: some more than its limit, for those that will fail."""
        for start in range(0, len(found), 5000):
            await self._write(pages.add, found=found[start : start + 5000], limit=self._most)

    async def keep(
        self, page: Page, content: dict[str, Any], *, final_key: str | None, found: Sequence[NewPage]
    ) -> None:
        """Records what a page gave, and the pages that it led to."""
        body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
        blob = await in_thread(self._store.write, io.BytesIO(body))
        result = PageResult(
            final_url=content.get("final_url"), final_key=final_key, title=content.get("title"),
            sha256=blob.sha256, size_bytes=blob.size_bytes,
        )  # fmt: skip
        await self._settle(page, result, found, blob)

    async def note(self, page: Page, result: PageResult) -> None:
        """Records a page's end without a content: an error, or that all went well."""
        if result.error is not None:
            self._desk.log("warning", f"{page.url}: {result.error['message']} ({result.error['code']})")
        await self._settle(page, result, (), None)

    async def run(self, visit: Visit, *, at_once: int, until: datetime | None = None) -> bool:
        """Has the pages visited that wait, and those that are found on the way, until the limit is reached.

        False when the time was up before.
        """
        busy: dict[asyncio.Task[None], int] = {}
        try:
            while until is None or datetime.now(UTC) < until:
                results = await self._report()
                room = min(at_once, self._limit - results) - len(busy)
                for page in await self._next(set(busy.values()), room):
                    busy[asyncio.create_task(_done(visit(page)))] = page.position
                if not busy:
                    await self._write(pages.drop_waiting)
                    return True
                for task in await _first_of(busy, until):
                    del busy[task]
                    task.result()
            return False
        finally:
            await _end(list(busy))

    async def skip_rest(self) -> int:
        """Gives up what has not been read; tells how many pages."""
        return int(await self._write(pages.skip_waiting))

    async def write_results(self, name: str) -> StoredFile:
        """All results as one durable file of JSON lines, the failed pages behind the others."""
        path = self._order.folder / name
        self._desk.progress(Progress(Stage.STORING, max(self._percent, 97.0)))
        await in_thread(path.touch)
        after = 0
        while found := await self._read_results(after):
            await in_thread(self._append, path, found)
            after = (found[-1].place or 0) + 1
        after = -1
        while failed := await self._read_failed(after):
            lines = [{"url": page.url, "error": dict(page.error or {})} for page in failed]
            await in_thread(_append_lines, path, lines)
            after = failed[-1].position
        blob = await in_thread(self._store.adopt, path)
        return StoredFile("main", name, "application/x-ndjson", blob.sha256, blob.size_bytes)

    async def _settle(
        self, page: Page, result: PageResult, found: Sequence[NewPage], blob: Blob | None
    ) -> None:
        def write(connection: Any, **named: Any) -> None:
            if blob is not None and not self._store.keep(blob.sha256):
                raise OutOfOrder("A result that was just stored has gone.")
            pages.settle(connection, **named)

        await self._write(write, position=page.position, result=result, found=found, limit=self._most)

    async def _write(self, query: Callable[..., Any], **named: Any) -> Any:
        order = self._order
        write = partial(query, job_id=order.job_id, fence=order.fence, now=datetime.now(UTC), **named)
        return await self._database.write(write)

    async def _next(self, busy: set[int], room: int) -> list[Page]:
        if room <= 0:
            return []
        query = partial(pages.waiting, job_id=self._order.job_id, but=busy, limit=room)
        return await self._database.read(query)

    async def _read_results(self, after: int) -> list[Page]:
        return await self._database.read(
            partial(pages.results, job_id=self._order.job_id, after=after, limit=_CHUNK)
        )

    async def _read_failed(self, after: int) -> list[Page]:
        return await self._database.read(
            partial(
                pages.in_state, job_id=self._order.job_id, state=PageState.FAILED, after=after, limit=_CHUNK
            )
        )

    def _append(self, path: Path, found: Sequence[Page]) -> None:
        with path.open("ab") as file:
            for page in found:
                if page.sha256 is not None:
                    with self._store.open(page.sha256) as blob:
                        file.write(blob.read().rstrip(b"\n") + b"\n")
                else:
                    file.write(_line({"url": page.url, "final_url": page.final_url}))

    async def _report(self) -> int:
        """Tells how far the job is; gives the number of its results."""
        counts = await self.counts()
        ended = counts[PageState.DONE] + counts[PageState.FAILED]
        known = min(ended + counts[PageState.WAITING], self._limit) or 1
        self._percent = max(self._percent, min(95.0 * ended / known, 95.0))
        self._desk.progress(Progress(Stage.DOWNLOADING, self._percent))
        return counts[PageState.DONE]


async def patiently(read: Callable[[], Awaitable[T]]) -> T:
    """What `read` gives; where our own house is out of order for a moment, it is asked again, twice at most.

    An origin's troubles are the fetching client's to wait for.
    """
    for pause_seconds in _PAUSES_SECONDS:
        try:
            return await read()
        except OUR_TROUBLE:
            raise
        except OutOfOrder as error:
            if not error.retryable:
                raise
            await asyncio.sleep(
                min(float(error.retry_after_seconds or pause_seconds), _LONGEST_PAUSE_SECONDS)
            )
    return await read()


def failure(error: AppError) -> PageResult:
    """The record of a page that could not be read."""
    return PageResult(error=error.as_dict())


def _append_lines(path: Path, lines: Sequence[dict[str, Any]]) -> None:
    with path.open("ab") as file:
        for line in lines:
            file.write(_line(line))


def _line(members: dict[str, Any]) -> bytes:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n"


async def _done(work: Awaitable[None]) -> None:
    await work


async def _first_of(busy: dict[asyncio.Task[None], int], until: datetime | None) -> set[asyncio.Task[None]]:
    patience = None if until is None else max((until - datetime.now(UTC)).total_seconds(), 0.0)
    done, _ = await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED, timeout=patience)
    return done


async def _end(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)
