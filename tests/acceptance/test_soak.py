"""Long runs, for `make soak`: many jobs, many kills of the whole tree, nothing lost, doubled, stuck or left behind."""

import contextlib
import threading
from pathlib import Path

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess
from tests.acceptance.survival import Ordeal, assert_completed_once, blobs, client_of
from tests.origin.site import Site

pytestmark = [pytest.mark.soak, pytest.mark.timeout(1800)]


def test_forty_jobs_survive_six_kills(origin: Site, data_dir: Path) -> None:
    ordeal = Ordeal(origin, data_dir, jobs=40, bps=100_000)
    ordeal.kill_and_restart(6)
    found = ordeal.finish()
    assert sorted(found) == sorted(ordeal.ids)
    assert_completed_once(ordeal, found, ordeal.ids)
    assert ordeal.rescued() >= 6
    assert [path.name for path in blobs(data_dir)] == [ordeal.sha256]


class Canceler:
    """Cancels jobs, some of them while the service is killed, and notes what it was answered."""

    def __init__(self, job_ids: list[str]) -> None:
        self._waiting = list(job_ids)
        self.answered: dict[str, int] = {}
        self.unanswered: set[str] = set()

    def cancel_some(self, service: ServiceProcess) -> None:
        """Two cancels whose answer is waited for, and one that is under way when this returns."""
        with client_of(service) as http:
            for _ in range(2):
                self._cancel(http, self._waiting.pop())
        threading.Thread(target=self._cancel_alone, args=(service, self._waiting.pop()), daemon=True).start()

    def _cancel_alone(self, service: ServiceProcess, job_id: str) -> None:
        self.unanswered.add(job_id)
        with client_of(service) as http, contextlib.suppress(httpx2.TransportError):
            self._cancel(http, job_id)
            self.unanswered.discard(job_id)

    def _cancel(self, http: httpx2.Client, job_id: str) -> None:
        self.answered[job_id] = http.delete(f"/api/v1/download/{job_id}").status_code


def test_cancels_between_the_kills_hold(origin: Site, data_dir: Path) -> None:
    ordeal = Ordeal(origin, data_dir, jobs=40, bps=100_000)
    chosen = ordeal.dice.sample(ordeal.ids, 18)
    canceler = Canceler(chosen)
    ordeal.kill_and_restart(6, meanwhile=canceler.cancel_some)
    found = ordeal.finish()
    canceled = {job_id for job_id, status in canceler.answered.items() if status == 200}
    assert sorted(found) == sorted(ordeal.ids)
    assert len(canceled) >= 6
    assert {found[job_id]["status"] for job_id in canceled} == {"canceled"}
    assert all(not found[job_id]["files"] for job_id in canceled)
    undecided = {job_id for job_id in canceler.unanswered if found[job_id]["status"] == "canceled"}
    assert_completed_once(ordeal, found, [job for job in ordeal.ids if job not in canceled | undecided])
    assert all(count == 1 for count in ordeal.endings().values())
    assert [path.name for path in blobs(data_dir)] == [ordeal.sha256]
