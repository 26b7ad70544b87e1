"""Many URLs' content in one request: each with its own result, in order, or as lines as soon as they are ready."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response, StreamingResponse

from entrepot.api.conversion_wishes import ConversionWishes
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.problems import problem_body
from entrepot.content.format import Format
from entrepot.content.sniff import essence, is_text
from entrepot.errors import AppError, ContentTooLarge
from entrepot.fetch.url import parse_url
from entrepot.pipelines.bundle import BundleResult, in_order, read_all
from entrepot.pipelines.intake import warning_of
from entrepot.pipelines.reader import Reading, ReadRequest, RenderMode
from entrepot.threads import in_thread

router = APIRouter(tags=["content"])

NDJSON = "application/x-ndjson"
MAX_URLS = 100


class BatchOptions(ConversionWishes):
    """How each URL of a batch is read; as the parameters of `GET /api/v1/content`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    format: Literal["markdown", "text", "html", "json", "pdf", "raw"] = "markdown"
    render: RenderMode = "auto"
    wait_for: str | None = Field(None, max_length=1000, description="CSS: the browser waits for this.")
    scroll: bool = False
    max_age: int | None = Field(None, ge=0, description="Oldest content that will do, in seconds.")
    timeout: float | None = Field(None, gt=0, le=300, description="Seconds that each origin may take.")


class BatchBody(BatchOptions):
    """The URLs, and how to read them all."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [{"urls": ["https://example.com/", "https://example.org/"], "format": "markdown"}]
        },
    )

    urls: list[str] = Field(min_length=1, max_length=MAX_URLS, description="http and https addresses.")


class BatchItem(BaseModel):
    """One URL's result: `content` (an object for `json`; base64 where `encoding` says so) or `problem`."""

    index: int = Field(description="The URL's place in the request, from 0.")
    url: str
    status: Literal["ok", "error"]
    final_url: str | None = None
    content_type: str | None = None
    etag: str | None = None
    cache_status: str | None = None
    warning: str | None = None
    encoding: Literal["base64"] | None = None
    content: Any = None
    problem: dict[str, Any] | None = None


class BatchAnswer(BaseModel):
    """All results, in the order of the request."""

    items: list[BatchItem]
    succeeded: int
    failed: int


_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The results. With `Accept: application/x-ndjson` each is a line of its own, as soon as it is ready.",
        "model": BatchAnswer,
        "content": {NDJSON: {}},
    }
}


@router.post("/api/v1/content/batch", response_class=Response, responses=_RESPONSES)
async def content_batch(
    request: Request, services: ServicesDep, owner: OwnerDep, body: BatchBody
) -> Response:
    """The content of up to 100 URLs at once. One that fails says so in its own place and never fails the others."""
    wanted = [_request_of(url, body, owner) for url in body.urls]
    writer = _Writer(body, str(getattr(request.state, "request_id", "")))
    is_lines = _wants_lines(request.headers.get("accept", ""))

    async def stream() -> AsyncIterator[bytes]:
        async with read_all(services.reader.read, wanted) as results:
            async for piece in writer.lines(results) if is_lines else writer.document(results):
                yield piece

    return StreamingResponse(
        stream(),
        media_type=NDJSON if is_lines else "application/json",
        headers={"Cache-Control": "no-store", "Vary": "Accept", "X-Accel-Buffering": "no"},
    )


def _wants_lines(accept: str) -> bool:
    return any(essence(part) == NDJSON for part in accept.split(","))


def _request_of(url: str, body: BatchBody, owner: str) -> ReadRequest | AppError:
    try:
        return ReadRequest(
            parse_url(url), None if body.format == "raw" else Format(body.format), body.content_options,
            timeout_seconds=body.timeout, max_age_seconds=body.max_age, render=body.render, wait_for=body.wait_for,
            scroll=body.scroll, owner=owner,
        )  # fmt: skip
    except AppError as error:
        return error


class _Writer:
    """Writes results as JSON, one in memory at a time."""

    def __init__(self, body: BatchBody, request_id: str) -> None:
        self._urls = body.urls
        self._is_json = body.format == "json"
        self._request_id = request_id

    async def lines(self, results: AsyncIterator[BundleResult]) -> AsyncIterator[bytes]:
        async for result in results:
            yield _line(await self._written(result)) + b"\n"

    async def document(self, results: AsyncIterator[BundleResult]) -> AsyncIterator[bytes]:
        succeeded = failed = 0
        yield b'{"items":['
        async with aclosing(in_order(results)) as ordered:
            async for result in ordered:
                if succeeded or failed:
                    yield b","
                item = await self._written(result)
                failed += item["status"] == "error"
                succeeded += item["status"] == "ok"
                yield _line(item)
        yield f'],"succeeded":{succeeded},"failed":{failed}}}\n'.encode()

    async def _written(self, result: BundleResult) -> dict[str, Any]:
        item: dict[str, Any] = {"index": result.index, "url": self._urls[result.index]}
        try:
            if isinstance(result.found, AppError):
                raise result.found
            return item | await _content_of(result.found, is_json=self._is_json)
        except AppError as error:
            told = problem_body(error, instance="/api/v1/content/batch", request_id=self._request_id)
            if error.retry_after_seconds is not None:
                told["retry_after_seconds"] = error.retry_after_seconds
            return item | {"status": "error", "problem": told}


def _line(item: dict[str, Any]) -> bytes:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


async def _content_of(found: Reading, *, is_json: bool) -> dict[str, Any]:
    """Raises ContentTooLarge for what is not to be held back."""
    if found.rest is not None:
        await found.aclose()
        raise ContentTooLarge(
            "A batch holds its contents back until they are whole; this is too large for that."
        )
    with found.file:
        return await in_thread(_told, found, is_json=is_json)


def _told(found: Reading, *, is_json: bool) -> dict[str, Any]:
    body = found.file.read()
    item: dict[str, Any] = {
        "status": "ok",
        "final_url": found.final_url,
        "content_type": found.media_type,
        "etag": f'"{found.fingerprint}"',
        "cache_status": found.cache_status,
        "warning": warning_of(found),
    }
    if is_json:
        return {**item, "content": json.loads(body)}
    if is_text(found.media_type):
        try:
            return {**item, "content": body.decode("utf-8")}
        except UnicodeDecodeError:
            pass  # a source in another charset: its own bytes are what was asked for
    return {**item, "encoding": "base64", "content": base64.b64encode(body).decode()}
