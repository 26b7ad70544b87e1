"""A URL's content right now, for the serving process: from the cache, or fetched here and converted in a child."""

import hashlib
import io
import json
import time
import uuid
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import BinaryIO, Literal

import entrepot
from entrepot.content.document import Notice
from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import HTML_TYPES
from entrepot.dates import rfc3339
from entrepot.errors import (
    AppError,
    BrowserMissing,
    ContentTooLarge,
    NoContent,
    ScriptedPage,
    UpstreamFailure,
)
from entrepot.fetch.cache.fetcher import CachedFetcher
from entrepot.fetch.cache.source import CachedForm, CachedSource, CacheRequest, MadeForm, SourceFacts
from entrepot.fetch.client import FetchRequest, Limits
from entrepot.fetch.origins import Origins
from entrepot.fetch.url import URL
from entrepot.pipelines.conversion import Fetched
from entrepot.pipelines.converter import Converter
from entrepot.pipelines.names import UNKNOWN_TYPE, clean_type
from entrepot.pipelines.passage import open_passage
from entrepot.pipelines.rendering import FIELD, RenderWish, final_url_of, notices_of

NEEDS_SCRIPTS = "needs-scripts"
"""The notice of a page that shows nothing without running its scripts."""

RenderMode = Literal["auto", "http", "browser"]


@dataclass(frozen=True, slots=True)
class ReadRequest:
    """What to read. `format` None: the source's own bytes. `timeout_seconds` shortens the time that a fetch may take.

    `max_age_seconds` is the oldest content that will do (None: whatever the cache holds to be fresh; 0: fetched anew).
    `headers` go to the origin of `url`; what comes back is then kept for `owner` alone. `render` tells whether a browser
    runs the page's scripts: only where there is no content without (`auto`), never (`http`), always (`browser`);
    `wait_for` is a CSS selector that the browser waits for, `settle_seconds` how long it waits at least.
    """

    url: URL
    format: Format | None
    options: ContentOptions = field(default_factory=ContentOptions)
    timeout_seconds: float | None = None
    max_age_seconds: int | None = None
    may_store: bool = True
    render: RenderMode = "auto"
    wait_for: str | None = None
    settle_seconds: float = 0.0
    scroll: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    owner: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """A URL's content. `file` holds it and is the caller's to close; `fingerprint` names what it says (SHA-256, hex).

    `body` has the same bytes where they lie in memory. `rest` stands for what is too large to be held back: it is then
    all of the content, in pieces, and `file` is empty; `size_bytes` is 0 where nobody knows. `fresh_seconds` is for how
    long the cache still trusts it.
    """

    file: BinaryIO
    media_type: str
    size_bytes: int
    fingerprint: str
    final_url: str
    last_modified: str | None
    canonical_url: str | None = None
    title: str | None = None
    status: int = 200
    fetched_at: str | None = None
    age_seconds: int = 0
    fresh_seconds: int = 0
    is_hit: bool = False
    cache_status: str = "Entrepot; fwd=miss"
    notices: tuple[Notice, ...] = ()
    body: bytes | None = None
    rest: AsyncGenerator[bytes, None] | None = None

    async def aclose(self) -> None:
        """Lets go of everything."""
        self.file.close()
        if self.rest is not None:
            await self.rest.aclose()


