"""Faults that are said in one go: framing, codings, heads, redirects, statuses."""

import asyncio
import gzip
import struct
import zlib
from collections.abc import Callable
from functools import cache

import brotli  # type: ignore[import-untyped]  # the package ships no types
import zstandard

from tests.origin.fault import OK, Act, Fault, Talk, answers, head, page

MIB = 1024 * 1024
_CHUNKED = "Transfer-Encoding: chunked"
_PAGE = b"<!doctype html><title>Page</title><p>" + b"The harbour is quiet. " * 50


def _coded(coding: str, body: bytes) -> Act:
    return answers(page(body, f"Content-Encoding: {coding}"))


def _redirect(*locations: str, status: str = "302 Found") -> Act:
    fields = [f"Location: {location}" for location in locations]
    return answers(page(b"moved", *fields, status=status))


def _status(status: str, *fields: str) -> Act:
    return answers(page(b"no", *fields, status=status))


def _zeros_in_gzip(mib: int) -> bytes:
    """gzip of so many MiB of zeros, quickly: the same flushed block again and again (RFC 1951, section 3.2)."""
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = packer.compress(bytes(MIB)) + packer.flush(zlib.Z_FULL_FLUSH)
    checksum = 0
    for _ in range(mib):
        checksum = zlib.crc32(bytes(MIB), checksum)
    end = struct.pack("<II", checksum, mib * MIB & 0xFFFFFFFF)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + block * mib + b"\x03\0" + end


def _bomb(coding: str, make: Callable[[], bytes]) -> Act:
    """A body that is made when it is asked for first, since that takes a moment."""
    made = cache(make)

    async def act(talk: Talk) -> None:
        await talk.listen()
        body = await asyncio.to_thread(made)
        await talk.send(page(body, f"Content-Encoding: {coding}"))

    return act


async def _circle(talk: Talk) -> None:
    await talk.listen()
    await talk.send(page(b"", f"Location: {'/b' if talk.target != '/b' else '/a'}", status="302 Found"))


async def _onward(talk: Talk) -> None:
    await talk.listen()
    number = int(talk.target.partition("?")[2] or 0) + 1
    await talk.send(page(b"", f"Location: /?{number}", status="302 Found"))


