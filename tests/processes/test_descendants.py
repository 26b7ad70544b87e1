"""Finding, killing and reaping what was left behind."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from entrepot.processes.descendants import (
    _adopts_orphans,
    adopt_orphans,
    adopting_orphans,
    children_of_self,
    end_strays,
    group_lives,
    kill_strays,
    shed_descriptors,
)
from tests.origin.children import run_in_child
from tests.processes.pulse import is_alive, sign_in, wait_for, wait_for_pids


def _sleeper(**options: bool) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(["/bin/sleep", "600"], **options)  # type: ignore[call-overload,no-any-return]  # bools alone


def _children_are_known() -> bool:
    with _sleeper() as first, _sleeper(start_new_session=True) as second:
        ended = subprocess.Popen(["/bin/true"])
        os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
        found = children_of_self()
        for process in (first, second):
            process.kill()
        ended.wait()
        return found == {first.pid, second.pid, ended.pid}


def test_all_children_are_known_the_ended_ones_too() -> None:
    assert run_in_child(_children_are_known) is True


def _leave_an_orphan(folder: Path) -> None:
    """A grandchild in a session of its own, whose parent is gone."""
    if (middle := os.fork()) == 0:
        if os.fork() == 0:
            os.setsid()
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            sign_in(folder, "orphan")
            while True:
                time.sleep(60)
        os._exit(0)
    os.waitpid(middle, 0)


def _adopt_and_end(folder: Path) -> tuple[bool, bool, bool]:
    adopt_orphans()
    with _sleeper() as known:
        _leave_an_orphan(folder)
        [orphan] = wait_for_pids(folder, 1)
        was_child = orphan in children_of_self()
        is_done = end_strays({known.pid})
        is_spared = known.poll() is None
        known.kill()
    return was_child, is_done and not is_alive(orphan), is_spared


def test_orphans_are_adopted_killed_and_reaped_and_known_children_spared(tmp_path: Path) -> None:
    assert run_in_child(_adopt_and_end, tmp_path) == (True, True, True)


def _kill_without_reaping() -> bool:
    process = _sleeper()
    strays = kill_strays(())
    return strays == {process.pid} and process.wait() == -signal.SIGKILL


def test_killing_leaves_the_reaping_to_others() -> None:
    assert run_in_child(_kill_without_reaping) is True


def _adopt_for_a_while() -> list[bool]:
    seen = [_adopts_orphans()]
    with adopting_orphans():
        seen.append(_adopts_orphans())
    seen.append(_adopts_orphans())
    adopt_orphans()
    with adopting_orphans():
        pass
    return [*seen, _adopts_orphans()]


def test_adopting_for_a_while_leaves_the_process_as_it_was() -> None:
    assert run_in_child(_adopt_for_a_while) == [False, True, False, True]


def _shed(path: Path) -> list[str]:
    """Where a shed descriptor leads, and what is still read from a kept one and from the shed one."""
    held = path.open("rb")
    kept_end, other_end = os.pipe()
    shed_descriptors({kept_end, other_end})
    os.write(other_end, b"kept")
    target = Path(f"/proc/self/fd/{held.fileno()}").readlink()
    return [str(target), os.read(kept_end, 4).decode(), held.read().decode()]


def _shed_in_a_child(path: Path) -> list[str]:
    # The way back to the test is among the descriptors: the shedding happens one fork further.
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.dup2(theirs, 2)  # 0, 1 and 2 stay
        os.write(2, json.dumps(_shed(path)).encode())
        os._exit(0)
    os.close(theirs)
    os.wait()
    return list(json.loads(os.read(ours, 1000)))


def test_only_the_kept_descriptors_still_lead_anywhere(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("secret")
    assert run_in_child(_shed_in_a_child, tmp_path / "file") == ["/dev/null", "kept", ""]


@pytest.mark.parametrize("ending", ["unreaped", "reaped"])
def test_a_group_lives_as_long_as_a_process_of_it_runs(ending: str) -> None:
    process = _sleeper(start_new_session=True)
    assert group_lives(process.pid)
    process.kill()
    if ending == "reaped":
        process.wait()
    wait_for(lambda: not group_lives(process.pid), "the group's end")
    process.wait()
