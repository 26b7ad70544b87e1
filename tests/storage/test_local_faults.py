"""What becomes of a blob when the process is killed at any step, the disk is full, or many store at once."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STEPS = Path(__file__).with_name("steps.py")
OWN_MOUNTS = ["unshare", "--map-root-user", "--mount"]


def run_steps(task: str, folder: Path, *args: str) -> Any:
    command = [sys.executable, str(STEPS), task, str(folder), *args]
    if task == "full":
        command = [*OWN_MOUNTS, *command]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def ways_of_being_full() -> list[str]:
    """A small disk can be mounted where the kernel lets one; a limit can be set everywhere."""
    trial = [*OWN_MOUNTS, "mount", "-t", "tmpfs", "none", "/mnt"]
    can_mount = subprocess.run(trial, capture_output=True, check=False).returncode == 0
    return ["limited", "full"] if can_mount else ["limited"]


@pytest.mark.parametrize("known", ["new", "known"])
@pytest.mark.parametrize("way", ["write", "adopt"])
def test_a_kill_at_any_step_leaves_no_half_blob_and_loses_nothing(
    tmp_path: Path, way: str, known: str
) -> None:
    seen = run_steps("kill", tmp_path, way, known)
    assert len(seen) > 10
    assert [entry["status"] for entry in seen] == [-9] * (len(seen) - 1) + [0]
    assert all(
        entry | {"status": 0} == {"status": 0, "broken": [], "is_safe": True, "left": 0, "again": 0}
        for entry in seen
    )


@pytest.mark.parametrize("way", ["write", "adopt"])
@pytest.mark.parametrize("limit", ways_of_being_full())
def test_a_full_disk_is_told_leaves_nothing_and_recovers(tmp_path: Path, limit: str, way: str) -> None:
    seen = run_steps(limit, tmp_path, way)
    assert seen == {"status": 0, "left": 0, "is_safe": True, "again": 0}


def test_a_blob_that_was_just_stored_is_never_swept(tmp_path: Path) -> None:
    seen = run_steps("storm", tmp_path, "1.5")
    assert seen == {"statuses": [0, 0, 0, 0, 0], "left": 0}
