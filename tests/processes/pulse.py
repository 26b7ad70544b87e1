"""Whether processes live, and waiting for what they do."""

import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path

DEADLINE_SECONDS = 10.0


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except OSError:
        return False
    return state not in "ZX"


def alive(pids: Iterable[int]) -> list[int]:
    """Those of the processes that run."""
    return [pid for pid in pids if is_alive(pid)]


def wait_for(condition: Callable[[], object], what: str) -> None:
    """Returns once `condition` holds; fails after a deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not in time: {what}"
        time.sleep(0.005)


def wait_for_pids(folder: Path, count: int) -> list[int]:
    """The processes that have signed in with `sign_in`, once there are so many."""
    wait_for(lambda: len(_signed_in(folder)) >= count, f"{count} processes in {folder}")
    return _signed_in(folder)


def sign_in(folder: Path, name: str) -> None:
    """Leaves this process's pid in the folder, under a name that it will not find half-written."""
    draft = folder / f"{name}.draft"
    draft.write_text(str(os.getpid()))
    draft.rename(folder / f"{name}.pid")


def _signed_in(folder: Path) -> list[int]:
    return [int(path.read_text()) for path in sorted(folder.glob("*.pid"))]
