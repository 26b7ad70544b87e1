"""A filter on system calls for what Landlock leaves open: other sockets than TCP, other processes, the kernel's depths.

Classic BPF, run by the kernel before each system call (seccomp(2)). Denied calls fail with EPERM, so that programs which
can do without them go on.
"""

import ctypes
import errno
import socket
import struct
from functools import cache

from entrepot.processes.linux import MACHINE, PR_SET_SECCOMP, prctl
from entrepot.processes.system_calls import ARCHITECTURES, Architecture

_MODE_FILTER = 2
_ALLOW = 0x7FFF0000
_DENY = 0x00050000 | errno.EPERM
_UNKNOWN = 0x00050000 | errno.ENOSYS
_PRETEND = 0x00050000  # returns 0 and does nothing

_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_EQUAL, _AT_LEAST, _ANY_BIT = 0x15, 0x35, 0x45

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data

_SOCKET_TYPE = 0xF
_MSG_FASTOPEN = 0x20000000  # connects without connect(2), where Landlock does not look
_NEW_NAMESPACES = 0x7E020000  # CLONE_NEW* of clone(2)

_NOTHING: frozenset[str] = frozenset()
_FOR_SANDBOXES = frozenset({"listen", "setsid", "setpgid", "unshare", "chroot"})
_JUDGED_BY_ARGUMENTS = {"socket", "socketpair", "sendto", "sendmsg", "sendmmsg", "clone", "clone3"}


@cache
def seccomp_available() -> bool:
    """Whether `filter_system_calls` does anything here: a known architecture and a kernel with seccomp filters."""
    if MACHINE not in ARCHITECTURES:
        return False
    try:
        prctl(PR_SET_SECCOMP, _MODE_FILTER, 0)
    except OSError as error:
        return error.errno == errno.EFAULT  # the kernel would have read a filter
    return False


def filter_system_calls(*, tcp: bool, own_sandbox: bool = False) -> None:
    """Denies this process and all that it will start, for good, what fetching and converting never needs.

    Sockets other than TCP (and TCP too without `tcp`), listening, leaving the process group, looking into other
    processes, namespaces, mounts, modules, io_uring and the like. Changes of files' modes, owners, times and attributes
    are ignored. With `own_sandbox` Unix sockets, sessions, namespaces and changed roots are left, which a program needs to
    sandbox its own children. Needs NO_NEW_PRIVS. Raises OSError.
    """
    program = b"".join(build_filter(ARCHITECTURES[MACHINE], tcp=tcp, own_sandbox=own_sandbox))
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    prctl(PR_SET_SECCOMP, _MODE_FILTER, ctypes.cast(header, ctypes.c_void_p))


def build_filter(architecture: Architecture, *, tcp: bool, own_sandbox: bool = False) -> list[bytes]:
    """The filter's instructions for one architecture (pure)."""
    left = _FOR_SANDBOXES if own_sandbox else _NOTHING
    calls = {name: number for name, number in architecture.calls.items() if name not in left}
    program = [
        _load(_ARCHITECTURE), *_unless(_EQUAL, architecture.audit_id, _DENY),
        _load(_NUMBER), *_when(_AT_LEAST, architecture.foreign_from, _UNKNOWN),
        *_when(_EQUAL, calls["clone3"], _UNKNOWN),  # its flags lie in memory; the C library falls back to clone
    ]  # fmt: skip
    for name, number in calls.items():
        if name not in _JUDGED_BY_ARGUMENTS:
            program += _when(_EQUAL, number, _DENY)
    for number in architecture.pretended.values():
        program += _when(_EQUAL, number, _PRETEND)
    program += _block(calls["socket"], _socket_rules(tcp=tcp, unix=own_sandbox))
    program += _block(calls["socketpair"], _socketpair_rules(packets=own_sandbox))
    if not own_sandbox:
        program += _block(calls["clone"], [_load_argument(0), *_when(_ANY_BIT, _NEW_NAMESPACES, _DENY)])
    for name, position in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        rules = [_load_argument(position), *_when(_ANY_BIT, _MSG_FASTOPEN, _DENY)]
        program += _block(calls[name], rules)
    return [*program, _return(_ALLOW)]


def _socket_rules(*, tcp: bool, unix: bool) -> list[bytes]:
    local = [_load_argument(0), *_when(_EQUAL, socket.AF_UNIX, _ALLOW)] if unix else []
    if not tcp:
        return [*local, _return(_DENY)]
    return [
        *local,
        _load_argument(0),
        _instruction(_EQUAL, socket.AF_INET, 2, 0),
        _instruction(_EQUAL, socket.AF_INET6, 1, 0),
        _return(_DENY),
        _load_argument(1), _instruction(_AND, _SOCKET_TYPE), *_unless(_EQUAL, socket.SOCK_STREAM, _DENY),
        _load_argument(2),
        _instruction(_EQUAL, 0, 2, 0),
        _instruction(_EQUAL, socket.IPPROTO_TCP, 1, 0),
        _return(_DENY),  # MPTCP, SCTP and SMC are streams too, and Landlock does not know them
    ]  # fmt: skip


def _socketpair_rules(*, packets: bool) -> list[bytes]:
    # A pair of datagram sockets could be connected to any socket file, a stream is bound to its twin.
    if packets:
        return [
            _load_argument(1),
            _instruction(_AND, _SOCKET_TYPE),
            *_when(_EQUAL, socket.SOCK_SEQPACKET, _ALLOW),
            *_unless(_EQUAL, socket.SOCK_STREAM, _DENY),
        ]
    return [_load_argument(1), _instruction(_AND, _SOCKET_TYPE), *_unless(_EQUAL, socket.SOCK_STREAM, _DENY)]


def _block(number: int, rules: list[bytes]) -> list[bytes]:
    body = [*rules, _return(_ALLOW)]
    return [_instruction(_EQUAL, number, 0, len(body)), *body]


def _when(test: int, value: int, verdict: int) -> list[bytes]:
    return [_instruction(test, value, 0, 1), _return(verdict)]


def _unless(test: int, value: int, verdict: int) -> list[bytes]:
    return [_instruction(test, value, 1, 0), _return(verdict)]


def _load_argument(position: int) -> bytes:
    return _load(_ARGUMENTS + 8 * position)  # the lower half; both architectures are little-endian


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, offset)


def _return(verdict: int) -> bytes:
    return _instruction(_RETURN, verdict)


def _instruction(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, value)
