"""A file as it is: fetch -> verify -> store."""

import asyncio
import re
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

from entrepot.errors import BadInput, ChecksumMismatch
from entrepot.fetch.client import FetchClient, Limits
from entrepot.fetch.retry import Backoff
from entrepot.fetch.url import parse_url
from entrepot.jobs.work import Desk, Order, Outcome, Progress, Source, Stage, StoredFile
from entrepot.pipelines.partial import Partial, take_partial
from entrepot.pipelines.receive import Received, Receiver, Wanted
from entrepot.pipelines.segmented import SegmentPolicy
from entrepot.pipelines.wishes import origin_headers, within
from entrepot.storage.contract import BlobStore

_CHECKSUM = re.compile(r"sha256:([0-9a-f]{64})", re.IGNORECASE)


class FilePipeline:
    """Fetches a URL's bytes as they are and stores them under their hash.

    Options: `checksum` ("sha256:" and hex), `max_filesize_bytes`, `headers` (for the URL's own origin), `referer`.
    """

    def __init__(
        self,
        client_factory: Callable[[], FetchClient],
        store: BlobStore,
        limits: Limits,
        backoff: Backoff | None = None,
        segments: SegmentPolicy | None = None,
    ) -> None:
        """`limits` are those of a whole attempt; `backoff` is between the tries that resume within it.

        `segments` tells when a file is fetched over several connections; None: the usual policy.
        """
        self._client_factory = client_factory
        self._store = store
        self._limits = limits
        self._backoff = backoff or Backoff()
        self._segments = segments or SegmentPolicy()

    def run(self, order: Order, desk: Desk) -> Outcome:
        """Raises what `Receiver.receive` raises, BadInput for unusable options, and ChecksumMismatch (nothing is kept)."""
        wanted, checksum = _wanted(order, self._limits), _checksum(order.options)
        desk.progress(Progress(Stage.DOWNLOADING))
        with closing(take_partial(order.folder, order.earlier)) as partial:
            received = asyncio.run(self._receive(partial, wanted, desk))
            if checksum not in (None, partial.sha256):
                partial.discard()
                raise ChecksumMismatch("The file does not have the expected SHA-256.")
            stored = self._keep(partial, received, desk)
        details = {"last_modified": received.last_modified} if received.last_modified else {}
        return Outcome((stored,), Source(url=order.url, title=received.name, details=details))

    async def _receive(self, partial: Partial, wanted: Wanted, desk: Desk) -> Received:
        client = self._client_factory()
        try:
            return await Receiver(client, partial, desk, self._backoff, self._segments).receive(wanted)
        finally:
            await client.aclose()

    def _keep(self, partial: Partial, received: Received, desk: Desk) -> StoredFile:
        desk.progress(Progress(Stage.STORING, 100, partial.size_bytes, partial.size_bytes))
        blob = self._store.adopt(partial.path, sha256=partial.sha256)
        return StoredFile(
            role="main",
            name=received.name,
            content_type=received.content_type,
            sha256=blob.sha256,
            size_bytes=blob.size_bytes,
            library_path=f"files/{received.name}",
        )


def _wanted(order: Order, limits: Limits) -> Wanted:
    return Wanted(parse_url(order.url), within(limits, order.options), origin_headers(order.options))


def _checksum(options: Mapping[str, Any]) -> str | None:
    """The SHA-256 that the file must have, in lower-case hex; None: any."""
    given = options.get("checksum")
    if given is None:
        return None
    match = _CHECKSUM.fullmatch(given)
    if match is None:
        raise BadInput("A checksum is written as sha256: and 64 hexadecimal digits.")
    return match[1].lower()
