"""A URL's content is read through files of the reader's own, and none of them stays."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest

from entrepot.content.format import MEDIA_TYPES, Format
from entrepot.content.options import ContentOptions
from entrepot.content.sniff import media_type_of
from entrepot.errors import (
    AppError,
    ContentTooLarge,
    ConversionFailed,
    ConversionUnsupported,
    NoContent,
    OutOfOrder,
    UpstreamNotFound,
    UpstreamTimeout,
    ValidationFailed,
)
from entrepot.fetch.cache.disk import DiskStore
from entrepot.fetch.cache.fetcher import CachedFetcher, CachePolicy
from entrepot.fetch.cache.policy import Lifetimes
from entrepot.fetch.cache.spool import Spool
from entrepot.fetch.origins import Origins
from entrepot.fetch.retry import Backoff
from entrepot.fetch.url import parse_url
from entrepot.pipelines.converter import Converter
from entrepot.pipelines.reader import PageReader, Reading, ReadRequest
from entrepot.processes.nursery import Nursery
from tests.fetch.fetching import limits, until
from tests.origin.pages import ARTICLE_TITLE
from tests.origin.site import Site
from tests.pipelines.bench import new_client

T = TypeVar("T")


@asynccontextmanager
async def _open_reader(
    folder: Path, manner: str, **changes: Any
) -> AsyncIterator[tuple[PageReader, Nursery]]:
    """A reader with its spool in `folder`, and its cache and scratch folders beside it."""
    nursery = Nursery("tests.pipelines.readers:tasks", manner)
    client = new_client()
    origins = Origins(client, backoff=Backoff(attempts=1))
    spool = Spool(folder)
    scratch = folder.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    store = DiskStore.open_at(
        folder.parent / "cache", spool, max_bytes=2**30, max_entries=1000, max_entry_bytes=2**26
    )
    cache = CachedFetcher(
        origins, store, spool, classify=media_type_of, policy=CachePolicy(lifetimes=Lifetimes(otherwise=300))
    )
    await nursery.start()
    converter = Converter(nursery, scratch)
    try:
        yield (
            PageReader(
                cache, origins, converter, page_limits=limits(**changes), file_limits=limits(max_bytes=2**31)
            ),
            nursery,
        )
    finally:
        await converter.close()
        await cache.aclose()
        await nursery.close()
        await client.aclose()


def _scratch(spool: Path) -> list[Path]:
    return list((spool.parent / "scratch").iterdir())


def _with_reader(
    folder: Path, work: Callable[[PageReader, Nursery], Awaitable[T]], manner: str = "honest", **changes: Any
) -> T:
    async def run() -> T:
        async with _open_reader(folder, manner, **changes) as (reader, nursery):
            return await work(reader, nursery)

    return asyncio.run(run())


def _read(
    folder: Path, url: str, format_: Format | None, *, manner: str = "honest", **wishes: Any
) -> tuple[bytes, Reading]:
    async def work(reader: PageReader, _nursery: Nursery) -> tuple[bytes, Reading]:
        reading = await reader.read(ReadRequest(parse_url(url), format_, **wishes))
        with reading.file as file:
            return file.read(), reading

    return _with_reader(folder, work, manner)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def test_every_format_is_read_and_no_file_stays(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, _nursery: Nursery) -> None:
        for format_ in (Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON):
            reading = await reader.read(ReadRequest(parse_url(site.url("/article")), format_))
            await until(lambda: list(spool.iterdir()) == [])
            with reading.file as file:
                content = file.read()
            assert ARTICLE_TITLE in content.decode()
            assert (reading.media_type, reading.size_bytes) == (MEDIA_TYPES[format_], len(content))

    _with_reader(spool, work)


def test_source_is_handed_on_unchanged(site: Site, spool: Path) -> None:
    content, reading = _read(spool, site.url("/files/360p.webm"), None)
    assert content == site.media.path("360p.webm").read_bytes()
    assert (reading.media_type, reading.fingerprint) == ("video/webm", site.media.sha256("360p.webm"))
    assert reading.last_modified == "Thu, 01 Jan 2026 00:00:00 GMT"
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("text/html; charset=UTF-8; x=y", "text/html; charset=utf-8"),
        ("text/html", "text/html"),
        ("application/octet-stream", "text/html"),
        ("nonsense", "text/html"),
        ("text/html\tx", "text/html"),
        ("application/x-thing", "application/x-thing"),
    ],
)
def test_source_bears_its_own_type(declared: str, expected: str, site: Site, spool: Path) -> None:
    site.publish("/typed", "<!doctype html><p>x", declared)
    assert _read(spool, site.url("/typed"), None)[1].media_type == expected


@pytest.mark.parametrize(
    ("path", "wishes", "error"),
    [
        ("/status/404", {}, UpstreamNotFound),
        ("/files/360p.webm", {}, ConversionUnsupported),
        ("/bare", {}, NoContent),
        ("/article", {"options": ContentOptions(selector="p[")}, ValidationFailed),
        ("/bomb?mib=80", {}, ContentTooLarge),
        ("/stall/360p.mp4", {"timeout_seconds": 0.5}, UpstreamTimeout),
    ],
)
def test_failure_leaves_no_file(
    path: str, wishes: dict[str, Any], error: type[AppError], site: Site, spool: Path
) -> None:
    site.publish("/bare", "<script>show()</script>")
    with pytest.raises(error):
        _read(spool, site.url(path), Format.TEXT, **wishes)
    assert list(spool.iterdir()) == []


@pytest.mark.parametrize(("manner", "error"), [("crashing", ConversionFailed), ("dying", OutOfOrder)])
def test_crash_of_the_converter_leaves_no_file(
    manner: str, error: type[AppError], site: Site, spool: Path
) -> None:
    with pytest.raises(error):
        _read(spool, site.url("/article"), Format.TEXT, manner=manner)
    assert list(spool.iterdir()) == []


def test_cancelled_conversion_leaves_no_file_and_no_process(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, nursery: Nursery) -> None:
        task = asyncio.create_task(reader.read(ReadRequest(parse_url(site.url("/article")), Format.TEXT)))
        await until(lambda: len(_scratch(spool)) >= 2)  # one at work, one that stands ready
        before = set(_scratch(spool))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: list(spool.iterdir()) == [])
        await until(lambda: not before.issubset(_scratch(spool)))  # with the worker goes its folder

    _with_reader(spool, work, "sleeping")


def test_cancelled_fetch_leaves_no_file(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, _nursery: Nursery) -> None:
        before = site.open_responses
        task = asyncio.create_task(reader.read(ReadRequest(parse_url(site.url("/stall/720p.mp4")), None)))
        await until(lambda: site.open_responses > before and any(spool.iterdir()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: list(spool.iterdir()) == [])

    _with_reader(spool, work)


def test_folder_that_cannot_be_written_is_told(site: Site, tmp_path: Path) -> None:
    with pytest.raises(OutOfOrder):
        _read(tmp_path / "missing", site.url("/article"), None)


def test_many_readings_at_once_are_all_right(site: Site, spool: Path) -> None:
    for number in range(20):
        site.publish(f"/many/{number}", f"<main><h1>Page {number}</h1><p>Words of page {number}.</p></main>")

    async def work(reader: PageReader, _nursery: Nursery) -> list[str]:
        async def one(number: int) -> str:
            wanted = ReadRequest(parse_url(site.url(f"/many/{number}")), Format.TEXT)
            with (await reader.read(wanted)).file as file:
                return file.read().decode()

        return list(await asyncio.gather(*map(one, range(20))))

    told = _with_reader(spool, work)
    assert all(f"Words of page {number}." in text for number, text in enumerate(told))
    assert list(spool.iterdir()) == []


def test_reading_closes_all_that_it_opened(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, _nursery: Nursery) -> tuple[int, int]:
        async def one() -> int:
            (await reader.read(ReadRequest(parse_url(site.url("/article")), Format.TEXT))).file.close()
            return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - counted, not opened

        return await one(), await one()

    first, second = _with_reader(spool, work)
    assert second <= first
