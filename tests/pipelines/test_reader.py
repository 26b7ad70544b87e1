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
from entrepot.errors import (
    AppError,
    ContentTooLarge,
    ConversionFailed,
    ConversionUnsupported,
    JobCrashed,
    NoContent,
    OutOfOrder,
    UpstreamNotFound,
    UpstreamTimeout,
    ValidationFailed,
)
from entrepot.fetch.url import parse_url
from entrepot.pipelines.reader import PageReader, Reading, ReadRequest
from entrepot.processes.nursery import Nursery
from tests.acceptance.service import descendants
from tests.fetch.fetching import limits, until
from tests.origin.pages import ARTICLE_TITLE
from tests.origin.site import Site
from tests.pipelines.bench import new_client

T = TypeVar("T")


@asynccontextmanager
async def _open_reader(
    folder: Path, manner: str, **changes: Any
) -> AsyncIterator[tuple[PageReader, Nursery]]:
    nursery = Nursery("tests.pipelines.readers:tasks", manner)
    client = new_client()
    await nursery.start()
    try:
        yield PageReader(client, nursery, folder, limits(**changes)), nursery
    finally:
        await nursery.close()
        await client.aclose()


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
    async def work(reader: PageReader, nursery: Nursery) -> tuple[bytes, Reading]:
        try:
            reading = await reader.read(ReadRequest(parse_url(url), format_, **wishes))
        finally:
            await until(lambda: descendants(nursery.pid or 0) == [nursery.pid])
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
        for format_ in Format:
            reading = await reader.read(ReadRequest(parse_url(site.url("/article")), format_))
            assert list(spool.iterdir()) == []
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


@pytest.mark.parametrize(("manner", "error"), [("crashing", ConversionFailed), ("dying", JobCrashed)])
def test_crash_of_the_converter_leaves_no_file(
    manner: str, error: type[AppError], site: Site, spool: Path
) -> None:
    with pytest.raises(error):
        _read(spool, site.url("/article"), Format.TEXT, manner=manner)
    assert list(spool.iterdir()) == []


def test_cancelled_conversion_leaves_no_file_and_no_process(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, nursery: Nursery) -> None:
        assert nursery.pid is not None
        task = asyncio.create_task(reader.read(ReadRequest(parse_url(site.url("/article")), Format.TEXT)))
        await until(lambda: len(descendants(nursery.pid or 0)) >= 3)  # the child and its fenced one
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(spool.iterdir()) == []
        await until(lambda: descendants(nursery.pid or 0) == [nursery.pid])

    _with_reader(spool, work, "sleeping")


def test_cancelled_fetch_leaves_no_file(site: Site, spool: Path) -> None:
    async def work(reader: PageReader, _nursery: Nursery) -> None:
        before = site.open_responses
        task = asyncio.create_task(reader.read(ReadRequest(parse_url(site.url("/stall/720p.mp4")), None)))
        await until(lambda: site.open_responses > before and any(spool.iterdir()))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(spool.iterdir()) == []

    _with_reader(spool, work)


def test_what_an_earlier_run_left_is_cleared(spool: Path) -> None:
    (spool / "left" / "content").mkdir(parents=True)
    (spool / "left" / "source").write_text("x")
    (spool / "stray").write_text("x")
    PageReader(new_client(), Nursery("x:y", ""), spool, limits()).clear()
    assert list(spool.iterdir()) == []


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
