"""The pages that a crawl or a batch consists of, and every query on them: what is known, what is done, what came of it.

A page's result and the pages that it led to are written in one transaction, and only while the job runs under the
caller's fence. So a job that is killed at any moment goes on where it stopped: no page is lost, none comes twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from entrepot.errors import JobTakenOver
from entrepot.jobs.schema import PageState, job_pages, jobs
from entrepot.jobs.state import JobState

MAX_BLOCKED = 1000
"""So many pages that robots.txt forbids are noted for each job; nobody reads more of them."""
_CHUNK = 500
_COUNTED = (PageState.WAITING, PageState.DONE, PageState.FAILED, PageState.SKIPPED)


@dataclass(frozen=True, slots=True)
class NewPage:
    """A page to be read. `key` is what its addresses share; `depth` counts the links from where the job began."""

    url: str
    key: str
    depth: int = 0
    is_blocked: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a job. `place` is its place among the results, from 0; `error` is an AppError as a dictionary."""

    position: int
    url: str
    depth: int
    state: PageState
    place: int | None
    final_url: str | None
    title: str | None
    sha256: str | None
    size_bytes: int | None
    error: Mapping[str, Any] | None
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class PageResult:
    """What came of reading a page: a blob (`sha256`, `size_bytes`), or an `error`, or neither where nothing is kept.

    `final_key` is the key of the address that the page was found at in the end.
    """

    final_url: str | None = None
    final_key: str | None = None
    title: str | None = None
    sha256: str | None = None
    size_bytes: int | None = None
    error: Mapping[str, Any] | None = None

    @property
    def state(self) -> PageState:
        return PageState.DONE if self.error is None else PageState.FAILED


def add(connection: Connection, job_id: str, fence: int, found: Sequence[NewPage], *, limit: int, now: datetime) -> None:  # fmt: skip
    """Adds the pages that the job does not know yet, until it has `limit` pages. Raises JobTakenOver when it is lost."""
    _require_held(connection, job_id, fence)
    _add(connection, job_id, found, limit=limit, now=now)


def settle(
    connection: Connection,
    job_id: str,
    fence: int,
    *,
    position: int,
    result: PageResult,
    found: Sequence[NewPage],
    limit: int,
    now: datetime,
) -> None:
    """Records a page's end once, and adds the pages that it led to. Raises JobTakenOver when the job is lost.

    A page that turns out to be another one of the job, by where its address led, is a duplicate of that.
    """
    _require_held(connection, job_id, fence)
    here = (job_pages.c.job_id == job_id) & (job_pages.c.position == position)
    is_open = here & (job_pages.c.state == PageState.WAITING)
    if _is_known_elsewhere(connection, job_id, position, result):
        values: dict[str, Any] = {"state": PageState.DUPLICATE, "final_url": result.final_url}
    else:
        values = {
            "state": result.state, "final_url": result.final_url, "title": result.title, "sha256": result.sha256,
            "size_bytes": result.size_bytes, "error": result.error,
            "place": _next_place(connection, job_id) if result.error is None else None,
        }  # fmt: skip
    if connection.execute(update(job_pages).where(is_open).values(finished_at=now, **values)).rowcount:
        _note_other_name(connection, job_id, result, now=now)
        _add(connection, job_id, found, limit=limit, now=now)


def drop_waiting(connection: Connection, job_id: str, fence: int, *, now: datetime) -> None:  # noqa: ARG001 - as all writes
    """Forgets the pages that need not be read any more. Raises JobTakenOver when the job is lost."""
    _require_held(connection, job_id, fence)
    is_open = (job_pages.c.job_id == job_id) & (job_pages.c.state == PageState.WAITING)
    connection.execute(delete(job_pages).where(is_open))


def skip_waiting(connection: Connection, job_id: str, fence: int, *, now: datetime) -> int:
    """Gives up the pages that have not been read; tells how many. Raises JobTakenOver when the job is lost."""
    _require_held(connection, job_id, fence)
    is_open = (job_pages.c.job_id == job_id) & (job_pages.c.state == PageState.WAITING)
    skipped = update(job_pages).where(is_open).values(state=PageState.SKIPPED, finished_at=now)
    return connection.execute(skipped).rowcount


def waiting(connection: Connection, job_id: str, *, but: Collection[int], limit: int) -> list[Page]:
    """The next pages to read, in the order in which they were found, without those at the positions `but`."""
    query = _pages(job_id, PageState.WAITING).where(job_pages.c.position.not_in(but))
    return _read(connection, query.order_by(job_pages.c.position).limit(limit))


def first(connection: Connection, job_id: str) -> Page | None:
    """The page that the job began with; None: it has not begun."""
    found = _read(connection, _pages(job_id).where(job_pages.c.position == 0))
    return found[0] if found else None


def results(connection: Connection, job_id: str, *, after: int, limit: int) -> list[Page]:
    """The pages that were read, in the order in which they were, from the place `after`."""
    query = _pages(job_id, PageState.DONE).where(job_pages.c.place >= after)
    return _read(connection, query.order_by(job_pages.c.place).limit(limit))


