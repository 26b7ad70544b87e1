"""One URL's content, now: in the format that `Accept` or `format=` asks for, or as its origin sends it."""

import asyncio
import re
from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from entrepot.api.deliver import BlobResponse, join_fields
from entrepot.api.departure import until_gone
from entrepot.api.dependencies import ServicesDep
from entrepot.api.problems import problem
from entrepot.assets.conditional import ByteRange, Representation, decide, parse_http_date
from entrepot.assets.deliver import Delivery
from entrepot.content.format import Format
from entrepot.content.negotiate import choose_format
from entrepot.content.options import ContentOptions, Extract, ImageMode, LinkMode
from entrepot.content.sniff import essence, is_active
from entrepot.errors import PreconditionFailed
from entrepot.fetch.url import parse_url
from entrepot.pipelines.reader import Reading, ReadRequest
from entrepot.wiring.services import Services

router = APIRouter(tags=["content"])

_PAGE_POLICY = "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'"
_CLIENT_GONE = 499  # nobody reads it but the log; the number is nginx's
_SANDBOX = "sandbox; default-src 'none'"
_SCHEME = re.compile(r"(https?):/*(?=[^/])", re.IGNORECASE)
_ESCAPED_SCHEME = re.compile(r"https?%3A", re.IGNORECASE)
_UNSAFE_IN_LINK = re.compile(r"[^\x21-\x7e]|[<>\"\\^`{|}]")

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The content.",
        "content": {
            "text/markdown": {},
            "text/plain": {},
            "text/html": {},
            "application/json": {},
            "*/*": {},
        },
    },
    304: {"description": "The caller has this content already."},
    406: {
        "description": "None of the formats that were asked for can be had; `available` lists those that can."
    },
}


class ContentQuery(BaseModel):
    """What to read, and how. An unknown parameter is refused: a URL whose own `&` was not escaped would lose its end."""

    model_config = ConfigDict(extra="forbid")

    url: str = Field(max_length=8192, description="An http or https address, percent-encoded as a value.")
    format: Literal["markdown", "text", "html", "json", "raw"] | None = Field(
        None, description="Goes before `Accept`; `raw` is the source as it is."
    )
    extract: Extract = Field("main", description="The main content, or the whole page.")
    selector: str | None = Field(None, max_length=1000, description="CSS: take only this.")
    remove: str | None = Field(None, max_length=1000, description="CSS: leave this out.")
    links: LinkMode = Field("inline", description="Links in the text, at its end, or not at all.")
    images: ImageMode = Field("keep", description="Keep images or drop them.")
    render: Literal["auto", "http"] = Field(
        "auto", description="How the page is read: without running its scripts."
    )
    max_age: int = Field(
        0, ge=0, description="Oldest content that will do, in seconds; it is always fetched anew."
    )
    timeout: float | None = Field(None, gt=0, le=300, description="Seconds that the origin may take.")


@router.head("/api/v1/content", include_in_schema=False)
@router.get("/api/v1/content", response_class=Response, responses=_RESPONSES)
async def content(
    request: Request, services: ServicesDep, query: Annotated[ContentQuery, Query()]
) -> Response:
    """The content of `url` as markdown, text, HTML or JSON; `*/*` gives the source's own bytes with its own type."""
    options = ContentOptions(
        extract=query.extract,
        links=query.links,
        images=query.images,
        selector=query.selector,
        remove=query.remove,
    )
    if query.format is None:
        chosen = choose_format(_accept_of(request))
    else:
        chosen = None if query.format == "raw" else Format(query.format)
    return await _answer(request, services, ReadRequest(parse_url(query.url), chosen, options, query.timeout))


@router.head("/r/{target:path}", include_in_schema=False)
@router.get("/r/{target:path}", response_class=Response, responses=_RESPONSES)
async def content_of_path(request: Request, services: ServicesDep, target: str) -> Response:  # noqa: ARG001 - decoded
    """The content of the address in the path, its query included: `/r/https://example.com/?page=2`."""
    chosen = choose_format(_accept_of(request))
    return await _answer(request, services, ReadRequest(parse_url(_target_of(request)), chosen))


