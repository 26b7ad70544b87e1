"""The inside of a fenced call: from the fork to the end of the forked process."""

import errno
import io
import os
import socket
import sys
import traceback
from collections.abc import Callable, Collection
from typing import Any, NoReturn

from entrepot.errors import AppError, ContentTooLarge, JobCrashed, StorageFull
from entrepot.processes.channel import BrokenMessage, Channel
from entrepot.processes.descendants import shed_descriptors
from entrepot.processes.fence import Fence, FenceError
from entrepot.processes.lifeline import die_with_parent, restore_signals

MAX_RESULT_BYTES = 64 * 1024 * 1024

Message = dict[str, Any]
Function = Callable[[Callable[[Message], None]], Message]


def run_and_exit(
    fence: Fence,
    function: Function,
    *,
    parent: int,
    messages: socket.socket,
    prints: int,
    keep: Collection[int] = (),
) -> NoReturn:
    """Fences this freshly forked process, runs `function`, sends its answer through `messages` and ends the process.

    `prints` takes stdout and stderr; of all other descriptors those in `keep` stay. Messages go out as `{"message": …}`, the end as `{"result": …}` or `{"error": …}`.
    """
    status = 1
    try:
        die_with_parent(parent)
        restore_signals()
        _redirect_output(prints)
        shed_descriptors({messages.fileno(), *keep})
        channel = Channel(messages, MAX_RESULT_BYTES)
        _work(channel, fence, function)
        status = 0
    except BaseException:  # nothing may climb into the parent's copied stack
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(status)


def _work(channel: Channel, fence: Fence, function: Function) -> None:
    """Does the work and sends its result or its error."""
    try:
        fence.apply()
        channel.send({"result": function(lambda message: channel.send({"message": message}))})
    except AppError as error:
        channel.send({"error": error.as_dict()})
    except BaseException as error:  # SystemExit of a foreign library is an answer too
        traceback.print_exc()
        channel.send({"error": _translated(error).as_dict()})


def _translated(error: BaseException) -> AppError:
    match error:
        case MemoryError():
            return JobCrashed("The work ran out of memory")
        case FenceError():
            return JobCrashed("The work's process could not be fenced")
        case BrokenMessage():
            return ContentTooLarge("The work's result is too large")
        case OSError(errno=errno.EFBIG):
            return ContentTooLarge("A file became larger than allowed")
        case OSError(errno=errno.ENOSPC | errno.EDQUOT):
            return StorageFull()
        case _:
            return JobCrashed(f"The work failed unexpectedly ({type(error).__name__})")


def _redirect_output(prints: int) -> None:
    null = os.open("/dev/null", os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(prints, 1)
    os.dup2(prints, 2)
    # What the parent had buffered stays the parent's to write.
    sys.stdout, sys.stderr = _text_stream(1), _text_stream(2)


def _text_stream(descriptor: int) -> io.TextIOWrapper:
    raw = io.FileIO(descriptor, "w", closefd=False)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors="replace", line_buffering=True)
