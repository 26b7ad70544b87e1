"""One life of the warm parent, from its start to its burial, as the serving process sees it."""

import asyncio
import itertools
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from entrepot.errors import OutOfOrder
from entrepot.processes.channel import encode_message
from entrepot.processes.child import Child
from entrepot.processes.descendants import group_lives
from entrepot.processes.warm_parent import MAX_COMMAND_BYTES
from entrepot.telemetry import get_logger

_REPORT_BYTES = 65536
_LOOK_SECONDS = 0.005
_BURIAL_SECONDS = 5.0
_INHERITED = (
    "PATH", "HOME", "USER", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH",
    "PYTHONPATH", "PYTHONHOME", "PYTHONWARNINGS", "VIRTUAL_ENV", "SSL_CERT_FILE", "SSL_CERT_DIR",
)  # fmt: skip

log = get_logger("entrepot.processes")


class GenerationOver(OutOfOrder):
    """The warm parent ended before the child had begun; another may be asked."""


class Generation:
    """A warm parent process and the children it has."""

    def __init__(self) -> None:
        """Starts the process; from a thread that lives as long as it should. Needs a running loop. Raises OSError."""
        self.is_over = asyncio.Event()
        self._ids = itertools.count(1)
        self._children: dict[int, Child] = {}
        self._births: dict[int, asyncio.Future[None]] = {}
        self._errands: set[asyncio.Task[None]] = set()
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Future[frozenset[str]] = self._loop.create_future()
        self._tasks: frozenset[str] = frozenset()
        self._is_warm = False
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = _launch(theirs.fileno())
        self._control.setblocking(False)
        self._loop.add_reader(self._control, self._read_reports)

    @property
    def pid(self) -> int:
        """The warm parent's."""
        return self._process.pid

    async def warm(self, tasks: str, settings: str, timeout_seconds: float) -> None:
        """Has `tasks` ("module:function") called with `settings`, returns when all is loaded.

        Raises OutOfOrder when that fails or takes too long.
        """
        command = {"do": "prepare", "tasks": tasks, "settings": settings, "path": sys.path}
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._tell(command)
                self._tasks = await self._ready
        except TimeoutError as error:
            raise OutOfOrder("The worker processes did not get ready in time") from error

    async def spawn(self, task: str, payload: dict[str, Any]) -> Child:
        """Forks a child that runs `task` with `payload`.

        Raises ValueError for an unknown task, BrokenMessage for a payload too large, GenerationOver when the warm parent
        is gone, OutOfOrder when it cannot fork.
        """
        if task not in self._tasks:
            raise ValueError(f"no task is called {task!r}")
        encode_message(payload)
        child, birth = await self._order_child(task)
        try:
            await birth
            await child.send(payload)  # only now: a child that is lost on the way has done nothing
        except asyncio.CancelledError:
            self._run_errand(child)
            raise
        except BaseException:
            child.close()
            raise
        return child

    async def bury(self) -> None:
        """Ends the process and its children, if they have not ended; returns when all are gone and told so."""
        if not self._is_warm:
            self._process.kill()  # it is loading and would not listen, and has no children yet
        if not self.is_over.is_set():
            with suppress(OSError):
                self._control.shutdown(socket.SHUT_WR)  # it ends its children and itself
            with suppress(TimeoutError):
                await asyncio.wait_for(self.is_over.wait(), _BURIAL_SECONDS)
        if not await _until(lambda: self._process.poll() is not None, _BURIAL_SECONDS):
            self._process.kill()
            self._process.wait()
        self._give_up()
        for child in self._children.values():
            _kill_group(child.pid)
        for child in self._children.values():
            await _until(partial(_is_gone, child.pid), _BURIAL_SECONDS)
            child.is_orphan = True
            child.ended(-signal.SIGKILL)
        self._children.clear()

    async def _order_child(self, task: str) -> tuple[Child, asyncio.Future[None]]:
        if self.is_over.is_set():
            raise GenerationOver
        child_id = next(self._ids)
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        child = Child(ours, kill=partial(self._tell, {"do": "kill", "id": child_id}))
        birth: asyncio.Future[None] = self._loop.create_future()
        try:
            with theirs:
                await self._tell({"do": "spawn", "id": child_id, "task": task}, theirs.fileno())
        except BaseException:
            child.close()
            raise
        self._births[child_id], self._children[child_id] = birth, child
        if self.is_over.is_set():
            self._settle_birth(child_id, GenerationOver())
        return child, birth

    def _read_reports(self) -> None:
        try:
            data = self._control.recv(_REPORT_BYTES)
        except BlockingIOError:
            return
        except ConnectionError:
            data = b""
        if data:
            self._take(json.loads(data))
        else:
            self._give_up()

    def _take(self, report: dict[str, Any]) -> None:
        match report["is"]:
            case "ready":
                self._note_ready(report)
            case "spawned":
                self._children[report["id"]].pid = report["pid"]
                self._settle_birth(report["id"], None)
            case "refused":
                self._children.pop(report["id"]).ended(1)
                self._settle_birth(report["id"], OutOfOrder("No process could be started"))
            case "exited":
                self._children.pop(report["id"]).ended(report["status"])

    def _note_ready(self, report: dict[str, Any]) -> None:
        if report["threads"] != 1:
            log.warning(
                "the warm parent has threads, which its children will lack", threads=report["threads"]
            )
        self._is_warm = True
        if not self._ready.done():
            self._ready.set_result(frozenset(report["tasks"]))

    def _settle_birth(self, child_id: int, error: OutOfOrder | None) -> None:
        birth = self._births.pop(child_id, None)
        if birth is None or birth.done():
            return
        if error is None:
            birth.set_result(None)
        else:
            birth.set_exception(error)

    def _give_up(self) -> None:
        """Nothing more can be asked of this life."""
        if self.is_over.is_set():
            return
        self.is_over.set()
        self._loop.remove_reader(self._control)
        self._control.close()
        for child_id in list(self._births):
            self._settle_birth(child_id, GenerationOver())
        if not self._ready.done():
            self._ready.set_exception(OutOfOrder("The worker processes could not be started"))

    async def _tell(self, command: dict[str, Any], *descriptors: int) -> None:
        """Sends one command; of an ended life nothing more is asked."""
        data = json.dumps(command).encode()
        if len(data) > MAX_COMMAND_BYTES:
            raise ValueError("a command is too long")
        while not self.is_over.is_set():
            try:
                socket.send_fds(self._control, [data], descriptors)
            except BlockingIOError:  # it is busy, and has hundreds of commands before it
                await asyncio.sleep(_LOOK_SECONDS)
            except ConnectionError:
                return
            else:
                return

    def _run_errand(self, child: Child) -> None:
        errand = self._loop.create_task(_forsake(child))
        self._errands.add(errand)
        errand.add_done_callback(self._errands.discard)


def _launch(descriptor: int) -> subprocess.Popen[bytes]:
    # -P: the folder that the service was started in is no place to load code from. Its secrets stay out of the environment.
    environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "entrepot.processes.warm_parent", str(descriptor), str(os.getpid())],
        stdin=subprocess.DEVNULL,
        stdout=2,  # stdout carries the command line's data
        env={**environment, "MALLOC_ARENA_MAX": "2"},
        pass_fds=(descriptor,),
        start_new_session=True,
    )


async def _forsake(child: Child) -> None:
    await child.kill()
    child.close()


def _kill_group(group: int) -> None:
    # The number of a group that is just dying cannot have been given out again: pids are handed out in a circle.
    if group:
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)


def _is_gone(group: int) -> bool:
    return not (group and group_lives(group))


async def _until(condition: Callable[[], bool], timeout_seconds: float) -> bool:
    """Whether `condition` came true in time; for what the kernel tells only when asked."""
    deadline = asyncio.get_running_loop().time() + timeout_seconds
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_LOOK_SECONDS)
    return True
