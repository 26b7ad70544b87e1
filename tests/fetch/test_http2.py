"""HTTP/2 with a real origin: chosen by ALPN, many requests over one connection, and goodbyes that lose nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import pytest

from entrepot.fetch.client import FetchClient
from tests.fetch.fetching import fetch_with, with_client
from tests.origin.hostile import CERTIFICATE, hostile_origin, secure

BODY = b"x" * 200_000  # more than a stream's first window


@dataclass
class Http2Origin:
    """Answers each stream with `BODY` once `expected` streams are open at once. `goodbye_after` closes politely after so many."""

    expected: int = 1
    goodbye_after: int = 0
    port: int = 0
    connections: int = 0
    versions: set[str] = field(default_factory=set)
    most_at_once: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
        self.versions.add(tls.selected_alpn_protocol() or "none")
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
        connection.initiate_connection()
        waiting: dict[int, bytes] = {}
        heard = 0
        with suppress(ConnectionError):
            while True:
                writer.write(connection.data_to_send())
                await writer.drain()
                if not (data := await reader.read(65536)):
                    break
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.StreamEnded):
                        waiting[event.stream_id] = BODY
                        heard += 1
                        self.most_at_once = max(self.most_at_once, len(waiting))
                if heard >= self.expected:
                    self._answer(connection, waiting)
                if self.goodbye_after and heard >= self.goodbye_after and not waiting:
                    connection.close_connection()
                    writer.write(connection.data_to_send())
                    break
        writer.close()

    def _answer(self, connection: h2.connection.H2Connection, waiting: dict[int, bytes]) -> None:
        """As much of every body as the windows let through."""
        for stream, left in list(waiting.items()):
            if left is BODY:
                connection.send_headers(stream, [(":status", "200"), ("content-type", "text/plain")])
            body = left
            while body and (window := connection.local_flow_control_window(stream)):
                size = min(window, connection.max_outbound_frame_size, len(body))
                connection.send_data(stream, body[:size])
                body = body[size:]
            waiting[stream] = body
            if not body:
                connection.end_stream(stream)
                del waiting[stream]


@asynccontextmanager
async def serving(origin: Http2Origin) -> AsyncIterator[str]:
    context = secure()
    context.set_alpn_protocols(["h2", "http/1.1"])
    server = await asyncio.start_server(origin.serve, "127.0.0.1", 0, ssl=context)
    try:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    finally:
        server.close()


@pytest.mark.parametrize("at_once", [1, 20])
def test_requests_share_one_connection(at_once: int) -> None:
    """The origin answers only when all have been asked, so that one after the other would not do."""
    origin = Http2Origin(expected=at_once)

    async def check(client: FetchClient) -> None:
        async with serving(origin) as url:
            answers = await asyncio.gather(*(fetch_with(client, url) for _ in range(at_once)))
            assert all(answer.body == BODY and answer.is_delimited for answer in answers)
            await client.aclose()

    with_client(check, ca_file=CERTIFICATE)
    assert (origin.connections, origin.versions, origin.most_at_once) == (1, {"h2"}, at_once)


def test_connection_that_says_goodbye_is_replaced() -> None:
    origin = Http2Origin(goodbye_after=2)

    async def check(client: FetchClient) -> None:
        async with serving(origin) as url:
            for _ in range(6):
                assert (await fetch_with(client, url)).body == BODY
            await client.aclose()

    with_client(check, ca_file=CERTIFICATE)
    assert origin.connections == 3


def test_origin_without_http2_is_spoken_to_in_http1() -> None:
    with hostile_origin(tls=secure()) as origin:
        url = origin.on("/", lambda exchange: exchange.answer(b"hello"))
        assert with_client(lambda client: fetch_with(client, url), ca_file=CERTIFICATE).body == b"hello"
