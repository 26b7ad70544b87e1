"""The warm parent: a process that has the heavy libraries loaded and forks a child for each task it is told to start.

Run by `nursery.Nursery` as `python -m entrepot.processes.warm_parent DESCRIPTOR PARENT`. It has one thread, speaks over a
socket that keeps messages apart (SOCK_SEQPACKET), and ends, with all that it started, when that socket does.
"""

import gc
import importlib
import json
import os
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from entrepot.processes.channel import Channel
from entrepot.processes.descendants import adopt_orphans, end_strays, kill_strays, shed_descriptors
from entrepot.processes.lifeline import die_with_parent, restore_signals
from entrepot.processes.linux import trim_memory
from entrepot.processes.ward import Ward

MAX_COMMAND_BYTES = 128 * 1024
_TICK_MILLISECONDS = 10  # between looks at what is being killed, should no signal tell
_LINGER_SECONDS = 2.0  # a process that the kernel cannot kill at once (a stuck disk) is given up after this

Task = Callable[[dict[str, Any], Channel], None]


class WarmParent:
    """The loop: commands come in, children are forked, killed and reaped, their ends go out."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._tasks: dict[str, Task] = {}
        self._wards: dict[int, Ward] = {}  # by pid, leader alive or unreaped
        self._ending: list[Ward] = []  # leader reaped, others of the group perhaps not yet gone
        self._wakeups, self._alarm = socket.socketpair()

    def run(self) -> None:
        """Works until the other side is gone or SIGTERM comes; then nothing of what was started is left."""
        adopt_orphans()
        try:
            while self._work_once():
                pass
        finally:
            self._end_all()

    def _listen_to_signals(self) -> None:
        for end in (self._wakeups, self._alarm):
            end.setblocking(False)
        signal.set_wakeup_fd(self._alarm.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, _leave_it_to_the_alarm)
        signal.signal(signal.SIGTERM, _leave_it_to_the_alarm)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the service to answer

    def _work_once(self) -> bool:
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wakeups, select.POLLIN)
        ready = {descriptor for descriptor, _ in poll.poll(_TICK_MILLISECONDS if self._ending else None)}
        if self._wakeups.fileno() in ready and signal.SIGTERM in self._wakeups.recv(4096):
            return False
        self._reap()
        return self._control.fileno() not in ready or self._obey()

    def _obey(self) -> bool:
        """Takes one command; False: the other side is gone."""
        try:
            data, descriptors, _, _ = socket.recv_fds(self._control, MAX_COMMAND_BYTES, 1)
        except ConnectionError:
            return False
        if not data:
            return False
        command = json.loads(data)
        match command["do"]:
            case "prepare":
                self._prepare(command)
            case "spawn":
                self._spawn(command["id"], command["task"], descriptors[0])
            case "kill":
                self._kill(command["id"])
        return True

    def _prepare(self, command: dict[str, Any]) -> None:
        sys.path[:] = command["path"]
        module, _, name = command["tasks"].partition(":")
        self._tasks = dict(getattr(importlib.import_module(module), name)(command["settings"]))
        gc.collect()
        gc.freeze()  # the collector would else write to, and so copy, every page that is shared with the children
        trim_memory()
        self._listen_to_signals()  # not sooner: while libraries load, SIGTERM ends the process as it stands
        self._tell({"is": "ready", "tasks": sorted(self._tasks), "threads": _count_threads()})

    def _spawn(self, ward_id: int, task: str, descriptor: int) -> None:
        own_pid = os.getpid()
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            pid = os.fork()
        except OSError as error:
            os.close(descriptor)
            self._tell({"is": "refused", "id": ward_id, "reason": os.strerror(error.errno or 0)})
            return
        if pid == 0:
            _run_and_exit(self._tasks[task], descriptor, own_pid)
        os.close(descriptor)
        self._wards[pid] = Ward(ward_id, pid)
        self._tell({"is": "spawned", "id": ward_id, "pid": pid})

    def _kill(self, ward_id: int) -> None:
        for ward in self._wards.values():
            if ward.id == ward_id:
                ward.kill()

    def _reap(self) -> None:
        """Takes note of every end; whatever outlives its leader is killed first, while the group's number is taken."""
        while (ended := _next_ended()) is not None:
            ward = self._wards.pop(ended, None)
            if ward is not None:
                ward.kill()
            _, status = os.waitpid(ended, 0)
            if ward is not None:
                ward.status = os.waitstatus_to_exitcode(status)
                ward.give_up_at = time.monotonic() + _LINGER_SECONDS
                self._ending.append(ward)
        if self._ending:
            self._report_gone()

    def _report_gone(self) -> None:
        # Children adopt their own orphans: who comes up to here has outlived the child that it belonged to.
        has_strays = bool(kill_strays(self._wards.keys()))
        now = time.monotonic()
        for ward in list(self._ending):
            if (ward.is_gone() and not has_strays) or now > ward.give_up_at:
                self._ending.remove(ward)
                self._tell({"is": "exited", "id": ward.id, "status": ward.status})

    def _tell(self, message: dict[str, Any]) -> None:
        with suppress(ConnectionError):  # the loop sees the end of the socket by itself
            self._control.sendall(json.dumps(message).encode())

    def _end_all(self) -> None:
        for ward in self._wards.values():
            ward.kill()
        end_strays((), _LINGER_SECONDS)


def _next_ended() -> int | None:
    """The pid of an ended child, still unreaped; None: there is none now."""
    try:
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if ended is None else ended.si_pid


def _count_threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def _leave_it_to_the_alarm(_number: int, _frame: object) -> None:
    """Python writes the signal's number to the wake-up socket before it calls this."""


def _run_and_exit(task: Task, descriptor: int, parent: int) -> NoReturn:
    """The child's whole life, in a freshly forked process."""
    status = 1
    try:
        os.setsid()
        die_with_parent(parent)
        restore_signals()
        adopt_orphans()
        shed_descriptors({descriptor})
        channel = Channel(socket.socket(fileno=descriptor))
        payload = channel.receive()
        if payload is not None:
            task(payload, channel)
        status = 0
    except BaseException:  # nothing may climb into the parent's copied loop
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def main() -> None:
    """The process's entry point."""
    descriptor, parent = int(sys.argv[1]), int(sys.argv[2])
    die_with_parent(parent, signal.SIGTERM)
    WarmParent(socket.socket(fileno=descriptor)).run()


if __name__ == "__main__":
    main()
