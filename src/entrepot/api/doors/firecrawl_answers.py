"""How Firecrawl's clients are answered: `{success: true, …}`, or `{success: false, error, code}` with a status they know."""

import json
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from entrepot.api.problems import validation_problem
from entrepot.errors import AppError, BadInput, HostNotFound, PayloadTooLarge, UpstreamTimeout

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

# The clients ask again at once for 502, which helps nobody; 408 is theirs for an origin that takes too long.
_STATUSES = {422: 400, 502: 500, 504: 408}
_CODES: dict[type[AppError], str] = {
    HostNotFound: "SCRAPE_DNS_RESOLUTION_ERROR",
    UpstreamTimeout: "SCRAPE_TIMEOUT",
}


def success(members: dict[str, Any]) -> Response:
    """What was asked for."""
    body = json.dumps({"success": True, **members}, ensure_ascii=False, separators=(",", ":"))
    content = body.encode("utf-8", "replace")  # what a page holds need not be encodable
    return Response(content, media_type="application/json", headers={"Cache-Control": "no-store"})


def failure(error: AppError) -> Response:
    """What went wrong. `code` is the clients' own where they know one, else ours."""
    body: dict[str, Any] = {"success": False, "code": _code_of(error), "error": error.detail}
    if "errors" in error.extra:
        body["details"] = error.extra["errors"]
    headers = {"Cache-Control": "no-store"}
    if error.retry_after_seconds is not None:
        headers["Retry-After"] = str(error.retry_after_seconds)
    return JSONResponse(body, status_code=_STATUSES.get(error.status, error.status), headers=headers)


def _code_of(error: AppError) -> str:
    return next((code for kind, code in _CODES.items() if isinstance(error, kind)), error.code)


class FirecrawlRoute(APIRoute):
    """A route whose errors are Firecrawl's."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await answer(request)
            except AppError as error:
                return failure(error)
            except RequestValidationError as error:
                return failure(validation_problem(error.errors()))
            except HTTPException as error:
                if error.status_code == 413:
                    return failure(PayloadTooLarge())
                return failure(BadInput(str(error.detail)))

        return handle
