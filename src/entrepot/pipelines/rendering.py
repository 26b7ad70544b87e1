"""Pages run by a browser, as if their origins had sent them so: what the cache keeps of them is found by how they were run."""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from entrepot.content.document import Notice
from entrepot.disk import translated_disk_errors
from entrepot.errors import RenderFailed
from entrepot.fetch.browser.wishes import Rendered, RenderRequest, Screenshot
from entrepot.fetch.client import Response
from entrepot.fetch.headers import Headers
from entrepot.fetch.origins import Origins
from entrepot.fetch.request import FetchRequest, Limits
from entrepot.threads import in_thread

T = TypeVar("T")

FIELD = "Entrepot-Render"
"""Among a request's header fields, how a browser is to run the page; it is part of the key in the cache, and never sent."""

_WARNINGS = "Entrepot-Render-Warnings"
_NO_PAGE = "no-page"
_PIECE_BYTES = 256 * 1024


class Browser(Protocol):
    """Whoever runs pages: `pipelines.browser.BrowserPool`."""

    async def render(self, wanted: RenderRequest, folder: Path) -> Rendered:
        """The page, in files in `folder`."""


@dataclass(frozen=True, slots=True)
class RenderWish:
    """How a page is to be run."""

    wait_for: str | None = None
    settle_seconds: float = 0.0
    scroll: bool = False
    screenshot: Screenshot = "no"

    def field(self) -> dict[str, str]:
        """The wish as a header field."""
        return {FIELD: json.dumps(asdict(self), sort_keys=True)}


class RenderingOrigins:
    """Asks the origins, or, where a request bears a `RenderWish`, has the browser ask them."""

    def __init__(self, origins: Origins, browser: Browser, folder: Path) -> None:
        """`folder` is for pages on their way."""
        self._origins = origins
        self._browser = browser
        self._folder = folder

    async def fetch(
        self, request: FetchRequest, limits: Limits, receive: Callable[[Response], Awaitable[T]]
    ) -> T:
        """As `Origins.fetch`; raises what the browser raises, too."""
        wish = request.headers.get(FIELD)
        if wish is None:
            return await self._origins.fetch(request, limits, receive)
        own = {name: value for name, value in request.headers.items() if name not in (FIELD, "Accept")}
        wanted = RenderRequest(
            str(request.url), timeout_seconds=limits.total_seconds, headers=own, max_bytes=limits.max_bytes,
            **json.loads(wish),
        )  # fmt: skip
        async with self._own_folder() as folder:
            try:
                rendered = await self._browser.render(wanted, folder)
            except RenderFailed as error:
                if error.extra.get("reason") != _NO_PAGE or wanted.screenshot != "no":
                    raise
                # A document or a file: there is nothing to run in it, so that it is as good as it comes.
                return await self._origins.fetch(
                    replace(request, headers=_without_wish(request)), limits, receive
                )
            return await receive(_RenderedResponse(request, rendered))

    @asynccontextmanager
    async def _own_folder(self) -> AsyncIterator[Path]:
        with translated_disk_errors():
            folder = Path(tempfile.mkdtemp(dir=self._folder))
        try:
            yield folder
        finally:
            await in_thread(shutil.rmtree, folder, ignore_errors=True)


def _without_wish(request: FetchRequest) -> dict[str, str]:
    return {name: value for name, value in request.headers.items() if name != FIELD}


class _RenderedResponse(Response):
    """A rendered page, or its picture, as an answer with a body."""

    def __init__(self, request: FetchRequest, rendered: Rendered) -> None:
        is_picture = rendered.screenshot_path is not None
        self._path = Path(rendered.screenshot_path or rendered.html_path)
        self.status = rendered.status
        self.url = request.url
        self.headers = Headers([
            ("Content-Type", "image/png" if is_picture else "text/html; charset=utf-8"),
            ("Content-Location", rendered.final_url),
            (_WARNINGS, json.dumps(dict(rendered.warnings))),
        ])  # fmt: skip

    async def pieces(self) -> AsyncIterator[list[bytes]]:
        with translated_disk_errors(), self._path.open("rb") as file:
            while piece := await in_thread(file.read, _PIECE_BYTES):
                yield [piece]


def final_url_of(headers: Headers, asked: str) -> str:
    """Where a rendered page came from in the end."""
    return headers.get("Content-Location") or asked


def notices_of(headers: Mapping[str, str] | Headers) -> tuple[Notice, ...]:
    """What the browser had to say of a page."""
    told = json.loads(headers.get(_WARNINGS) or "{}")
    return tuple(Notice(code, message) for code, message in told.items())
