"""Kept assets handed out anew: as they are, or in one archive."""

import hashlib
import io
import zipfile
from typing import Any

import pytest

from entrepot.errors import AssetNotFound
from entrepot.jobs.work import Kind, Outcome, Stage
from entrepot.pipelines.prepare import PreparePipeline, distinct_names
from tests.pipelines.bench import Bench


def _kept(
    bench: Bench, content: bytes, name: str = "a.txt", content_type: str = "text/plain"
) -> dict[str, Any]:
    """`content` in the store, as an order's part names it."""
    blob = bench.store.write(io.BytesIO(content))
    return {"sha256": blob.sha256, "name": name, "content_type": content_type, "size_bytes": blob.size_bytes}


def _prepare(bench: Bench, *parts: dict[str, Any], **options: Any) -> Outcome:
    order = bench.order("asset:1", kind=Kind.PREPARE, parts=list(parts), **options)
    return PreparePipeline(bench.store).run(order, bench.notes)


def _archive(bench: Bench, outcome: Outcome) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(bench.content(outcome)))


def test_one_asset_is_handed_over_as_it_is(bench: Bench) -> None:
    part = _kept(bench, b"hello", "greeting.txt", "text/plain; charset=utf-8")
    outcome = _prepare(bench, part)
    (stored,) = outcome.files
    assert (stored.role, stored.name, stored.content_type) == (
        "main",
        "greeting.txt",
        "text/plain; charset=utf-8",
    )
    assert (stored.sha256, stored.size_bytes) == (part["sha256"], 5)
    assert outcome.source.title == "greeting.txt"


def test_archive_holds_every_part(bench: Bench) -> None:
    outcome = _prepare(bench, _kept(bench, b"one", "1.txt"), _kept(bench, b"two", "2.txt"), archive="zip")
    (stored,) = outcome.files
    assert (stored.name, stored.content_type) == ("1.zip", "application/zip")
    with _archive(bench, outcome) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == {"1.txt": b"one", "2.txt": b"two"}
    assert stored.sha256 == hashlib.sha256(bench.content(outcome)).hexdigest()


def test_archive_of_one_is_an_archive(bench: Bench) -> None:
    with _archive(bench, _prepare(bench, _kept(bench, b"one"), archive="zip")) as archive:
        assert archive.namelist() == ["a.txt"]


def test_equal_parts_make_equal_archives(bench: Bench) -> None:
    parts = [_kept(bench, b"one", "1.txt"), _kept(bench, b"two", "2.txt")]
    first, second = (_prepare(bench, *parts, archive="zip").files[0].sha256 for _ in range(2))
    assert first == second


def test_equal_names_are_told_apart(bench: Bench) -> None:
    parts = [_kept(bench, b"one"), _kept(bench, b"two"), _kept(bench, b"three")]
    with _archive(bench, _prepare(bench, *parts, archive="zip")) as archive:
        assert archive.namelist() == ["a.txt", "a (2).txt", "a (3).txt"]


def test_progress_tells_the_archives_share(bench: Bench) -> None:
    _prepare(bench, _kept(bench, b"x" * 30, "1"), _kept(bench, b"y" * 10, "2"), archive="zip")
    told = [(step.stage, step.percent, step.downloaded_bytes, step.total_bytes) for step in bench.notes.steps]
    assert told == [
        (Stage.CONVERTING, 75, 30, 40),
        (Stage.CONVERTING, 100, 40, 40),
        (Stage.STORING, 100, None, None),
    ]


@pytest.mark.parametrize("archive", [None, "zip"])
def test_content_that_has_gone_is_told(archive: str | None, bench: Bench) -> None:
    part = _kept(bench, b"gone")
    bench.store.delete(part["sha256"])
    with pytest.raises(AssetNotFound):
        _prepare(bench, part, archive=archive)
    assert bench.leftovers() == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["a", "a"], ["a", "a (2)"]),
        (["a.txt", "a (2).txt", "a.txt"], ["a.txt", "a (2).txt", "a (3).txt"]),
        (["a.tar.gz", "a.tar.gz"], ["a.tar.gz", "a.tar (2).gz"]),
    ],
)
def test_repeated_names_are_told_apart(names: list[str], expected: list[str]) -> None:
    assert distinct_names(names) == expected
