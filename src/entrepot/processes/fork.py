"""Fenced calls: a function runs in a forked, fenced process of its own and hands back a JSON result."""

import os
import select
import signal
import socket
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from entrepot.errors import AppError, JobCrashed, JobTimeout
from entrepot.processes.channel import BrokenMessage, LineBuffer, decode_message
from entrepot.processes.descendants import adopting_orphans, children_of_self, end_strays
from entrepot.processes.fence import Fence
from entrepot.processes.fenced_child import MAX_RESULT_BYTES, run_and_exit

Message = dict[str, Any]
Say = Callable[[Message], None]

_LOG_BYTES = 64 * 1024
_READ_BYTES = 65536
_TICK_MILLISECONDS = 100  # how soon an end is seen that something else hides by holding a stream open
_LAST_MILLISECONDS = 2  # between closing its streams and being over, a process needs a moment


def _ignore(message: Message) -> None:
    """Nobody listens."""


def call_fenced(
    fence: Fence,
    function: Callable[[Say], Message],
    *,
    on_message: Say = _ignore,
    timeout_seconds: float | None = None,
    keep: Collection[int] = (),
) -> Message:
    """Runs `function` behind `fence` in a forked process and returns its result; blocks until then.

    `function` gets a callable that sends a message to `on_message` here, and returns a JSON object. What it prints is
    discarded but for the last 64 KiB, which come as one message `{"type": "log", "level": "debug", "message": …}`. Of the
    descriptors open here it has those in `keep`.
    When this returns or raises, the process and all its descendants are gone; they also go when this process ends.
    Call it where no other thread runs. Raises the AppError that `function` raised, JobTimeout after `timeout_seconds` or
    the fence's processor time, ContentTooLarge and StorageFull for a file or a disk that is full, JobCrashed for the rest.
    """
    with adopting_orphans():
        known = children_of_self()
        call = _start(fence, function, keep)
        try:
            try:
                is_late = not _follow(call, on_message, timeout_seconds)
            finally:
                _end(call, known)
            _drain(call, on_message)
        except BrokenMessage as error:
            raise JobCrashed("The work's process spoke nonsense") from error
        finally:
            call.messages.close()
            os.close(call.prints)
    if call.printed:
        on_message({"type": "log", "level": "debug", "message": call.printed.decode("utf-8", "replace")})
    if is_late:
        raise JobTimeout(f"The work took longer than {timeout_seconds:g} seconds")
    return _verdict(call)


@dataclass(slots=True)
class _Call:
    """One fenced process, as its parent sees it."""

    pid: int
    messages: socket.socket
    prints: int
    lines: LineBuffer = field(default_factory=lambda: LineBuffer(MAX_RESULT_BYTES))
    printed: bytearray = field(default_factory=bytearray)
    answer: Message = field(default_factory=dict)
    status: int = 0

    def has_ended(self) -> bool:
        """Whether the process itself is over; it stays unreaped."""
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def read_messages(self, on_message: Say) -> bool:
        """Takes in what has come and hands messages on; False: the stream is at its end. Raises BrokenMessage."""
        try:
            data = self.messages.recv(_READ_BYTES)
        except ConnectionError:
            return False
        self.lines.feed(data)
        while (line := self.lines.next_line()) is not None:
            envelope = decode_message(line)
            if isinstance(message := envelope.get("message"), dict):
                on_message(message)
            else:
                self.answer = envelope
        return bool(data)

    def read_prints(self) -> bool:
        """Takes in what was printed and keeps the tail; False: the stream is at its end."""
        data = os.read(self.prints, _READ_BYTES)
        self.printed += data
        del self.printed[:-_LOG_BYTES]
        return bool(data)


def _start(fence: Fence, function: Callable[[Say], Message], keep: Collection[int]) -> _Call:
    parent = os.getpid()
    ours, theirs = socket.socketpair()
    read_end, write_end = os.pipe()
    try:
        pid = os.fork()
        if pid == 0:
            run_and_exit(fence, function, parent=parent, messages=theirs, prints=write_end, keep=keep)
    except OSError as error:  # no more processes or memory
        ours.close()
        os.close(read_end)
        raise JobCrashed("No process could be started for the work") from error
    finally:
        theirs.close()
        os.close(write_end)
    return _Call(pid, ours, read_end)


def _follow(call: _Call, on_message: Say, timeout_seconds: float | None) -> bool:
    """Reads until the process has ended; False: it had not within `timeout_seconds`."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    streams = _readers(call, on_message)
    poll = _poll_of(streams)
    while not call.has_ended():
        if deadline is not None and time.monotonic() >= deadline:
            return False
        for descriptor, _ in poll.poll(_TICK_MILLISECONDS if streams else _LAST_MILLISECONDS):
            if not streams[descriptor]():
                poll.unregister(descriptor)
                del streams[descriptor]
    return True


def _drain(call: _Call, on_message: Say) -> None:
    """Reads what an ended process has left behind; all that could write is gone, so it is little."""
    streams = _readers(call, on_message)
    poll = _poll_of(streams)
    while ready := poll.poll(0):
        for descriptor, _ in ready:
            if not streams[descriptor]():
                poll.unregister(descriptor)


def _readers(call: _Call, on_message: Say) -> dict[int, Callable[[], bool]]:
    return {call.messages.fileno(): lambda: call.read_messages(on_message), call.prints: call.read_prints}


def _poll_of(streams: dict[int, Callable[[], bool]]) -> select.poll:
    poll = select.poll()
    for descriptor in streams:
        poll.register(descriptor, select.POLLIN)
    return poll


def _end(call: _Call, known: set[int]) -> None:
    """Kills and reaps the process and every descendant of it."""
    with suppress(ProcessLookupError):
        os.kill(call.pid, signal.SIGKILL)
    call.status = os.waitstatus_to_exitcode(os.waitpid(call.pid, 0)[1])
    end_strays(known)


def _verdict(call: _Call) -> Message:
    result, error = call.answer.get("result"), call.answer.get("error")
    if isinstance(result, dict):
        return result
    if isinstance(error, dict):
        raise _error_from(error)
    if call.status == -signal.SIGXCPU:
        raise JobTimeout("The work used more processor time than allowed")
    if call.status < 0:
        raise JobCrashed(f"The work's process was ended by {signal.Signals(-call.status).name}")
    raise JobCrashed("The work's process ended without a result")


def _error_from(data: Message) -> AppError:
    try:
        return AppError.from_dict(data)
    except (TypeError, ValueError):
        return JobCrashed("The work's process spoke nonsense")
