"""Work folders: one for each attempt, and none that outlives its job."""

import errno
import uuid
from pathlib import Path

import pytest

from entrepot.errors import JobCrashed, StorageFull
from entrepot.jobs.folders import WorkFolders

JOB, OTHER = str(uuid.uuid4()), str(uuid.uuid4())


def test_an_attempt_gets_an_empty_folder_and_what_older_ones_left(tmp_path: Path) -> None:
    folders = WorkFolders(tmp_path / "work")
    first, earlier = folders.open(JOB, 1)
    assert (list(first.iterdir()), earlier) == ([], ())
    (first / "partial").write_bytes(b"1")
    second, earlier = folders.open(JOB, 2)
    assert (second.name, earlier) == (f"{JOB}.2", (first,))
    third, earlier = folders.open(JOB, 10)
    assert earlier == (first,)  # the second was empty
    assert not second.exists()
    assert third.stat().st_mode & 0o777 == 0o700


def test_older_attempts_come_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    folders = WorkFolders(tmp_path)
    for fence in (10, 9, 2):
        (tmp_path / f"{JOB}.{fence}").mkdir()
        (tmp_path / f"{JOB}.{fence}" / "partial").touch()
    _, earlier = folders.open(JOB, 11)
    assert [path.name.rsplit(".")[-1] for path in earlier] == ["2", "9", "10"]


def test_a_folder_of_the_same_name_is_emptied_first(tmp_path: Path) -> None:
    folders = WorkFolders(tmp_path)
    path, _ = folders.open(JOB, 1)
    (path / "old").touch()
    again, earlier = folders.open(JOB, 1)
    assert (again, earlier, list(again.iterdir())) == (path, (), [])


def test_removal_spares_newer_attempts_other_jobs_and_foreign_names(tmp_path: Path) -> None:
    folders = WorkFolders(tmp_path)
    for name in (f"{JOB}.1", f"{JOB}.2", f"{JOB}.3", f"{OTHER}.1", "conversion.1", f"{JOB}.x", f"{JOB}.1.2"):
        (tmp_path / name).mkdir()
    assert folders.remove(JOB, 2)
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {f"{JOB}.3", f"{OTHER}.1", "conversion.1", f"{JOB}.x", f"{JOB}.1.2"}
    assert [folder.fence for folder in folders.list()] == sorted([3, 1], reverse=JOB < OTHER)


def test_removal_does_not_follow_a_planted_link(tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").touch()
    folders = WorkFolders(tmp_path / "work")
    path, _ = folders.open(JOB, 1)
    (path / "link").symlink_to(precious)
    (tmp_path / "work" / f"{JOB}.2").symlink_to(precious)
    assert folders.remove(JOB, 2)
    assert folders.list() == []
    assert (precious / "file").exists()
    assert not path.exists()


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, StorageFull), (errno.EDQUOT, StorageFull), (errno.EACCES, JobCrashed)]
)
def test_a_folder_that_cannot_be_made_is_an_error_of_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(number, "refused", "/a/secret/path")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(kind, match="work folder") as caught:
        WorkFolders(tmp_path).open(JOB, 1)
    assert "secret" not in str(caught.value)


def test_what_cannot_be_removed_is_told_and_left_for_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = WorkFolders(tmp_path)
    folders.open(JOB, 1)

    def refuse(_path: Path) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr("entrepot.jobs.folders.shutil.rmtree", refuse)
        assert not folders.remove(JOB, 1)
    assert folders.remove(JOB, 1)
    assert folders.list() == []
