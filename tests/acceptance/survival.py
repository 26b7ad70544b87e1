"""Orders many slow files, kills the whole tree again and again, and looks at what the data folder tells afterwards."""

import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx2

from tests.acceptance.conftest import allowing
from tests.acceptance.orders import FINAL, order
from tests.acceptance.service import ServiceProcess, wait_until
from tests.origin.site import Site

Deed = Callable[[ServiceProcess], None]


def client_of(service: ServiceProcess) -> httpx2.Client:
    return httpx2.Client(base_url=service.url, timeout=30, trust_env=False)


def all_jobs(http: httpx2.Client) -> list[dict[str, Any]]:
    return list(http.get("/api/v1/downloads", params={"limit": 200}).json()["items"])


def leftovers(data_dir: Path) -> list[str]:
    """Files of work folders and of half-written blobs."""
    places = (data_dir / "work", data_dir / "spool", data_dir / "blobs" / "incoming")
    return [str(path) for place in places if place.exists() for path in place.rglob("*") if path.is_file()]


def blobs(data_dir: Path) -> list[Path]:
    return [path for path in (data_dir / "blobs").rglob("*") if path.is_file() and len(path.name) == 64]


class Ordeal:
    """A service with `jobs` slow files to fetch, each URL its own, all the same bytes."""

    def __init__(self, origin: Site, data_dir: Path, *, jobs: int, bps: int) -> None:
        self.data_dir = data_dir
        self.dice = random.Random(20261120)
        self.sha256 = origin.media.sha256("360p.mp4")
        self.service = ServiceProcess(
            data_dir, settings={**allowing(origin), "ENTREPOT_WORKERS": "8"}
        ).start()
        with client_of(self.service) as http:
            self.ids = [
                order(http, origin.url(f"/throttled/360p.mp4?bps={bps}&n={n}"), kind="file")
                for n in range(jobs)
            ]

    def kill_and_restart(self, times: int, *, meanwhile: Deed = lambda _service: None) -> None:
        """`kill -9` of the whole tree at a random moment; `meanwhile` is done right before."""
        for _ in range(times):
            time.sleep(self.dice.uniform(0.3, 1.5))  # the moment of death is the point of these tests
            meanwhile(self.service)
            tree = self.service.tree()
            self.service.kill()
            wait_until(
                lambda tree=tree: not any(Path(f"/proc/{pid}").exists() for pid in tree), timeout_seconds=5
            )
            self.service.start()

    def finish(self) -> dict[str, dict[str, Any]]:
        """Waits until every job has ended and nothing half-done is left, and stops; the jobs by their ids."""
        try:
            with client_of(self.service) as http:
                wait_until(lambda: all(one["status"] in FINAL for one in all_jobs(http)), timeout_seconds=600)
                found = {one["id"]: one for one in all_jobs(http)}
            wait_until(lambda: not leftovers(self.data_dir), timeout_seconds=5)
        finally:
            self.service.stop()
        return found

    def endings(self) -> Counter[tuple[str, str]]:
        """How often each job was told to have reached each final state: (id, state)."""
        rows = self._rows("SELECT job_id, data FROM events WHERE type = 'status'")
        states = ((job_id, json.loads(data)["status"]) for job_id, data in rows)
        return Counter((job_id, state) for job_id, state in states if state in FINAL)

    def rescued(self) -> int:
        """How many attempts were ended by a kill."""
        return int(self._rows("SELECT sum(rescues) FROM jobs")[0][0])

    def _rows(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.data_dir / 'entrepot.db'}?mode=ro", uri=True)) as database:
            return database.execute(query).fetchall()


def assert_completed_once(ordeal: Ordeal, found: dict[str, dict[str, Any]], job_ids: list[str]) -> None:
    """Each of these jobs ended well, once, with one file of the right bytes and an asset of its own."""
    jobs = [found[job_id] for job_id in job_ids]
    assert {job["status"] for job in jobs} == {"completed"}
    assert all([file["sha256"] for file in job["files"]] == [ordeal.sha256] for job in jobs)
    assert len({job["files"][0]["asset_id"] for job in jobs}) == len(jobs)
    endings = ordeal.endings()
    assert {job_id: endings[job_id, "completed"] for job_id in job_ids} == dict.fromkeys(job_ids, 1)
