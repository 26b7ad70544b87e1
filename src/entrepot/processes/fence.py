"""The fence around hostile work: what a process may still read, write, reach and use up, given up for good."""

import os
import resource
import site
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import entrepot
from entrepot.processes.landlock import READ, Ruleset, landlock_abi, write_rights
from entrepot.processes.linux import PR_SET_NO_NEW_PRIVS, become_user, keep_capabilities, prctl
from entrepot.processes.seccomp import filter_system_calls, seccomp_available

__all__ = ["Fence", "FenceError", "landlock_abi", "scrubbed_environment", "seccomp_available"]

_PATH = "/usr/local/bin:/usr/bin:/bin"
_SYSTEM = (
    "/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/nix/store",
    "/etc/ssl", "/etc/pki", "/etc/ca-certificates", "/etc/alternatives", "/etc/fonts", "/etc/mime.types",
    "/etc/hosts", "/etc/host.conf", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services",
    "/etc/protocols", "/etc/localtime", "/etc/timezone", "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d",
    "/proc/self", "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/sys/vm/overcommit_memory",
    "/proc/sys/kernel/random", "/sys/devices/system/cpu", "/dev/null", "/dev/zero", "/dev/urandom", "/dev/random",
)  # fmt: skip
_ROOT_KEEPS = 1 << 1 | 1 << 3  # CAP_DAC_OVERRIDE, CAP_FOWNER: a data folder may be another user's
_SINKS = (Path("/dev/null"), Path("/dev/zero"))


class FenceError(OSError):
    """A limit that the fence promises could not be set; the work must not be done."""


@dataclass(frozen=True, slots=True)
class Fence:
    """What hostile work is left with.

    `writable`: folders that may be changed and read; everything else is read-only. `readable`: None: everything may be
    read; else only these, the writable ones and what Python and the system's libraries need. `connect_ports`: TCP ports
    that may be connected to. The files' and ports' rules need Landlock in the kernel (`landlock_abi()`), the ban on all
    sockets but TCP needs seccomp (`seccomp_available()`); resource limits and environment hold everywhere. Root loses its
    powers but those over files; with `user` it becomes that user, and the group of the same number, with no powers at all.
    `own_sandbox` is for a program that sandboxes its own children, such as a browser: Unix sockets, sessions and namespaces
    are then left to it.

    `memory_bytes` limits the address space, what is mapped already counted; `cpu_seconds` the processor time of each
    process; `file_size_bytes` any file written. `environment` replaces `os.environ` wholly.
    """

    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] | None = None
    connect_ports: tuple[int, ...] = ()
    memory_bytes: int | None = None
    cpu_seconds: int | None = None
    file_size_bytes: int | None = None
    open_files: int | None = None
    user: int | None = None
    own_sandbox: bool = False
    environment: Mapping[str, str] | None = None

    def apply(self) -> None:
        """Fences this process and all that it will start, irrevocably. Raises FenceError.

        The working folder becomes the first writable one, or `/`.
        """
        try:
            os.chdir(self.writable[0] if self.writable else "/")
            self._limit_resources()
            if self.environment is not None:
                _replace_environment(self.environment)
            prctl(PR_SET_NO_NEW_PRIVS, 1)
            if landlock_abi():
                self._restrict_access(landlock_abi())
            if self.user is not None:
                become_user(self.user)
            keep_capabilities(_ROOT_KEEPS)
            if seccomp_available():
                filter_system_calls(tcp=bool(self.connect_ports), own_sandbox=self.own_sandbox)
        except (OSError, ValueError) as error:
            raise FenceError(getattr(error, "errno", None), f"the fence does not hold: {error}") from error

    def _limit_resources(self) -> None:
        limits = (
            (resource.RLIMIT_AS, self.memory_bytes),
            (resource.RLIMIT_FSIZE, self.file_size_bytes),
            (resource.RLIMIT_NOFILE, self.open_files),
            (resource.RLIMIT_CORE, 0),
        )
        for kind, limit in limits:
            if limit is not None:
                _lower_limit(kind, limit, limit)
        if self.cpu_seconds is not None:
            # The soft limit's SIGXCPU tells why the process ended; the hard one kills whoever ignores it.
            _lower_limit(resource.RLIMIT_CPU, self.cpu_seconds, self.cpu_seconds + 1)

    def _restrict_access(self, abi: int) -> None:
        changing = write_rights(abi)
        ruleset = Ruleset(abi, changing if self.readable is None else changing | READ)
        ruleset.allow_paths(self.writable, changing | (READ & ~1))
        ruleset.allow_paths(_SINKS, changing)
        if self.readable is not None:
            ruleset.allow_paths((*_system_paths(), *self.readable), READ)
        ruleset.allow_connect(self.connect_ports)
        ruleset.enforce()


def scrubbed_environment(folder: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """An environment without secrets, proxies or settings: HOME and TMPDIR are `folder`; `extra` is added."""
    home = str(folder)
    return {
        "PATH": _PATH, "LANG": "C.UTF-8", "TZ": "UTC", "HOME": home, "TMPDIR": home, "XDG_CACHE_HOME": home,
        "XDG_CONFIG_HOME": home, "MALLOC_ARENA_MAX": "2", **(extra or {}),
    }  # fmt: skip


def _system_paths() -> list[Path]:
    # Not sys.path: it may name the folder that the service was started in, where the data lies.
    python = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    python.update(
        site.getsitepackages(), (str(Path(entrepot.__file__).parent), str(Path(sys.executable).parent))
    )
    return [Path(path) for path in (*_SYSTEM, sys.base_prefix, *sorted(filter(None, python)))]


def _replace_environment(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # found anew, from the new TMPDIR


def _lower_limit(kind: int, soft: int, hard: int) -> None:
    _, allowed = resource.getrlimit(kind)
    if allowed != resource.RLIM_INFINITY:
        soft, hard = min(soft, allowed), min(hard, allowed)
    resource.setrlimit(kind, (soft, hard))
