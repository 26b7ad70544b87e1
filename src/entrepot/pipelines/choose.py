"""What is this URL? The choice between media, file and page, for jobs of kind `auto` and for the page's preview."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from entrepot.errors import JobCrashed, JobTimeout, MediaNotFound
from entrepot.fetch.client import FetchClient
from entrepot.fetch.url import parse_url
from entrepot.jobs.work import Desk, Kind, Order, Outcome, Pipeline, Progress, Stage
from entrepot.media.contract import Extractor, MediaFormat, MediaInfo
from entrepot.media.registry import extractor_for
from entrepot.pipelines.hints import PageHints, read_hints
from entrepot.pipelines.look import Look, look_at
from entrepot.processes.fence import Fence
from entrepot.processes.fork import call_fenced

HINT_SECONDS = 10.0
HINT_MEMORY_BYTES = 2 * 1024**3
HEIGHTS = (2160, 1440, 1080, 720, 480, 360)


@dataclass(frozen=True, slots=True)
class Choice:
    """What to do with a URL, and what instead when an extractor then finds no media there."""

    kind: Kind
    otherwise: Kind | None = None


@dataclass(frozen=True, slots=True)
class Description:
    """What a URL is, told before anything is started. `qualities` are the words that a download takes."""

    url: str
    kind: Kind
    title: str | None = None
    content_type: str | None = None
    size_bytes: int | None = None
    thumbnail_url: str | None = None
    duration_seconds: float | None = None
    uploader: str | None = None
    upload_date: str | None = None
    extractor: str | None = None
    is_live: bool = False
    qualities: tuple[str, ...] = ()
    formats: tuple[MediaFormat, ...] = field(default=())

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


class Chooser:
    """Looks at URLs. All calls block, belong in a job's process, and raise AppError."""

    def __init__(self, client_factory: Callable[[], FetchClient], extractors: Sequence[Extractor]) -> None:
        self._client_factory = client_factory
        self._extractors = extractors

    def choose(self, url: str) -> Choice:
        """What a job of kind `auto` should be. A site that an extractor knows is not looked at beforehand."""
        if self._knows(url):
            return Choice(Kind.MEDIA, otherwise=Kind.PAGE)
        look = self._look(url)
        if look.is_manifest:
            return Choice(Kind.MEDIA)
        if not look.is_html or look.is_media_file:
            return Choice(Kind.FILE)
        if _hints_of(look).is_about_media:
            return Choice(Kind.MEDIA, otherwise=Kind.PAGE)
        return Choice(Kind.PAGE)

    def describe(self, url: str) -> Description:
        """What there is at `url`, for the preview; a page's media is only promised when an extractor has found it."""
        if self._knows(url) and (info := self._find_media(url)):
            return _describe_media(url, info)
        look = self._look(url)
        if look.is_manifest:
            return _describe_media(url, self._probe(url))
        if not look.is_html or look.is_media_file:
            return _describe_file(url, look)
        hints = _hints_of(look)
        if hints.is_about_media and (info := self._find_media(url)):
            return _describe_media(url, info)
        return _describe_page(url, look, hints)

    def _knows(self, url: str) -> bool:
        parse_url(url)
        return any(extractor.knows(url) for extractor in self._extractors)

    def _find_media(self, url: str) -> MediaInfo | None:
        try:
            return self._probe(url)
        except MediaNotFound:
            return None

    def _probe(self, url: str) -> MediaInfo:
        return extractor_for(url, self._extractors).probe(url)

    def _look(self, url: str) -> Look:
        async def look() -> Look:
            client = self._client_factory()
            try:
                return await look_at(client, url)
            finally:
                await client.aclose()

        return asyncio.run(look())


class AutoPipeline:
    """Finds out what a URL is, and has the pipeline of that kind do the work."""

    def __init__(self, chooser: Chooser, pipelines: Mapping[Kind, Pipeline]) -> None:
        self._chooser = chooser
        self._pipelines = pipelines

    def run(self, order: Order, desk: Desk) -> Outcome:
        desk.progress(Progress(Stage.EXTRACTING))
        choice = self._chooser.choose(order.url)
        try:
            return self._run_as(choice.kind, order, desk)
        except MediaNotFound:
            if choice.otherwise is None:
                raise
        desk.log("info", f"No media was found here; the address is kept as a {choice.otherwise}.")
        return self._run_as(choice.otherwise, order, desk)

    def _run_as(self, kind: Kind, order: Order, desk: Desk) -> Outcome:
        desk.kind(kind)
        return self._pipelines[kind].run(replace(order, kind=kind), desk)


def _hints_of(look: Look) -> PageHints:
    """Reads the page in a fenced child: its HTML is a stranger's, and the parser is C.

    A page that is too much for its reader says nothing of itself; whoever converts it has limits of their own.
    """
    fence = Fence(readable=(), memory_bytes=HINT_MEMORY_BYTES, environment={"LANG": "C.UTF-8"})
    try:
        found = call_fenced(
            fence,
            lambda _send: read_hints(look.head, look.content_type, look.url).as_dict(),
            timeout_seconds=HINT_SECONDS,
        )
    except (JobTimeout, JobCrashed):
        return PageHints(is_about_media=False)
    return PageHints(**found)


def _describe_file(url: str, look: Look) -> Description:
    return Description(url, Kind.FILE, look.name, look.media_type, look.size_bytes)


def _describe_page(url: str, look: Look, hints: PageHints) -> Description:
    return Description(
        url, Kind.PAGE, hints.title, look.media_type, look.size_bytes, hints.image, uploader=hints.author
    )


def _describe_media(url: str, info: MediaInfo) -> Description:
    return Description(
        url=url, kind=Kind.MEDIA, title=info.title, thumbnail_url=info.thumbnail_url, uploader=info.uploader,
        duration_seconds=info.duration_seconds, upload_date=info.upload_date, extractor=info.extractor,
        is_live=info.is_live, qualities=qualities_of(info.formats), formats=info.formats,
    )  # fmt: skip


def qualities_of(formats: Sequence[MediaFormat]) -> tuple[str, ...]:
    """The qualities that differ for these formats: `best`, each step at or above which there is something, and `audio`."""
    sides = {
        min(one.height, one.width or one.height)
        for one in formats
        if one.height and one.video_codec != "none"
    }
    largest = max(sides, default=0)
    smallest = min(sides, default=0)
    steps = [f"{height}p" for height in HEIGHTS if smallest and smallest <= height <= largest]
    has_sound = any(one.audio_codec != "none" for one in formats)
    return ("best", *steps, *(("audio",) if has_sound else ()))
