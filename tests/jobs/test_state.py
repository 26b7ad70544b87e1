"""The decisions about jobs: which change is allowed, what follows a failure."""

from dataclasses import replace
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import AppError, MediaNotFound, UpstreamBusy
from entrepot.jobs.state import (
    TRANSITIONS,
    GiveUp,
    Job,
    JobState,
    Retry,
    after_failure,
    as_created,
    backoff_seconds,
    may_retry_by_hand,
    new_job,
    sources_of,
    timeout_seconds,
)
from entrepot.jobs.work import Kind, Stage
from tests.jobs.conftest import NOW, draft

ALLOWED = {
    ("queued", "running"), ("queued", "canceled"),
    ("running", "completed"), ("running", "failed"), ("running", "canceled"), ("running", "queued"),
    ("failed", "queued"), ("canceled", "queued"),
}  # fmt: skip


def job(**changes: Any) -> Job:
    made = new_job(draft(retries=3), job_id="1", start_tag=7, now=NOW)
    return replace(made, **changes)


@pytest.mark.parametrize(("before", "after"), list(product(JobState, JobState)))
def test_a_job_changes_only_as_the_table_says(before: JobState, after: JobState) -> None:
    assert (after in TRANSITIONS[before]) == ((before.value, after.value) in ALLOWED)
    assert (before in sources_of(after)) == (after in TRANSITIONS[before])


def test_only_finished_jobs_have_no_way_on_but_by_hand() -> None:
    assert {state for state in JobState if state.is_finished} == {"completed", "failed", "canceled"}


@pytest.mark.parametrize(
    ("failures", "error", "seconds"),
    [
        (0, UpstreamBusy(), 2.0),
        (1, UpstreamBusy(), 4.0),
        (2, UpstreamBusy(), 8.0),
        (3, UpstreamBusy(), None),  # three retries were ordered
        (0, MediaNotFound(), None),  # trying again cannot help
        (0, UpstreamBusy(retry_after_seconds=1), 2.0),
        (0, UpstreamBusy(retry_after_seconds=90), 90.0),
        (0, UpstreamBusy(retry_after_seconds=3600), 3600.0),
        (0, UpstreamBusy(retry_after_seconds=3601), None),  # not today
    ],
)
def test_a_failure_is_retried_as_long_as_it_may_help(
    failures: int, error: AppError, seconds: float | None
) -> None:
    decision = after_failure(job(failures=failures), error, now=NOW, random=lambda: 0.0)
    wanted = GiveUp() if seconds is None else Retry(NOW + timedelta(seconds=seconds))
    assert decision == wanted


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_backoff_stays_between_half_and_all_of_its_bound(failures: int, chance: float) -> None:
    longest = backoff_seconds(failures, 0.0)
    assert longest / 2 <= backoff_seconds(failures, chance) <= longest <= 300.0
    assert backoff_seconds(failures + 1, 0.0) >= longest


@pytest.mark.parametrize(
    ("state", "retries", "is_allowed"),
    [
        (JobState.FAILED, 0, True),
        (JobState.CANCELED, 1, True),
        (JobState.FAILED, 2, False),
        (JobState.COMPLETED, 0, False),
        (JobState.RUNNING, 0, False),
        (JobState.QUEUED, 0, False),
    ],
)
def test_a_person_may_retry_what_failed_or_was_canceled(
    state: JobState, retries: int, is_allowed: bool
) -> None:
    assert may_retry_by_hand(job(state=state, manual_retries=retries), limit=2) is is_allowed


@pytest.mark.parametrize(
    ("wish", "kind", "seconds"),
    [(5.0, Kind.FILE, 5.0), (None, Kind.FILE, 10.0), (None, Kind.PAGE, 1.0), (None, Kind.AUTO, 10.0)],
)
def test_an_attempt_may_take_as_long_as_its_kind(wish: float | None, kind: Kind, seconds: float) -> None:
    assert timeout_seconds(wish, kind, {Kind.FILE: 10.0, Kind.PAGE: 1.0}) == seconds


def test_the_first_answer_can_be_given_again_whatever_happened_since() -> None:
    fresh = job()
    later = job(
        state=JobState.COMPLETED, kind=Kind.MEDIA, requested_kind=Kind.FILE, title="T", source={"url": "u"},
        stage=Stage.STORING, percent=100.0, attempts=2, failures=1, rescues=1, manual_retries=1, fence=2,
        run_at=NOW + timedelta(1), started_at=NOW, finished_at=NOW, updated_at=NOW + timedelta(1), error_code="x",
    )  # fmt: skip
    assert as_created(later) == fresh
