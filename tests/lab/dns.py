"""An authoritative DNS server over UDP and TCP that answers from scripted records (RFC 1035)."""

import asyncio
import struct
from collections.abc import Callable
from ipaddress import ip_address
from typing import cast

from tests.lab.records import Records, Reply

_KINDS = {1: "A", 28: "AAAA"}
_RCODES = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3}
_UDP_BYTES = 512
_AUTHORITATIVE_ANSWER = 0x8480


class DNSServer(asyncio.DatagramProtocol):
    """Answers A and AAAA queries; anything that does not fit a datagram is to be asked for over TCP."""

    def __init__(self, records: Callable[[], Records]) -> None:
        self._records = records
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = answer_query(data, self._records(), max_bytes=_UDP_BYTES)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)

    async def serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One TCP connection: each message behind its length."""
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                answer = answer_query(await reader.readexactly(length), self._records(), max_bytes=65535)
                if answer is not None:
                    writer.write(struct.pack("!H", len(answer)) + answer)
                    await writer.drain()
        except (asyncio.IncompleteReadError, OSError):
            return
        finally:
            writer.close()


def answer_query(query: bytes, records: Records, *, max_bytes: int) -> bytes | None:
    """The message that answers `query`, cut and marked as such above `max_bytes`; None for silence."""
    name, end = _read_name(query, 12)
    (kind,) = struct.unpack_from("!H", query, end)
    question = query[12 : end + 4]
    reply = records.ask(name, _KINDS[kind]) if kind in _KINDS else Reply("NOERROR")
    if reply.rcode is None:
        return None
    answers = _write_answers(name, kind, reply)
    flags = _AUTHORITATIVE_ANSWER | _RCODES[reply.rcode]
    message = query[:2] + struct.pack("!HHHHH", flags, 1, len(answers), 0, 0) + question + b"".join(answers)
    if len(message) <= max_bytes:
        return message
    return query[:2] + struct.pack("!HHHHH", flags | 0x0200, 1, 0, 0, 0) + question


def _write_answers(name: str, kind: int, reply: Reply) -> list[bytes]:
    answers = [_write_record(alias, 5, reply.ttl, _write_name(to)) for alias, to in reply.aliases]
    owner = reply.aliases[-1][1] if reply.aliases else name
    return answers + [
        _write_record(owner, kind, reply.ttl, ip_address(address).packed) for address in reply.addresses
    ]


def _write_record(name: str, kind: int, ttl: int, data: bytes) -> bytes:
    return _write_name(name) + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def _write_name(name: str) -> bytes:
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def _read_name(message: bytes, offset: int) -> tuple[str, int]:
    labels: list[str] = []
    while length := message[offset]:
        labels.append(message[offset + 1 : offset + 1 + length].decode("latin-1").lower())
        offset += 1 + length
    return ".".join(labels), offset + 1
