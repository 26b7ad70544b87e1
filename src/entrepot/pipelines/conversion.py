"""A page fetched into a file, and that file converted behind the fence: what page jobs, the reader and `get` share."""

import hashlib
import re
import stat
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from entrepot.content.document import Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import SNIFFED_BYTES, media_type_of
from entrepot.errors import (
    ContentTooLarge,
    ConversionFailed,
    JobCrashed,
    JobTimeout,
    UpstreamFailure,
    translated_disk_errors,
)
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, raise_for_status
from entrepot.fetch.url import URL
from entrepot.processes.fence import Fence, scrubbed_environment
from entrepot.processes.fork import call_fenced
from entrepot.threads import in_thread

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,text/*;q=0.8,application/json;q=0.8,*/*;q=0.5"
CONVERSION_SECONDS = 30.0

_FIRST_PAGE = b"<title>Page</title><main><h1>Page</h1><p>Some words to begin with.</p></main>"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_MEMORY_BYTES = 2 * 1024**3
_RENDERED_BYTES = 256 * 1024**2


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought. The body lies at `path`, decoded; `media_type` is what its bytes and its origin say together."""

    path: str
    url: str
    final_url: str
    status: int
    content_type: str | None
    media_type: str
    size_bytes: int
    sha256: str
    last_modified: str | None
    fetched_at: str
    fetch_ms: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def as_page(self) -> Page:
        """The source as converters read it, its body in memory."""
        return Page(
            body=Path(self.path).read_bytes(), content_type=self.content_type, url=self.url, final_url=self.final_url,
            status=self.status, fetched_at=self.fetched_at, fetch_ms=self.fetch_ms,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Converted:
    """What a conversion left at `path`; `fingerprint` as in `convert.Rendering`."""

    path: str
    fingerprint: str
    title: str | None
    author: str | None
    canonical_url: str | None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


async def fetch_page(
    client: FetchClient, url: URL, limits: Limits, path: Path, headers: Mapping[str, str] | None = None
) -> Fetched:
    """Fetches `url` into a new file at `path`. Raises what the client raises, the errors of a bad status, StorageFull."""
    started = time.perf_counter()
    request = FetchRequest(url, headers={"Accept": ACCEPT, **(headers or {})})
    async with client.stream(request, limits) as response:
        raise_for_status(response)
        if response.status == 204:
            raise UpstreamFailure("The origin answered 204: there is nothing there.", upstream_status=204)
        body = _Body(path)
        async for chunk in response.chunks():
            await in_thread(body.add, chunk)
        declared = response.headers.get("Content-Type")
        await in_thread(body.add, b"")
        return Fetched(
            path=str(path), url=str(url), final_url=str(response.url), status=response.status, content_type=declared,
            media_type=media_type_of(body.head, declared), size_bytes=body.size_bytes, sha256=body.sha256,
            last_modified=response.headers.get("Last-Modified"),
            fetched_at=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            fetch_ms=round((time.perf_counter() - started) * 1000, 1),
        )  # fmt: skip


def warm_up() -> None:
    """Loads the converters and has them convert a page, so that forked children need not; for their parent alone.

    The serving process never converts, and so saves the memory.
    """
    from entrepot.content.convert import convert

    page = Page(_FIRST_PAGE, "text/html; charset=utf-8", "https://example.com/", "https://example.com/")
    convert(page, Format.JSON, ContentOptions())


def convert_fenced(fetched: Fetched, format: Format, options: ContentOptions, target: Path) -> Converted:  # noqa: A002
    """Converts what was fetched into a new file at `target`, in a process of its own behind a fence; blocks.

    The folder of `target` is all that this process may change. Raises ConversionUnsupported, NoContent, ValidationFailed,
    StorageFull, and ConversionFailed when the source asks for more memory or time than there is, or breaks the parser.
    """
    fence = Fence(
        writable=(target.parent,),
        readable=(Path(fetched.path).parent,),
        memory_bytes=_MEMORY_BYTES,
        cpu_seconds=round(CONVERSION_SECONDS),
        file_size_bytes=_RENDERED_BYTES,
        environment=scrubbed_environment(target.parent),
    )
    try:
        found = call_fenced(
            fence,
            lambda _say: _convert(fetched, format, options, target),
            timeout_seconds=CONVERSION_SECONDS,
        )
    except JobTimeout as error:
        raise ConversionFailed("The content took longer to convert than allowed.") from error
    except JobCrashed as error:
        raise ConversionFailed(f"The content could not be converted: {error.detail}.") from error
    except ContentTooLarge as error:
        raise ConversionFailed("The content became too large while it was converted.") from error
    return _checked(found, target)


def _convert(fetched: Fetched, format: Format, options: ContentOptions, target: Path) -> dict[str, Any]:  # noqa: A002
    from entrepot.content.convert import convert  # see warm_up

    rendering = convert(fetched.as_page(), format, options)
    target.write_bytes(rendering.body)
    return {"fingerprint": rendering.fingerprint, **rendering.metadata.as_dict()}


def _checked(found: Mapping[str, Any], target: Path) -> Converted:
    """What the converter told, trusted no further than a stranger: a page may have taken it over."""

    def text(name: str) -> str | None:
        value = found.get(name)
        return value if isinstance(value, str) else None

    fingerprint = text("fingerprint") or ""
    if not _FINGERPRINT.fullmatch(fingerprint) or not _is_plain_file(target):
        raise ConversionFailed("The content could not be converted.")
    return Converted(str(target), fingerprint, text("title"), text("author"), text("canonical_url"))


def _is_plain_file(path: Path) -> bool:
    """Whether a file of its own lies there: no link to another, no pipe."""
    try:
        facts = path.lstat()
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1


class _Body:
    """A body on its way into a file: written, hashed and counted, its first bytes remembered."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._hash = hashlib.sha256()
        self.head = b""
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def add(self, chunk: bytes) -> None:
        """Appends to the file. Raises StorageFull."""
        if len(self.head) < SNIFFED_BYTES:
            self.head += chunk[: SNIFFED_BYTES - len(self.head)]
        self.size_bytes += len(chunk)
        self._hash.update(chunk)
        with translated_disk_errors(), self._path.open("ab") as file:
            file.write(chunk)
