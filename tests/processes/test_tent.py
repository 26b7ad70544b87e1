"""Temporary folders go with their makers: at the end, or when the next one is made after a kill."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from entrepot.processes.tent import sweep, tent

PREFIX = "camp-"


def killed_in_its_tent(ground: Path) -> None:
    """A process that made a tent and was killed within."""
    program = f"""
import os, signal
from pathlib import Path
from entrepot.processes.tent import tent
with tent(Path({str(ground)!r}), {PREFIX!r}) as folder:
    (folder / "left").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run([sys.executable, "-c", program], check=False)
    assert ended.returncode == -signal.SIGKILL


def test_tent_is_gone_afterwards(tmp_path: Path) -> None:
    with tent(tmp_path, PREFIX) as folder:
        (folder / "file").touch()
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_tent_of_a_killed_process_stays_until_the_next_is_made(tmp_path: Path) -> None:
    killed_in_its_tent(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1
    with tent(tmp_path, PREFIX) as folder:
        assert list(tmp_path.iterdir()) == [folder]


def test_tent_in_use_is_not_swept(tmp_path: Path) -> None:
    with tent(tmp_path, PREFIX) as folder:
        sweep(tmp_path, PREFIX)
        assert folder.is_dir()


def test_tents_of_others_are_left_alone(tmp_path: Path) -> None:
    theirs = tmp_path / f"{PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    sweep(tmp_path, PREFIX)
    assert theirs.is_dir()
    sweep(tmp_path, PREFIX, users=[12345])
    assert not theirs.exists()


def test_what_a_link_points_to_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to("precious")
    sweep(tmp_path, PREFIX)
    assert (tmp_path / "precious").is_dir()
