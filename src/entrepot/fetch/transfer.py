"""One request and its answer over one libcurl handle: guarded connection, bounded buffer, limits of time.

libcurl calls back on the event loop's own thread. A callback never raises: it notes the error and makes libcurl stop.
"""

import asyncio
import hashlib
import math
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pycurl

from entrepot.errors import AppError, DestinationForbidden, OutOfOrder, UpstreamBroken, UpstreamTimeout
from entrepot.fetch.faults import translated
from entrepot.fetch.guard import Target
from entrepot.fetch.head import Head, HeadReader
from entrepot.fetch.host import parse_address

# What may wait for the reader; then libcurl pauses, and TCP's window does the rest.
BUFFER_BYTES = 1024 * 1024
RECEIVE_BYTES = 512 * 1024  # of one read from the socket

Judge = Callable[[str, str, int], None]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One hop's request, ready to be sent. `headers` are complete and checked."""

    target: Target
    method: str
    headers: Mapping[str, str]
    body: bytes | None
    may_reuse: bool = True


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of time. `deadline` is the loop's time at which the whole exchange ends."""

    deadline: float
    idle_seconds: float
    connect_seconds: float
    min_bytes_per_second: int
    head_seconds: float = 60


class Transfer:
    """A running exchange; `close` must be called, and may be called at any time."""

    def __init__(
        self, multi: pycurl.AsyncCurlMulti, outgoing: Outgoing, pace: Pace, judge: Judge, ca_file: Path
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._multi = multi
        self._outgoing = outgoing
        self._pace = pace
        self._judge = judge
        self._admitted = {parse_address(address) for address in outgoing.target.addresses}
        self._reader = HeadReader()
        self._pieces: list[bytes] = []
        self._buffered_bytes = 0
        self._is_paused = False
        self._is_finished = False
        self._error: AppError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._active_at = self._loop.time()
        self._curl = pycurl.Curl()
        try:
            self._prepare(ca_file)
            self._running: asyncio.Future[Any] = multi.add_handle(self._curl)
        except BaseException:
            self._curl.close()
            raise
        self._running.add_done_callback(self._on_end)
        self._total_timer = self._loop.call_at(pace.deadline, self._on_deadline)
        self._head_by = self._active_at + pace.head_seconds
        self._idle_timer = self._loop.call_later(
            min(pace.idle_seconds, pace.head_seconds), self._on_idle_check
        )

    async def head(self) -> Head:
        """The final answer's head, once it is there. Raises the error that ended the transfer before."""
        while self._reader.head is None:
            self._raise_error()
            if self._is_finished:
                raise UpstreamBroken("The origin's answer has no head.")
            await self._wait()
        return self._reader.head

    async def receive(self) -> list[bytes]:
        """What has arrived of the body, waiting for the first of it; empty at its end.

        Raises the error that ended the transfer, after all that arrived before it.
        """
        while not self._pieces:
            self._raise_error()
            if self._is_finished:
                return []
            await self._wait()
        pieces, self._pieces, self._buffered_bytes = self._pieces, [], 0
        if self._is_paused:
            self._resume()
        return pieces

    def close(self) -> None:
        """Ends the transfer if it still runs, and frees the handle; the connection is kept only when it is clean."""
        self._total_timer.cancel()
        self._idle_timer.cancel()
        if not self._running.done() and not self._multi.closed:
            self._multi.remove_handle(self._curl)
        self._is_finished = True
        self._pieces = []
        self._curl.close()

    # --- the reader's side --------------------------------------------------------------------------------------------

    async def _wait(self) -> None:
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _raise_error(self) -> None:
        if self._error is not None:
            raise self._error

    def _resume(self) -> None:
        self._is_paused = False
        self._active_at = self._loop.time()
        if self._running.done():
            return
        try:
            self._curl.pause(pycurl.PAUSE_CONT)
        except pycurl.error as fault:
            self._fail(translated(fault))

    def _fail(self, error: AppError) -> None:
        """Ends the transfer from outside libcurl's callbacks."""
        if self._is_finished:
            return
        self._error = self._error or error
        self._is_finished = True
        if not self._running.done():
            self._multi.remove_handle(self._curl)
        self._wake()

    def _on_deadline(self) -> None:
        self._fail(UpstreamTimeout("The origin took longer than allowed."))

    def _on_idle_check(self) -> None:
        now = self._loop.time()
        if self._is_paused:
            self._active_at = now  # the reader is slow, not the origin
        silence_left = self._active_at + self._pace.idle_seconds - now
        head_left = math.inf if self._reader.head else self._head_by - now
        left = min(silence_left, head_left)
        if silence_left <= 0:
            self._fail(UpstreamTimeout("The origin has sent nothing for too long."))
        elif head_left <= 0:
            self._fail(UpstreamTimeout("The origin's header did not arrive in time."))
        elif not self._is_finished:
            self._idle_timer = self._loop.call_later(left, self._on_idle_check)

    # --- libcurl's side -----------------------------------------------------------------------------------------------

    def _on_end(self, running: asyncio.Future[Any]) -> None:
        if not self._is_finished:
            self._is_finished = True
            if running.cancelled():
                self._error = self._error or OutOfOrder("The client was closed.")
            elif isinstance(fault := running.exception(), pycurl.error):
                self._error = self._error or translated(fault)
        elif not running.cancelled():
            running.exception()  # marks it as seen
        self._wake()

    def _on_header(self, line: bytes) -> int | None:
        self._active_at = self._loop.time()
        try:
            self._reader.feed(line)
        except AppError as error:
            return self._stop(error)
        if self._reader.head is not None:
            self._wake()
        return None

    def _on_body(self, data: bytes) -> int | None:
        if self._buffered_bytes >= BUFFER_BYTES:
            self._is_paused = True
            return int(pycurl.WRITEFUNC_PAUSE)
        self._pieces.append(data)
        self._buffered_bytes += len(data)
        self._active_at = self._loop.time()
        self._wake()
        return None

    def _stop(self, error: AppError) -> int:
        self._error = self._error or error
        return 0  # fewer bytes than were given: libcurl ends the transfer

    def _on_open(self, purpose: int, address: Any) -> socket.socket | int:
        """Opens a socket only to an address that was admitted for this very hop, and only if the guard says so again."""
        if purpose != pycurl.SOCKTYPE_IPCXN or not self._may_connect(*address.addr[:2]):
            return int(pycurl.SOCKET_BAD)
        opened = socket.socket(address.family, address.socktype, address.protocol)
        self._loop.call_soon(opened.close)  # pycurl gives libcurl a duplicate when this callback has returned
        return opened

    def _on_connected(self, host: str, _own_host: str, port: int, _own_port: int) -> int:
        """Judges the connection, new or kept from an earlier request, before anything is sent over it."""
        return int(pycurl.PREREQFUNC_OK if self._may_connect(host, port) else pycurl.PREREQFUNC_ABORT)

    def _may_connect(self, address: str, port: int) -> bool:
        url = self._outgoing.target.url
        try:
            if parse_address(address) not in self._admitted or port != url.port:
                raise DestinationForbidden
            self._judge(url.host, address, port)
        except AppError as error:
            self._error = self._error or error
            return False
        return True

    # --- settings -----------------------------------------------------------------------------------------------------

    def _prepare(self, ca_file: Path) -> None:
        for options in (self._what_to_send(), self._where_to_connect(), _ISOLATION):
            for option, value in options.items():
                self._curl.setopt(option, value)
        self._curl.setopt(pycurl.CAINFO, str(ca_file))
        self._curl.setopt(pycurl.HEADERFUNCTION, self._on_header)
        self._curl.setopt(pycurl.WRITEFUNCTION, self._on_body)
        self._curl.setopt(pycurl.OPENSOCKETFUNCTION, self._on_open)
        self._curl.setopt(pycurl.PREREQFUNCTION, self._on_connected)
        self._curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(self._pace.connect_seconds * 1000)))
        if self._pace.min_bytes_per_second:
            self._curl.setopt(pycurl.LOW_SPEED_LIMIT, self._pace.min_bytes_per_second)
            self._curl.setopt(pycurl.LOW_SPEED_TIME, max(1, round(self._pace.idle_seconds)))

    def _what_to_send(self) -> dict[int, Any]:
        request = self._outgoing
        options: dict[int, Any] = {
            pycurl.URL: str(request.target.url),
            pycurl.PATH_AS_IS: 1,
            pycurl.HTTPHEADER: [_DO_NOT_WAIT, *(_field(*item) for item in request.headers.items())],
        }
        if not request.may_reuse:
            options[pycurl.FRESH_CONNECT] = 1
        if request.body is not None:
            options[pycurl.POSTFIELDS] = request.body
        if request.method == "HEAD":
            options[pycurl.NOBODY] = 1
        elif request.method != "GET" or request.body is not None:
            options[pycurl.CUSTOMREQUEST] = request.method
        return options

    def _where_to_connect(self) -> dict[int, Any]:
        """Leads libcurl to the admitted addresses through a name that stands for exactly this set of them.

        The name is part of the key under which libcurl keeps connections, so one to an address that is no longer
        admitted is not found again.
        """
        port, addresses = self._outgoing.target.url.port, self._outgoing.target.addresses
        name = hashlib.sha256(",".join(sorted(addresses)).encode()).hexdigest()[:40] + ".admitted.invalid"
        literals = ",".join(f"[{address}]" if ":" in address else address for address in addresses)
        return {pycurl.CONNECT_TO: [f"::{name}:{port}"], pycurl.RESOLVE: [f"+{name}:{port}:{literals}"]}


