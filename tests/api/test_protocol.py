"""What a connection may send: bounds that hold before any of it reaches the application."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from entrepot.api.protocol import BoundedProtocol

DEADLINE_SECONDS = 10
GET = b"GET / HTTP/1.1\r\nHost: a\r\n"


class _Impatient(BoundedProtocol):
    request_seconds = 0.05


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        body, more = body + message["body"], message["more_body"]
    headers = [(b"content-length", str(len(body) + 2).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"ok" + body})


def _talk(
    talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    protocol: type[BoundedProtocol] = BoundedProtocol,
) -> None:
    """Runs `talk` with a connection to a real server."""

    async def run() -> None:
        config = uvicorn.Config(_echo, http=protocol, lifespan="off", log_config=None, port=0)
        server = uvicorn.Server(config)
        config.load()
        state = uvicorn.server.ServerState()
        listening = await asyncio.get_running_loop().create_server(
            lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with asyncio.timeout(DEADLINE_SECONDS), listening:
            reader, writer = await asyncio.open_connection(*listening.sockets[0].getsockname())
            try:
                await talk(reader, writer)
            finally:
                writer.close()
        assert server.started is False

    asyncio.run(run())


async def _answer(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    return int(head[0].split()[1]), headers, await reader.readexactly(int(headers["content-length"]))


async def _assert_problem(reader: asyncio.StreamReader, status: int, code: str) -> None:
    found, headers, body = await _answer(reader)
    problem: dict[str, Any] = json.loads(body)
    assert (found, problem["status"], problem["code"]) == (status, status, code)
    assert headers["content-type"] == "application/problem+json"
    assert headers["x-request-id"] == problem["correlation_id"]
    assert await reader.read() == b""  # and the connection ends


def test_ordinary_requests_share_a_connection() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc")
            status, _, body = await _answer(reader)
            assert (status, body) == (200, b"okabc")

    _talk(talk)


def test_pipelined_requests_are_answered_in_order() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for content in (b"1", b"2", b"3"):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n" + content)
        assert [(await _answer(reader))[2] for _ in range(3)] == [b"ok1", b"ok2", b"ok3"]

    _talk(talk)


@pytest.mark.parametrize(
    "head",
    [
        GET + b"X: " + b"a" * 70_000 + b"\r\n\r\n",
        GET + b"".join(b"X%d: %b\r\n" % (n, b"a" * 1000) for n in range(70)) + b"\r\n",
        GET + b"X: a\r\n" * 101 + b"\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    ],
    ids=["one long field", "many long fields", "many fields", "long address"],
)
def test_head_over_its_bounds_is_refused(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await _assert_problem(reader, 431, "head-too-large")

    _talk(talk)


def test_endless_head_is_cut_off() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"X: ")
        answer = asyncio.create_task(_answer(reader))
        sent = 0
        while not answer.done():
            writer.write(b"a" * 8192)
            sent += 8192
            await asyncio.sleep(0)
            assert sent < 50_000_000
        status, _, _ = await answer
        assert status == 431

    _talk(talk)


def test_large_body_is_not_taken_for_a_head() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        content = b"b" * 300_000
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n" + content)
            status, _, body = await _answer(reader)
            assert (status, len(body)) == (200, 300_002)

    _talk(talk)


@pytest.mark.parametrize(
    "head",
    [b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", b"GET / HTTP/1.1\r\nX: y\r\n\r\n"],
    ids=["two", "none"],
)
def test_request_without_exactly_one_host_is_refused(head: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await _assert_problem(reader, 400, "bad-request")

    _talk(talk)


@pytest.mark.parametrize(
    "noise",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"hello\r\n\r\n",
        GET + b"Content-Length: x\r\n\r\n",
        GET + b"bad field: 1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(noise: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(noise)
        await _assert_problem(reader, 400, "bad-request")

    _talk(talk)


@pytest.mark.parametrize("begun", [GET, b"\r\n"], ids=["half a head", "empty line"])
def test_request_that_never_comes_is_not_waited_for(begun: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(begun)
        await _assert_problem(reader, 408, "request-timeout")

    _talk(talk, _Impatient)


def test_silent_connection_is_closed_without_a_word() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.read() == b""

    _talk(talk, _Impatient)


def test_body_that_never_ends_is_not_waited_for() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\na")
        assert await reader.read() == b""

    _talk(talk, _Impatient)


def test_long_answer_is_not_cut_off_by_the_time_for_requests() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(GET + b"\r\n")
        assert (await _answer(reader))[2] == b"ok"
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(3 * _Impatient.request_seconds):
                await reader.read(1)  # nothing comes, and the connection stays

    _talk(talk, _Impatient)
