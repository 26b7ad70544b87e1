"""A job's pages: added once, settled once, in order, and only by whoever holds the job."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection

from entrepot.errors import JobTakenOver
from entrepot.jobs import pages, records
from entrepot.jobs.pages import NewPage, PageResult
from entrepot.jobs.schema import PageState
from entrepot.jobs.state import Job
from entrepot.jobs.work import Kind
from tests.jobs.conftest import NOW, draft

LATER = NOW + timedelta(seconds=30)


@pytest.fixture
def job(connection: Connection) -> Job:
    """A crawl that runs under its first fence."""
    records.insert_job(connection, draft(kind=Kind.CRAWL), job_id="job-1", now=NOW, once=None)
    claimed = records.claim(connection, worker="w", now=NOW, lease_until=LATER)
    assert claimed is not None
    return claimed


def page(name: str, **changes: object) -> NewPage:
    return NewPage(f"https://a.example/{name}", name.rjust(64, "0"), **changes)  # type: ignore[arg-type]  # a test's own


def add(connection: Connection, job: Job, *names: str, limit: int = 100) -> None:
    pages.add(connection, job.id, job.fence, [page(name) for name in names], limit=limit, now=NOW)


def settle(
    connection: Connection, job: Job, position: int, *found: str, limit: int = 100, **result: object
) -> None:
    pages.settle(
        connection, job.id, job.fence, position=position, result=PageResult(**result),  # type: ignore[arg-type]  # a test's own
        found=[page(name) for name in found], limit=limit, now=NOW,
    )  # fmt: skip


def waiting(connection: Connection, job: Job) -> list[str]:
    found = pages.waiting(connection, job.id, but=(), limit=100)
    return [one.url.rsplit("/", 1)[1] for one in found]


def test_pages_wait_in_the_order_in_which_they_were_found(connection: Connection, job: Job) -> None:
    add(connection, job, "b", "a")
    add(connection, job, "c", "a")
    assert waiting(connection, job) == ["b", "a", "c"]


def test_same_page_in_one_list_is_taken_once(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b", "a")
    assert waiting(connection, job) == ["a", "b"]


def test_limit_holds_over_all_additions(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b", limit=3)
    settle(connection, job, 0, "c", "d", limit=3, sha256="1" * 64)
    assert waiting(connection, job) == ["b", "c"]


def test_settled_page_is_a_result_and_leads_to_others(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    settle(connection, job, 0, "b", sha256="1" * 64, size_bytes=5, title="A")
    (result,) = pages.results(connection, job.id, after=0, limit=10)
    assert (result.title, result.sha256, result.place, result.state) == ("A", "1" * 64, 0, PageState.DONE)
    assert waiting(connection, job) == ["b"]


def test_results_come_in_the_order_in_which_they_were_made(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b", "c")
    for position in (2, 0, 1):
        settle(connection, job, position, sha256=str(position) * 64)
    assert [one.position for one in pages.results(connection, job.id, after=0, limit=10)] == [2, 0, 1]
    assert [one.position for one in pages.results(connection, job.id, after=1, limit=1)] == [0]


def test_page_is_settled_once(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    settle(connection, job, 0, sha256="1" * 64)
    settle(connection, job, 0, "b", sha256="2" * 64)
    assert [one.sha256 for one in pages.results(connection, job.id, after=0, limit=10)] == ["1" * 64]
    assert waiting(connection, job) == []


def test_failed_page_is_no_result(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    settle(connection, job, 0, error={"code": "x", "message": "y"})
    assert pages.results(connection, job.id, after=0, limit=10) == []
    (failed,) = pages.in_state(connection, job.id, PageState.FAILED, limit=10)
    assert failed.error == {"code": "x", "message": "y"}


def test_page_that_turns_out_to_be_another_is_a_duplicate(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b")
    settle(connection, job, 0, final_key=page("b").key, sha256="1" * 64)
    assert pages.counts(connection, job.id)[PageState.DUPLICATE] == 1
    assert waiting(connection, job) == ["b"]


def test_page_is_not_read_again_at_the_address_that_it_was_found_at(connection: Connection, job: Job) -> None:
    add(connection, job, "old", "older")
    settle(
        connection,
        job,
        0,
        "new",
        final_key=page("new").key,
        final_url="https://a.example/new",
        sha256="1" * 64,
    )
    assert waiting(connection, job) == ["older"]
    settle(connection, job, 1, final_key=page("new").key, final_url="https://a.example/new", sha256="1" * 64)
    assert len(pages.results(connection, job.id, after=0, limit=10)) == 1


def test_pages_can_be_added_after_some_were_dropped(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b", "c")
    settle(connection, job, 2, sha256="1" * 64)
    pages.drop_waiting(connection, job.id, job.fence, now=NOW)
    add(connection, job, "a", "d")
    assert waiting(connection, job) == ["a", "d"]


def test_forbidden_pages_are_noted_and_do_not_count(connection: Connection, job: Job) -> None:
    found = [page("a", is_blocked=True), page("b")]
    pages.add(connection, job.id, job.fence, found, limit=1, now=NOW)
    assert waiting(connection, job) == ["b"]
    assert pages.counts(connection, job.id)[PageState.BLOCKED] == 1


def test_only_so_many_forbidden_pages_are_noted(connection: Connection, job: Job) -> None:
    found = [page(str(n), is_blocked=True) for n in range(pages.MAX_BLOCKED + 5)]
    pages.add(connection, job.id, job.fence, found, limit=1, now=NOW)
    assert pages.counts(connection, job.id)[PageState.BLOCKED] == pages.MAX_BLOCKED


def test_whoever_has_lost_the_job_writes_nothing(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    records.release(connection, job.id, job.fence, now=NOW)
    with pytest.raises(JobTakenOver):
        add(connection, job, "b")
    with pytest.raises(JobTakenOver):
        settle(connection, job, 0, sha256="1" * 64)
    with pytest.raises(JobTakenOver):
        pages.skip_waiting(connection, job.id, job.fence, now=NOW)
    assert waiting(connection, job) == ["a"]


def test_older_attempt_writes_nothing(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    records.release(connection, job.id, job.fence, now=NOW)
    assert records.claim(connection, worker="w", now=NOW, lease_until=LATER) is not None
    with pytest.raises(JobTakenOver):
        settle(connection, job, 0, sha256="1" * 64)


def test_waiting_pages_can_be_given_up(connection: Connection, job: Job) -> None:
    add(connection, job, "a", "b")
    settle(connection, job, 0, sha256="1" * 64)
    assert pages.skip_waiting(connection, job.id, job.fence, now=NOW) == 1
    assert waiting(connection, job) == []


def test_pages_go_a_while_after_the_job_s_end(connection: Connection, job: Job) -> None:
    add(connection, job, "a")
    settle(connection, job, 0, sha256="1" * 64)
    assert pages.forget_old(connection, before=LATER) == 0
    records.cancel(connection, job.id, owner=None, now=NOW)
    assert pages.needed_blobs(connection, ["1" * 64, "2" * 64]) == {"1" * 64}
    assert pages.forget_old(connection, before=NOW) == 0
    assert pages.forget_old(connection, before=LATER) == 1
    assert pages.needed_blobs(connection, ["1" * 64]) == set()
