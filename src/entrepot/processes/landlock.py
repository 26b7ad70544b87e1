"""Landlock: a process gives up rights on files, TCP ports and other processes for good (landlock(7))."""

import ctypes
import os
import stat
import struct
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from entrepot.processes.linux import syscall

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION = 1
_PATH_BENEATH, _NET_PORT = 1, 2

EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
_REMOVE_AND_MAKE = sum(1 << bit for bit in range(4, 13))
_REFER, _TRUNCATE, _IOCTL_DEVICE = 1 << 13, 1 << 14, 1 << 15
READ = EXECUTE | READ_FILE | READ_DIR
_FOR_FILES = EXECUTE | WRITE_FILE | READ_FILE | _TRUNCATE | _IOCTL_DEVICE

_BIND_TCP, _CONNECT_TCP = 1, 2
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1, 2


@cache
def landlock_abi() -> int:
    """The version of Landlock that the kernel offers; 0: none.

    1 files, 2 renames across folders, 3 truncation, 4 TCP ports, 5 device ioctls, 6 signals and abstract sockets.
    """
    try:
        return syscall(_CREATE_RULESET, 0, 0, _VERSION)
    except OSError:
        return 0  # not built in, or switched off at boot, or forbidden by a container's own filter


def write_rights(abi: int) -> int:
    """Every right to change files that Landlock of this version knows."""
    rights = WRITE_FILE | _REMOVE_AND_MAKE
    rights |= _REFER if abi >= 2 else 0
    rights |= _TRUNCATE if abi >= 3 else 0
    return rights | (_IOCTL_DEVICE if abi >= 5 else 0)


class Ruleset:
    """What a process may still do once it has been `enforce`d; built rule by rule. Every method raises OSError."""

    def __init__(self, abi: int, files: int) -> None:
        """Takes away the rights `files`, all TCP, and reaching processes outside; rules give some back."""
        self._files = files
        network = _BIND_TCP | _CONNECT_TCP
        scopes = _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS
        fields = (files, *((network,) if abi >= 4 else ()), *((scopes,) if abi >= 6 else ()))
        packed = ctypes.create_string_buffer(struct.pack(f"={len(fields)}Q", *fields), 8 * len(fields))
        self._knows_network = abi >= 4
        self._descriptor = syscall(_CREATE_RULESET, packed, len(packed), 0)

    def allow_paths(self, paths: Iterable[Path], rights: int) -> None:
        """Gives `rights` on each path and all beneath it; a path that does not exist is left out."""
        for path in paths:
            try:
                descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError, PermissionError):
                continue
            try:
                self._allow_descriptor(descriptor, rights)
            finally:
                os.close(descriptor)

    def allow_connect(self, ports: Iterable[int]) -> None:
        """Allows TCP connections to these ports, of any address."""
        for port in ports if self._knows_network else ():
            self._add_rule(_NET_PORT, struct.pack("=QQ", _CONNECT_TCP, port))

    def enforce(self) -> None:
        """Binds this process and all that it will start; needs NO_NEW_PRIVS."""
        try:
            syscall(_RESTRICT_SELF, self._descriptor, 0)
        finally:
            os.close(self._descriptor)

    def _allow_descriptor(self, descriptor: int, rights: int) -> None:
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        allowed = rights & self._files & (~0 if is_folder else _FOR_FILES)
        if allowed:
            self._add_rule(_PATH_BENEATH, struct.pack("=Qi", allowed, descriptor))

    def _add_rule(self, kind: int, rule: bytes) -> None:
        syscall(_ADD_RULE, self._descriptor, kind, ctypes.create_string_buffer(rule, len(rule)), 0)
