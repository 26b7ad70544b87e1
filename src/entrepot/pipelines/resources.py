"""A page's images on their way into a print: several at once through the guard proxy, within bounds of all kinds."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import certifi
import pycurl

MIB = 1024 * 1024
_MAX_REDIRECTS = 5
_ACCEPT = "image/webp,image/png,image/jpeg,image/svg+xml,image/gif;q=0.9,image/*;q=0.8"
_WAIT_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class ImageBounds:
    """What all images of one page together may cost; `max_bytes` is of each."""

    count: int = 60
    max_bytes: int = 8 * MIB
    max_total_bytes: int = 48 * MIB
    total_seconds: float = 10.0
    connect_seconds: float = 5.0
    at_once: int = 6


class ImageFetcher:
    """Fetches images through the guard proxy at `proxy_url`, which judges each address and each redirect.

    Blocks, and needs nothing but that proxy's port: it works behind the fence. `ca_file` None: certifi's authorities.
    """

    def __init__(
        self,
        proxy_url: str,
        *,
        user_agent: str,
        bounds: ImageBounds | None = None,
        ca_file: Path | None = None,
    ) -> None:
        self._proxy_url = proxy_url
        self._user_agent = user_agent
        self._bounds = bounds or ImageBounds()
        self._ca_file = str(ca_file or certifi.where())

    def __call__(self, addresses: Sequence[str]) -> dict[str, bytes]:
        """The images that came whole, by their address; an image that fails is left out, whatever the reason."""
        waiting = [address for address in dict.fromkeys(addresses) if address.isascii()][: self._bounds.count]
        waiting.reverse()
        round_ = _Round(deadline=time.monotonic() + self._bounds.total_seconds)
        multi = pycurl.CurlMulti()
        try:
            while (waiting or round_.running) and not self._is_over(round_):
                while waiting and len(round_.running) < self._bounds.at_once:
                    self._begin(multi, round_, waiting.pop())
                multi.perform()
                self._take_ended(multi, round_)
                multi.select(_WAIT_SECONDS)
        finally:
            for handle in round_.running:
                multi.remove_handle(handle)
                handle.close()
            multi.close()
        return round_.images

    def _is_over(self, round_: "_Round") -> bool:
        return time.monotonic() >= round_.deadline or round_.bytes_received > self._bounds.max_total_bytes

    def _begin(self, multi: pycurl.CurlMulti, round_: "_Round", address: str) -> None:
        handle = pycurl.Curl()
        pieces: list[bytes] = []
        sizes = [0]

        def write(data: bytes) -> int | None:
            sizes[0] += len(data)
            round_.bytes_received += len(data)
            if sizes[0] > self._bounds.max_bytes or round_.bytes_received > self._bounds.max_total_bytes:
                return 0  # fewer bytes than were given: libcurl ends the transfer
            pieces.append(data)
            return None

        try:
            self._prepare(handle, address, round_)
            handle.setopt(pycurl.WRITEFUNCTION, write)
            multi.add_handle(handle)
        except pycurl.error:  # an address that libcurl cannot read
            handle.close()
            return
        round_.running[handle] = (address, pieces)

    def _prepare(self, handle: pycurl.Curl, address: str, round_: "_Round") -> None:
        left_ms = max(1, int((round_.deadline - time.monotonic()) * 1000))
        for option, value in (
            (pycurl.URL, address),
            (pycurl.PROXY, self._proxy_url),
            (pycurl.NOPROXY, ""),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.REDIR_PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.FOLLOWLOCATION, 1),
            (pycurl.MAXREDIRS, _MAX_REDIRECTS),
            (pycurl.CAINFO, self._ca_file),
            (pycurl.USERAGENT, self._user_agent),
            (pycurl.HTTPHEADER, [f"Accept: {_ACCEPT}"]),
            (pycurl.TIMEOUT_MS, left_ms),
            (pycurl.CONNECTTIMEOUT_MS, int(self._bounds.connect_seconds * 1000)),
            (pycurl.MAXFILESIZE_LARGE, self._bounds.max_bytes),
            (pycurl.FAILONERROR, 1),
            (pycurl.NOSIGNAL, 1),
        ):
            handle.setopt(option, value)

    def _take_ended(self, multi: pycurl.CurlMulti, round_: "_Round") -> None:
        queued = 1
        while queued:
            queued, whole, failed = multi.info_read()
            for handle in [*whole, *(entry[0] for entry in failed)]:
                address, pieces = round_.running.pop(handle)
                multi.remove_handle(handle)
                if handle in whole and handle.getinfo(pycurl.RESPONSE_CODE) == 200:
                    round_.images[address] = b"".join(pieces)
                handle.close()


@dataclass(slots=True)
class _Round:
    """One page's images under way."""

    deadline: float
    bytes_received: int = 0
    running: dict[pycurl.Curl, tuple[str, list[bytes]]] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
