"""Partial files over several attempts: taken over only when they are surely a beginning of the same bytes."""

import fcntl
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.errors import OutOfOrder, StorageFull
from entrepot.pipelines.partial import Facts, Partial, take_partial

FACTS = Facts('"v1"', 10, "http://origin/file")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """The folder of an attempt that got five of ten bytes."""
    folder = tmp_path / "older"
    folder.mkdir()
    partial = take_partial(folder, ())
    partial.begin(FACTS)
    partial.write([b"ab", b"cde"])
    partial.close()
    return folder


@pytest.fixture
def newer(tmp_path: Path) -> Path:
    folder = tmp_path / "newer"
    folder.mkdir()
    return folder


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_written_bytes_are_counted_and_hashed(newer: Path) -> None:
    partial = take_partial(newer, ())
    partial.begin(None)
    partial.write([b"ab", b"", b"c"])
    partial.write([])
    assert (partial.size_bytes, partial.sha256) == (3, _sha256(b"abc"))
    assert partial.path.read_bytes() == b"abc"
    partial.close()


def test_shorter_write_after_a_longer_one_adds_only_its_own(newer: Path) -> None:
    partial = take_partial(newer, ())
    partial.begin(None)
    partial.write([b"x" * 1000])
    partial.write([b"y"])
    assert partial.path.read_bytes() == b"x" * 1000 + b"y"
    partial.close()


def test_beginning_again_forgets_everything(older: Path, newer: Path) -> None:
    partial = take_partial(newer, [older])
    partial.begin(None)
    assert (partial.size_bytes, partial.sha256, partial.facts) == (0, _sha256(b""), None)
    assert not (newer / "partial.json").exists()
    partial.write([b"new"])
    assert partial.path.read_bytes() == b"new"
    partial.close()


def test_earlier_file_is_taken_over_with_its_facts(older: Path, newer: Path) -> None:
    partial = take_partial(newer, [older])
    assert (partial.path, partial.facts, partial.size_bytes) == (newer / "partial", FACTS, 5)
    partial.write([b"f"])
    assert partial.sha256 == _sha256(b"abcdef")
    assert partial.path.read_bytes() == b"abcdef"
    assert list(older.iterdir()) == []
    partial.close()


def test_newest_that_can_be_resumed_is_taken(older: Path, newer: Path, tmp_path: Path) -> None:
    empty = tmp_path / "between"
    empty.mkdir()
    partial = take_partial(newer, [older, empty])
    assert partial.size_bytes == 5
    partial.close()


def test_whole_file_gives_up_its_last_byte(older: Path, newer: Path) -> None:
    (older / "partial").write_bytes(b"abcdefghij")
    partial = take_partial(newer, [older])
    assert (partial.size_bytes, partial.sha256) == (9, _sha256(b"abcdefghi"))
    assert partial.path.read_bytes() == b"abcdefghi"
    partial.close()


def _sidecar(folder: Path, **changes: object) -> None:
    path = folder / "partial.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def _replace_by_link(folder: Path) -> None:
    (folder / "partial").rename(folder / "elsewhere")
    (folder / "partial").symlink_to(folder / "elsewhere")


UNUSABLE: dict[str, Callable[[Path], object]] = {
    "written before the machine started": lambda folder: _sidecar(folder, boot_id="another"),
    "without a start of the machine": lambda folder: _sidecar(folder, boot_id=""),
    "facts of another form": lambda folder: _sidecar(folder, surprise=1),
    "facts that are none": lambda folder: (folder / "partial.json").write_text("[1"),
    "facts that are a list": lambda folder: (folder / "partial.json").write_text("[1]"),
    "no facts": lambda folder: (folder / "partial.json").unlink(),
    "no bytes": lambda folder: (folder / "partial").write_bytes(b""),
    "more bytes than there are": lambda folder: (folder / "partial").write_bytes(b"x" * 11),
    "no file": lambda folder: (folder / "partial").unlink(),
    "a link to elsewhere": _replace_by_link,
    "a blob already": lambda folder: os.link(folder / "partial", folder / "blob"),
}


@pytest.mark.parametrize("reason", UNUSABLE)
def test_file_is_not_resumed(reason: str, older: Path, newer: Path) -> None:
    UNUSABLE[reason](older)
    partial = take_partial(newer, [older])
    assert (partial.facts, partial.size_bytes) == (None, 0)
    partial.begin(None)
    partial.write([b"new"])
    assert (newer / "partial").read_bytes() == b"new"
    partial.close()


def test_blob_is_not_changed_by_a_later_attempt(older: Path, newer: Path) -> None:
    os.link(older / "partial", older / "blob")
    take_partial(newer, [older]).close()
    assert (older / "blob").read_bytes() == b"abcde"


