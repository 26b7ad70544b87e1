"""One attempt at a job in this process: what its child has said so far, and what is to become of it."""

import asyncio
from datetime import datetime
from enum import Enum

from entrepot.errors import AppError, JobCrashed, JobTimeout
from entrepot.jobs.messages import Message, understand
from entrepot.jobs.records import News
from entrepot.jobs.state import Job
from entrepot.jobs.work import Kind, LogLine, Outcome, Progress, Source
from entrepot.telemetry import get_logger

_MAX_LINES = 5000
_MAX_WAITING_LINES = 500
_log = get_logger("jobs")


class Stop(Enum):
    """Why an attempt has to end before its child is done."""

    CANCELED = "canceled"
    LOST = "lost"
    TIMED_OUT = "timed out"
    LEAVING = "leaving"
    ORPHANED = "orphaned"


class Attempt:
    """The state of one attempt; changed by the child's messages, and ended from outside by a `Stop`, the first of which counts."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.kind = job.kind
        self.stop: Stop | None = None
        self.ending: Outcome | AppError | None = None
        self.is_over = asyncio.Event()  # the child is dead, the row is written, the folder is dealt with
        self._is_stopped = asyncio.Event()
        self._has_stirred = asyncio.Event()
        self._news = News()
        self._lines = 0

    def end(self, stop: Stop) -> None:
        """Has the attempt end; whoever wants it gone waits for `is_over`."""
        self.stop = self.stop or stop
        self._is_stopped.set()
        self._has_stirred.set()

    def take(self, message: Message, *, at: datetime) -> None:
        """Notes what the child says. An unreadable message ends the attempt as crashed."""
        try:
            said = understand(message, at=at)
        except ValueError as error:
            _log.error("a job's process spoke nonsense", job_id=self.job.id, reason=str(error))
            said = JobCrashed("The job's process sent something unreadable.")
        match said:
            case Outcome() | AppError():
                self.ending = said
            case Kind():
                self.kind = said
                self._tell(kind=said)
            case Source():
                self._tell(source=said)
            case Progress():
                self._tell(progress=said)
            case LogLine():
                self._add_line(said)

    def _tell(
        self, *, kind: Kind | None = None, source: Source | None = None, progress: Progress | None = None
    ) -> None:
        old = self._news
        self._news = News(progress or old.progress, kind or old.kind, source or old.source, old.logs)
        self._has_stirred.set()

    def _add_line(self, line: LogLine) -> None:
        old = self._news
        if self._lines > _MAX_LINES or len(old.logs) >= _MAX_WAITING_LINES:
            return
        self._lines += 1
        if self._lines > _MAX_LINES:
            line = LogLine(line.at, "warning", "The log is full; further lines are left out.")
        self._news = News(old.progress, old.kind, old.source, (*old.logs, line))
        self._has_stirred.set()

    def take_news(self) -> News:
        """What the child has said since the last time."""
        news, self._news = self._news, News()
        self._has_stirred.clear()
        return news

    def give_back(self, news: News) -> None:
        """Returns news that could not be written; what is newer wins."""
        new = self._news
        self._news = News(
            new.progress or news.progress,
            new.kind or news.kind,
            new.source or news.source,
            (*news.logs, *new.logs)[:_MAX_WAITING_LINES],
        )

    async def is_stopped_within(self, seconds: float) -> bool:
        """Waits until the attempt has to end, that long at most."""
        return await _happens(self._is_stopped, seconds)

    async def stirs_within(self, seconds: float) -> bool:
        """Waits until there is news, or the attempt has to end; that long at most."""
        return await _happens(self._has_stirred, seconds)

    def verdict(self, exit_status: int) -> Outcome | AppError | Stop:
        """What the attempt comes to, once its child has ended with `exit_status`."""
        if self.stop in (Stop.CANCELED, Stop.LOST):
            return self.stop
        if self.ending is not None:
            return self.ending
        if self.stop is Stop.TIMED_OUT:
            return JobTimeout()
        return self.stop or JobCrashed(_obituary(exit_status))


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    try:
        async with asyncio.timeout(max(seconds, 0.0)):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _obituary(exit_status: int) -> str:
    if exit_status < 0:
        return f"The job's process was ended by signal {-exit_status}."
    return f"The job's process ended with status {exit_status} and without a word."
