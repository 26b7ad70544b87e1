"""Runs a test's work where a job would run: in a forked child of a warm process that has one thread."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import Any

from entrepot.errors import AppError

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.origin.warm"])
SECONDS = 60.0


def run_in_child(work: Callable[..., Any], *arguments: Any) -> Any:
    """What `work` returns in a child process (both must be picklable); an AppError that it raises is raised here."""
    with started_child(work, *arguments) as (receiver, _):
        if not receiver.poll(SECONDS):
            raise TimeoutError("the child did not answer")
        try:
            outcome, value = receiver.recv()
        except EOFError:
            raise ChildProcessError("the child ended without an answer") from None
    if outcome == "app-error":
        raise AppError.from_dict(value)
    if outcome == "crash":
        raise RuntimeError(value)
    return value


@contextmanager
def started_child(work: Callable[..., Any], *arguments: Any) -> Iterator[tuple[Connection, int]]:
    """The child, at work: where its answer comes from, and its pid, which is also its session. Killed at the end."""
    receiver, sender = CONTEXT.Pipe(duplex=False)
    process = CONTEXT.Process(target=_answer, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        yield receiver, process.pid or 0
    finally:
        receiver.close()
        process.kill()
        process.join(10)
        process.close()


def kill_group(pid: int) -> None:
    """Ends a started child with its whole process group, as a cancel does."""
    os.killpg(pid, signal.SIGKILL)


def _answer(sender: Connection, work: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    os.setsid()
    try:
        sender.send(("result", work(*arguments)))
    except AppError as error:
        sender.send(("app-error", error.as_dict()))
    except Exception as error:  # told to the test, which fails with it
        sender.send(("crash", repr(error)))