def test_file_that_another_process_writes_is_left_alone(older: Path, newer: Path) -> None:
    with (older / "partial").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        partial = take_partial(newer, [older])
        assert partial.size_bytes == 0
        assert (older / "partial").read_bytes() == b"abcde"
    partial.close()


def test_discarded_file_leaves_nothing(older: Path, newer: Path) -> None:
    partial = take_partial(newer, [older])
    partial.discard()
    partial.close()
    assert list(newer.iterdir()) == []


def test_full_disk_is_storage_full(newer: Path) -> None:
    partial = take_partial(newer, ())
    partial.begin(None)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, partial._descriptor)
    os.close(full)
    with pytest.raises(StorageFull):
        partial.write([b"x"])
    assert partial.size_bytes == 0
    partial.close()


def test_place_that_is_taken_is_out_of_order(newer: Path) -> None:
    (newer / "partial").write_bytes(b"somebody's")
    with pytest.raises(OutOfOrder):
        take_partial(newer, ())
    assert (newer / "partial").read_bytes() == b"somebody's"


# --- bytes out of order ---


def spread(folder: Path) -> Partial:
    """A file of ten bytes whose 0–3 and 6–8 are there."""
    partial = take_partial(folder, ())
    partial.begin(FACTS)
    partial.write([b"abc"])
    partial.record()
    partial.write_at(6, [b"gh"])
    return partial


def test_gaps_are_known_and_the_beginning_is_hashed(newer: Path) -> None:
    partial = spread(newer)
    assert (partial.missing, partial.size_bytes, partial.prefix_bytes) == ([(3, 6), (8, 10)], 5, 3)
    assert partial.sha256 == _sha256(b"abc")
    partial.close()


def test_hash_follows_the_beginning_through_what_was_there_before(newer: Path) -> None:
    partial = spread(newer)
    partial.write_at(8, [b"ij"])
    partial.write_at(3, [b"d", b"ef"])
    assert (partial.missing, partial.prefix_bytes, partial.is_spread) == ([], 10, False)
    assert partial.sha256 == _sha256(b"abcdefghij")
    partial.close()


def test_long_stretch_is_hashed_in_steps(newer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("entrepot.pipelines.partial._CATCH_UP_BYTES", 1)
    partial = spread(newer)
    partial.write_at(8, [b"ij"])
    partial.write_at(3, [b"def"])
    assert (partial.prefix_bytes, partial.is_spread) == (7, True)
    partial.close_ranks()
    assert (partial.prefix_bytes, partial.sha256) == (10, _sha256(b"abcdefghij"))
    partial.close()


def test_gaps_are_taken_over_as_they_were_recorded(older: Path, newer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spread"
    folder.mkdir()
    partial = spread(folder)
    partial.record()
    partial.close()
    resumed = take_partial(newer, [older, folder])
    assert (resumed.missing, resumed.size_bytes) == ([(3, 6), (8, 10)], 5)
    resumed.write_at(3, [b"def"])
    resumed.write_at(8, [b"ij"])
    assert resumed.sha256 == _sha256(b"abcdefghij")
    resumed.close()


def test_what_came_after_the_last_record_is_fetched_again(newer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spread"
    folder.mkdir()
    spread(folder).close()  # killed before it could record what lies behind the gap
    resumed = take_partial(newer, [folder])
    assert (resumed.missing, resumed.size_bytes, resumed.sha256) == ([(3, 10)], 3, _sha256(b"abc"))
    resumed.close()


def test_what_lies_behind_a_gap_can_be_given_up(newer: Path) -> None:
    partial = spread(newer)
    partial.close_ranks()
    partial.write([b"DEF"])
    assert partial.path.read_bytes() == b"abcDEF"
    assert (partial.size_bytes, partial.sha256) == (6, _sha256(b"abcDEF"))
    partial.close()


def test_whole_file_of_pieces_gives_up_its_last_byte(newer: Path, tmp_path: Path) -> None:
    folder = tmp_path / "spread"
    folder.mkdir()
    partial = spread(folder)
    partial.write_at(3, [b"def"])
    partial.write_at(8, [b"ij"])
    partial.record()
    partial.close()
    resumed = take_partial(newer, [folder])
    assert (resumed.prefix_bytes, resumed.size_bytes) == (9, 9)
    resumed.close()


@pytest.mark.parametrize(
    "missing",
    ["x", [[1]], [[5, 3]], [[3, 6], [5, 8]], [[3, 11]], [["a", "b"]], [[8, 9], [1, 2]], [[-5, 2]], [[7, 10]]],
    ids=str,
)
def test_record_that_cannot_be_true_is_not_taken_over(missing: object, older: Path, newer: Path) -> None:
    """The last one speaks of more than the file has."""
    told = json.loads((older / "partial.json").read_text())
    (older / "partial.json").write_text(json.dumps({**told, "missing": missing}))
    resumed = take_partial(newer, [older])
    assert (resumed.size_bytes, resumed.facts) == (0, None)
    resumed.close()
