"""The jobs' table: who may change what, and what is told of it."""

from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, text

from entrepot.errors import IdempotencyKeyReused, JobFinished, JobNotFound, RetryRefused, UpstreamBusy
from entrepot.jobs import history, queueing, records
from entrepot.jobs.records import Hold, News, Once, Search
from entrepot.jobs.schema import EventType, jobs
from entrepot.jobs.state import MAX_RESCUES, Job, JobFile, JobState
from entrepot.jobs.work import Kind, LogLine, Progress, Source, Stage
from tests.jobs.conftest import NOW, draft

LEASE = timedelta(seconds=30)
FILE = JobFile("main", "asset", "version", "a.bin", "files/a.bin", 3, "0" * 64, "text/plain")
SOURCE = Source(url="https://example.com/a", title="The Title")


def insert(connection: Connection, number: int = 1, once: Once | None = None, **changes: Any) -> Job:
    job_id = f"job-{number}"
    now = NOW + timedelta(milliseconds=number)
    return records.insert_job(connection, draft(**changes), job_id=job_id, now=now, once=once)


def claim(connection: Connection, *, later: float = 1.0) -> Job | None:
    now = NOW + timedelta(seconds=later)
    return records.claim(connection, worker="w", now=now, lease_until=now + LEASE)


def claimed(connection: Connection, *, later: float = 1.0) -> Job:
    job = claim(connection, later=later)
    assert job is not None
    return job


def told(connection: Connection, job_id: str = "job-1") -> list[tuple[str, str]]:
    events = history.events_after(connection, 0, job_id=job_id, limit=100)
    return [(event.type.value, event.data["status"]) for event in events]


def renew(connection: Connection, job: Job, news: News | None = None) -> Hold:
    now = NOW + timedelta(seconds=5)
    return records.renew(connection, job.id, job.fence, now=now, lease_until=now + LEASE, news=news or News())


def test_a_job_has_exactly_the_tables_columns() -> None:
    assert [column.name for column in jobs.columns] == [part.name for part in fields(Job)]


def test_a_new_job_is_queued_and_told(connection: Connection) -> None:
    job = insert(connection, options={"quality": "720p"}, priority=7, user_id="u", retries=3)
    assert (job.state, job.kind, job.priority, job.max_failures) == (JobState.QUEUED, Kind.FILE, 7, 4)
    assert job == records.get(connection, "job-1", owner="ann")
    assert told(connection) == [("status", "queued")]


def test_another_owners_job_is_unknown(connection: Connection) -> None:
    insert(connection)
    assert records.get(connection, "job-1", owner=None).owner == "ann"
    with pytest.raises(JobNotFound):
        records.get(connection, "job-1", owner="bob")
    with pytest.raises(JobNotFound):
        records.cancel(connection, "job-1", owner="bob", now=NOW)
    with pytest.raises(JobNotFound):
        records.retry_by_hand(connection, "job-1", owner="bob", now=NOW, limit=9)


