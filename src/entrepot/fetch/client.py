"""The HTTP client for hostile origins: redirects of our own, the guard's word at every hop, credentials kept at home."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

import certifi
import pycurl

from entrepot.errors import (
    BadInput,
    ContentTooLarge,
    TooManyRedirects,
    UpstreamBroken,
    UpstreamBusy,
    UpstreamFailure,
    UpstreamNotFound,
    UpstreamTimeout,
)
from entrepot.fetch.cookies import cookie_field, merged_field
from entrepot.fetch.decode import ACCEPTED, Decoder, decoder_for
from entrepot.fetch.guard import Guard, Target
from entrepot.fetch.head import Head
from entrepot.fetch.headers import Headers, checked_headers
from entrepot.fetch.request import FetchRequest, Limits, redirected
from entrepot.fetch.retry import parse_retry_after
from entrepot.fetch.transfer import Outgoing, Pace, Transfer
from entrepot.fetch.url import URL

__all__ = ["FetchClient", "FetchRequest", "Limits", "Response", "raise_for_status", "redirected"]

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_KEPT_CONNECTIONS = 256


class FetchClient:
    """Fetches within one event loop, keeping connections for the next request. Made before or in the loop, closed in it."""

    def __init__(self, guard: Guard, *, user_agent: str, ca_file: Path | None = None) -> None:
        """`ca_file` holds the certificates to trust instead of the well-known ones."""
        self._guard = guard
        self._user_agent = user_agent
        self._ca_file = ca_file or Path(certifi.where())
        self._multi: pycurl.AsyncCurlMulti | None = None

    @asynccontextmanager
    async def stream(self, request: FetchRequest, limits: Limits) -> AsyncIterator["Response"]:
        """The answer after redirects, its body still to be read; leaving the context early aborts it.

        Raises BadInput, DestinationForbidden, HostNotFound, InvalidURL (a redirect's), TooManyRedirects, and the
        UpstreamFailures; never for a status by itself (see `raise_for_status`).
        """
        deadline = asyncio.get_running_loop().time() + limits.total_seconds
        transfer, hop, head = await self._follow(_checked(request), limits, deadline)
        try:
            yield Response(transfer, head, hop, limits.max_bytes)
        finally:
            transfer.close()

    async def aclose(self) -> None:
        """Ends what still runs and closes every connection; the client may be used again afterwards."""
        if self._multi is not None:
            await self._multi.aclose()
            self._multi = None

    async def _follow(
        self, hop: FetchRequest, limits: Limits, deadline: float
    ) -> tuple[Transfer, FetchRequest, Head]:
        for _ in range(limits.max_redirects + 1):
            transfer, head = await self._send(hop, limits, deadline)
            try:
                following = redirected(hop, head.status, head.headers) if hop.may_redirect else None
            except BaseException:
                transfer.close()
                raise
            if following is None:
                return transfer, hop, head
            transfer.close()
            hop = following
        raise TooManyRedirects(f"The origin redirects more than {limits.max_redirects} times.")

    async def _send(self, hop: FetchRequest, limits: Limits, deadline: float) -> tuple[Transfer, Head]:
        target = await self._admit(hop.url, deadline)
        transfer = Transfer(
            self._open_multi(),
            Outgoing(target, hop.method, self._headers(hop), hop.body, hop.may_reuse),
            Pace(
                deadline,
                limits.idle_seconds,
                limits.connect_seconds,
                limits.min_bytes_per_second,
                limits.head_seconds,
            ),
            self._guard.judge,
            self._ca_file,
        )
        try:
            return transfer, await transfer.head()
        except BaseException:
            transfer.close()
            raise

    def _headers(self, hop: FetchRequest) -> dict[str, str]:
        own = {"Accept-Encoding": ACCEPTED if hop.may_compress else "identity"}
        if "User-Agent" not in Headers(hop.headers.items()):
            own["User-Agent"] = self._user_agent
        return {**_with_cookies(hop), **own}

    async def _admit(self, url: URL, deadline: float) -> Target:
        try:
            async with asyncio.timeout_at(deadline):
                return await self._guard.admit(url)
        except TimeoutError as error:
            raise UpstreamTimeout("The origin took longer than allowed.") from error

    def _open_multi(self) -> pycurl.AsyncCurlMulti:
        """libcurl's handle, made late: a process that forks has none before."""
        if self._multi is None:
            self._multi = pycurl.AsyncCurlMulti()
            self._multi.setopt(pycurl.M_MAXCONNECTS, _KEPT_CONNECTIONS)
        return self._multi


class Response:
    """An answer. `headers` are as sent; `url` is where it came from; `is_delimited` False: only the connection's end marks
    the body's, so that nothing proves it whole.
    """

    def __init__(self, transfer: Transfer, head: Head, request: FetchRequest, max_bytes: int) -> None:
        """Raises UpstreamFailure for a content coding that cannot be undone, UpstreamBroken for a part not asked for."""
        if head.status == 206 and "Range" not in Headers(request.headers.items()):
            raise UpstreamBroken("The origin sent a part that was not asked for.")
        self.status = head.status
        self.headers: Headers = head.headers
        self.url = request.url
        self.is_delimited = head.is_delimited(request.method)
        codings = head.headers.members("Content-Encoding")
        self._decoder = decoder_for(codings, head.headers.get("Content-Type", ""))
        self.content_length = None if self._decoder else head.content_length
        self._has_body = request.method != "HEAD"
        self._transfer = transfer
        self._max_bytes = max_bytes

    @property
    def is_decoded(self) -> bool:
        """Whether `chunks` gives other bytes than those that travelled: then ranges do not fit them."""
        return self._decoder is not None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The decoded body, once, in chunks of up to about 1 MiB, as fast as they are taken.

        Raises ContentTooLarge, UpstreamBroken for a body that is not whole, UpstreamTimeout.
        """
        async for pieces in self.pieces():
            yield b"".join(pieces)

    async def pieces(self) -> AsyncIterator[list[bytes]]:
        """As `chunks`, each in the many pieces in which it came: for those who gather them in a buffer of their own."""
        if self._has_body and self.content_length is not None and self.content_length > self._max_bytes:
            raise ContentTooLarge
        received = self._received() if self._decoder is None else self._decoded(self._decoder)
        total = 0
        async for pieces in received:
            total += sum(map(len, pieces))
            if total > self._max_bytes:
                raise ContentTooLarge
            yield pieces

    async def read(self) -> bytes:
        """The whole decoded body. Raises what `chunks` raises."""
        return b"".join([chunk async for chunk in self.chunks()])

    async def _received(self) -> AsyncIterator[list[bytes]]:
        while pieces := await self._transfer.receive():
            yield pieces

    async def _decoded(self, decoder: Decoder) -> AsyncIterator[list[bytes]]:
        total = 0
        async for pieces in self._received():
            data = b"".join(pieces)
            total += len(data)
            if total > self._max_bytes:  # also what no longer adds to the decoded body
                raise ContentTooLarge
            for piece in decoder.feed(data):
                if piece:
                    yield [piece]
                    await asyncio.sleep(0)  # a bomb may not hold up the loop
        decoder.finish()


class Answered(Protocol):
    """An answer's head, whether it comes from its origin just now or from a cache."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Headers: ...


def raise_for_status(response: Answered) -> None:
    """Raises the error that an answer without the wanted content is: UpstreamNotFound for 404 and 410, UpstreamBusy for
    429 and 5xx (with `Retry-After`), UpstreamFailure for all others from 300 on, each with `upstream_status`.
    """
    status = response.status
    if status < 300:
        return
    if status in (404, 410):
        raise UpstreamNotFound(upstream_status=status)
    if status == 429 or status >= 500:
        wait = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
        raise UpstreamBusy(f"The origin answered {status}.", retry_after_seconds=wait, upstream_status=status)
    raise UpstreamFailure(f"The origin answered {status}.", upstream_status=status)


def _with_cookies(hop: FetchRequest) -> Mapping[str, str]:
    """The caller's fields with the cookies that this request's own redirects have set."""
    fresh = cookie_field(hop.cookies, hop.url)
    if not fresh:
        return hop.headers
    given = Headers(hop.headers.items()).get("Cookie", "")
    others = {name: value for name, value in hop.headers.items() if name.lower() != "cookie"}
    return {**others, "Cookie": merged_field(given, fresh)}


def _checked(request: FetchRequest) -> FetchRequest:
    if request.method not in _METHODS:
        raise BadInput("The method is not one that can be sent.")
    return replace(request, headers=checked_headers(request.headers))
