"""A URL's content right now, for the serving process: fetched here, converted in a child, handed on as an open file."""

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.errors import ConversionFailed, JobTimeout, translated_disk_errors
from entrepot.fetch.client import FetchClient, Limits
from entrepot.fetch.url import URL
from entrepot.pipelines.conversion import CONVERSION_SECONDS, Converted, Fetched, convert_fenced, fetch_page
from entrepot.pipelines.names import UNKNOWN_TYPE, clean_type
from entrepot.processes.channel import Channel
from entrepot.processes.errand import answer, ask
from entrepot.processes.nursery import Nursery

TASK = "convert"

_AT_ONCE = 8  # conversions; more wait for their turn
_GRACE_SECONDS = 10.0  # what a child may need beyond its work


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read. `format` None: the source's own bytes. `timeout_seconds` shortens the time that a fetch may take."""

    url: URL
    format: Format | None
    options: ContentOptions = field(default_factory=ContentOptions)
    timeout_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """A URL's content. `file` holds it and is the caller's to close; `fingerprint` names what it says (SHA-256, hex)."""

    file: BinaryIO
    media_type: str
    size_bytes: int
    fingerprint: str
    final_url: str
    last_modified: str | None
    canonical_url: str | None = None


class PageReader:
    """Reads URLs without keeping anything; bodies pass through files in `folder`, which is its own."""

    def __init__(self, client: FetchClient, nursery: Nursery, folder: Path, limits: Limits) -> None:
        self._client = client
        self._nursery = nursery
        self._folder = folder
        self._limits = limits
        self._turns = asyncio.Semaphore(_AT_ONCE)

    def clear(self) -> None:
        """Removes what an earlier run left; blocks."""
        for path in self._folder.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)

    async def read(self, wanted: ReadRequest) -> Reading:
        """The content of `wanted.url`. Raises what `fetch_page` and `convert_fenced` raise."""
        limits = self._limits
        if wanted.timeout_seconds is not None:
            limits = replace(limits, total_seconds=min(limits.total_seconds, wanted.timeout_seconds))
        async with self._own_folder() as folder:
            fetched = await fetch_page(self._client, wanted.url, limits, folder / "source")
            if wanted.format is None:
                return _unchanged(fetched)
            async with self._turns:
                converted = await self._convert(fetched, wanted.format, wanted.options)
            return _converted(fetched, converted, wanted.format)

    async def _convert(self, fetched: Fetched, format: Format, options: ContentOptions) -> Converted:  # noqa: A002
        payload = {"fetched": fetched.as_dict(), "format": format.value, "options": options.as_dict()}
        try:
            found = await ask(
                self._nursery, TASK, payload, timeout_seconds=CONVERSION_SECONDS + _GRACE_SECONDS
            )
        except JobTimeout as error:
            raise ConversionFailed("The content took longer to convert than allowed.") from error
        return Converted(**found)

    @asynccontextmanager
    async def _own_folder(self) -> AsyncIterator[Path]:
        """A folder for one reading; what is open in it stays readable when the folder is gone."""
        with translated_disk_errors():
            folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            yield folder
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def child_convert(payload: Mapping[str, Any], channel: Channel) -> None:
    """The child's side of a conversion."""
    fetched = Fetched(**payload["fetched"])
    target = Path(fetched.path).parent / "content"
    answer(channel, lambda: _convert_into(target, fetched, payload).as_dict())


def _convert_into(folder: Path, fetched: Fetched, payload: Mapping[str, Any]) -> Converted:
    with translated_disk_errors():
        folder.mkdir()
    options = ContentOptions.from_dict(payload["options"])
    return convert_fenced(fetched, Format(payload["format"]), options, folder / "content")


def _unchanged(fetched: Fetched) -> Reading:
    """The source's own bytes under its own type, or the type that its first bytes tell where it has none."""
    declared = clean_type(fetched.content_type, "")
    file = _open(fetched.path)
    return Reading(
        file=file,
        media_type=fetched.media_type if declared == UNKNOWN_TYPE else declared,
        size_bytes=os.fstat(file.fileno()).st_size,
        fingerprint=fetched.sha256,
        final_url=fetched.final_url,
        last_modified=fetched.last_modified,
    )


def _converted(fetched: Fetched, converted: Converted, format: Format) -> Reading:  # noqa: A002
    file = _open(converted.path)
    return Reading(
        file=file,
        media_type=MEDIA_TYPES[format],
        size_bytes=os.fstat(file.fileno()).st_size,
        fingerprint=converted.fingerprint,
        final_url=fetched.final_url,
        last_modified=fetched.last_modified,
        canonical_url=converted.canonical_url,
    )


def _open(path: str) -> BinaryIO:
    """The file itself: a converter that a page has taken over may have left a link in its place."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise ConversionFailed("The content could not be converted.") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ConversionFailed("The content could not be converted.")
    return os.fdopen(descriptor, "rb")
