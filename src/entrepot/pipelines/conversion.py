"""A page fetched into a file, and that file converted behind the fence: what page jobs, the reader and `get` share."""

import gc
import os
import re
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from entrepot.content.document import Notice, Page
from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import media_type_of
from entrepot.dates import rfc3339
from entrepot.disk import translated_disk_errors
from entrepot.errors import ContentTooLarge, ConversionFailed, JobCrashed, JobTimeout, UpstreamFailure
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, raise_for_status
from entrepot.fetch.url import URL
from entrepot.fetch.writing import Writing
from entrepot.pipelines.resources import ImageFetcher
from entrepot.processes.fence import Fence, scrubbed_environment
from entrepot.processes.fork import call_fenced
from entrepot.threads import in_thread

ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,text/*;q=0.8,application/json;q=0.8,*/*;q=0.5"
CONVERSION_SECONDS = 30.0

_FIRST_PAGE = b"<title>Page</title><main><h1>Page</h1><p>Some words to begin with.</p></main>"
_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_NOTICE_CODE = re.compile(r"[a-z0-9-]{1,40}")
_MAX_NOTICES = 10
_MAX_NOTICE_CHARS = 300
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

    def as_page(self, body: bytes) -> Page:
        """The source as converters read it."""
        return Page(
            body=body, content_type=self.content_type, url=self.url, final_url=self.final_url,
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
    notices: tuple[Notice, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reach:
    """How a conversion that prints gets at the page's pictures: through the guard's proxy, and nowhere else."""

    proxy_url: str
    user_agent: str

    @property
    def port(self) -> int:
        return urlsplit(self.proxy_url).port or 0


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
        declared = response.headers.get("Content-Type")
        with translated_disk_errors():
            file = path.open("ab", buffering=0)
        with file:
            body = Writing(file)
            async for chunk in response.chunks():
                with translated_disk_errors():
                    await in_thread(body.add, (chunk,))
        return Fetched(
            path=str(path), url=str(url), final_url=str(response.url), status=response.status, content_type=declared,
            media_type=media_type_of(bytes(body.head), declared), size_bytes=body.size_bytes, sha256=body.digest.hexdigest(),
            last_modified=response.headers.get("Last-Modified"),
            fetched_at=rfc3339(datetime.now(UTC)),
            fetch_ms=round((time.perf_counter() - started) * 1000, 1),
        )  # fmt: skip


def warm_up() -> None:
    """Loads the converters and has them convert a page, so that forked children need not; for their parent alone.

    The serving process never converts, and so saves the memory.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process with threads is not one to fork
    from entrepot.content.typesetting.press import fonts

    rehearse()
    fonts()


def rehearse() -> None:
    """Converts a small page for nobody."""
    from entrepot.content.convert import convert

    page = Page(_FIRST_PAGE, "text/html; charset=utf-8", "https://example.com/", "https://example.com/")
    convert(page, Format.JSON, ContentOptions())


def convert_fenced(
    fetched: Fetched,
    format: Format,  # noqa: A002 - the field's word
    options: ContentOptions,
    target: Path,
    reach: Reach | None = None,
) -> Converted:
    """Converts what was fetched into a new file at `target`, in a process of its own behind a fence; blocks.

    That process gets the two files as open descriptors, and its own scratch folder; beyond them it reaches the proxy of
    `reach` when it prints, and nothing else. Raises
    ConversionUnsupported, NoContent, ValidationFailed, StorageFull, and ConversionFailed when the source asks for more
    memory or time than there is, or breaks the parser.
    """
    payload = order_of(fetched, format, options)
    with (
        translated_disk_errors(),
        tempfile.TemporaryDirectory(dir=target.parent) as scratch,
        Path(fetched.path).open("rb") as source,
        _new_file(target) as written,
        translated_failures(),
    ):
        found = call_fenced(
            conversion_fence(Path(scratch), () if reach is None else (reach.port,)),
            lambda _say: carry_out(payload, source.fileno(), written, reach),
            timeout_seconds=CONVERSION_SECONDS,
            keep=(source.fileno(), written),
        )
        return checked(found, target)


@contextmanager
def _new_file(path: Path) -> Iterator[int]:
    """A descriptor to write a new file through, which goes again if that fails."""
    with path.open("xb") as file:
        try:
            yield file.fileno()
        except BaseException:
            path.unlink(missing_ok=True)
            raise


@contextmanager
def translated_failures() -> Iterator[None]:
    """Raises ConversionFailed for a conversion that ran out of time, memory or room, or crashed."""
    try:
        yield
    except JobTimeout as error:
        raise ConversionFailed("The content took longer to convert than allowed.") from error
    except JobCrashed as error:
        raise ConversionFailed(f"The content could not be converted: {error.detail}.") from error
    except ContentTooLarge as error:
        raise ConversionFailed("The content became too large while it was converted.") from error


def conversion_fence(scratch: Path, connect_ports: tuple[int, ...] = ()) -> Fence:
    """What a conversion is left with: its scratch folder, the system's libraries, and the ports given."""
    return Fence(
        writable=(scratch,),
        readable=(),
        connect_ports=connect_ports,
        memory_bytes=_MEMORY_BYTES,
        cpu_seconds=round(CONVERSION_SECONDS),
        file_size_bytes=_RENDERED_BYTES,
        environment=scrubbed_environment(scratch),
    )


def order_of(fetched: Fetched, format: Format, options: ContentOptions) -> dict[str, Any]:  # noqa: A002
    """What `carry_out` is told, as JSON."""
    return {"fetched": fetched.as_dict(), "format": format.value, "options": options.as_dict()}


def carry_out(
    payload: Mapping[str, Any], source: int, target: int, reach: Reach | None = None
) -> dict[str, Any]:
    """The conversion itself, inside the fence: reads the descriptor `source`, writes `target`, tells what it found."""
    from entrepot.content.convert import convert  # see warm_up

    gc.disable()  # one conversion makes no garbage worth the search
    page = Fetched(**payload["fetched"]).as_page(_read_whole(source))
    format_ = Format(payload["format"])
    images = None
    if reach is not None and format_ is Format.PDF:
        images = ImageFetcher(reach.proxy_url, user_agent=reach.user_agent)
    rendering = convert(page, format_, ContentOptions.from_dict(payload["options"]), images=images)
    with os.fdopen(target, "wb", closefd=False) as file:
        file.write(rendering.body)
    return {
        "fingerprint": rendering.fingerprint,
        "kind": rendering.kind,
        "notices": [asdict(notice) for notice in rendering.notices],
        **rendering.metadata.as_dict(),
    }


def _read_whole(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", closefd=False) as file:
        return file.read()


def checked(found: Mapping[str, Any], target: Path) -> Converted:
    """What the converter told, trusted no further than a stranger: a page may have taken it over."""

    def text(name: str) -> str | None:
        value = found.get(name)
        return value if isinstance(value, str) else None

    fingerprint = text("fingerprint") or ""
    if not _FINGERPRINT.fullmatch(fingerprint):
        raise ConversionFailed("The content could not be converted.")
    return Converted(
        str(target), fingerprint, text("title"), text("author"), text("canonical_url"), _notices_of(found)
    )


def _notices_of(found: Mapping[str, Any]) -> tuple[Notice, ...]:
    told = found.get("notices")
    return tuple(
        Notice(notice["code"], str(notice.get("message", ""))[:_MAX_NOTICE_CHARS])
        for notice in (told if isinstance(told, list) else [])[:_MAX_NOTICES]
        if isinstance(notice, dict) and _NOTICE_CODE.fullmatch(str(notice.get("code")))
    )
