"""Pages are fetched into a file and converted behind a fence that holds whatever a page does to its converter."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.errors import (
    AppError,
    ContentTooLarge,
    ConversionFailed,
    ConversionUnsupported,
    NoContent,
    StorageFull,
    UpstreamBroken,
    UpstreamFailure,
    UpstreamNotFound,
    ValidationFailed,
)
from entrepot.fetch.url import parse_url
from entrepot.pipelines.conversion import Fetched, fetch_page
from tests.fetch.fetching import limits
from tests.origin.children import run_in_child
from tests.origin.hostile import HostileOrigin
from tests.origin.site import Site
from tests.pipelines.bench import new_client
from tests.pipelines.converters import SECRET, convert, convert_badly, fetched

PAGE = "<html lang=en><title>Second crane</title><meta name=author content='Ann Ash'><link rel=canonical href=/c><p>The crane lifts."


def _fetch(url: str, path: Path, headers: dict[str, str] | None = None, **changes: Any) -> Fetched:
    async def run() -> Fetched:
        client = new_client()
        try:
            return await fetch_page(client, parse_url(url), limits(**changes), path, headers)
        finally:
            await client.aclose()

    return asyncio.run(run())


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where a conversion puts its result: alone in a folder beside a secret."""
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "content").mkdir()
    return tmp_path / "content" / "result"


@pytest.fixture
def source(tmp_path: Path) -> Fetched:
    (tmp_path / "source").mkdir()
    return fetched(tmp_path / "source" / "page", PAGE)


def test_fetched_page_tells_all_of_itself(site: Site, tmp_path: Path) -> None:
    url = site.publish("/told", "<p>é", "text/html; charset=utf-8")
    found = _fetch(site.url("/redirect?to=/told"), tmp_path / "page")
    assert Path(found.path).read_text() == "<p>é"
    assert (found.url, found.final_url) == (site.url("/redirect?to=/told"), url)
    assert (found.status, found.size_bytes, found.media_type) == (200, 5, "text/html")
    assert found.content_type == "text/html; charset=utf-8"
    assert found.fetched_at.endswith("Z")
    assert found.fetch_ms > 0


def test_media_type_is_found_where_none_is_declared(origin: HostileOrigin, tmp_path: Path) -> None:
    url = origin.raw("/x", b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n<!doctype html>")
    found = _fetch(url, tmp_path / "page")
    assert (found.content_type, found.media_type) == (None, "text/html")


def test_page_is_asked_for_as_a_page(site: Site, tmp_path: Path) -> None:
    url = site.publish("/asked", "x")
    _fetch(url, tmp_path / "page", {"Referer": "https://a.example/"})
    (headers,) = [told for target, told in site.request_headers if target == "/asked"]
    assert headers["Accept"].startswith("text/html,")
    assert headers["Referer"] == "https://a.example/"


def test_empty_page_is_a_file_too(site: Site, tmp_path: Path) -> None:
    found = _fetch(site.publish("/empty", ""), tmp_path / "page")
    assert (found.size_bytes, Path(found.path).read_bytes()) == (0, b"")


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("/status/404", UpstreamNotFound),
        ("/status/410", UpstreamNotFound),
        ("/status/500", UpstreamFailure),
        ("/status/204", UpstreamFailure),
        ("/lying/length/360p.webm", UpstreamBroken),
        ("/bomb?mib=80", ContentTooLarge),
    ],
)
def test_bad_answer_is_told(path: str, error: type[AppError], site: Site, tmp_path: Path) -> None:
    with pytest.raises(error):
        _fetch(site.url(path), tmp_path / "page")


def test_full_disk_is_told(site: Site) -> None:
    with pytest.raises(StorageFull):
        _fetch(site.url("/article"), Path("/dev/full"))


@pytest.mark.parametrize("format_", [Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON])
def test_source_is_converted_behind_the_fence(format_: Format, source: Fetched, target: Path) -> None:
    found = run_in_child(convert, source, format_, ContentOptions(), target)
    assert "The crane lifts." in target.read_text()
    assert (found["title"], found["author"]) == ("Second crane", "Ann Ash")
    assert found["canonical_url"] == "https://harbour.example/c"
    assert found["path"] == str(target)
    assert [path.name for path in target.parent.iterdir()] == ["result"]


@pytest.mark.parametrize(
    ("page", "options", "error"),
    [
        (("\x00\x01\x02", "application/x-unheard-of"), ContentOptions(), ConversionUnsupported),
        (("<script>x</script>", "text/html"), ContentOptions(), NoContent),
        ((PAGE, "text/html"), ContentOptions(selector="p["), ValidationFailed),
        (("", "text/plain"), ContentOptions(), NoContent),
    ],
)
def test_error_of_the_converter_comes_through(
    page: tuple[str, str], options: ContentOptions, error: type[AppError], tmp_path: Path, target: Path
) -> None:
    source = fetched(tmp_path / "page", *page)
    with pytest.raises(error):
        run_in_child(convert, source, Format.TEXT, options, target)
    assert not target.exists()


@pytest.mark.parametrize(
    "deed",
    ["abort", "segmentation fault", "kill", "exit", "endless loop", "endless sleep", "too much memory", "recursion", "too large",
     "link to a secret", "hard link", "pipe", "folder", "nonsense"],
)  # fmt: skip
def test_converter_that_goes_wrong_is_a_failed_conversion(deed: str, source: Fetched, target: Path) -> None:
    with pytest.raises(ConversionFailed) as caught:
        run_in_child(convert_badly, deed, source, target)
    assert caught.value.status == 422
    assert SECRET not in caught.value.detail


@pytest.mark.parametrize("deed", ["reads a secret", "writes elsewhere", "opens a socket"])
def test_fence_keeps_the_converter_in(deed: str, source: Fetched, target: Path) -> None:
    with pytest.raises(ConversionFailed):
        run_in_child(convert_badly, deed, source, target)
    assert not (target.parent.parent / "planted").exists()


def test_full_disk_while_converting_is_told(source: Fetched, target: Path) -> None:
    with pytest.raises(StorageFull):
        run_in_child(convert_badly, "full disk", source, target)