class PageReader:
    """Reads URLs within one event loop."""

    def __init__(
        self,
        cache: CachedFetcher,
        origins: Origins,
        converter: Converter,
        *,
        page_limits: Limits,
        file_limits: Limits,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`page_limits` are for what is converted, or held back until it is whole; `file_limits` for what passes through."""
        self._cache = cache
        self._origins = origins
        self._converter = converter
        self._page_limits = page_limits
        self._file_limits = file_limits
        self._clock = clock

    def peek(self, wanted: ReadRequest) -> Reading | None:
        """The content where it lies converted and fresh in memory; None leaves it to `read`."""
        if wanted.format in (None, Format.SCREENSHOT):
            return None
        form = self._cache.peek(
            self._request(wanted, _wish_of(wanted)), _form_name(wanted.format, wanted.options)
        )
        if form is None or (wanted.render == "auto" and _needs_scripts(form.facts["notices"])):
            return None
        return self._converted(form, wanted)

    async def read(self, wanted: ReadRequest) -> Reading:
        """The content of `wanted.url`.

        Raises what the cache, its origins and the browser raise, ConversionUnsupported, NoContent, ConversionFailed,
        ValidationFailed, and the other errors of documents.
        """
        wish = _wish_of(wanted)
        if wanted.format is None:
            return await self._read_source(wanted, wish)
        if wanted.format is Format.SCREENSHOT:
            return await self._read_source(wanted, replace(_run_of(wanted), screenshot="page"))
        if wanted.render == "auto":
            return await self._read_one_way_or_the_other(wanted)
        return await self._read_converted(wanted, wish)

    async def _read_one_way_or_the_other(self, wanted: ReadRequest) -> Reading:
        """The plain page, or, where that shows nothing without its scripts, the page that a browser has run."""
        try:
            found = await self._read_converted(wanted, None)
        except ScriptedPage as error:
            try:
                return await self._read_converted(wanted, _run_of(wanted))
            except BrowserMissing:
                raise NoContent(f"{error.detail} No browser is installed that could run them.") from error
        if not any(notice.code == NEEDS_SCRIPTS for notice in found.notices):
            return found
        try:
            rendered = await self._read_converted(wanted, _run_of(wanted))
        except AppError:  # then what there is will have to do: its notice says that it is not all
            return found
        await found.aclose()
        return rendered

    # --- the source as it is ------------------------------------------------------------------------------------------

    async def _read_source(self, wanted: ReadRequest, wish: RenderWish | None) -> Reading:
        try:
            source = await self._obtain(wanted, wish)
        except ContentTooLarge:
            if wish is not None:
                raise
            return await self._pass_on(wanted)
        try:
            return self._unchanged(source)
        finally:
            source.close()

    async def _pass_on(self, wanted: ReadRequest) -> Reading:
        passage = await open_passage(
            self._origins, FetchRequest(wanted.url, headers=wanted.headers), self._file_limits
        )
        declared = passage.headers.get("Content-Type")
        return Reading(
            file=io.BytesIO(), media_type=clean_type(declared, ""), size_bytes=passage.size_bytes, fingerprint="",
            final_url=passage.final_url, last_modified=passage.headers.get("Last-Modified"), status=passage.status,
            fetched_at=_written(self._clock()), cache_status="Entrepot; fwd=bypass; detail=too-large", rest=passage.pieces,
        )  # fmt: skip

    def _unchanged(self, source: CachedSource) -> Reading:
        """The source's own bytes under its own type, or the type that its first bytes tell where it has none."""
        facts = source.facts
        declared = clean_type(facts.content_type, "")
        return Reading(
            file=source.path.open("rb"),
            media_type=facts.media_type if declared == UNKNOWN_TYPE else declared,
            size_bytes=facts.size_bytes,
            fingerprint=facts.sha256,
            final_url=final_url_of(facts.headers, facts.final_url),
            last_modified=facts.last_modified,
            status=facts.status,
            fetched_at=_written(facts.fetched_at),
            age_seconds=int(source.age_seconds),
            fresh_seconds=max(0, int(source.fresh_until - self._clock())),
            is_hit=source.is_hit,
            cache_status=source.cache_status,
            notices=notices_of(facts.headers),
        )

    # --- converted ----------------------------------------------------------------------------------------------------

    async def _read_converted(self, wanted: ReadRequest, wish: RenderWish | None) -> Reading:
        assert wanted.format is not None
        source = await self._obtain(wanted, wish)
        try:
            name = _form_name(wanted.format, wanted.options)
            form = await self._cache.form(source, name, partial(self._make, wanted, source.facts))
        except NoContent as error:
            if wish is None and source.facts.media_type in HTML_TYPES:
                raise ScriptedPage(error.detail) from error
            raise
        finally:
            source.close()
        return self._converted(form, wanted)

    async def _make(self, wanted: ReadRequest, facts: SourceFacts, path: Path) -> MadeForm:
        """Converts the source at `path`, into a file beside it."""
        assert wanted.format is not None
        fetched = Fetched(
            path=str(path), url=facts.url, final_url=final_url_of(facts.headers, facts.final_url), status=facts.status,
            content_type=facts.content_type, media_type=facts.media_type, size_bytes=facts.size_bytes,
            sha256=facts.sha256, last_modified=facts.last_modified, fetched_at=_written(facts.fetched_at),
            fetch_ms=facts.fetch_ms,
        )  # fmt: skip
        target = path.with_name(uuid.uuid4().hex)
        converted = await self._converter.convert(
            fetched, wanted.format, wanted.options, target, _party(wanted)
        )
        return MadeForm(converted.as_dict(), target)

    def _converted(self, form: CachedForm, wanted: ReadRequest) -> Reading:
        assert wanted.format is not None
        facts = form.facts
        try:
            file = form.open()
        finally:
            form.close()
        return Reading(
            file=file,
            media_type=MEDIA_TYPES[wanted.format],
            size_bytes=form.size_bytes,
            fingerprint=facts["fingerprint"],
            final_url=final_url_of(form.source.headers, form.source.final_url),
            last_modified=form.source.last_modified,
            canonical_url=facts["canonical_url"],
            title=facts["title"],
            status=form.source.status,
            fetched_at=_written(form.source.fetched_at),
            age_seconds=int(form.age_seconds),
            fresh_seconds=max(0, int(form.fresh_until - self._clock())),
            is_hit=form.is_hit,
            cache_status=form.cache_status,
            notices=(*notices_of(form.source.headers), *(Notice(**notice) for notice in facts["notices"])),
            body=form.body,
        )

    async def _obtain(self, wanted: ReadRequest, wish: RenderWish | None) -> CachedSource:
        source = await self._cache.obtain(self._request(wanted, wish))
        if source.facts.status == 204:
            source.close()
            raise UpstreamFailure("The origin answered 204: there is nothing there.", upstream_status=204)
        return source

    def _request(self, wanted: ReadRequest, wish: RenderWish | None) -> CacheRequest:
        limits = self._page_limits
        own = {name: value for name, value in wanted.headers.items() if name.lower() != FIELD.lower()}
        if wanted.timeout_seconds is not None:
            limits = replace(limits, total_seconds=min(limits.total_seconds, wanted.timeout_seconds))
        return CacheRequest(
            wanted.url, limits, headers=own | (wish.field() if wish else {}), owner=wanted.owner,
            max_age_seconds=wanted.max_age_seconds, may_store=wanted.may_store,
        )  # fmt: skip


@lru_cache(maxsize=1024)
def _form_name(format: Format, options: ContentOptions) -> str:  # noqa: A002 - the field's word
    """What tells this conversion of a source from all others, those of other versions of the converters among them."""
    said = [entrepot.__version__, format.value, options.as_dict()]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _wish_of(wanted: ReadRequest) -> RenderWish | None:
    """How a browser is to run the page; None: it is not."""
    if wanted.render != "browser" and wanted.format is not Format.SCREENSHOT:
        return None
    return _run_of(wanted)


def _run_of(wanted: ReadRequest) -> RenderWish:
    return RenderWish(wanted.wait_for, wanted.settle_seconds, wanted.scroll)


def _needs_scripts(notices: Sequence[Mapping[str, str]]) -> bool:
    return any(notice["code"] == NEEDS_SCRIPTS for notice in notices)


def _party(wanted: ReadRequest) -> str:
    """Whose sources these are: one owner's, from one origin."""
    return " ".join((wanted.owner, *map(str, wanted.url.origin)))


def _written(seconds: float) -> str:
    return rfc3339(datetime.fromtimestamp(seconds, UTC))
