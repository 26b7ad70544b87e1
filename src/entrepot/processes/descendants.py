"""Making sure that no process outlives the work it was started for."""

import ctypes
import os
import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from entrepot.processes.linux import PR_GET_CHILD_SUBREAPER, PR_SET_CHILD_SUBREAPER, prctl

_NULL = "/dev/null"


def adopt_orphans() -> None:
    """From now on descendants whose own parent ends become children of this process, not of init.

    PR_SET_CHILD_SUBREAPER, prctl(2). A fork does not pass it on.
    """
    prctl(PR_SET_CHILD_SUBREAPER, 1)


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Adopts orphans for a while, and leaves the process as it was."""
    before = _adopts_orphans()
    adopt_orphans()
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, int(before))


def children_of_self() -> set[int]:
    """The pids of this process's children, ended but unreaped ones among them.

    `/proc/self/task/*/children` where the kernel has it (CONFIG_PROC_CHILDREN), else every process is asked for its parent.
    """
    try:
        lists = [path.read_text() for path in Path("/proc/self/task").glob("*/children")]
    except OSError:
        lists = []  # a thread ended meanwhile
    if lists:
        return {int(pid) for listed in lists for pid in listed.split()}
    own = os.getpid()
    return {process.pid for process in _processes() if process.parent == own}


def kill_strays(known: Collection[int]) -> set[int]:
    """Sends SIGKILL to every child that is not in `known`; returns their pids. They are not reaped.

    A child cannot be reaped by anyone else meanwhile, so its number is still its own.
    """
    strays = children_of_self().difference(known)
    for pid in strays:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return strays


def end_strays(known: Collection[int], timeout_seconds: float = 2.0) -> bool:
    """Kills and reaps every child that is not in `known`, and what these leave behind, until none is left.

    For a process that adopts orphans. False: some were still there after `timeout_seconds`.
    """
    deadline = time.monotonic() + timeout_seconds
    while strays := kill_strays(known):
        for pid in strays:
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        if time.monotonic() > deadline:
            return False
        time.sleep(0.001)
    return True


def shed_descriptors(keep: Collection[int]) -> None:
    """Puts `/dev/null` in the place of every open descriptor but 0, 1, 2 and those in `keep`.

    After a fork: what the parent had open is out of reach, and an inherited object that closes "its" descriptor later
    closes a placeholder, not a file that has been given the same number since.
    """
    null = os.open(_NULL, os.O_RDWR | os.O_CLOEXEC)
    for descriptor in _open_descriptors():
        if descriptor > 2 and descriptor != null and descriptor not in keep:
            os.dup2(null, descriptor, inheritable=False)
    os.close(null)


def _open_descriptors() -> list[int]:
    found = []
    for path in list(Path("/proc/self/fd").iterdir()):
        with suppress(OSError):  # the listing's own descriptor is among them, closed by now
            os.fstat(int(path.name))
            found.append(int(path.name))
    return found


def _adopts_orphans() -> bool:
    value = ctypes.c_int(0)
    prctl(PR_GET_CHILD_SUBREAPER, ctypes.cast(ctypes.byref(value), ctypes.c_void_p))
    return bool(value.value)


def group_lives(group: int) -> bool:
    """Whether any process of the group still runs; those that only wait to be reaped by another do not."""
    return any(process.group == group and process.state not in "ZX" for process in _processes())


@dataclass(frozen=True, slots=True)
class _Process:
    pid: int
    state: str
    parent: int
    group: int


def _processes() -> Iterator[_Process]:
    """Every process that this one may see (proc_pid_stat(5))."""
    for path in Path("/proc").iterdir():
        if path.name.isdecimal():
            with suppress(OSError):  # ended meanwhile
                after_name = (path / "stat").read_text(errors="replace").rpartition(") ")[2]
                state, parent, group = after_name.split(maxsplit=3)[:3]
                yield _Process(int(path.name), state, int(parent), int(group))
