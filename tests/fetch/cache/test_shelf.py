"""The embedded store over restarts: what was stored is there again, whole or not at all, whatever ended the last run."""

import hashlib
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from entrepot.fetch.cache.contract import Selection, StoredForm
from entrepot.fetch.cache.shelf import Shelf
from tests.fetch.cache.entries import body_file, entry_of

ROOT = Path(__file__).parents[3]


def _shelf(folder: Path, *, max_bytes: int = 10**7, max_entries: int = 1000) -> Shelf:
    return Shelf(folder / "store", max_bytes=max_bytes, max_entries=max_entries)


def _body(shelf: Shelf, entry_id: str, folder: Path) -> bytes | None:
    target = folder / "linked"
    target.unlink(missing_ok=True)
    return target.read_bytes() if shelf.link(entry_id, target) else None


def _stored(folder: Path) -> list[Path]:
    return [path for path in (folder / "store" / "bodies").rglob("*") if path.is_file()]


@contextmanager
def _no_room_beyond(size_bytes: int) -> Iterator[None]:
    """No file grows larger: a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("is_closed", [True, False])
def test_entries_survive_a_restart(tmp_path: Path, is_closed: bool) -> None:
    first = _shelf(tmp_path)
    entry = entry_of(b"hello")
    first.put(entry, body_file(tmp_path, b"hello"))
    first.put_form(entry.id, "f", StoredForm({"a": 1}, b"form"))
    before = first.usage()
    if is_closed:
        first.close()
    second = _shelf(tmp_path)
    assert [found.as_dict() for found in second.find("key")] == [entry.as_dict()]
    assert _body(second, entry.id, tmp_path) == b"hello"
    assert second.find_form(entry.id, "f") == StoredForm({"a": 1}, b"form")
    assert second.usage() == before
    second.close()


def test_order_of_use_survives_a_restart(tmp_path: Path) -> None:
    first = _shelf(tmp_path)
    entries = [entry_of(b"x", key=str(number)) for number in range(3)]
    for entry in entries:
        first.put(entry, body_file(tmp_path, b"x"))
    _body(first, entries[0].id, tmp_path)
    first.close()
    second = _shelf(tmp_path, max_entries=2)
    assert [bool(second.find(entry.key)) for entry in entries] == [True, False, True]
    second.close()


def test_what_was_removed_stays_removed(tmp_path: Path) -> None:
    first = _shelf(tmp_path)
    for number in range(3):
        first.put(entry_of(b"x", key=str(number)), body_file(tmp_path, b"x"))
    first.remove(Selection())
    second = _shelf(tmp_path)
    assert (second.usage().entries, second.usage().bytes) == (0, 0)
    assert _stored(tmp_path) == []


def test_journal_is_written_anew_when_most_of_it_is_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("entrepot.fetch.cache.shelf._SPARE_LINES", 50)
    shelf = _shelf(tmp_path)
    for _ in range(200):
        shelf.put(entry_of(b""), body_file(tmp_path, b""))
    kept = entry_of(b"last", key="other")
    shelf.put(kept, body_file(tmp_path, b"last"))
    assert (tmp_path / "store" / "journal").stat().st_size < 60 * 1000
    assert [found.id for found in shelf.find("other")] == [kept.id]
    assert len(shelf.find("key")) == 1
    assert [found.id for found in _shelf(tmp_path).find("other")] == [kept.id]


@pytest.mark.parametrize("damage", [b"", b"hell", b"jello", b"\0\0\0\0\0", b"hello!"])
def test_body_that_power_failure_has_damaged_is_not_served(tmp_path: Path, damage: bytes) -> None:
    entry = entry_of(b"hello")
    _shelf(tmp_path).put(entry, body_file(tmp_path, b"hello"))
    (stored,) = _stored(tmp_path)
    stored.unlink()
    stored.write_bytes(damage)
    shelf = _shelf(tmp_path)
    assert _body(shelf, entry.id, tmp_path) is None
    assert shelf.find("key") == []
    assert _stored(tmp_path) == []


def test_damaged_form_is_not_served(tmp_path: Path) -> None:
    entry = entry_of(b"hello")
    shelf = _shelf(tmp_path)
    shelf.put(entry, body_file(tmp_path, b"hello"))
    shelf.put_form(entry.id, "f", StoredForm({}, b"form"))
    (stored,) = [path for path in _stored(tmp_path) if path.suffix]
    stored.write_bytes(stored.read_bytes().replace(b"form", b"norm"))
    assert shelf.find_form(entry.id, "f") is None


def test_entry_whose_body_has_gone_is_forgotten(tmp_path: Path) -> None:
    entry = entry_of(b"hello")
    shelf = _shelf(tmp_path)
    shelf.put(entry, body_file(tmp_path, b"hello"))
    _stored(tmp_path)[0].unlink()
    assert _body(shelf, entry.id, tmp_path) is None
    assert shelf.find("key") == []
    assert _shelf(tmp_path).usage().entries == 0


def test_file_without_an_entry_is_swept_at_start(tmp_path: Path) -> None:
    _shelf(tmp_path).put(entry_of(b"hello"), body_file(tmp_path, b"hello"))
    for name in ("0" * 32, "0" * 32 + ".form", _stored(tmp_path)[0].name + ".form.part"):
        folder = tmp_path / "store" / "bodies" / name[:2]
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(b"orphan")
    _shelf(tmp_path)
    assert [path.read_bytes() for path in _stored(tmp_path)] == [b"hello"]


def test_journal_may_end_anywhere(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)
    kept, torn = entry_of(b"one", key="1"), entry_of(b"two", key="2")
    journal = tmp_path / "store" / "journal"
    shelf.put(kept, body_file(tmp_path, b"one"))
    whole = journal.stat().st_size
    shelf.put(torn, body_file(tmp_path, b"two"))
    text = journal.read_bytes()
    for end in range(whole, len(text), 37):
        journal.write_bytes(text[:end])
        again = _shelf(tmp_path)
        assert ([each.id for each in again.find("1")], again.find("2")) == ([kept.id], [])
        assert journal.stat().st_size == whole
        again._journal.close()


def test_damaged_line_costs_its_entry_alone(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)
    for number in range(3):
        shelf.put(entry_of(b"x", key=str(number)), body_file(tmp_path, b"x"))
    journal = tmp_path / "store" / "journal"
    lines = journal.read_bytes().split(b"\n")
    lines[1] = lines[1].replace(b"example", b"exumple")
    journal.write_bytes(b"\n".join(lines))
    again = _shelf(tmp_path)
    assert [len(again.find(str(number))) for number in range(3)] == [1, 0, 1]
    assert len(_stored(tmp_path)) == 2


def test_journal_of_garbage_is_an_empty_store(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "journal").write_bytes(bytes(range(256)) * 100)
    assert _shelf(tmp_path).usage().entries == 0


def test_full_disk_stores_nothing_and_loses_nothing(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)
    first = entry_of(b"hello")
    shelf.put(first, body_file(tmp_path, b"hello"))
    end = (tmp_path / "store" / "journal").stat().st_size
    incoming = body_file(tmp_path, b"more")
    with _no_room_beyond(end + 10), pytest.raises(OSError, match="too large"):
        shelf.put(entry_of(b"more", key="2"), incoming)
    assert len(_stored(tmp_path)) == 1
    assert shelf.put(entry_of(b"more", key="3"), incoming)
    again = _shelf(tmp_path)
    assert [len(again.find(key)) for key in ("key", "2", "3")] == [1, 0, 1]


def test_form_for_which_there_is_no_room_leaves_no_file(tmp_path: Path) -> None:
    shelf = _shelf(tmp_path)
    entry = entry_of(b"hello")
    shelf.put(entry, body_file(tmp_path, b"hello"))
    with _no_room_beyond(1000), pytest.raises(OSError, match="too large"):
        shelf.put_form(entry.id, "f", StoredForm({}, b"x" * 5000))
    assert [path.suffix for path in _stored(tmp_path)] == [""]
    assert shelf.find_form(entry.id, "f") is None


@pytest.mark.parametrize("lines", [2, 60, 250, 700])
def test_kill_at_any_moment_leaves_whole_entries_alone(tmp_path: Path, lines: int) -> None:
    command = [sys.executable, "-m", "tests.fetch.cache.busy_store", str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        process.kill()
    shelf = _shelf(tmp_path, max_bytes=300_000)
    found = [entry for key in range(50) for entry in shelf.find(str(key))]
    assert len(found) == shelf.usage().entries > 0
    for entry in found:
        body = _body(shelf, entry.id, tmp_path)
        assert body is not None
        assert hashlib.sha256(body).hexdigest() == entry.sha256
        form = shelf.find_form(entry.id, "f")
        assert form is None or form.body == body
    names = {path.name.partition(".")[0] for path in _stored(tmp_path)}
    assert names == {entry.id for entry in found}
    assert shelf.usage().bytes <= 300_000
