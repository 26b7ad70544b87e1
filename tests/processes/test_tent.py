"""Temporary folders go with their makers: at the end, or when the next one is made after a kill."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from entrepot.processes.tent import sweep, tent

PREFIX = "camp-"


@pytest.fixture(autouse=True)
def ground(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def killed_in_its_tent(ground: Path) -> None:
    """A process that made a tent and was killed within."""
    program = f"""
import os, signal
from entrepot.processes.tent import tent
with tent({PREFIX!r}) as folder:
    (folder / "left").touch()
    os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], check=False, env={**os.environ, "TMPDIR": str(ground)}
    )
    assert ended.returncode == -signal.SIGKILL


def test_tent_is_gone_afterwards(ground: Path) -> None:
    with tent(PREFIX) as folder:
        (folder / "file").touch()
        assert list(ground.iterdir()) == [folder]
    assert not list(ground.iterdir())


def test_tent_of_a_killed_process_stays_until_the_next_is_made(ground: Path) -> None:
    killed_in_its_tent(ground)
    assert len(list(ground.iterdir())) == 1
    with tent(PREFIX) as folder:
        assert list(ground.iterdir()) == [folder]


def test_tent_in_use_is_not_swept(ground: Path) -> None:
    with tent(PREFIX) as folder:
        sweep(PREFIX)
        assert folder.is_dir()


def test_tents_of_others_are_left_alone(ground: Path) -> None:
    theirs = ground / f"{PREFIX}theirs"
    theirs.mkdir()
    os.chown(theirs, 12345, 12345)
    sweep(PREFIX)
    assert theirs.is_dir()
    sweep(PREFIX, users=[12345])
    assert not theirs.exists()


def test_what_a_link_points_to_is_left_alone(ground: Path) -> None:
    (ground / "precious").mkdir()
    (ground / f"{PREFIX}link").symlink_to("precious")
    sweep(PREFIX)
    assert (ground / "precious").is_dir()