FRAMING = (
    Fault("length-too-long", "announces more bytes than it sends, then closes", "upstream-broken",
          answers(head("Content-Length: 100") + b"short")),
    Fault("length-too-short", "sends more bytes than it announced", OK,
          answers(page() + b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsmuggled!")),
    Fault("length-negative", "a negative Content-Length", "upstream-broken", answers(head("Content-Length: -5") + b"hello")),
    Fault("length-no-number", "a Content-Length that is no number", "upstream-broken",
          answers(head("Content-Length: 5x") + b"hello")),
    Fault("length-hexadecimal", "a Content-Length in hexadecimal", "upstream-broken",
          answers(head("Content-Length: 0x5") + b"hello")),
    Fault("length-astronomic", "a Content-Length beyond all numbers", "upstream-broken",
          answers(head(f"Content-Length: {10**30}") + b"hello")),
    Fault("length-twice", "two Content-Lengths that contradict each other", "upstream-broken",
          answers(head("Content-Length: 5", "Content-Length: 7") + b"hello")),
    Fault("length-list", "two lengths in one field", "upstream-broken", answers(head("Content-Length: 5, 7") + b"hello")),
    Fault("length-repeated", "the same length twice", OK, answers(head("Content-Length: 5", "Content-Length: 5") + b"hello")),
    Fault("length-over-limit", "announces 500 MB of HTML", "content-too-large",
          answers(head("Content-Type: text/html", f"Content-Length: {500 * MIB}") + b"<p>")),
    Fault("chunk-cut", "closes inside a chunk", "upstream-broken", answers(head(_CHUNKED) + b"50\r\nhello")),
    Fault("chunks-without-end", "never sends the last chunk", "upstream-broken", answers(head(_CHUNKED) + b"5\r\nhello\r\n")),
    Fault("chunk-size-no-number", "a chunk size that is no number", "upstream-broken",
          answers(head(_CHUNKED) + b"zz\r\nhello\r\n0\r\n\r\n")),
    Fault("chunk-size-negative", "a negative chunk size", "upstream-broken",
          answers(head(_CHUNKED) + b"-5\r\nhello\r\n0\r\n\r\n")),
    Fault("chunk-size-astronomic", "a chunk size of 40 digits", "upstream-broken",
          answers(head(_CHUNKED) + b"f" * 40 + b"\r\nhello\r\n0\r\n\r\n")),
    Fault("chunk-runs-on", "a chunk longer than its size", "upstream-broken",
          answers(head(_CHUNKED) + b"2\r\nhello\r\n0\r\n\r\n")),
    Fault("chunk-extensions", "strange chunk extensions", OK,
          answers(head(_CHUNKED) + b'5;a="\x01b\\";;=\r\nhello\r\n0;z\r\n\r\n')),
    Fault("chunked-and-length", "both chunked and a wrong Content-Length: chunks win", OK,
          answers(head("Content-Length: 3", _CHUNKED) + b"5\r\nhello\r\n0\r\n\r\n")),
    Fault("transfer-coding-unknown", "a transfer coding that nobody knows", "upstream-broken",
          answers(head("Transfer-Encoding: warp, chunked") + b"5\r\nhello\r\n0\r\n\r\n")),
    Fault("trailers-huge", "120 kB of trailers", "upstream-broken",
          answers(head(_CHUNKED) + b"5\r\nhello\r\n0\r\n" + b"X: aaaaaaaa\r\n" * 10_000 + b"\r\n")),
    Fault("trailers-lie", "a trailer that names another length", OK,
          answers(head(_CHUNKED) + b"5\r\nhello\r\n0\r\nContent-Length: 900\r\n\r\n")),
    Fault("http10-no-length", "HTTP/1.0, ended by closing alone", OK,
          answers(head("Content-Type: text/html", version="HTTP/1.0") + b"<p>hello</p>")),
    Fault("keep-alive-liar", "promises to keep the connection and closes it", OK, answers(page(b"hello", "Connection: keep-alive"))),
)  # fmt: skip

CODINGS = (
    Fault("gzip-truncated", "a gzip body that lacks its end, with the right length", "upstream-broken",
          _coded("gzip", gzip.compress(_PAGE)[:-6])),
    Fault("gzip-no-checksum", "a gzip body without its last 4 bytes", "upstream-broken",
          _coded("gzip", gzip.compress(_PAGE)[:-4])),
    Fault("gzip-damaged", "a gzip body with a wrong checksum", "upstream-broken",
          _coded("gzip", gzip.compress(_PAGE)[:-8] + b"\0\1\2\3" + gzip.compress(_PAGE)[-4:])),
    Fault("gzip-not-gzip", "plain text labelled as gzip", "upstream-broken", _coded("gzip", _PAGE)),
    Fault("gzip-trailing", "bytes behind the end of the gzip stream", OK, _coded("gzip", gzip.compress(_PAGE) + b"\0\0\0garbage")),
    Fault("gzip-bomb", "256 MiB of zeros in 260 kB", "content-too-large", _bomb("gzip", lambda: _zeros_in_gzip(256))),
    Fault("gzip-gzip-bomb", "1 GiB of zeros packed twice, in a few kB", "content-too-large", _bomb("gzip, gzip", lambda: gzip.compress(_zeros_in_gzip(1024)))),
    Fault("deflate-truncated", "a deflate body that is cut off", "upstream-broken", _coded("deflate", zlib.compress(_PAGE)[:-2])),
    Fault("brotli-truncated", "a brotli body that is cut off", "upstream-broken", _coded("br", brotli.compress(_PAGE)[:-2])),
    Fault("brotli-trailing", "bytes behind the end of the brotli stream", "upstream-broken",
          _coded("br", brotli.compress(_PAGE) + b"garbage")),
    Fault("brotli-bomb", "64 MiB of zeros in under 100 bytes", "content-too-large", _bomb("br", lambda: brotli.compress(bytes(64 * MIB), quality=5))),
    Fault("zstd-truncated", "a zstd body that is cut off", "upstream-broken", _coded("zstd", zstandard.compress(_PAGE)[:-2])),
    Fault("zstd-bomb", "64 MiB of zeros in 2 kB", "content-too-large", _bomb("zstd", lambda: zstandard.compress(bytes(64 * MIB)))),
    Fault("coding-unknown", "a registered coding that was not offered", "upstream-error", _coded("compress", b"\x1f\x9d\x90")),
    Fault("coding-stacked", "three codings over each other", "upstream-error", _coded("gzip, gzip, gzip", b"x")),
)  # fmt: skip

HEADS = (
    Fault("nothing-like-http", "another protocol's banner", "upstream-broken", answers(b"SSH-2.0-OpenSSH_9.2\r\n")),
    Fault("http09", "a body without any head", "upstream-broken", answers(b"<html>hello</html>")),
    Fault("status-no-number", "a status that is no number", "upstream-broken", answers(head("Content-Length: 2", status="abc OK") + b"hi")),
    Fault("status-four-digits", "a status of four digits", "upstream-broken", answers(head("Content-Length: 2", status="2000 OK") + b"hi")),
    Fault("version-unknown", "an HTTP version that there is not", "upstream-broken",
          answers(head("Content-Length: 2", version="HTTP/7.3") + b"hi")),
    Fault("head-cut", "closes inside its head", "upstream-broken", answers(b"HTTP/1.1 200 OK\r\nContent-Le")),
    Fault("nul-in-header", "a NUL in a field", "upstream-broken", answers(head("X: a\0b", "Content-Length: 2") + b"hi")),
    Fault("header-huge", "one field of 100 kB", "upstream-broken", answers(head("X: " + "a" * 100_000, "Content-Length: 2") + b"hi")),
    Fault("headers-many", "10,000 fields", "upstream-broken",
          answers(head(*["X: aaaaaaaa"] * 10_000, "Content-Length: 2") + b"hi")),
    Fault("obs-fold", "a field folded over two lines", OK, answers(head("X: a\r\n b", "Content-Length: 2") + b"hi")),
    Fault("bare-line-feeds", "line feeds alone end its lines", OK, answers(b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi")),
    Fault("header-without-colon", "a line that is no field", "upstream-broken", answers(head("nonsense", "Content-Length: 2") + b"hi")),
    Fault("upgrade-unasked", "101, to a protocol that nobody asked for", "upstream-broken",
          answers(head("Upgrade: x", "Connection: Upgrade", status="101 Switching Protocols") + b"hello")),
    Fault("early-hints", "one 103 before the answer", OK, answers(head("Link: </a>", status="103 Early Hints") + page())),
    Fault("type-missing", "no Content-Type", OK, answers(head("Content-Length: 12") + b"<p>hello</p>")),
    Fault("type-nonsense", "a Content-Type that is none", OK, answers(head("Content-Type: ;;/=\xff", "Content-Length: 12") + b"<p>hello</p>")),
    Fault("type-twice", "two Content-Types", OK, answers(page(b"<p>hello</p>", "Content-Type: image/png"))),
    Fault("charset-wrong", "Latin-1 labelled as UTF-8", OK, answers(page("<p>café</p>".encode("latin-1")))),
    Fault("charset-unknown", "a charset that there is not", OK,
          answers(head("Content-Type: text/html; charset=utf-99", "Content-Length: 12") + b"<p>hello</p>")),
    Fault("cookies-many", "200 cookies", OK, answers(page(b"<p>hello</p>", *[f"Set-Cookie: c{n}=1" for n in range(200)]))),
)  # fmt: skip

REDIRECTS = (
    Fault("redirect-circle", "two places that redirect to each other", "redirect-loop", _circle),
    Fault("redirect-endless", "always one place further", "too-many-redirects", _onward),
    Fault("redirect-file", "redirects to file:", "destination-forbidden", _redirect("file:///etc/passwd")),
    Fault("redirect-gopher", "redirects to gopher:", "destination-forbidden", _redirect("gopher://127.0.0.1:6379/_x")),
    Fault("redirect-data", "redirects to data:", "destination-forbidden", _redirect("data:text/html,x")),
    Fault("redirect-private", "redirects to a private address", "destination-forbidden", _redirect("http://10.0.0.1/")),
    Fault("redirect-metadata", "redirects to a cloud's metadata", "destination-forbidden",
          _redirect("http://169.254.169.254/latest/meta-data/")),
    Fault("redirect-smtp", "redirects to a port that is not for the web", "destination-forbidden", _redirect("http://example.org:25/")),
    Fault("redirect-credentials", "redirects to a URL with a password", "invalid-url", _redirect("http://a:b@127.0.0.1/")),
    Fault("redirect-nowhere", "redirects to what is no URL", "invalid-url", _redirect("http://[::1")),
    Fault("redirect-two-places", "redirects to two places at once", "upstream-broken", _redirect("/a", "/b")),
    Fault("redirect-no-place", "302 without a Location", "upstream-error", _status("302 Found")),
)  # fmt: skip

STATUSES = (
    Fault("status-206-unasked", "a part that was not asked for", "upstream-broken",
          answers(page(b"hello", "Content-Range: bytes 0-4/9", status="206 Partial Content"))),
    Fault("status-300", "300, with nothing to choose", "upstream-error", _status("300 Multiple Choices")),
    Fault("status-304-unasked", "304, to no condition", "upstream-error", answers(head(status="304 Not Modified"))),
    Fault("status-401", "wants a password", "upstream-error", _status("401 Unauthorized", "WWW-Authenticate: Basic")),
    Fault("status-403", "forbids", "upstream-error", _status("403 Forbidden")),
    Fault("status-404", "has nothing there", "upstream-not-found", _status("404 Not Found")),
    Fault("status-410", "has nothing there any more", "upstream-not-found", _status("410 Gone")),
    Fault("status-418", "is a teapot", "upstream-error", _status("418 I'm a teapot")),
    Fault("status-429", "wants to be asked again in an hour", "upstream-unavailable", _status("429 Too Many Requests", "Retry-After: 3600")),
    Fault("status-500", "breaks", "upstream-unavailable", _status("500 Internal Server Error")),
    Fault("status-503", "is busy, always", "upstream-unavailable", _status("503 Service Unavailable")),
    Fault("status-503-nonsense", "a Retry-After that is none", "upstream-unavailable",
          _status("503 Service Unavailable", "Retry-After: soon, \xff")),
)  # fmt: skip
