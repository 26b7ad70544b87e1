"""The fence and the lifelines around yt-dlp: what it may read and write, and that nothing outlives its job."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from entrepot.media.contract import Equipment, MediaRequest
from entrepot.media.extractors import ytdlp
from entrepot.media.extractors.ytdlp_session import confine_programs
from entrepot.processes.fence import landlock_abi
from entrepot.processes.fork import call_fenced
from tests.media.tasks import download
from tests.origin.children import kill_group, run_in_child, started_child
from tests.origin.site import Site

DEADLINE_SECONDS = 10.0


def _wait_for(condition: Callable[[], object], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.01)


def _processes_about(mark: str) -> list[int]:
    """The processes whose command line or working folder holds `mark`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (folder / "cmdline").read_text() or mark in str((folder / "cwd").readlink()):
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def _try_to_leave(equipment: Equipment, folder: Path, secret: Path) -> dict[str, str]:
    """What the child of a download can do to the world, asked from inside its fence."""

    def look_around(_send: object) -> dict[str, str]:
        return {
            "read a stranger's file": _outcome(secret.read_text),
            "write beside the folder": _outcome(lambda: (folder.parent / "outside").write_text("x")),
            "write in the folder": _outcome(lambda: (folder / "inside").write_text("x")),
            "environment": " ".join(
                sorted(name for name in os.environ if "SECRET" in name or "NO_PROXY" in name.upper())
            ),
        }

    fence = ytdlp.YtDlp(equipment)._fence(folder, 1024**2)
    return call_fenced(fence, look_around)


def _outcome(action: Callable[[], object]) -> str:
    try:
        action()
    except OSError as error:
        return type(error).__name__
    return "done"


def test_fence_leaves_the_folder_and_nothing_else(
    equipment: Equipment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ENTREPOT_SECRET_KEY", "x")
    monkeypatch.setenv("NO_PROXY", "*")
    folder, secret = tmp_path / "job", tmp_path / "database"
    folder.mkdir()
    secret.write_text("secret")
    seen = run_in_child(_try_to_leave, equipment, folder, secret)
    refused = "PermissionError" if landlock_abi() else "done"
    assert seen == {"read a stranger's file": refused, "write beside the folder": refused,
                    "write in the folder": "done", "environment": ""}  # fmt: skip


def _start_a_stranger(ffmpeg: Path) -> str:
    from yt_dlp.utils import Popen

    confine_programs(ffmpeg, None, Path(os.devnull))
    outcomes = [_outcome(lambda: Popen(["/bin/true"])), _outcome(lambda: Popen([str(ffmpeg) + "x"])),
                _outcome(lambda: Popen("true", shell=True))]  # fmt: skip
    with Popen([str(ffmpeg), "-version"], stdout=subprocess.DEVNULL) as process:
        process.wait()
    return " ".join(outcomes)


def test_no_program_but_ffmpeg_is_started(ffmpeg: Path) -> None:
    assert run_in_child(_start_a_stranger, ffmpeg) == " ".join(["FileNotFoundError"] * 3)


@pytest.mark.parametrize("path", ["/stall/720p.mp4", "/throttled/720p.mp4?bps=20000", "/endless"])
def test_cancel_leaves_no_process(path: str, site: Site, equipment: Equipment, tmp_path: Path) -> None:
    request = MediaRequest(site.url(path), retries=5)
    with started_child(download, equipment, request, tmp_path) as (_, pid):
        _wait_for(lambda: list(tmp_path.glob("media*.part")), "the download")
        assert len(_processes_about(str(tmp_path))) >= 1
        kill_group(pid)
        _wait_for(lambda: not _processes_about(str(tmp_path)), "the end of all processes")


@pytest.mark.parametrize("victim", ["group", "parent"])
def test_ffmpeg_dies_with_its_job(
    victim: str, site: Site, equipment: Equipment, tmp_path: Path, slow_ffmpeg: Path
) -> None:
    """A merge that takes its time: the program stands in for ffmpeg, and tells that it runs by a file."""
    slow = Equipment(equipment.proxy_url, slow_ffmpeg, memory_bytes=equipment.memory_bytes)
    request = MediaRequest(site.url("/watch/dash"), retries=0)
    with started_child(download, slow, request, tmp_path) as (_, pid):
        _wait_for((tmp_path / "ffmpeg-runs").exists, "ffmpeg")
        if victim == "group":
            kill_group(pid)
        else:
            os.kill(pid, signal.SIGKILL)
        _wait_for(lambda: not _processes_about(str(tmp_path)), "the end of ffmpeg")


@pytest.fixture
def slow_ffmpeg(tmp_path_factory: pytest.TempPathFactory, ffmpeg: Path) -> Path:
    """A program that is ffmpeg for questions, and sleeps when it is asked to merge."""
    program = tmp_path_factory.mktemp("slow") / "ffmpeg"
    program.write_text(
        '#!/bin/sh\ncase " $* " in *" -map "*) : > ffmpeg-runs; exec sleep 600;; esac\n'
        f'exec "{ffmpeg}" "$@"\n'
    )
    program.chmod(0o755)
    return program
