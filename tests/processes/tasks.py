"""What the nursery's children do in the tests. The nursery's `settings` are the test's folder."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from entrepot.errors import MediaNotFound
from entrepot.processes.channel import Channel
from entrepot.processes.errand import answer
from entrepot.processes.fence import Fence
from entrepot.processes.fork import call_fenced
from entrepot.processes.lifeline import die_with_parent_preexec
from tests.processes.pulse import sign_in, wait_for_pids

Task = Callable[[dict[str, Any], Channel], None]


def tasks(settings: str) -> dict[str, Task]:
    """All tasks; a child that lives on signs in below the folder `settings`."""
    folder = Path(settings)
    return {
        "echo": _echo, "introduce": _introduce, "leave": _leave, "die": _die, "raise": _raise, "babble": _babble,
        "chatter": _chatter, "nothing": lambda _payload, _channel: None,
        "linger": lambda payload, channel: _linger(folder, payload, channel), "fenced": lambda *_: _fenced(folder),
        "answer": lambda payload, channel: _answer_and_go_on(folder, payload, channel),
    }  # fmt: skip


def no_tasks(settings: str) -> dict[str, Task]:
    """A warm parent that cannot be had: `settings` says why."""
    match settings:
        case "raises":
            raise RuntimeError("a library is missing")
        case "dies":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hangs":
            time.sleep(600)
    return {}


def tasks_once(settings: str) -> dict[str, Task]:
    """Comes up the first time, fails the second and the third, and comes up again."""
    with (Path(settings) / "starts").open("a") as record:
        record.write("x")
    if len((Path(settings) / "starts").read_text()) in (2, 3):
        raise RuntimeError("a passing trouble")
    return tasks(settings)


def tasks_with_a_thread(settings: str) -> dict[str, Task]:
    """A warm parent in which a library has left a thread behind."""
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return tasks(settings)


def _echo(payload: dict[str, Any], channel: Channel) -> None:
    channel.send(payload)
    while (message := channel.receive()) is not None and message:
        channel.send(message)


def _introduce(_payload: dict[str, Any], channel: Channel) -> None:
    """Says what it is and what it can reach."""
    descriptors = {
        path.name: str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.is_symlink()
    }
    handlers = [
        signal.getsignal(number) is signal.SIG_DFL
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD)
    ]
    channel.send(
        {
            "pid": os.getpid(), "session": os.getsid(0), "group": os.getpgrp(), "parent": os.getppid(),
            "environment": sorted(os.environ), "descriptors": descriptors, "handlers": handlers,
            "modules": [name for name in ("tests.processes.tasks", "asyncio") if name in sys.modules],
        }
    )  # fmt: skip


def _leave(payload: dict[str, Any], _channel: Channel) -> None:
    os._exit(payload["status"])


def _die(payload: dict[str, Any], _channel: Channel) -> None:
    os.kill(os.getpid(), payload["signal"])
    time.sleep(600)


def _raise(_payload: dict[str, Any], _channel: Channel) -> None:
    raise RuntimeError("a task of the test fails")


def _babble(payload: dict[str, Any], channel: Channel) -> None:
    channel.send({"fine": True})
    with os.fdopen(os.dup(channel.fileno()), "wb") as stream:
        stream.write(payload["text"].encode() * payload["times"])
    time.sleep(600)


def _chatter(payload: dict[str, Any], channel: Channel) -> None:
    for number in range(payload["number"]):
        channel.send({"number": number, "padding": "x" * 1000})


def _linger(folder: Path, payload: dict[str, Any], channel: Channel) -> None:
    """Ignores every signal that can be ignored, together with the relatives that the payload asks for."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    relatives = payload.get("relatives", [])
    name = payload.get("name", "child")
    for relative in relatives:
        _start_relative(folder, name, relative)
    sign_in(folder, name)
    channel.send({"pids": wait_for_pids(folder, len(relatives) + 1)})
    if not payload.get("leaves"):
        _sleep()


def _start_relative(folder: Path, name: str, relative: str) -> None:
    """A process beside the child: in its group, in a session of its own, an orphan, or a foreign program."""
    path = folder / f"{name}-{relative}"
    if relative == "program":
        script = f"trap '' TERM INT HUP; echo $$ > {path}.draft; mv {path}.draft {path}.pid; while :; do sleep 60; done"
        subprocess.Popen(["/bin/sh", "-c", script], preexec_fn=die_with_parent_preexec)  # noqa: PLW1509 - one thread
    elif os.fork() == 0:
        if relative != "group":
            os.setsid()
        if relative != "orphan" or os.fork() == 0:
            sign_in(folder, path.name)
            _sleep()
        os._exit(0)


def _fenced(folder: Path) -> None:
    """A fenced call that starts a program, as a download with ffmpeg does."""

    def work(_say: object) -> dict[str, Any]:
        _start_relative(folder, "fenced", "program")
        sign_in(folder, "fenced")
        _sleep()
        return {}

    sign_in(folder, "caller")
    call_fenced(Fence(writable=(folder,)), work)


def _answer_and_go_on(folder: Path, payload: dict[str, Any], channel: Channel) -> None:
    answer(channel, lambda: _answer(folder, payload))
    if payload["how"] == "and stays":
        _sleep()


def _answer(folder: Path, payload: dict[str, Any]) -> dict[str, Any]:
    match payload["how"]:
        case "well":
            return {"doubled": payload["number"] * 2}
        case "and stays":
            sign_in(folder, "stays")
            return {"doubled": payload["number"] * 2}
        case "not found":
            raise MediaNotFound("Nothing here.")
        case "unexpected":
            raise RuntimeError("a secret of the house")
        case "memory":
            raise MemoryError
        case "silently":
            os._exit(0)
        case "by a signal":
            os.kill(os.getpid(), signal.SIGKILL)
        case "late":
            sign_in(folder, "late")
    _sleep()
    return {}


def _sleep() -> None:
    while True:
        time.sleep(60)
