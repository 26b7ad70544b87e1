"""The child's side: what is said, how often, and how every ending is told."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import MediaNotFound
from entrepot.jobs.desk import ChannelDesk, perform
from entrepot.jobs.work import Desk, Kind, Order, Outcome, Progress, Source, Stage

OUTCOME = Outcome((), Source(url="https://example.com/a"))


class Notebook:
    """An outlet that keeps what was said."""

    def __init__(self) -> None:
        self.said: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        self.said.append(message)


class Pipe:
    """A pipeline that is one function."""

    def __init__(self, act: Callable[[Order, Desk], Outcome]) -> None:
        self.run = act


def order(kind: Kind = Kind.FILE) -> Order:
    return Order("job", 1, kind, "https://example.com/a", {"quality": "best"}, Path("work"), (Path("old"),))


def raising(error: BaseException) -> Callable[[Order, Desk], Outcome]:
    def act(_order: Order, _desk: Desk) -> Outcome:
        raise error

    return act


def told(act: Callable[[Order, Desk], Outcome]) -> list[dict[str, Any]]:
    notebook = Notebook()
    perform(order().as_dict(), notebook, {Kind.FILE: Pipe(act)})
    return notebook.said


@pytest.mark.parametrize(
    ("steps", "sent"),
    [
        ([(0.0, 0.0), (0.1, 0.5), (0.2, 0.9)], [0.0]),  # too little, too soon
        ([(0.0, 0.0), (0.1, 1.0), (0.2, 1.9), (0.3, 2.0)], [0.0, 1.0, 2.0]),  # a whole percent
        ([(0.0, 0.0), (0.9, 0.1), (1.0, 0.2), (1.5, 0.3), (2.0, 0.4)], [0.0, 0.2, 0.4]),  # once a second
        ([(0.0, 50.0), (0.1, 10.0)], [50.0, 10.0]),  # backwards is news
    ],
)
def test_progress_is_thinned_out(steps: list[tuple[float, float]], sent: list[float]) -> None:
    notebook, now = Notebook(), [0.0]
    desk = ChannelDesk(notebook, clock=lambda: now[0])
    for at, percent in steps:
        now[0] = at
        desk.progress(Progress(Stage.DOWNLOADING, percent))
    assert [message["progress"]["percent"] for message in notebook.said] == sent


def test_a_new_stage_is_told_at_once() -> None:
    notebook = Notebook()
    desk = ChannelDesk(notebook, clock=lambda: 0.0)
    for stage in (Stage.EXTRACTING, Stage.DOWNLOADING, Stage.DOWNLOADING, Stage.STORING):
        desk.progress(Progress(stage))
    assert [message["progress"]["stage"] for message in notebook.said] == [
        "extracting",
        "downloading",
        "storing",
    ]


def test_the_pipeline_gets_the_order_as_it_was_given() -> None:
    seen: list[Order] = []

    def act(given: Order, _desk: Desk) -> Outcome:
        seen.append(given)
        return OUTCOME

    assert told(act) == [{"type": "done", "outcome": OUTCOME.as_dict()}]
    assert seen == [order()]


def test_kind_source_and_log_are_passed_on_in_order() -> None:
    def act(_order: Order, desk: Desk) -> Outcome:
        desk.kind(Kind.PAGE)
        desk.source(OUTCOME.source)
        desk.log("info", "x" * 10_000)
        return OUTCOME

    said = told(act)
    assert [message["type"] for message in said] == ["kind", "source", "log", "done"]
    assert len(said[2]["message"]) == 4000


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MediaNotFound("Nothing here."), "media-not-found"),
        (OSError(errno.ENOSPC, "x", "/secret"), "storage-full"),
        (OSError(errno.EDQUOT, "x", "/secret"), "storage-full"),
        (OSError(errno.EACCES, "x", "/secret"), "job-crashed"),
        (MemoryError("secret"), "job-crashed"),
        (KeyError("secret"), "job-crashed"),
    ],
)
def test_every_ending_is_told_and_tells_no_secret(error: Exception, code: str) -> None:
    [message] = told(raising(error))
    assert (message["type"], message["error"]["code"]) == ("error", code)
    assert "secret" not in str(message)


def test_a_kind_without_a_pipeline_is_a_crash() -> None:
    notebook = Notebook()
    perform(order(Kind.MEDIA).as_dict(), notebook, {})
    assert notebook.said[0]["error"]["code"] == "job-crashed"