def _accept_of(request: Request) -> str | None:
    return ", ".join(request.headers.getlist("accept")) or None


def _target_of(request: Request) -> str:
    """The address as the caller wrote it: the path before it was decoded, and the query.

    Proxies that make one slash of two, and callers that escape the whole address, are understood.
    """
    raw: bytes = request.scope["raw_path"]
    written = raw.decode("latin-1").partition("/r/")[2]
    if _ESCAPED_SCHEME.match(written):
        written = unquote(written)
    if "://" not in written and not _SCHEME.match(written):
        written = f"https://{written}"
    query = request.scope["query_string"].decode("latin-1")
    return _SCHEME.sub(r"\1://", written, count=1) + (f"?{query}" if query else "")


async def _answer(request: Request, services: Services, wanted: ReadRequest) -> Response:
    reading = await _unless_gone(request, services.reader.read(wanted))
    if reading is None:
        return Response(status_code=_CLIENT_GONE)
    now = datetime.now(UTC)
    modified = parse_http_date(reading.last_modified or "", now)
    fields = join_fields(request.headers.raw)
    fields.pop("range", None)  # the content may be another one by the next request
    if modified is None:
        fields.pop("if-modified-since", None)
        fields.pop("if-unmodified-since", None)
    tag = f'"{reading.fingerprint}"'
    representation = Representation(tag, modified or now, reading.size_bytes, is_date_strong=False)
    status = decide(request.method, fields, representation, now).status
    headers = _validators(reading, wanted, tag)
    if status != 200:
        reading.file.close()
        if status == 412:
            return problem(PreconditionFailed(), request, headers)
        return Response(status_code=status, headers=headers)
    headers |= _content_fields(reading, wanted)
    part = ByteRange(0, reading.size_bytes - 1) if request.method == "GET" and reading.size_bytes else None
    return BlobResponse(Delivery(200, headers, part), reading.file, services.assets.reader)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, Reading]) -> Reading | None:
    """The work's result; None when the caller has gone before it was there, and the work is ended."""
    reading, departure = asyncio.create_task(work), asyncio.create_task(until_gone(request.receive))
    try:
        await asyncio.wait({reading, departure}, return_when=asyncio.FIRST_COMPLETED)
        return await reading if reading.done() else None
    finally:
        departure.cancel()
        await _end(reading)


async def _end(reading: asyncio.Task[Reading]) -> None:
    """Returns once the work has cleaned up after itself; what it brought in its last moment is given up."""
    if reading.done():
        return
    reading.cancel()
    await asyncio.wait({reading})
    if not reading.cancelled() and reading.exception() is None:
        reading.result().file.close()


def _validators(reading: Reading, wanted: ReadRequest, tag: str) -> dict[str, str]:
    """JSON tells when it was fetched and how long that took, so that its tag is a weak one (RFC 9110 §8.8.1)."""
    headers = {
        "ETag": f"W/{tag}" if wanted.format is Format.JSON else tag,
        "Cache-Control": "private, no-cache",
        "Cache-Status": "Entrepot; fwd=miss",
        "Age": "0",
        "Vary": "Accept",
        "Content-Location": reading.final_url,
    }
    if reading.last_modified and parse_http_date(reading.last_modified, datetime.now(UTC)):
        headers["Last-Modified"] = reading.last_modified
    if reading.canonical_url and not _UNSAFE_IN_LINK.search(reading.canonical_url):
        headers["Link"] = f'<{reading.canonical_url}>; rel="canonical"'
    return headers


def _content_fields(reading: Reading, wanted: ReadRequest) -> dict[str, str]:
    """A stranger's page never runs as ours: what is active is sandboxed."""
    headers = {
        "Content-Type": reading.media_type,
        "Content-Length": str(reading.size_bytes),
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if wanted.format is Format.HTML:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    elif wanted.format is None and _may_run(reading.media_type):
        headers["Content-Security-Policy"] = _SANDBOX
    return headers


def _may_run(media_type: str) -> bool:
    kind = essence(media_type)
    return (
        not kind
        or is_active(kind)
        or not kind.startswith(("image/", "video/", "audio/", "text/plain", "font/"))
    )
