"""The reference of the API for people: Swagger UI and ReDoc, from files of our own."""

from pathlib import Path

from fastapi import APIRouter
from starlette.responses import Response

import entrepot
from entrepot.api.page import built_page

router = APIRouter(include_in_schema=False)

_FOLDER = Path(entrepot.__file__).parent / "ui"
# Both libraries write their own styles; ReDoc's search runs in a worker that it makes of a blob.
_POLICY = (
    "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; worker-src blob:; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


@router.api_route("/api/docs", methods=["GET", "HEAD"])
async def swagger() -> Response:
    """Try every call from the browser."""
    return built_page(_FOLDER / "swagger.html", _POLICY)


@router.api_route("/api/redoc", methods=["GET", "HEAD"])
async def redoc() -> Response:
    """Read what there is."""
    return built_page(_FOLDER / "redoc.html", _POLICY)
