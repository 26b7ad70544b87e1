"""The few Linux calls that Python does not offer, by number, with errors as OSError."""

import ctypes
import os
import platform

PR_SET_PDEATHSIG = 1
PR_GET_PDEATHSIG = 2
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_SET_CHILD_SUBREAPER = 36
PR_GET_CHILD_SUBREAPER = 37
PR_SET_NO_NEW_PRIVS = 38

MACHINE = platform.machine()

_libc = ctypes.CDLL(None, use_errno=True)  # bound at import: children between fork and exec only call it
_libc.syscall.restype = ctypes.c_long


def prctl(option: int, *arguments: int | ctypes.c_void_p) -> int:
    """prctl(2); raises OSError."""
    padded = (*arguments, 0, 0, 0, 0)[:4]
    return _checked(_libc.prctl(ctypes.c_int(option), *(_word(value) for value in padded)))


def syscall(number: int, *arguments: "int | ctypes.c_void_p | ctypes.Array[ctypes.c_char]") -> int:
    """A system call by its number; raises OSError."""
    return _checked(_libc.syscall(ctypes.c_long(number), *(_word(value) for value in arguments)))


def keep_capabilities(capabilities: int) -> None:
    """Gives up every capability of root but these (a bit mask, capabilities(7)); raises OSError."""
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, held))
    for word in range(6):
        held[word] &= capabilities >> 32 * (word // 3) & 0xFFFFFFFF
    _checked(_libc.capset(header, held))


def may_become_others() -> bool:
    """Whether this process may give itself and its files to another user: root that has not lost these powers."""
    wanted = 1 << 0 | 1 << 6 | 1 << 7  # CAP_CHOWN, CAP_SETGID, CAP_SETUID
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    held = (ctypes.c_uint32 * 6)()
    _checked(_libc.capget(header, held))
    return held[0] & wanted == wanted


def become_user(user: int) -> None:
    """Becomes `user`, with the group of the same number and no other; the lifeline to the parent is kept. Raises OSError."""
    lifeline = ctypes.c_int(0)
    prctl(PR_GET_PDEATHSIG, ctypes.cast(ctypes.byref(lifeline), ctypes.c_void_p))
    os.setgroups([])
    os.setgid(user)
    os.setuid(user)
    prctl(PR_SET_PDEATHSIG, lifeline.value)  # the kernel clears it with the old user


def trim_memory() -> None:
    """Gives free heap back to the system, where the C library can (glibc)."""
    trim = getattr(_libc, "malloc_trim", None)
    if trim is not None:
        trim(ctypes.c_size_t(0))


def _word(value: "int | ctypes.c_void_p | ctypes.Array[ctypes.c_char]") -> object:
    return ctypes.c_long(value) if isinstance(value, int) else value


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
