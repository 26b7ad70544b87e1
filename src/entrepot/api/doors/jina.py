"""Jina Reader's door: a page as text for language models, at `/r/…` and, where the operator wants it, at the root.

At `/r/` two kinds of callers meet. Who sends one of Jina's headers, asks for events, or does not say what it accepts
(`*/*`, as curl does) gets Jina's answer; who names one of our own types gets our own. JSON bears both.
"""

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.convertors import StringConvertor, register_url_convertor
from starlette.datastructures import Headers
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from entrepot.api.address import address_in
from entrepot.api.content import content_of_path
from entrepot.api.departure import gone, while_listening
from entrepot.api.dependencies import OwnerDep, ServicesDep
from entrepot.api.doors.jina_answers import as_data, as_text, envelope, error_body, event
from entrepot.api.doors.jina_request import (
    JinaRequest,
    headers_of_body,
    is_from_jina_client,
    read_request,
)
from entrepot.content.format import Format
from entrepot.errors import AppError, BadInput, MalformedJSON, RobotsDisallowed
from entrepot.fetch.url import parse_url
from entrepot.pipelines.intake import read_whole, warning_of
from entrepot.pipelines.reader import Reading
from entrepot.pipelines.site import SiteBook
from entrepot.wiring.services import Services

router = APIRouter(include_in_schema=False)
root_router = APIRouter(include_in_schema=False)

_JSON, _EVENTS = "application/json", "text/event-stream"
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Accept"}


class AddressConvertor(StringConvertor):
    """A path that is an http or https address."""

    regex = r"[Hh][Tt][Tt][Pp][Ss]?:.+"


register_url_convertor("address", AddressConvertor())


@router.head("/r/{target:path}")
@router.get("/r/{target:path}")
async def read_path(request: Request, services: ServicesDep, owner: OwnerDep, target: str) -> Response:
    """The page at the address in the path, as Jina Reader has it or as `/api/v1/content` does."""
    accept = _accept_of(request)
    is_plain = accept in ("", "*/*")
    if not (is_plain or accept.startswith((_JSON, _EVENTS)) or is_from_jina_client(request.headers)):
        return await content_of_path(request, services, owner, target)
    return await _answer(request, services, owner, address_in(request, "/r/"), request.headers)


@root_router.head("/{target:address}")
@root_router.get("/{target:address}")
async def read_root(request: Request, services: ServicesDep, owner: OwnerDep, target: str) -> Response:  # noqa: ARG001 - decoded
    """The same at the root."""
    return await _answer(request, services, owner, address_in(request, "/"), request.headers)


@router.post("/r")
@router.post("/r/")
@root_router.post("/")
async def read_body(request: Request, services: ServicesDep, owner: OwnerDep) -> Response:
    """The page whose `url` a form or a JSON body gives, with wishes beside it."""
    try:
        body = await _body_of(request)
        address = body.get("url")
        if not isinstance(address, str) or not address:
            raise BadInput("A body needs a url.")
        named = headers_of_body(body)
    except AppError as error:
        return _failed(request, error)
    headers = Headers(raw=[*request.headers.raw, *named.raw])
    return await _answer(request, services, owner, address, headers)


async def _answer(
    request: Request, services: Services, owner: str, address: str, headers: Headers
) -> Response:
    if _accept_of(request).startswith(_EVENTS):
        stream = _events(services, owner, address, headers)
        return StreamingResponse(stream, media_type=_EVENTS, headers={"Cache-Control": "no-store"})
    try:
        wanted = read_request(parse_url(address), headers, owner=owner)
        once = _read_once(request, services, wanted, address)
        return await while_listening(request.receive, once) or gone()
    except AppError as error:
        return _failed(request, error)


async def _read_once(request: Request, services: Services, wanted: JinaRequest, address: str) -> Response:
    await _heed_robots(services, wanted)
    reading = await services.reader.read(wanted.read)
    if wanted.form == "screenshot":
        return Response(await read_whole(reading), media_type=reading.media_type, headers=_HEADERS)
    page = await _page_of(reading, wanted, address)
    summaries = {"with_links": wanted.with_links, "with_images": wanted.with_images}
    if not _accept_of(request).startswith(_JSON):
        return PlainTextResponse(as_text(page, wanted.form, **summaries), headers=_HEADERS)
    body = envelope(as_data(page, wanted.form, **summaries))
    if request.url.path.startswith("/r/") and not is_from_jina_client(request.headers):
        body = {**{name: value for name, value in page.items() if name != "content"}, **body}
    return JSONResponse(body, headers=_HEADERS)


async def _events(services: Services, owner: str, address: str, headers: Headers) -> AsyncIterator[str]:
    """The page as it can be had at once, without its scripts; then, where they change it, as they leave it."""
    told: dict[str, Any] | None = None
    try:
        wanted = read_request(parse_url(address), headers, owner=owner)
        await _heed_robots(services, wanted)
        for step in _steps(wanted):
            try:
                page = await _page_of(await services.reader.read(step.read), step, address)
            except AppError:
                if step is wanted:
                    raise
                continue
            data = as_data(page, step.form, with_links=step.with_links, with_images=step.with_images)
            if data != told:
                told = data
                yield event("data", data)
    except AppError as error:
        yield event("error", error_body(error))


def _steps(wanted: JinaRequest) -> list[JinaRequest]:
    if wanted.form == "screenshot":
        raise BadInput("A screenshot does not come as a stream of events.")
    if wanted.read.render == "http":
        return [wanted]
    return [replace(wanted, read=replace(wanted.read, render="http", wait_for=None)), wanted]


async def _heed_robots(services: Services, wanted: JinaRequest) -> None:
    if wanted.robot is None:
        return
    name = services.settings.user_agent if wanted.robot.lower() == "true" else wanted.robot
    if not await SiteBook(services.reader, user_agent=name, owner=wanted.read.owner).allows(wanted.read.url):
        raise RobotsDisallowed


async def _page_of(reading: Reading, wanted: JinaRequest, address: str) -> dict[str, Any]:
    """The page's facts as our JSON has them; `content` is what was asked for, `url` as the caller wrote it."""
    body = await read_whole(reading)
    if wanted.read.format is Format.HTML:
        return {
            "url": address,
            "final_url": reading.final_url,
            "content": body.decode("utf-8", "replace"),
        }
    members: dict[str, Any] = json.loads(body)
    content = members.get("text" if wanted.form == "text" else "markdown", "")
    return {**members, "url": address, "content": content, "warning": warning_of(reading)}


async def _body_of(request: Request) -> Mapping[str, Any]:
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type == "application/x-www-form-urlencoded":
        return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
    try:
        found = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedJSON from error
    if not isinstance(found, dict):
        raise MalformedJSON
    return found


def _failed(request: Request, error: AppError) -> Response:
    """Jina's own shape for who asked for JSON; a problem for all others."""
    if not _accept_of(request).startswith(_JSON):
        raise error
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return JSONResponse(error_body(error), status_code=error.status, headers=headers)


def _accept_of(request: Request) -> str:
    return ", ".join(request.headers.getlist("accept")).strip().lower()