def in_state(
    connection: Connection, job_id: str, state: PageState, *, after: int = -1, limit: int
) -> list[Page]:
    """Pages in this state, as they were found, behind the position `after`."""
    query = _pages(job_id, state).where(job_pages.c.position > after)
    return _read(connection, query.order_by(job_pages.c.position).limit(limit))


def counts(connection: Connection, job_id: str) -> dict[PageState, int]:
    """How many pages of the job stand in each state."""
    query = select(job_pages.c.state, func.count()).where(job_pages.c.job_id == job_id)
    return dict.fromkeys(PageState, 0) | {
        row[0]: row[1] for row in connection.execute(query.group_by(job_pages.c.state))
    }


def forget_old(connection: Connection, *, before: datetime) -> int:
    """Removes the pages of jobs that ended earlier than `before`; tells how many."""
    ended = select(jobs.c.id).where(
        jobs.c.finished_at < before,
        jobs.c.state.in_([JobState.COMPLETED, JobState.FAILED, JobState.CANCELED]),
    )
    return connection.execute(delete(job_pages).where(job_pages.c.job_id.in_(ended))).rowcount


def needed_blobs(connection: Connection, hashes: Collection[str]) -> set[str]:
    """Which of these blobs hold results of pages that are still kept."""
    return set(connection.scalars(select(job_pages.c.sha256).where(job_pages.c.sha256.in_(hashes))))


def _pages(job_id: str, state: PageState | None = None) -> Any:
    columns = [job_pages.c[name] for name in Page.__dataclass_fields__]
    query = select(*columns).where(job_pages.c.job_id == job_id)
    return query if state is None else query.where(job_pages.c.state == state)


def _read(connection: Connection, query: Any) -> list[Page]:
    return [Page(**row) for row in connection.execute(query).mappings()]


def _require_held(connection: Connection, job_id: str, fence: int) -> None:
    held: ColumnElement[bool] = (jobs.c.id == job_id) & (jobs.c.fence == fence)
    if not connection.scalar(select(func.count()).where(held, jobs.c.state == JobState.RUNNING)):
        raise JobTakenOver


def _is_known_elsewhere(connection: Connection, job_id: str, position: int, result: PageResult) -> bool:
    """Whether the page's final address is another page's that has been read, or is to be."""
    if result.final_key is None or result.error is not None:
        return False
    other = (job_pages.c.url_key == result.final_key) & (job_pages.c.position != position)
    is_alive = job_pages.c.state.in_([PageState.WAITING, PageState.DONE, PageState.DUPLICATE])
    return bool(connection.scalar(select(func.count()).where(job_pages.c.job_id == job_id, other, is_alive)))


def _note_other_name(connection: Connection, job_id: str, result: PageResult, *, now: datetime) -> None:
    """What was found at another address than it was asked for is not to be read once more under that one."""
    if result.final_key is None or result.final_url is None or result.error is not None:
        return
    if not _known(connection, job_id, [result.final_key]):
        row = {
            "job_id": job_id, "position": _next_position(connection, job_id), "url": result.final_url,
            "url_key": result.final_key, "depth": 0, "state": PageState.DUPLICATE, "created_at": now, "finished_at": now,
        }  # fmt: skip
        connection.execute(insert(job_pages).values(**row))


def _next_position(connection: Connection, job_id: str) -> int:
    newest = connection.scalar(select(func.max(job_pages.c.position)).where(job_pages.c.job_id == job_id))
    return 0 if newest is None else newest + 1


def _next_place(connection: Connection, job_id: str) -> int:
    newest = connection.scalar(select(func.max(job_pages.c.place)).where(job_pages.c.job_id == job_id))
    return 0 if newest is None else newest + 1


def _add(connection: Connection, job_id: str, found: Iterable[NewPage], *, limit: int, now: datetime) -> None:
    by_key: dict[str, NewPage] = {}
    for page in found:
        by_key.setdefault(page.key, page)
    known = _known(connection, job_id, by_key)
    new = [page for key, page in by_key.items() if key not in known]
    if not new:
        return
    standing = counts(connection, job_id)
    room = limit - sum(standing[state] for state in _COUNTED)
    room_for_blocked = MAX_BLOCKED - standing[PageState.BLOCKED]
    taken = [page for page in new if not page.is_blocked][: max(room, 0)]
    taken += [page for page in new if page.is_blocked][: max(room_for_blocked, 0)]
    start = _next_position(connection, job_id)
    rows = [
        {
            "job_id": job_id, "position": start + place, "url": page.url, "url_key": page.key, "depth": page.depth,
            "state": PageState.BLOCKED if page.is_blocked else PageState.WAITING, "created_at": now,
        }
        for place, page in enumerate(taken)
    ]  # fmt: skip
    if rows:
        connection.execute(insert(job_pages), rows)


def _known(connection: Connection, job_id: str, keys: Iterable[str]) -> set[str]:
    known: set[str] = set()
    wanted = list(keys)
    for start in range(0, len(wanted), _CHUNK):
        here = job_pages.c.url_key.in_(wanted[start : start + _CHUNK])
        known.update(
            connection.scalars(select(job_pages.c.url_key).where(job_pages.c.job_id == job_id, here))
        )
    return known
