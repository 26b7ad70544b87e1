"""A foreman whose workers do what the tests say, in a nursery of its own."""

import os
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from entrepot.errors import MediaNotFound
from entrepot.processes.channel import Channel
from entrepot.processes.fence import Fence
from entrepot.processes.foreman import Foreman, Trade
from tests.processes.pulse import sign_in


def tasks(_settings: str) -> dict[str, Callable[[dict[str, Any], Channel], None]]:
    """One task: the foreman."""

    def keep(payload: dict[str, Any], channel: Channel) -> None:
        rehearsal = _REHEARSALS[payload["rehearsal"]]
        trades = {"plain": Trade(_fence, payload["ready"], rehearsal)}
        Foreman(channel, Path(payload["folder"]), trades, _work).run()

    return {"workshop": keep}


def _fence(scratch: Path) -> Fence:
    return Fence(writable=(scratch,), readable=(), memory_bytes=2 * 1024**3, cpu_seconds=1)


def _work(order: dict[str, Any], source: int, target: int) -> dict[str, Any]:
    os.write(target, os.read(source, 65536).upper())
    _DEEDS[order.get("deed", "")]()
    return {"pid": os.getpid(), "reach": _reach(order), "has_rehearsed": os.getpid() in _rehearsed}


_rehearsed: set[int] = set()


def _raise(error: Exception) -> None:
    raise error


def _loop() -> None:
    while True:
        pass


def _wait() -> None:
    sign_in(Path(), "waiting")
    time.sleep(600)


def _leave_a_process() -> None:
    if os.fork() == 0:
        sign_in(Path(), "stray")
        time.sleep(600)


_DEEDS: dict[str, Callable[[], object]] = {
    "": lambda: None,
    "raises": lambda: _raise(MediaNotFound("there is none")),
    "crashes": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exits": lambda: os._exit(0),
    "memory": lambda: bytearray(4 * 1024**3),
    "unexpected": lambda: _raise(RuntimeError("a secret")),
    "loops": _loop,
    "waits": _wait,
    "leaves a process": _leave_a_process,
    "prints": lambda: os.write(1, b"x" * 1_000_000),
}


_REHEARSALS: dict[str, Callable[[], object]] = {
    "": lambda: None,
    "works": lambda: _rehearsed.add(os.getpid()),
    "fails": lambda: _raise(RuntimeError("stage fright")),
}


def _reach(order: dict[str, Any]) -> list[str]:
    """Which of the forbidden things could be done."""
    done = []
    for path in order.get("spy", ()):
        try:
            done.append(Path(path).read_text())
        except OSError:
            continue
    try:
        socket.socket().close()
    except OSError:
        return done
    return [*done, "a socket"]
