"""Any interleaving of workers, people and clocks on the real tables: one runner for each fence, and ends are final."""

import asyncio
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, multiple, rule

from entrepot.database import Database, metadata
from entrepot.errors import JobFinished, RetryRefused, UpstreamBusy
from entrepot.jobs import history, records
from entrepot.jobs.records import Hold, News
from entrepot.jobs.state import Job, JobState
from entrepot.jobs.work import Progress, Source, Stage
from tests.jobs.conftest import NOW, draft

LEASE = timedelta(seconds=30)
LIMIT = 2


@dataclass(frozen=True)
class Grip:
    """What a worker believes to hold."""

    job_id: str
    fence: int


class Jobs(RuleBasedStateMachine):
    """A model beside the tables: which grip is good for each job, and how each job stands."""

    grips = Bundle("grips")
    ids = Bundle("ids")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.database = Database(f"sqlite:///{Path(self.folder.name) / 'entrepot.db'}")
        metadata.create_all(self.database.engine)
        self.connection = self.database.engine.connect()
        self.now: datetime = NOW
        self.state: dict[str, JobState] = {}
        self.good: dict[str, Grip] = {}
        self.granted: set[Grip] = set()
        self.lease: dict[str, datetime] = {}
        self.retries: dict[str, int] = {}
        self.completed: dict[str, int] = {}

    def teardown(self) -> None:
        self.connection.close()
        asyncio.run(self.database.close())
        self.folder.cleanup()

    @rule(target=ids, owner=st.sampled_from(["ann", "bob"]), priority=st.sampled_from([1, 5]))
    def order(self, owner: str, priority: int) -> str:
        job_id = f"job-{len(self.state)}"
        records.insert_job(
            self.connection, draft(owner=owner, priority=priority), job_id=job_id, now=self.now, once=None
        )
        self.state[job_id] = JobState.QUEUED
        return job_id

    @rule(target=grips)
    def claim(self) -> Grip:
        job = records.claim(self.connection, worker="w", now=self.now, lease_until=self.now + LEASE)
        if job is None:
            assert all(
                state is not JobState.QUEUED or self.row(job_id).run_at > self.now
                for job_id, state in self.state.items()
            )
            return multiple()  # type: ignore[return-value]  # hypothesis' way to add nothing
        grip = Grip(job.id, job.fence)
        assert self.state[job.id] is JobState.QUEUED
        assert grip not in self.granted
        assert all(grip.fence > old.fence for old in self.granted if old.job_id == job.id)
        self.granted.add(grip)
        self.good[job.id] = grip
        self.lease[job.id] = self.now + LEASE
        self.state[job.id] = JobState.RUNNING
        return grip

    @rule(grip=grips, percent=st.floats(0, 100))
    def renew(self, grip: Grip, percent: float) -> None:
        news = News(Progress(Stage.DOWNLOADING, percent))
        until = self.now + LEASE
        hold = records.renew(
            self.connection, grip.job_id, grip.fence, now=self.now, lease_until=until, news=news
        )
        assert (hold is Hold.HELD) == self.is_good(grip)
        if hold is Hold.HELD:
            self.lease[grip.job_id] = until

    @rule(grip=grips)
    def complete(self, grip: Grip) -> None:
        source = Source(url="u")
        job = records.complete(
            self.connection, grip.job_id, grip.fence, now=self.now, source=source, files=[]
        )
        if self.changed(grip, job, JobState.COMPLETED):
            self.completed[grip.job_id] = self.completed.get(grip.job_id, 0) + 1

    @rule(grip=grips)
    def fail(self, grip: Grip) -> None:
        error = UpstreamBusy()
        job = records.fail(self.connection, grip.job_id, grip.fence, now=self.now, error=error)
        self.changed(grip, job, JobState.FAILED)

    @rule(grip=grips, seconds=st.integers(0, 60))
    def postpone(self, grip: Grip, seconds: int) -> None:
        run_at = self.now + timedelta(seconds=seconds)
        job = records.postpone(
            self.connection, grip.job_id, grip.fence, now=self.now, run_at=run_at, error=UpstreamBusy()
        )
        self.changed(grip, job, JobState.QUEUED)

    @rule(grip=grips)
    def release(self, grip: Grip) -> None:
        job = records.release(self.connection, grip.job_id, grip.fence, now=self.now)
        self.changed(grip, job, JobState.QUEUED)

    @rule(job_id=ids)
    def cancel(self, job_id: str) -> None:
        before = self.state[job_id]
        try:
            records.cancel(self.connection, job_id, owner=None, now=self.now)
        except JobFinished:
            assert before.is_finished
        else:
            assert before in (JobState.QUEUED, JobState.RUNNING)
            self.state[job_id] = JobState.CANCELED
            self.good.pop(job_id, None)

    @rule(job_id=ids)
    def retry_by_hand(self, job_id: str) -> None:
        may = self.state[job_id] in (JobState.FAILED, JobState.CANCELED)
        may = may and self.retries.get(job_id, 0) < LIMIT
        try:
            records.retry_by_hand(self.connection, job_id, owner=None, now=self.now, limit=LIMIT)
        except RetryRefused:
            assert not may
        else:
            assert may
            self.retries[job_id] = self.retries.get(job_id, 0) + 1
            self.state[job_id] = JobState.QUEUED

    @rule(is_restart=st.booleans())
    def rescue(self, is_restart: bool) -> None:
        expired_at = None if is_restart else self.now
        rescued = records.rescue(self.connection, now=self.now, expired_at=expired_at)
        wanted = {job_id for job_id in self.good if is_restart or self.lease[job_id] <= self.now}
        assert {job.id for job in rescued} == wanted
        for job in rescued:
            assert job.state in (JobState.QUEUED, JobState.FAILED)
            self.state[job.id] = job.state
            del self.good[job.id]

    @rule(seconds=st.integers(1, 60))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def the_tables_agree_with_the_model(self) -> None:
        assert records.states_of(self.connection, list(self.state)) == {
            job_id: (state, max((g.fence for g in self.granted if g.job_id == job_id), default=0))
            for job_id, state in self.state.items()
        }
        assert {job_id for job_id, state in self.state.items() if state is JobState.RUNNING} == set(self.good)

    @invariant()
    def a_job_is_completed_once_and_told_so_once(self) -> None:
        events = history.events_after(self.connection, 0, limit=10_000)
        results = [event.job_id for event in events if event.type == "result"]
        assert sorted(results) == sorted(self.completed)
        assert all(times == 1 for times in self.completed.values())

    @invariant()
    def the_newest_event_tells_the_present_state(self) -> None:
        newest = {e.job_id: e for e in history.events_after(self.connection, 0, limit=10_000)}
        assert {job_id: event.data["status"] for job_id, event in newest.items()} == self.state

    def is_good(self, grip: Grip) -> bool:
        return self.good.get(grip.job_id) == grip

    def row(self, job_id: str) -> Job:
        return records.get(self.connection, job_id, owner=None)

    def changed(self, grip: Grip, job: Job | None, state: JobState) -> bool:
        """Whether the grip was good: exactly then the job has moved."""
        assert (job is not None) == self.is_good(grip)
        if job is None:
            return False
        assert job.state is state
        self.state[grip.job_id] = state
        del self.good[grip.job_id]
        return True


TestJobs = Jobs.TestCase
TestJobs.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
