"""A reading turned into an asset: kept under the very request that gave it, so that what has changed is a new version."""

import hashlib
import io
import json
from typing import Any, BinaryIO

from entrepot.assets.catalog import Assets
from entrepot.assets.publish import PublishedFile
from entrepot.content.format import Format
from entrepot.fetch.url import parse_url
from entrepot.media.names import file_name, safe_title
from entrepot.pipelines.names import name_file
from entrepot.pipelines.reader import Reading, ReadRequest
from entrepot.threads import in_thread

_EXTENSIONS = {
    Format.MARKDOWN: "md", Format.HTML: "html", Format.TEXT: "txt", Format.JSON: "json", Format.PDF: "pdf",
    Format.SCREENSHOT: "png",
}  # fmt: skip
_PASSING = ("cache", "timings_ms", "fetched_at")
"""Members of JSON that differ from fetch to fetch though the page has not changed."""


async def keep_reading(assets: Assets, reading: Reading, wanted: ReadRequest) -> PublishedFile:
    """Keeps what was read for `wanted.owner`; the reading's file is read from its start and left there.

    Raises StorageFull.
    """
    name = _name_of(reading, wanted)
    content: BinaryIO = reading.file
    if wanted.format is Format.JSON:
        content = io.BytesIO(await in_thread(_lasting, reading.file))
    content.seek(0)
    try:
        return await assets.keep(
            content, owner=wanted.owner, source_key=source_key(wanted), source_url=str(wanted.url),
            name=name, content_type=reading.media_type, path=f"pages/{name}",
        )  # fmt: skip
    finally:
        reading.file.seek(0)


def source_key(wanted: ReadRequest) -> str:
    """What two requests share whose readings are versions of one asset."""
    format_ = wanted.format.value if wanted.format else "raw"
    said: list[Any] = ["content", str(wanted.url), format_, wanted.options.as_dict(), wanted.render]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _name_of(reading: Reading, wanted: ReadRequest) -> str:
    url = parse_url(reading.final_url)
    if wanted.format is None:
        return name_file(None, url, reading.media_type)
    return file_name(safe_title(reading.title, fallback=url.host), _EXTENSIONS[wanted.format])


def _lasting(file: BinaryIO) -> bytes:
    file.seek(0)
    members = json.loads(file.read())
    return json.dumps(
        {name: value for name, value in members.items() if name not in _PASSING}, ensure_ascii=False
    ).encode()