def _field(name: str, value: str) -> bytes:
    """A header as libcurl takes it; the semicolon is its sign for an empty value."""
    return (f"{name}: {value}" if value else f"{name};").encode("latin-1")


_DO_NOT_WAIT = b"Expect:"  # keeps libcurl from asking for "100 Continue" before a body
_ISOLATION: dict[int, Any] = {
    pycurl.PROTOCOLS: pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS,
    pycurl.FOLLOWLOCATION: 0,
    pycurl.PROXY: "",  # an empty proxy, not an unset one: the environment's is not looked at
    pycurl.NOPROXY: "*",
    pycurl.NETRC: pycurl.NETRC_IGNORED,
    pycurl.HTTP09_ALLOWED: 0,
    pycurl.HTTP_VERSION: pycurl.CURL_HTTP_VERSION_2TLS,
    pycurl.SSLVERSION: pycurl.SSLVERSION_TLSv1_2,
    pycurl.SSL_VERIFYPEER: 1,
    pycurl.SSL_VERIFYHOST: 2,
    pycurl.NOSIGNAL: 1,
    pycurl.TCP_NODELAY: 1,
    pycurl.BUFFERSIZE: RECEIVE_BYTES,
    pycurl.MAXAGE_CONN: 60,  # seconds of rest after which a kept connection is not trusted any more
    pycurl.MAXLIFETIME_CONN: 900,  # so that a host that moves is followed
    pycurl.PIPEWAIT: 1,  # rather a stream in an HTTP/2 connection that is being made than another connection
}
