"""A witness of every packet: which addresses and ports were called, whether or not anything listened there."""

import itertools
import socket
import struct
import threading
from collections.abc import Collection
from contextlib import suppress

Endpoint = tuple[str, int]

NAMESERVER = "9.9.9.9"
DNS_PORT = 53
RUNNER_ADDRESS = "127.0.0.9"  # the runner itself calls from here, so its calls are told from the subject's
_MARKER_PORT = 7
_ETH_P_ALL, _ETH_P_IP, _ETH_P_IPV6 = 0x0003, 0x0800, 0x86DD
_TCP, _UDP = 6, 17
_SYN, _ACK = 0x02, 0x10
_SOL_PACKET, _PACKET_STATISTICS = 263, 6
_SO_RCVBUFFORCE = 33
_BUFFER_BYTES = 64 * 1024 * 1024


class Witness:
    """Sees all packets on loopback of its namespace; connections are noted at their first one, datagrams each."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_ALL))
        with suppress(PermissionError):  # in a user's namespace; losses are counted anyway
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        self._socket.bind(("lo", _ETH_P_ALL))
        self._called: set[Endpoint] = set()
        self._markers = itertools.count(1)
        self._marker_seen = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._watch, name="witness", daemon=True).start()

    def take_calls(self, ignored: Collection[Endpoint] = ()) -> set[Endpoint]:
        """Everything called since the last time. Waits until all packets sent before have been seen."""
        marker = next(self._markers)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((RUNNER_ADDRESS, 0))
            sock.sendto(struct.pack("!I", marker), (RUNNER_ADDRESS, _MARKER_PORT))
        with self._changed:
            if not self._changed.wait_for(lambda: self._marker_seen >= marker, timeout=10):
                raise TimeoutError("the witness does not see its own marker")
            called, self._called = self._called - set(ignored), set()
        return called

    def count_missed(self) -> int:
        """Packets that the kernel could not hand over; anything but 0 makes the evidence worthless."""
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        missed: int = struct.unpack("II", statistics)[1]
        return missed

    def _watch(self) -> None:
        while True:
            packet, (_, protocol, *_rest) = self._socket.recvfrom(512)
            if protocol == _ETH_P_IP:
                self._note(
                    packet[9],
                    socket.inet_ntop(socket.AF_INET, packet[12:16]),
                    socket.inet_ntop(socket.AF_INET, packet[16:20]),
                    packet[(packet[0] & 15) * 4 :],
                )
            elif protocol == _ETH_P_IPV6:
                self._note(packet[6], "", socket.inet_ntop(socket.AF_INET6, packet[24:40]), packet[40:])

    def _note(self, transport: int, source: str, destination: str, segment: bytes) -> None:
        if transport not in (_TCP, _UDP):
            return
        from_port, port = struct.unpack_from("!HH", segment)
        if (source, from_port) == (NAMESERVER, DNS_PORT):  # an answer, not a call
            return
        with self._changed:
            if source == RUNNER_ADDRESS:
                if transport == _UDP and port == _MARKER_PORT:
                    (self._marker_seen,) = struct.unpack_from("!I", segment, 8)
                    self._changed.notify_all()
            elif transport == _UDP or segment[13] & (_SYN | _ACK) == _SYN:
                self._called.add((destination, port))
