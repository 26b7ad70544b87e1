"""Faults in HTTP/2, on an honest connection made by the `h2` library, or with frames written by hand (RFC 9113)."""

import asyncio
import struct
from collections.abc import Awaitable, Callable

import h2.config
import h2.connection
import h2.events

from tests.origin.fault import OK, Act, Fault, Talk

_HEADERS, _RST_STREAM, _GOAWAY, _CONTINUATION, _DATA, _PING = 0x1, 0x3, 0x7, 0x9, 0x0, 0x6
_OK = [(":status", "200"), ("content-type", "text/html")]
_PAGE = b"<p>hello</p>"

Then = Callable[["Stream"], Awaitable[None]]


class Stream:
    """A client's first request, heard, on a connection that may be spoken on by the library or by hand."""

    def __init__(self, talk: Talk) -> None:
        self.talk = talk
        self.id = 0
        config = h2.config.H2Configuration(client_side=False, header_encoding="utf-8")
        self.h2 = h2.connection.H2Connection(config)

    async def listen(self) -> None:
        """Shakes hands, and hears requests until the first is whole."""
        self.h2.initiate_connection()
        await self.flush()
        while not self.id:
            for event in self.h2.receive_data(await self._read()):
                if isinstance(event, h2.events.StreamEnded):
                    self.id = event.stream_id
            await self.flush()

    async def _read(self) -> bytes:
        data = await self.talk.reader.read(65536)
        if not data:
            raise ConnectionResetError
        return data

    async def flush(self) -> None:
        await self.talk.send(self.h2.data_to_send())

    async def frame(self, kind: int, payload: bytes, *, flags: int = 0, stream: int | None = None) -> None:
        """A frame by hand (RFC 9113, section 4.1)."""
        number = self.id if stream is None else stream
        await self.talk.send(
            struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", number) + payload
        )


def _over_http2(then: Then) -> Act:
    async def act(talk: Talk) -> None:
        stream = Stream(talk)
        await stream.listen()
        await then(stream)

    return act


async def _whole(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE, end_stream=True)
    await stream.flush()
    await stream.talk.gone()


async def _resets(stream: Stream) -> None:
    stream.h2.reset_stream(stream.id, 2)
    await stream.flush()
    await stream.talk.gone()


async def _resets_in_body(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE)
    stream.h2.reset_stream(stream.id, 2)
    await stream.flush()
    await stream.talk.gone()


async def _goes_away(stream: Stream) -> None:
    await stream.frame(_GOAWAY, struct.pack(">II", 0, 2), stream=0)


async def _goes_away_in_body(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE)
    await stream.flush()
    await stream.frame(_GOAWAY, struct.pack(">II", stream.id, 2), stream=0)


async def _goes_away_after_body(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE, end_stream=True)
    await stream.flush()
    await stream.frame(_GOAWAY, struct.pack(">II", stream.id, 0), stream=0)


async def _closes_in_body(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE)
    await stream.flush()
    await asyncio.sleep(0.05)


async def _stalls(stream: Stream) -> None:
    await stream.talk.gone()


async def _stalls_in_body(stream: Stream) -> None:
    stream.h2.send_headers(stream.id, _OK)
    stream.h2.send_data(stream.id, _PAGE)
    await stream.flush()
    await stream.talk.gone()


def _with_length(length: int) -> Then:
    async def then(stream: Stream) -> None:
        stream.h2.config.validate_outbound_headers = False
        stream.h2.send_headers(stream.id, [*_OK, ("content-length", str(length))])
        await stream.flush()
        await stream.frame(_DATA, _PAGE, flags=0x1)
        await stream.talk.gone()

    return then


def _with_headers(*fields: tuple[str, str]) -> Then:
    async def then(stream: Stream) -> None:
        block = stream.h2.encoder.encode(list(fields))
        await stream.frame(_HEADERS, block, flags=0x4)
        await stream.frame(_DATA, _PAGE, flags=0x1)
        await stream.talk.gone()

    return then


