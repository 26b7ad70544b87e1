"""How a reading becomes an HTTP answer: validators and preconditions, safe headers, and the bytes."""

import re
from collections.abc import AsyncGenerator, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from entrepot.api.deliver import BlobResponse, join_fields
from entrepot.api.departure import gone, while_listening
from entrepot.api.problems import problem
from entrepot.assets.conditional import ByteRange, Representation, decide
from entrepot.assets.deliver import Delivery
from entrepot.content.format import Format
from entrepot.content.sniff import essence, is_active
from entrepot.dates import parse_http_date
from entrepot.errors import PreconditionFailed
from entrepot.pipelines.reader import Reading, ReadRequest
from entrepot.wiring.services import Services

_PAGE_POLICY = "sandbox; default-src 'none'; img-src http: https: data:; style-src 'unsafe-inline'"
_SANDBOX = "sandbox; default-src 'none'"
_UNSAFE_IN_LINK = re.compile(r"[^\x21-\x7e]|[<>\"\\^`{|}]")
_FRESHLY_MADE = b'"cache":{"hit":false,"age_seconds":0}'


async def answer(
    request: Request, services: Services, wanted: ReadRequest, extra: Mapping[str, str] | None = None
) -> Response:
    """What `wanted` gives, as `request` asks for it; `extra` header fields are added. Raises what reading raises."""
    reading = await while_listening(request.receive, services.reader.read(wanted), Reading.aclose)
    if reading is None:
        return gone()
    return answer_with(request, services, wanted, reading, extra)


def answer_with(
    request: Request,
    services: Services,
    wanted: ReadRequest,
    reading: Reading,
    extra: Mapping[str, str] | None = None,
) -> Response:
    """The answer with a reading that is there; its file is closed when the answer has been sent."""
    now = datetime.now(UTC)
    headers = {**described(reading, wanted, now), **(extra or {})}
    if reading.rest is not None:
        return _streamed(request, reading, headers | content_fields(reading, wanted))
    status = _status(request, reading, headers["ETag"], now)
    if status != 200:
        reading.file.close()
        if status == 412:
            return problem(PreconditionFailed(), request, headers)
        return Response(status_code=status, headers=headers)
    headers |= content_fields(reading, wanted)
    if reading.body is not None:
        reading.file.close()
        body = body_of(reading, wanted)
        headers["Content-Length"] = str(len(body))
        return Response(body if request.method == "GET" else b"", headers=headers)
    part = ByteRange(0, reading.size_bytes - 1) if request.method == "GET" and reading.size_bytes else None
    return BlobResponse(Delivery(200, headers, part), reading.file, services.assets.reader)


def body_of(reading: Reading, wanted: ReadRequest) -> bytes:
    """The bytes of a reading that has them in memory; JSON says how old it is by now."""
    assert reading.body is not None
    if wanted.format is not Format.JSON or not reading.is_hit:
        return reading.body
    # Quotes within JSON strings are escaped, so these bytes can only be the member itself.
    told = b'"cache":{"hit":true,"age_seconds":%d}' % reading.age_seconds
    return reading.body.replace(_FRESHLY_MADE, told, 1)


def _status(request: Request, reading: Reading, tag: str, now: datetime) -> int:
    modified = parse_http_date(reading.last_modified or "", now)
    fields = join_fields(request.headers.raw)
    fields.pop("range", None)  # the content may be another one by the next request
    if modified is None:
        fields.pop("if-modified-since", None)
        fields.pop("if-unmodified-since", None)
    strong = tag.removeprefix("W/")
    representation = Representation(strong, modified or now, reading.size_bytes, is_date_strong=False)
    return decide(request.method, fields, representation, now).status


def _streamed(request: Request, reading: Reading, headers: dict[str, str]) -> Response:
    """What is too large to be held back until all of it is here: it passes through as it comes."""
    rest = reading.rest
    assert rest is not None
    del headers["ETag"]
    if reading.size_bytes:
        headers["Content-Length"] = str(reading.size_bytes)
    if request.method == "HEAD":
        return _Closing(rest, headers)
    return StreamingResponse(rest, headers=headers)


class _Closing(Response):
    """An answer without a body that lets go of the body it does not send."""

    def __init__(self, rest: AsyncGenerator[bytes, None], headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._rest = rest

    async def __call__(self, *args: Any) -> None:
        await super().__call__(*args)
        await self._rest.aclose()


def described(reading: Reading, wanted: ReadRequest, now: datetime) -> dict[str, str]:
    """What is said of the content whether it is sent or not.

    JSON tells when it was fetched and how long that took, so that its tag is a weak one (RFC 9110 §8.8.1).
    """
    tag = f'"{reading.fingerprint}"'
    headers = {
        "ETag": f"W/{tag}" if wanted.format is Format.JSON else tag,
        "Cache-Control": _lifetime(reading),
        "Cache-Status": reading.cache_status,
        "Age": str(reading.age_seconds),
        "Vary": "Accept",
        "Content-Location": reading.final_url,
    }
    if reading.last_modified and parse_http_date(reading.last_modified, now):
        headers["Last-Modified"] = reading.last_modified
    if reading.canonical_url and not _UNSAFE_IN_LINK.search(reading.canonical_url):
        headers["Link"] = f'<{reading.canonical_url}>; rel="canonical"'
    if reading.notices:
        headers["Entrepot-Warning"] = ", ".join(notice.code for notice in reading.notices)
    return headers


def _lifetime(reading: Reading) -> str:
    """Private, since it may have been fetched with what only this caller has; no longer than the cache trusts it."""
    if reading.fresh_seconds <= 0:
        return "private, no-cache"
    return f"private, max-age={reading.age_seconds + reading.fresh_seconds}"


def content_fields(reading: Reading, wanted: ReadRequest) -> dict[str, str]:
    """What is said of the bytes that are sent. A stranger's page never runs as ours: what is active is sandboxed."""
    headers = {
        "Content-Type": reading.media_type,
        "Content-Length": str(reading.size_bytes),
        "X-Content-Type-Options": "nosniff",
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if wanted.format is Format.HTML:
        headers["Content-Security-Policy"] = _PAGE_POLICY
    elif wanted.format in (None, Format.PDF) and may_run(reading.media_type):
        headers["Content-Security-Policy"] = _SANDBOX
    return headers


def may_run(media_type: str) -> bool:
    """Whether a browser might run what bears this type."""
    kind = essence(media_type)
    return (
        not kind
        or is_active(kind)
        or not kind.startswith(("image/", "video/", "audio/", "text/plain", "font/"))
    )
