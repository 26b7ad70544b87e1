"""A network namespace in which every address of the Internet is this machine's own."""

import ctypes
import fcntl
import os
import socket
import struct
import tempfile
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000
_SIOCSIFFLAGS = 0x8914
_IFF_UP, _IFF_RUNNING = 0x1, 0x40
_RTM_NEWROUTE = 24
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_CREATE, _NLM_F_EXCL = 0x1, 0x4, 0x400, 0x200
_RTA_OIF = 4
_RT_TABLE_LOCAL, _RTPROT_BOOT, _RT_SCOPE_HOST, _RTN_LOCAL = 255, 3, 254, 2

_libc = ctypes.CDLL(None, use_errno=True)


class NamespaceForbidden(Exception):
    """The kernel, or this container, does not let us make namespaces."""


def enter_namespace(nameserver: str) -> None:
    """Moves this process, which must have one thread only, into a network of its own, for good.

    Connections to any address, public or private, then arrive at listeners of this process; names are looked up at
    `nameserver` and in a hosts file that knows nothing but localhost. Raises NamespaceForbidden.
    """
    try:
        _unshare()
        _bring_up_loopback()
        for family in (socket.AF_INET, socket.AF_INET6):
            _own_every_address(family)
        _replace_file("/etc/resolv.conf", f"nameserver {nameserver}\n")
        _replace_file("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n")
        if Path("/etc/nsswitch.conf").exists():  # without it, that is what the C library does anyway
            _replace_file("/etc/nsswitch.conf", "hosts: files dns\n")
    except OSError as error:
        raise NamespaceForbidden(str(error)) from error


def _unshare() -> None:
    user, group = os.geteuid(), os.getegid()
    _call("unshare", _CLONE_NEWNET | _CLONE_NEWNS | (_CLONE_NEWUSER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    _call("mount", b"none", b"/", None, _MS_REC | _MS_PRIVATE, None)


def _bring_up_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        fcntl.ioctl(sock, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP | _IFF_RUNNING))


def _own_every_address(family: socket.AddressFamily) -> None:
    """As `ip route add local default dev lo` does, without the tool (rtnetlink(7))."""
    scope = _RT_SCOPE_HOST if family == socket.AF_INET else 0
    route = struct.pack("BBBBBBBBI", family, 0, 0, 0, _RT_TABLE_LOCAL, _RTPROT_BOOT, scope, _RTN_LOCAL, 0)
    route += struct.pack("HHI", 8, _RTA_OIF, socket.if_nametoindex("lo"))
    flags = _NLM_F_REQUEST | _NLM_F_ACK | _NLM_F_CREATE | _NLM_F_EXCL
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.send(struct.pack("IHHII", 16 + len(route), _RTM_NEWROUTE, flags, 1, 0) + route)
        (error,) = struct.unpack_from("i", netlink.recv(4096), 16)
    if error:
        raise OSError(-error, os.strerror(-error))


def _replace_file(path: str, text: str) -> None:
    """Lays another file over `path`, for this process and its children alone."""
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    try:
        _call("mount", file.name.encode(), os.path.realpath(path).encode(), None, _MS_BIND, None)
    finally:
        Path(file.name).unlink()


def _call(function: str, *arguments: int | bytes | None) -> None:
    if getattr(_libc, function)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, f"{function}: {os.strerror(code)}")