def test_a_claim_raises_the_fence_and_grants_a_lease(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    assert (job.state, job.fence, job.attempts, job.worker) == (JobState.RUNNING, 1, 1, "w")
    assert job.lease_expires_at == NOW + timedelta(seconds=1) + LEASE
    assert job.started_at == NOW + timedelta(seconds=1)
    assert told(connection) == [("status", "queued"), ("status", "running")]
    assert claim(connection) is None


def test_a_job_is_not_claimed_before_its_time(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    run_at = NOW + timedelta(seconds=60)
    records.postpone(connection, job.id, job.fence, now=NOW, run_at=run_at, error=UpstreamBusy())
    assert records.next_run_at(connection) == run_at
    assert claim(connection, later=59.9) is None
    assert claimed(connection, later=60.0).fence == 2


def test_news_and_lease_are_written_together(connection: Connection) -> None:
    insert(connection, kind=Kind.AUTO)
    job = claimed(connection)
    progress = Progress(Stage.DOWNLOADING, 40.0, 4, 10, 2.5, 3.0)
    lines = (LogLine(NOW, "info", "one"), LogLine(NOW, "error", "two"))
    assert renew(connection, job, News(progress, Kind.MEDIA, SOURCE, lines)) is Hold.HELD
    now = records.get(connection, job.id, owner=None)
    assert (now.stage, now.percent, now.downloaded_bytes, now.total_bytes) == ("downloading", 40.0, 4, 10)
    assert (now.kind, now.requested_kind, now.title) == (Kind.MEDIA, Kind.AUTO, "The Title")
    assert now.lease_expires_at == NOW + timedelta(seconds=35)
    assert [(line.seq, line.line) for line in history.logs_after(connection, job.id, 1, limit=9)] == [
        (2, lines[0]),
        (3, lines[1]),
    ]
    assert [line.seq for line in history.logs_after(connection, job.id, 2, limit=9)] == [3]


def logged(connection: Connection, job_id: str = "job-1") -> list[tuple[str, str]]:
    lines = history.logs_after(connection, job_id, 0, limit=100)
    return [(line.line.level, line.line.message) for line in lines]


def test_the_log_tells_what_became_of_each_attempt(connection: Connection) -> None:
    insert(connection)
    assert logged(connection) == []
    job, later = claimed(connection), NOW + timedelta(seconds=12.5)
    records.postpone(
        connection, job.id, job.fence, now=NOW, run_at=later, error=UpstreamBusy("The origin is busy.")
    )
    records.release(connection, job.id, claimed(connection, later=20).fence, now=NOW + timedelta(seconds=21))
    job = claimed(connection, later=30)
    records.complete(connection, job.id, job.fence, now=NOW, source=SOURCE, files=[FILE])
    assert logged(connection) == [
        ("info", "Attempt 1 begins."),
        ("warning", "The origin is busy. (upstream-unavailable) Trying again in 12.5 s."),
        ("info", "Attempt 2 begins."),
        ("info", "Back in the queue."),
        ("info", "Attempt 3 begins."),
        ("info", "Completed: 1 file(s), 3 bytes."),
    ]


def test_the_log_tells_why_a_job_ended_badly(connection: Connection) -> None:
    for number in (1, 2):
        insert(connection, number)
    failing = claimed(connection)
    records.fail(connection, failing.id, failing.fence, now=NOW, error=UpstreamBusy("The origin is busy."))
    records.cancel(connection, "job-2", owner="ann", now=NOW)
    assert logged(connection)[-1] == ("error", "The origin is busy. (upstream-unavailable)")
    assert logged(connection, "job-2") == [("info", "Canceled.")]


def test_only_the_newest_progress_is_kept(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    for percent in (10.0, 20.0, 30.0):
        renew(connection, job, News(Progress(Stage.DOWNLOADING, percent)))
    renew(connection, job)  # a heartbeat without news tells nothing
    events = history.events_after(connection, 0, job_id=job.id, limit=100)
    assert [(event.type, event.data["progress"]) for event in events][2:] == [(EventType.PROGRESS, 30.0)]
    assert events[-1].id == 5


def test_a_pruned_events_id_is_never_given_again(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    renew(connection, job, News(Progress(Stage.DOWNLOADING, 10.0)))
    newest = history.last_event_id(connection)
    history.forget_progress(connection, job.id)
    renew(connection, job, News(Progress(Stage.DOWNLOADING, 20.0)))
    assert history.last_event_id(connection) == newest + 1


def test_a_completed_job_has_its_files_and_tells_the_result_last(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    renew(connection, job, News(Progress(Stage.DOWNLOADING, 10.0)))
    done = records.complete(connection, job.id, job.fence, now=NOW, source=SOURCE, files=[FILE])
    assert done is not None
    assert (done.state, done.percent, done.stage, done.lease_expires_at) == ("completed", 100.0, None, None)
    assert history.files_of(connection, ["job-1", "other"]) == {"job-1": (FILE,), "other": ()}
    events = history.events_after(connection, 0, job_id=job.id, limit=100)
    assert [event.type for event in events] == ["status", "status", "status", "result"]
    assert events[-1].data["files"][0]["sha256"] == FILE.sha256
    assert [event.is_last for event in events] == [False, False, False, True]


def test_a_failed_job_tells_its_error_last(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    failed = records.fail(connection, job.id, job.fence, now=NOW, error=UpstreamBusy("Busy."))
    assert failed is not None
    assert (failed.state, failed.failures, failed.finished_at) == (JobState.FAILED, 1, NOW)
    assert told(connection)[2:] == [("status", "failed"), ("error", "failed")]
    last = history.events_after(connection, 0, job_id=job.id, limit=100)[-1]
    assert last.data["error"] == {"code": "upstream-unavailable", "message": "Busy.", "retryable": True}
    assert last.is_last


@pytest.mark.parametrize("by", ["fence", "state"])
def test_a_worker_whose_job_is_no_longer_its_own_changes_nothing(connection: Connection, by: str) -> None:
    insert(connection)
    job = claimed(connection)
    if by == "fence":
        records.release(connection, job.id, job.fence, now=NOW)
        claimed(connection)
    else:
        records.cancel(connection, job.id, owner=None, now=NOW)
    before = records.get(connection, job.id, owner=None)
    old: dict[str, Any] = {"job_id": job.id, "fence": job.fence, "now": NOW}
    assert renew(connection, job) is (Hold.LOST if by == "fence" else Hold.CANCELED)
    assert records.complete(connection, **old, source=SOURCE, files=[FILE]) is None
    assert records.fail(connection, **old, error=UpstreamBusy()) is None
    assert records.postpone(connection, **old, run_at=NOW, error=UpstreamBusy()) is None
    assert records.release(connection, **old) is None
    assert records.get(connection, job.id, owner=None) == before
    assert history.files_of(connection, [job.id]) == {job.id: ()}


def test_the_lease_of_a_job_that_is_gone_is_lost(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    connection.execute(text("DELETE FROM jobs"))
    assert renew(connection, job) is Hold.LOST


def test_a_released_job_is_not_blamed(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    released = records.release(connection, job.id, job.fence, now=NOW)
    assert released is not None
    assert (released.state, released.failures, released.rescues, released.attempts) == ("queued", 0, 0, 1)


@pytest.mark.parametrize("was", ["queued", "running"])
def test_a_job_that_has_not_finished_can_be_canceled_once(connection: Connection, was: str) -> None:
    insert(connection)
    if was == "running":
        claimed(connection)
    job = records.cancel(connection, "job-1", owner="ann", now=NOW)
    assert (job.state, job.finished_at, job.lease_expires_at) == (JobState.CANCELED, NOW, None)
    assert told(connection)[-1] == ("status", "canceled")
    assert history.events_after(connection, 0, job_id="job-1", limit=9)[-1].is_last
    with pytest.raises(JobFinished):
        records.cancel(connection, "job-1", owner="ann", now=NOW)
    assert claim(connection) is None


def test_an_expired_lease_is_rescued_and_a_valid_one_is_not(connection: Connection) -> None:
    insert(connection)
    job = claimed(connection)
    assert job.lease_expires_at is not None
    before = job.lease_expires_at - timedelta(milliseconds=1)
    assert records.rescue(connection, now=before, expired_at=before) == []
    assert records.rescue(connection, now=NOW, expired_at=job.lease_expires_at, spare=[job.id]) == []
    [rescued] = records.rescue(connection, now=NOW, expired_at=job.lease_expires_at)
    assert (rescued.state, rescued.rescues, rescued.failures) == (JobState.QUEUED, 1, 0)
    assert renew(connection, job) is Hold.LOST


def test_at_the_start_every_running_job_is_rescued(connection: Connection) -> None:
    for number in (1, 2, 3):
        insert(connection, number)
    claimed(connection)
    claimed(connection)
    assert {job.id for job in records.rescue(connection, now=NOW, expired_at=None)} == {"job-1", "job-2"}
    assert records.count_by_state(connection)[JobState.QUEUED] == 3


def test_a_job_that_was_rescued_too_often_has_crashed(connection: Connection) -> None:
    insert(connection)
    for _ in range(MAX_RESCUES):
        claimed(connection)
        [job] = records.rescue(connection, now=NOW, expired_at=None)
        assert job.state is JobState.QUEUED
    claimed(connection)
    [job] = records.rescue(connection, now=NOW, expired_at=None)
    assert (job.state, job.error_code, job.attempts) == (JobState.FAILED, "job-crashed", MAX_RESCUES + 1)


def test_a_retry_by_hand_begins_anew_under_a_higher_fence(connection: Connection) -> None:
    insert(connection, kind=Kind.AUTO)
    job = claimed(connection)
    renew(connection, job, News(Progress(Stage.DOWNLOADING, 40.0, 4, 10), Kind.MEDIA))
    records.fail(connection, job.id, job.fence, now=NOW, error=UpstreamBusy())
    again = records.retry_by_hand(connection, job.id, owner="ann", now=NOW, limit=1)
    assert (again.state, again.kind, again.percent, again.failures) == ("queued", Kind.AUTO, 0.0, 0)
    assert (again.error_code, again.finished_at, again.manual_retries) == (None, None, 1)
    assert claimed(connection).fence == 2
    records.cancel(connection, job.id, owner=None, now=NOW)
    with pytest.raises(RetryRefused, match="1 times"):
        records.retry_by_hand(connection, job.id, owner="ann", now=NOW, limit=1)


@pytest.mark.parametrize("state", ["queued", "running", "completed"])
def test_what_did_not_fail_cannot_be_retried(connection: Connection, state: str) -> None:
    insert(connection)
    if state != "queued":
        claimed(connection)
    if state == "completed":
        records.complete(connection, "job-1", 1, now=NOW, source=SOURCE, files=[])
    with pytest.raises(RetryRefused, match=state):
        records.retry_by_hand(connection, "job-1", owner="ann", now=NOW, limit=9)


def test_the_same_key_gives_the_first_answer_again(connection: Connection) -> None:
    once = Once("key", "hash")
    first = insert(connection, 1, once)
    claimed(connection)
    assert insert(connection, 2, once) == first
    assert records.get(connection, "job-1", owner=None).state is JobState.RUNNING
    assert records.count_by_state(connection)[JobState.QUEUED] == 0
    with pytest.raises(IdempotencyKeyReused):
        insert(connection, 3, Once("key", "other"))
    assert insert(connection, 4, once, owner="bob").id == "job-4"


def test_an_old_key_is_forgotten(connection: Connection) -> None:
    insert(connection, 1, Once("key", "hash"))
    assert records.forget_old_keys(connection, before=NOW) == 0
    assert records.forget_old_keys(connection, before=NOW + timedelta(seconds=1)) == 1
    assert insert(connection, 2, Once("key", "other")).id == "job-2"


def test_a_higher_priority_goes_first(connection: Connection) -> None:
    for number, priority in enumerate((5, 0, 9, 5), start=1):
        insert(connection, number, priority=priority)
    assert [claimed(connection).id for _ in range(4)] == ["job-3", "job-1", "job-4", "job-2"]


def test_a_lone_owner_behind_a_crowd_is_next(connection: Connection) -> None:
    for number in range(120):
        insert(connection, number)
    for _ in range(4):
        claimed(connection)
    insert(connection, 200, owner="bob")
    assert claimed(connection).id == "job-200"
    assert claimed(connection).owner == "ann"


def test_two_owners_take_turns(connection: Connection) -> None:
    for number in range(20):
        insert(connection, number)
    for number in range(20, 30):
        insert(connection, number, owner="bob")
    served = [claimed(connection).owner for _ in range(30)]
    assert served[:20].count("bob") == 10
    assert all(served[turn : turn + 2].count("bob") == 1 for turn in range(0, 20, 2))


def test_an_owner_saves_up_no_turns_while_idle(connection: Connection) -> None:
    insert(connection, 0, owner="bob")
    for number in range(1, 11):
        insert(connection, number)
    for _ in range(11):
        claimed(connection)
    for number in range(11, 21):
        insert(connection, number)
    for number in range(21, 31):
        insert(connection, number, owner="bob")
    served = [claimed(connection).owner for _ in range(10)]
    assert served.count("bob") in (5, 6)


def test_fairness_counts_within_a_priority(connection: Connection) -> None:
    for number in range(10):
        insert(connection, number, priority=9)
    for _ in range(10):
        claimed(connection)
    insert(connection, 10, priority=1)
    insert(connection, 11, priority=1, owner="bob")
    assert [claimed(connection).id for _ in range(2)] == ["job-10", "job-11"]


def test_marks_of_the_past_can_go_without_changing_the_order(connection: Connection) -> None:
    insert(connection, 1, owner="bob")
    for number in range(2, 5):
        insert(connection, number)
    for _ in range(4):
        claimed(connection)
    queueing.forget_past_tags(connection)
    assert connection.execute(text("SELECT owner FROM queue_owners")).scalars().all() == ["ann"]
    insert(connection, 5)
    insert(connection, 6, owner="bob")
    assert claimed(connection).owner == "bob"


def plan_of(connection: Connection, act: Callable[[], object]) -> str:
    """How the database goes about the first statement of `act`."""
    statements: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: Any, _x: object, _many: bool) -> None:
        statements.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", note)
    act()
    event.remove(connection, "before_cursor_execute", note)
    statement, parameters = statements[0]
    rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return " ".join(row[-1] for row in rows)


def test_the_queue_and_the_leases_are_looked_up_by_index(connection: Connection) -> None:
    insert(connection)
    claiming = plan_of(connection, lambda: claimed(connection))
    assert "USING COVERING INDEX ix_jobs_queue" in claiming
    assert "TEMP B-TREE" not in claiming
    assert "COVERING INDEX ix_jobs_queue" in plan_of(connection, lambda: records.next_run_at(connection))
    rescuing = plan_of(connection, lambda: records.rescue(connection, now=NOW, expired_at=NOW))
    assert "INDEX ix_jobs_leases" in rescuing


def find(connection: Connection, **search: Any) -> list[str]:
    return [job.id for job in records.find(connection, Search(**search), before=None, limit=100)]


def test_jobs_are_found_by_what_they_are(connection: Connection) -> None:
    insert(connection, 1)
    insert(connection, 2, kind=Kind.PAGE, user_id="u", url="https://example.com/100%_sure")
    insert(connection, 3, owner="bob")
    job = claimed(connection)
    renew(connection, job, News(source=SOURCE))
    assert find(connection) == ["job-3", "job-2", "job-1"]
    assert find(connection, owner="ann") == ["job-2", "job-1"]
    assert find(connection, state=JobState.RUNNING) == ["job-1"]
    assert find(connection, kind=Kind.PAGE) == ["job-2"]
    assert find(connection, user_id="u", owner="ann") == ["job-2"]
    assert find(connection, text="the tit") == ["job-1"]
    assert find(connection, text="100%_S") == ["job-2"]
    assert find(connection, text="1__") == []
    assert find(connection, parent_id="job-1") == []


def test_a_list_continues_where_it_stopped(connection: Connection) -> None:
    for number in range(10):
        now = NOW + timedelta(milliseconds=number // 4)  # several share a moment
        records.insert_job(connection, draft(), job_id=f"job-{number}", now=now, once=None)
    seen: list[str] = []
    before = None
    while page := records.find(connection, Search(), before=before, limit=3):
        seen += [job.id for job in page]
        before = (page[-1].created_at, page[-1].id)
    assert seen == [f"job-{number}" for number in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)]


def test_counts_tell_every_state(connection: Connection) -> None:
    insert(connection, 1)
    insert(connection, 2, owner="bob")
    assert records.count_by_state(connection, owner="ann") == {
        state: int(state == "queued") for state in JobState
    }
    assert records.count_by_state(connection)[JobState.QUEUED] == 2
