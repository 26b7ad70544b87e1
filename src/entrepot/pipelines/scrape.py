"""One page in the several forms that a caller asks for together, as JSON-ready values."""

import base64
import codecs
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions, Extract
from entrepot.fetch.url import URL
from entrepot.pipelines.intake import read_whole, warning_of
from entrepot.pipelines.reader import PageReader, ReadRequest, RenderMode
from entrepot.threads import in_thread

PageFormat = Literal["markdown", "html", "raw_html", "text", "links", "images", "screenshot"]

_JUST_NOW_SECONDS = 300
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_FACTS = (
    "url", "final_url", "status", "content_type", "title", "description", "author", "site_name", "published_at",
    "modified_at", "language", "image", "kind", "word_count", "fetched_at", "sha256", "warning",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PageWish:
    """What of a page is wanted, and how it is read; see `ContentOptions` and `ReadRequest` for what the fields do."""

    formats: tuple[PageFormat, ...] = ("markdown",)
    extract: Extract = "main"
    selector: str | None = None
    remove: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    render: RenderMode = "auto"
    wait_for: str | None = None
    settle_seconds: float = 0.0
    scroll: bool = False
    max_age_seconds: int | None = None
    may_store: bool = True
    timeout_seconds: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> "PageWish":
        return PageWish(**{**data, "formats": tuple(data.get("formats", ("markdown",)))})


class Scraper:
    """Reads pages through `reader`, each form of it from what was fetched once."""

    def __init__(self, reader: PageReader) -> None:
        self._reader = reader

    async def scrape(self, url: URL, wish: PageWish, *, owner: str) -> dict[str, Any]:
        """The page's facts and the forms that `wish` names; `cache` tells where the source came from.

        Raises what the reader raises, and ContentTooLarge for a form that is too big to hand over.
        """
        reading = await self._reader.read(_request(url, Format.JSON, wish, owner))
        cache = {"hit": reading.is_hit, "age_seconds": reading.age_seconds, "fetched_at": reading.fetched_at}
        members: dict[str, Any] = json.loads(await read_whole(reading))
        page = {name: members.get(name) for name in _FACTS}
        page |= {"cache": cache, "warning": warning_of(reading)}
        page |= {
            name: members[name] for name in ("markdown", "text", "links", "images") if name in wish.formats
        }
        if "html" in wish.formats:
            page["html"] = (await self._again(url, Format.HTML, wish, owner))[0].decode("utf-8", "replace")
        if "raw_html" in wish.formats:
            body, media_type = await self._again(url, None, wish, owner)
            page["raw_html"] = await in_thread(_decoded, body, media_type)
        if "screenshot" in wish.formats:
            picture, media_type = await self._again(url, Format.SCREENSHOT, wish, owner)
            page["screenshot"] = f"data:{media_type};base64,{base64.b64encode(picture).decode('ascii')}"
        return page

    async def links(self, url: URL, wish: PageWish, *, owner: str) -> list[dict[str, Any]]:
        """Every link of the page, its navigation included. Raises as `scrape` does."""
        whole = PageWish(
            ("links",), "full", headers=wish.headers, render=wish.render, wait_for=wish.wait_for,
            settle_seconds=wish.settle_seconds, scroll=wish.scroll, timeout_seconds=wish.timeout_seconds,
            max_age_seconds=_no_older(wish), may_store=wish.may_store,
        )  # fmt: skip
        reading = await self._reader.read(_request(url, Format.JSON, whole, owner))
        found: list[dict[str, Any]] = json.loads(await read_whole(reading)).get("links", [])
        return found

    async def _again(
        self,
        url: URL,
        form: Format | None,
        wish: PageWish,
        owner: str,
    ) -> tuple[bytes, str]:
        request = _request(url, form, wish, owner, max_age_seconds=_no_older(wish))
        reading = await self._reader.read(request)
        return await read_whole(reading), reading.media_type


def _no_older(wish: PageWish) -> int | None:
    """What was fetched anew a moment ago is new enough for the page's other forms."""
    return max(wish.max_age_seconds, _JUST_NOW_SECONDS) if wish.max_age_seconds is not None else None


def _request(
    url: URL,
    form: Format | None,
    wish: PageWish,
    owner: str,
    **changes: Any,
) -> ReadRequest:
    options = ContentOptions(extract=wish.extract, selector=wish.selector, remove=wish.remove)
    named: dict[str, Any] = {
        "timeout_seconds": wish.timeout_seconds, "max_age_seconds": wish.max_age_seconds, "may_store": wish.may_store,
        "render": wish.render, "wait_for": wish.wait_for, "settle_seconds": wish.settle_seconds, "scroll": wish.scroll,
        "headers": wish.headers, "owner": owner, **changes,
    }  # fmt: skip
    return ReadRequest(url, form, options, **named)


def _decoded(body: bytes, media_type: str) -> str:
    """The source as text: by its byte order mark, its declared charset, as UTF-8, or as Windows does."""
    for mark, encoding in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(encoding, "replace")
    _, _, declared = media_type.lower().partition("charset=")
    for name in (declared.split(";")[0].strip("\"' "), "utf-8"):
        try:
            return body.decode(codecs.lookup(name).name) if name else body.decode("utf-8")
        except (LookupError, UnicodeDecodeError):
            continue
    return body.decode("cp1252", "replace")
