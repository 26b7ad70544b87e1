"""The data folder: made at need, held by one service."""

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from entrepot.errors import DataFolderInUse, DataFolderUnusable
from entrepot.wiring.data_folder import DataFolder


def test_folder_and_its_places_are_made_for_the_owner_alone(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "data")
    with folder.locked():
        for path in (folder.root, folder.work, folder.spool, folder.library):
            assert path.is_dir()
            assert stat.S_IMODE(path.stat().st_mode) == 0o700


def test_second_holder_is_refused_and_told_which_folder(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with folder.locked(), pytest.raises(DataFolderInUse, match=str(tmp_path)), folder.locked():
        pass


def test_lock_is_let_go_at_the_end(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    for _ in range(2):
        with folder.locked():
            pass


def test_lock_is_let_go_after_a_failure(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    with pytest.raises(ZeroDivisionError), folder.locked():
        raise ZeroDivisionError
    with folder.locked():
        pass


def test_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib\n"
        "from entrepot.wiring.data_folder import DataFolder\n"
        "with DataFolder(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('held', flush=True); sys.stdin.read()\n"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(DataFolderInUse), DataFolder(tmp_path).locked():
            pass
        holder.kill()
        holder.wait(10)
    with DataFolder(tmp_path).locked():
        pass


def test_place_that_cannot_be_a_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DataFolderUnusable, match="file"), DataFolder(tmp_path / "file").locked():
        pass
