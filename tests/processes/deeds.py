"""What is tried behind a fence, each deed a function that a fenced process carries out, and how it went."""

import ctypes
import os
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from entrepot.processes.fence import Fence
from entrepot.processes.fork import call_fenced
from entrepot.processes.linux import PR_GET_PDEATHSIG, prctl, syscall
from tests.origin.children import run_in_child

IPPROTO_MPTCP, IPPROTO_SCTP = 262, 132
CLONE_NEWUSER = 0x10000000
MSG_FASTOPEN = 0x20000000


def behind(fence: Fence, deed: Callable[..., Any], *arguments: Any) -> Any:
    """What `deed` (picklable, as its arguments are) gives in a process behind `fence`, or the name of its OSError."""
    return run_in_child(_do, fence, deed, arguments)


def _do(fence: Fence, deed: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    return call_fenced(fence, lambda _say: {"outcome": outcome(lambda: deed(*arguments))})["outcome"]


def outcome(action: Callable[[], Any]) -> Any:
    """What `action` gives ("done" for nothing), or the name of the OSError that it raised."""
    try:
        given = action()
    except OSError as error:
        return type(error).__name__
    return "done" if given is None else given


def connect_to_each(ports: dict[str, int]) -> dict[str, str]:
    return {name: outcome(lambda port=port: connect(port)) for name, port in ports.items()}  # type: ignore[misc]


def connect(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass


def bind_a_port() -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))


def listen_on_a_port() -> None:
    with socket.socket() as sock:
        sock.listen()


def connect_by_sending(port: int) -> None:
    with socket.socket() as sock:
        sock.sendto(b"GET", MSG_FASTOPEN, ("127.0.0.1", port))


def make_socket(family: int, kind: int, protocol: int = 0) -> None:
    socket.socket(family, kind, protocol).close()


def make_pair(kind: int) -> None:
    for end in socket.socketpair(socket.AF_UNIX, kind):
        end.close()


def unshare() -> None:
    syscall(272 if os.uname().machine == "x86_64" else 97, CLONE_NEWUSER)


def tell_user() -> list[Any]:
    """User (real, effective, saved), further groups, capabilities, and the signal that comes when the parent ends."""
    lifeline = ctypes.c_int(0)
    prctl(PR_GET_PDEATHSIG, ctypes.cast(ctypes.byref(lifeline), ctypes.c_void_p))
    status = Path("/proc/self/status").read_text()
    held = int(status.partition("CapPrm:")[2].split()[0], 16)
    return [*os.getresuid(), os.getgroups(), held, lifeline.value]


def trace(pid: int) -> None:
    syscall(101 if os.uname().machine == "x86_64" else 117, 16, pid, 0, 0)  # PTRACE_ATTACH


def ask_for_io_uring() -> None:
    os.close(syscall(425, 4, ctypes.create_string_buffer(120)))


def run_shell(script: str) -> tuple[int, str]:
    """The exit status of a program started in turn, and what it printed."""
    ended = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False)
    return ended.returncode, ended.stdout


def shell_status(script: str) -> int:
    return run_shell(script)[0]


def make_and_run_a_program() -> None:
    descriptor = os.open("program", os.O_CREAT | os.O_WRONLY, 0o755)  # may be run from birth, without a chmod
    os.write(descriptor, b"#!/bin/sh\nexit 0\n")
    os.close(descriptor)
    subprocess.run([str(Path("program").absolute())], check=True)


def environment() -> dict[str, str]:
    return dict(os.environ)


def environment_of_a_program() -> list[str]:
    return run_shell("env")[1].splitlines()


def status_field(name: str) -> str:
    """A line of /proc/self/status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def read_text(path: str) -> str:
    return Path(path).read_text()


def write_text(path: str) -> None:
    Path(path).write_text("changed")


def append_text(path: str) -> None:
    with Path(path).open("a") as file:
        file.write("changed")


def truncate(path: str) -> None:
    os.truncate(path, 0)


def remove(path: str) -> None:
    Path(path).unlink()


def remove_folder(path: str) -> None:
    Path(path).rmdir()


def make_folder(path: str) -> None:
    Path(path).mkdir()


def rename(source: str, target: str) -> None:
    Path(source).rename(target)


def link(source: str, target: str) -> None:
    os.link(source, target)


def write_through_a_link(target: str) -> None:
    Path("symlink").symlink_to(target)
    Path("symlink").write_text("changed")


def change_mode(path: str) -> None:
    Path(path).chmod(0o777)


def signal_process(pid: int) -> None:
    os.kill(pid, 0)


def list_folder(path: str) -> None:
    list(Path(path).iterdir())
