"""Faults in time and in the connection: resets, silences, drips, floods, and TLS that does not come about."""

import asyncio

from tests.origin.fault import OK, Act, Fault, Talk, answers, head, page

_DROP_SECONDS = 0.2
_FLOOD_SECONDS = 0.01  # some megabytes a second: the test's other half needs its core too


def _resets_after(data: bytes) -> Act:
    async def act(talk: Talk) -> None:
        await talk.listen()
        if data:
            await talk.send(data)
            await asyncio.sleep(0.05)  # a RST drops what has not yet been read
        talk.reset()

    return act


def _stalls_after(data: bytes) -> Act:
    async def act(talk: Talk) -> None:
        await talk.listen()
        await talk.send(data)
        await talk.gone()

    return act


def _drips(start: bytes, drop: bytes) -> Act:
    async def act(talk: Talk) -> None:
        await talk.listen()
        await talk.send(start)
        while True:
            await talk.send(drop)
            await asyncio.sleep(_DROP_SECONDS)

    return act


def _floods(start: bytes, piece: bytes) -> Act:
    async def act(talk: Talk) -> None:
        await talk.listen()
        await talk.send(start)
        while True:
            await talk.send(piece)
            await asyncio.sleep(_FLOOD_SECONDS)

    return act


async def _resets_at_once(talk: Talk) -> None:
    talk.reset()


async def _closes_at_once(talk: Talk) -> None:
    return


async def _stays_silent(talk: Talk) -> None:
    await talk.gone()


async def _answers_unasked(talk: Talk) -> None:
    await talk.send(page())
    await talk.gone()


async def _cuts_tls(talk: Talk) -> None:
    """Ends TCP without ending TLS: nothing proves that the body is whole (RFC 8446, section 6.1)."""
    await talk.listen()
    await talk.send(head("Content-Type: text/html") + b"<p>hel")
    await asyncio.sleep(0.05)
    talk.writer.transport.abort()


_CHUNKED = head("Content-Type: text/html", "Transfer-Encoding: chunked")

CONNECTION = (
    Fault("port-closed", "nobody listens", "upstream-unreachable", None),
    Fault("port-full", "listens and accepts nobody", "upstream-timeout", None),
    Fault("reset-at-once", "resets the connection as soon as it is made", "upstream-broken or upstream-unreachable", _resets_at_once),
    Fault("close-at-once", "closes the connection as soon as it is made", "upstream-broken", _closes_at_once),
    Fault("reset-after-request", "resets once it has been asked", "upstream-broken", _resets_after(b"")),
    Fault("close-after-request", "closes once it has been asked", "upstream-broken", answers()),
    Fault("reset-in-head", "resets inside its head", "upstream-broken", _resets_after(b"HTTP/1.1 200 OK\r\nContent-")),
    Fault("reset-in-body", "resets inside a body of known length", "upstream-broken",
          _resets_after(head("Content-Length: 100") + b"hello")),
    Fault("reset-in-chunks", "resets inside a chunked body", "upstream-broken", _resets_after(_CHUNKED + b"5\r\nhello\r\n")),
    Fault("reset-in-open-body", "resets a body that only its close would end", "upstream-broken",
          _resets_after(head("Content-Type: text/html") + b"hello")),
    Fault("answer-unasked", "answers before it has been asked, then keeps still", OK, _answers_unasked),
)  # fmt: skip

TIME = (
    Fault("stall-at-once", "accepts and says nothing", "upstream-timeout", _stays_silent),
    Fault("stall-in-status-line", "falls silent in its first line", "upstream-timeout", _stalls_after(b"HTTP/1.1 2")),
    Fault("stall-in-head", "falls silent in its head", "upstream-timeout", _stalls_after(b"HTTP/1.1 200 OK\r\nContent-")),
    Fault("stall-before-body", "falls silent before its body", "upstream-timeout", _stalls_after(head("Content-Length: 100"))),
    Fault("stall-in-body", "falls silent in its body", "upstream-timeout", _stalls_after(head("Content-Length: 100") + b"hello")),
    Fault("stall-in-chunk", "falls silent in a chunk", "upstream-timeout", _stalls_after(_CHUNKED + b"50\r\nhello")),
    Fault("stall-after-interim", "says 103 and then nothing", "upstream-timeout",
          _stalls_after(head(status="103 Early Hints"))),
    Fault("drip-head", "its head a byte at a time", "upstream-timeout", _drips(b"HTTP/1.1 200 OK\r\nX: ", b"a")),
    Fault("drip-headers", "one field after the other, slowly, for ever", "upstream-timeout", _drips(b"HTTP/1.1 200 OK\r\n", b"X: a\r\n")),
    Fault("drip-body", "its body a byte at a time", "upstream-timeout", _drips(head("Content-Length: 100000"), b"a")),
    Fault("drip-chunks", "its body a chunk of one byte at a time", "upstream-timeout", _drips(_CHUNKED, b"1\r\na\r\n")),
    Fault("drip-103", "one 103 after the other, slowly, for ever", "upstream-timeout",
          _drips(b"", head("Link: </a>", status="103 Early Hints"))),
    Fault("flood-status-line", "a first line without end", "upstream-broken", _floods(b"HTTP/1.1 200 ", b"a" * 65536)),
    Fault("flood-header", "a field without end", "upstream-broken", _floods(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536)),
    Fault("flood-headers", "fields without end", "upstream-broken", _floods(b"HTTP/1.1 200 OK\r\n", b"X: aaaaaaaa\r\n" * 500)),
    Fault("flood-103", "103 without end", "upstream-broken", _floods(b"", head("Link: </a>", status="103 Early Hints") * 500)),
    Fault("flood-100", "100 without end", "upstream-broken", _floods(b"", head(status="100 Continue") * 500)),
    Fault("flood-body", "a body without end", "content-too-large", _floods(_CHUNKED, b"10000\r\n" + b"a" * 65536 + b"\r\n")),
    Fault("flood-empty-lines", "empty lines for ever, before any head", "upstream-broken", _floods(b"", b"\r\n" * 4096)),
    Fault("flood-chunk-extension", "a chunk extension without end", "upstream-timeout", _floods(_CHUNKED + b"5;a=", b"a" * 65536)),
    Fault("flood-trailers", "trailers without end", "upstream-broken", _floods(_CHUNKED + b"0\r\n", b"X: aaaaaaaa\r\n" * 500)),
)  # fmt: skip

TLS = (
    Fault("tls-plain", "plain HTTP where TLS should be", "upstream-unreachable", _answers_unasked, tls="none"),
    Fault("tls-stranger", "a certificate that nobody vouches for", "upstream-error", answers(page()), tls="stranger"),
    Fault("tls-expired", "a certificate that is over", "upstream-error", answers(page()), tls="expired"),
    Fault("tls-elsewhere", "another host's certificate", "upstream-error", answers(page()), tls="elsewhere"),
    Fault("tls-ancient", "TLS 1.0 and nothing newer", "upstream-unreachable", answers(page()), tls="ancient"),
    Fault("tls-stall", "falls silent in the handshake", "upstream-timeout", _stays_silent, tls="none"),
    Fault("tls-reset", "resets in the handshake", "upstream-broken or upstream-unreachable", _resets_at_once, tls="none"),
    Fault("tls-cut", "ends TCP without ending TLS", "upstream-broken", _cuts_tls, tls="good"),
)  # fmt: skip
