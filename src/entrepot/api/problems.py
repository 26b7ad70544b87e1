"""The one place where errors become `application/problem+json` (RFC 9457)."""

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response

from entrepot.errors import (
    AppError,
    BadInput,
    MalformedJSON,
    MethodNotAllowed,
    NotFound,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
)
from entrepot.telemetry import get_logger

MEDIA_TYPE = "application/problem+json"
_UNREADABLE_BODY = "There was an error parsing the body"  # FastAPI's words for JSON in no known encoding
_log = get_logger("api")


def problem(error: AppError, request: HTTPConnection, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that says what `error` says; `correlation_id` is the request's id."""
    body = problem_body(error, instance=request.url.path, request_id=getattr(request.state, "request_id", ""))
    sent = {"Cache-Control": "no-store", **(headers or {})}
    if status := error.extra.get("cache_status"):
        sent["Cache-Status"] = str(status)
    if error.retry_after_seconds is not None:
        sent["Retry-After"] = str(error.retry_after_seconds)
    return Response(json.dumps(body), status_code=error.status, media_type=MEDIA_TYPE, headers=sent)


def problem_body(error: AppError, *, instance: str, request_id: str) -> dict[str, Any]:
    """The members of RFC 9457 §3.1 with our own: `code`, `retryable`, `correlation_id`."""
    return {
        "type": f"urn:entrepot:problem:{error.code}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "retryable": error.retryable,
        "correlation_id": request_id,
        **error.extra,
    }


def install(app: FastAPI) -> None:
    """Makes `app` answer every expected error as a problem; `RequestLog` answers the others."""
    app.add_exception_handler(AppError, _app_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)


async def _app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    if error.status >= 500 and error.status not in (502, 504):
        _log.warning("request failed", code=error.code, detail=error.detail, path=request.url.path)
    return problem(error, request)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    is_about_the_body = any(item["loc"] == ("body",) for item in error.errors())
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if is_about_the_body and media_type not in ("", "application/json") and not media_type.endswith("+json"):
        return problem(UnsupportedMediaType("Send JSON, with Content-Type: application/json."), request)
    return problem(validation_problem(error.errors()), request)


def validation_problem(errors: Sequence[Mapping[str, Any]]) -> AppError:
    """pydantic's list of errors as one of ours, each naming its place and never repeating the value."""
    if any(item["type"] == "json_invalid" for item in errors):
        return MalformedJSON()
    found = [
        {
            "location": ".".join(str(part) for part in item["loc"]),
            "message": item["msg"],
            "code": item["type"],
        }
        for item in errors
    ]
    named = ", ".join(item["location"] for item in found[:5])
    return ValidationFailed(f"The request does not fit its schema: {named}.", errors=found)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    match error.status_code:
        case 400 if error.detail == _UNREADABLE_BODY:
            mine: AppError = MalformedJSON()
        case 404:
            mine = NotFound("There is nothing at this address.")
        case 405:
            mine = MethodNotAllowed(f"{request.method} is not allowed here.")
        case 413:
            mine = PayloadTooLarge()
        case status if status < 500:
            mine = BadInput(str(error.detail) or HTTPStatus(status).phrase)
        case _:
            mine = AppError()
    return problem(mine, request, error.headers)


def unexpected(error: Exception, request: Request) -> Response:
    """The answer to an error that nobody raised on purpose; only the log has the details."""
    _log.error("unexpected error", path=request.url.path, exc_info=error)
    return problem(AppError("Something went wrong on our side; the log has the details."), request)