async def _garbage(stream: Stream) -> None:
    await stream.talk.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
    await stream.talk.gone()


async def _frame_too_large(stream: Stream) -> None:
    await stream.talk.send(b"\xff\xff\xff" + bytes([_DATA, 0]) + struct.pack(">I", stream.id) + bytes(70_000))
    await stream.talk.gone()


async def _data_before_head(stream: Stream) -> None:
    await stream.frame(_DATA, _PAGE, flags=0x1)
    await stream.talk.gone()


async def _endless_continuation(stream: Stream) -> None:
    """CVE-2024-28182 and its kin: a header block that never ends."""
    await stream.frame(_HEADERS, stream.h2.encoder.encode(_OK))
    field = b"\x00\x01x" + b"\x7f\xe1\x1e" + b"a" * 4000  # a literal field, never indexed, of 4,000 bytes
    while True:
        await stream.frame(_CONTINUATION, field)
        await asyncio.sleep(0.001)


async def _hpack_bomb(stream: Stream) -> None:
    """One long field in the table, and thousands of one-byte references to it."""
    block = stream.h2.encoder.encode([*_OK, ("x", "a" * 3900)]) + b"\xbe" * 12_000
    await stream.frame(_HEADERS, block, flags=0x4)
    await stream.frame(_DATA, _PAGE, flags=0x1)
    await stream.talk.gone()


async def _ping_flood(stream: Stream) -> None:
    while True:
        for _ in range(100):
            await stream.frame(_PING, bytes(8), stream=0)
        await asyncio.sleep(0.01)


HTTP2 = tuple(
    Fault(f"h2-{name}", does, ends_in, _over_http2(then), tls="good", is_over_http2=True)
    for name, does, ends_in, then in (
        ("whole", "nothing wrong at all", OK, _whole),
        ("goaway-after-body", "says goodbye behind its answer", OK, _goes_away_after_body),
        ("reset", "resets the stream instead of an answer", "upstream-broken", _resets),
        ("reset-in-body", "resets the stream inside its body", "upstream-broken", _resets_in_body),
        ("goaway", "says goodbye instead of an answer", "upstream-broken", _goes_away),
        ("goaway-in-body", "says goodbye inside its body and closes", "upstream-broken", _goes_away_in_body),
        ("close-in-body", "closes the connection inside its body", "upstream-broken", _closes_in_body),
        ("stall", "never answers", "upstream-timeout", _stalls),
        ("stall-in-body", "falls silent in its body", "upstream-timeout", _stalls_in_body),
        ("length-too-long", "announces more than it sends", "upstream-broken", _with_length(100)),
        ("length-too-short", "sends more than it announced", "upstream-broken", _with_length(3)),
        (
            "header-upper-case",
            "a field name in capitals",
            "upstream-broken",
            _with_headers(*_OK, ("X-Loud", "1")),
        ),
        (
            "header-connection",
            "a field that HTTP/2 has not",
            "upstream-broken",
            _with_headers(*_OK, ("transfer-encoding", "chunked")),
        ),
        (
            "no-status",
            "a head without a status",
            "upstream-broken",
            _with_headers(("content-type", "text/html")),
        ),
        ("garbage", "HTTP/1.1 inside HTTP/2", "upstream-broken or upstream-timeout", _garbage),
        (
            "frame-too-large",
            "a frame beyond the agreed size",
            "upstream-broken or upstream-timeout",
            _frame_too_large,
        ),
        (
            "data-before-head",
            "a body without a head",
            "upstream-broken or upstream-timeout",
            _data_before_head,
        ),
        ("continuation-flood", "a header block without end", "upstream-broken", _endless_continuation),
        ("hpack-bomb", "12 kB of header that unpack to 47 MB", "upstream-broken", _hpack_bomb),
        (
            "ping-flood",
            "pings without end instead of an answer",
            "upstream-broken or upstream-timeout",
            _ping_flood,
        ),
    )
)
