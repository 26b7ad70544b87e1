"""A blob is kept once, whole, read-only, under its own checksum."""

import errno
import hashlib
import io
import os
import stat
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

import pytest

from entrepot.errors import AssetNotFound, OutOfOrder, StorageFull
from entrepot.storage.contract import Blob, BlobStore
from entrepot.storage.local import LocalStore

CONTENT = b"one ship, one cargo\n" * 1000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
ABSENT = "0" * 64


def put(path: Path, content: bytes = CONTENT) -> Path:
    path.write_bytes(content)
    return path


def files_under(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file() and path.name != "lock"
    )


def make_old(store: LocalStore, sha256: str, seconds: float = 7200) -> None:
    moment = time.time() - seconds
    os.utime(store.path(sha256), (moment, moment))


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


def test_the_local_store_fulfils_the_contract(store: LocalStore) -> None:
    contract: BlobStore = store
    assert not contract.exists(ABSENT)


def test_written_bytes_come_back_under_their_checksum(store: LocalStore) -> None:
    assert store.write(io.BytesIO(CONTENT)) == Blob(SHA256, len(CONTENT))
    with store.open(SHA256) as blob:
        assert blob.read() == CONTENT


def test_an_adopted_file_is_moved_not_copied(store: LocalStore, tmp_path: Path) -> None:
    source = put(tmp_path / "arrived")
    inode = source.stat().st_ino
    assert store.adopt(source) == Blob(SHA256, len(CONTENT))
    assert not source.exists()
    assert store.path(SHA256).stat().st_ino == inode


def test_a_checksum_computed_on_the_way_is_taken_as_it_is(store: LocalStore, tmp_path: Path) -> None:
    blob = store.adopt(put(tmp_path / "arrived"), sha256=SHA256)
    assert blob == Blob(SHA256, len(CONTENT))


def test_blobs_lie_in_two_levels_of_folders_and_are_read_only(store: LocalStore, tmp_path: Path) -> None:
    store.write(io.BytesIO(CONTENT))
    path = store.path(SHA256)
    assert path == tmp_path / "data" / "blobs" / SHA256[:2] / SHA256[2:4] / SHA256
    assert stat.S_IMODE(path.stat().st_mode) == 0o444


def test_an_empty_blob_is_a_blob(store: LocalStore) -> None:
    blob = store.write(io.BytesIO(b""))
    assert blob == Blob(hashlib.sha256(b"").hexdigest(), 0)
    assert store.exists(blob.sha256)


@pytest.mark.parametrize("way", ["write", "adopt"])
def test_the_same_bytes_are_kept_once(store: LocalStore, tmp_path: Path, way: str) -> None:
    store.write(io.BytesIO(CONTENT))
    inode = store.path(SHA256).stat().st_ino
    if way == "write":
        store.write(io.BytesIO(CONTENT))
    else:
        store.adopt(put(tmp_path / "again"))
        assert not (tmp_path / "again").exists()
    assert store.path(SHA256).stat().st_ino == inode
    assert files_under(tmp_path / "data" / "blobs") == [f"{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"]


@pytest.mark.parametrize("way", ["write", "adopt", "keep"])
def test_storing_again_restarts_the_grace_period(store: LocalStore, tmp_path: Path, way: str) -> None:
    store.write(io.BytesIO(CONTENT))
    make_old(store, SHA256)
    assert list(store.idle(an_hour_ago())) == [SHA256]
    match way:
        case "write":
            store.write(io.BytesIO(CONTENT))
        case "adopt":
            store.adopt(put(tmp_path / "again"))
        case _:
            assert store.keep(SHA256)
    assert list(store.idle(an_hour_ago())) == []
    assert not store.discard(SHA256, idle_since=an_hour_ago())
    assert store.exists(SHA256)


def test_the_grace_period_of_an_old_file_begins_when_it_is_adopted(store: LocalStore, tmp_path: Path) -> None:
    source = put(tmp_path / "arrived")
    os.utime(source, (1, 1))
    store.adopt(source)
    assert list(store.idle(an_hour_ago())) == []


def test_an_idle_blob_is_discarded(store: LocalStore) -> None:
    store.write(io.BytesIO(CONTENT))
    make_old(store, SHA256)
    assert store.discard(SHA256, idle_since=an_hour_ago())
    assert not store.exists(SHA256)
    assert store.discard(SHA256, idle_since=an_hour_ago())


def test_a_blob_that_is_not_there_cannot_be_kept(store: LocalStore) -> None:
    assert not store.keep(ABSENT)


def test_deleting_is_at_once_and_twice_is_no_error(store: LocalStore) -> None:
    store.write(io.BytesIO(CONTENT))
    store.delete(SHA256)
    assert not store.exists(SHA256)
    store.delete(SHA256)


def test_an_open_blob_can_be_read_after_it_was_discarded(store: LocalStore) -> None:
    store.write(io.BytesIO(CONTENT))
    with store.open(SHA256) as blob:
        store.delete(SHA256)
        assert blob.read() == CONTENT


def test_a_missing_blob_is_not_found(store: LocalStore) -> None:
    with pytest.raises(AssetNotFound):
        store.open(ABSENT)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "a" * 63, "a" * 64 + "\n", "a/" * 32])
def test_only_a_checksum_names_a_blob(store: LocalStore, name: str) -> None:
    with pytest.raises(AssetNotFound):
        store.path(name)


def test_a_malformed_checksum_is_refused_before_the_file_is_touched(
    store: LocalStore, tmp_path: Path
) -> None:
    source = put(tmp_path / "arrived")
    with pytest.raises(AssetNotFound):
        store.adopt(source, sha256="../x")
    assert source.read_bytes() == CONTENT


def plant_nothing(path: Path) -> None:
    assert not path.exists()


