"""The web page: files of the built interface, cached for ever by their hashed names, under a strict policy."""

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.responses import FileResponse, PlainTextResponse, Response

from entrepot.errors import NotFound

POLICY = (
    "default-src 'self'; img-src 'self' data: blob: http: https:; media-src 'self' blob:; style-src 'self' 'unsafe-inline'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_MISSING = "The page has not been built: run `make ui`. The API is described at /api/openapi.json."
# Named here, not asked of the machine: a browser runs no script and takes no style under a wrong type.
_TYPES = {
    ".html": "text/html",
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".md": "text/markdown",
}
_NAME = re.compile(
    r"[A-Za-z0-9_.-]{1,128}"
)  # as the build names its files; nothing that leads out of a folder
_FRESH = "no-cache"
_FOR_EVER = "public, max-age=31536000, immutable"


def page_router(folder: Path) -> APIRouter:
    """Serves the built page in `folder` at `/`."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def index() -> Response:
        return built_page(folder / "index.html", POLICY)

    @router.api_route("/{name}", methods=["GET", "HEAD"])
    async def top_file(name: str) -> Response:
        return _file(_named(folder, name), _FRESH, POLICY)

    @router.api_route("/ui/{name}", methods=["GET", "HEAD"])
    async def built_file(name: str) -> Response:
        return _file(_named(folder / "ui", name), _FOR_EVER, POLICY)

    return router


def built_page(path: Path, policy: str) -> Response:
    """The page at `path` under `policy`, or how to get it built where it does not stand."""
    if not path.is_file():
        return PlainTextResponse(_MISSING, status_code=503)
    return _file(path, _FRESH, policy)


def _named(folder: Path, name: str) -> Path:
    if not _NAME.fullmatch(name) or not (folder / name).is_file():
        raise NotFound("There is nothing at this address.")
    return folder / name


def _file(path: Path, cache_control: str, policy: str) -> Response:
    media_type = _TYPES.get(path.suffix, "application/octet-stream")
    headers = {"Cache-Control": cache_control, "Content-Security-Policy": policy}
    return FileResponse(path, media_type=media_type, headers=headers)
