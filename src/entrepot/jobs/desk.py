"""The child's side of a job: runs its pipeline and says over a channel how it goes."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from entrepot.disk import is_out_of_room
from entrepot.errors import AppError, JobCrashed, StorageFull
from entrepot.jobs import messages
from entrepot.jobs.work import Kind, Order, Outcome, Pipeline, Progress, Source
from entrepot.telemetry import get_logger

_STEP_PERCENT = 1.0
_INTERVAL_SECONDS = 1.0
_log = get_logger("jobs")


class Outlet(Protocol):
    """The child's end of the channel to the service."""

    def send(self, message: dict[str, Any]) -> None: ...


class ChannelDesk:
    """A `jobs.work.Desk` that speaks through an outlet and thins out progress: +1 %, once a second, or a new stage."""

    def __init__(self, outlet: Outlet, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._outlet = outlet
        self._clock = clock
        self._told: Progress | None = None
        self._told_at = 0.0

    def kind(self, kind: Kind) -> None:
        self._outlet.send(messages.kind_message(kind))

    def source(self, source: Source) -> None:
        self._outlet.send(messages.source_message(source))

    def progress(self, progress: Progress) -> None:
        now = self._clock()
        if self._is_worth_telling(progress, now):
            self._told, self._told_at = progress, now
            self._outlet.send(messages.progress_message(progress))

    def _is_worth_telling(self, progress: Progress, now: float) -> bool:
        told = self._told
        return (
            told is None
            or progress.stage is not told.stage
            or abs(progress.percent - told.percent) >= _STEP_PERCENT
            or now - self._told_at >= _INTERVAL_SECONDS
        )

    def log(self, level: str, message: str) -> None:
        self._outlet.send(messages.log_message(level, message))


def perform(payload: Mapping[str, Any], outlet: Outlet, pipelines: Mapping[Kind, Pipeline]) -> None:
    """Carries out the order in `payload` and sends how it ended: `done` or `error`, always one of them."""
    try:
        order = Order.from_dict(payload)
        ending = messages.done_message(_run(order, ChannelDesk(outlet), pipelines))
    except AppError as error:
        ending = messages.error_message(error)
    outlet.send(ending)


def _run(order: Order, desk: ChannelDesk, pipelines: Mapping[Kind, Pipeline]) -> Outcome:
    with only_our_errors(order):
        return pipelines[order.kind].run(order, desk)


@contextmanager
def only_our_errors(order: Order) -> Iterator[None]:
    """Whatever a pipeline raises becomes an AppError, with a text that is safe to show."""
    try:
        yield
    except AppError:
        raise
    except MemoryError as error:
        raise JobCrashed("The job ran out of memory.") from error
    except OSError as error:
        if is_out_of_room(error):
            raise StorageFull from error
        raise _crashed(order, error) from error
    except Exception as error:
        raise _crashed(order, error) from error


def _crashed(order: Order, error: Exception) -> JobCrashed:
    _log.error("a pipeline crashed", job_id=order.job_id, kind=order.kind, exc_info=error)
    return JobCrashed("The job ran into an unexpected error; the log has the details.")