def plant_symlink(path: Path) -> None:
    path.with_name("secret").write_bytes(b"secret")
    path.symlink_to(path.with_name("secret"))


@pytest.mark.parametrize(
    "plant",
    [plant_symlink, os.mkfifo, Path.mkdir, plant_nothing],
    ids=["symbolic link", "pipe", "folder", "nothing"],
)
def test_only_a_regular_file_is_adopted(
    store: LocalStore, tmp_path: Path, plant: Callable[[Path], None]
) -> None:
    source = tmp_path / "planted"
    plant(source)
    with pytest.raises(OutOfOrder):
        store.adopt(source)
    assert files_under(tmp_path / "data") == []


def test_a_file_with_a_second_name_is_copied(store: LocalStore, tmp_path: Path) -> None:
    source = put(tmp_path / "arrived")
    other = tmp_path / "other"
    os.link(source, other)
    assert store.adopt(source) == Blob(SHA256, len(CONTENT))
    other.write_bytes(b"changed later")
    with store.open(SHA256) as blob:
        assert blob.read() == CONTENT
    assert not source.exists()


def test_a_file_of_another_file_system_is_copied(store: LocalStore) -> None:
    source = put(
        Path("/dev/shm") / f"entrepot-test-{os.getpid()}"
    )  # the one other file system of every Linux
    try:
        assert store.adopt(source) == Blob(SHA256, len(CONTENT))
        assert not source.exists()
    finally:
        source.unlink(missing_ok=True)
    assert store.exists(SHA256)


def test_a_damaged_blob_is_replaced_when_its_bytes_arrive_again(store: LocalStore) -> None:
    store.write(io.BytesIO(CONTENT))
    store.path(SHA256).chmod(0o644)
    os.truncate(store.path(SHA256), 10)
    store.write(io.BytesIO(CONTENT))
    assert store.path(SHA256).read_bytes() == CONTENT


class Failing(io.RawIOBase):
    """Yields a piece, then fails as a broken source does."""

    def __init__(self, error: BaseException) -> None:
        self._pieces = [CONTENT]
        self._error = error

    def read(self, _size: int = -1) -> bytes:
        if self._pieces:
            return self._pieces.pop()
        raise self._error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyboardInterrupt(), KeyboardInterrupt),
        (ValueError(), ValueError),
        (OSError(errno.EIO, "input/output error"), OutOfOrder),
        (OSError(errno.EDQUOT, "over quota"), StorageFull),
    ],
)
def test_nothing_stays_of_a_write_that_fails(
    store: LocalStore, tmp_path: Path, error: BaseException, told: type[BaseException]
) -> None:
    content: BinaryIO = Failing(error)  # type: ignore[assignment]  # read is all that is used of it
    with pytest.raises(told):
        store.write(content)
    assert files_under(tmp_path / "data") == []


def test_error_texts_name_no_path(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(OutOfOrder) as caught:
        store.adopt(tmp_path / "absent")
    assert str(tmp_path) not in caught.value.detail


def test_a_folder_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where the folder should be")
    with pytest.raises(OutOfOrder):
        LocalStore(tmp_path / "data").write(io.BytesIO(CONTENT))


def test_the_sweep_at_start_removes_every_temporary(store: LocalStore, tmp_path: Path) -> None:
    store.write(io.BytesIO(CONTENT))
    put(tmp_path / "data" / "blobs" / "incoming" / "left-behind")
    assert store.sweep_incoming() == 1
    assert files_under(tmp_path / "data" / "blobs" / "incoming") == []
    assert store.exists(SHA256)


def test_a_later_sweep_spares_what_is_being_written(store: LocalStore, tmp_path: Path) -> None:
    store.write(io.BytesIO(b""))
    fresh = put(tmp_path / "data" / "blobs" / "incoming" / "fresh")
    stale = put(tmp_path / "data" / "blobs" / "incoming" / "stale")
    os.utime(stale, (1, 1))
    assert store.sweep_incoming(older_than_seconds=3600) == 1
    assert fresh.exists()
    assert not stale.exists()


def test_sweeping_an_unused_store_finds_nothing(store: LocalStore) -> None:
    assert store.sweep_incoming() == 0
    assert list(store.idle(datetime.now(UTC))) == []
    assert store.discard(ABSENT, idle_since=datetime.now(UTC))


def test_foreign_files_are_no_blobs(store: LocalStore) -> None:
    store.write(io.BytesIO(CONTENT))
    make_old(store, SHA256)
    put(store.path(SHA256).with_name("README"))
    assert list(store.idle(datetime.now(UTC))) == [SHA256]


def test_where_links_are_unknown_the_file_is_renamed(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:  # stands in for FAT, which no test may mount
        raise OSError(errno.EPERM, "operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert store.adopt(put(tmp_path / "arrived")) == Blob(SHA256, len(CONTENT))
    assert store.write(io.BytesIO(CONTENT)) == Blob(SHA256, len(CONTENT))
    assert files_under(tmp_path / "data") == [f"blobs/{SHA256[:2]}/{SHA256[2:4]}/{SHA256}"]


def test_bytes_that_arrive_while_they_are_discarded_are_stored_after_all(
    store: LocalStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(io.BytesIO(CONTENT))
    make_old(store, SHA256)
    source = put(tmp_path / "again")
    arrival = threading.Thread(target=store.adopt, args=(source,))
    unlink = os.unlink

    def arrive_first(path: str | Path) -> None:
        if Path(path) == store.path(SHA256):
            arrival.start()
            arrival.join(0.2)  # without the lock it would be done by now, and its blob would go
        unlink(path)

    monkeypatch.setattr(os, "unlink", arrive_first)
    assert store.discard(SHA256, idle_since=an_hour_ago())
    arrival.join(10)
    assert store.exists(SHA256)
