"""Fenced calls: what comes back from them, and that nothing of them stays."""

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.errors import ContentTooLarge, JobCrashed, JobTimeout, MediaNotFound, StorageFull
from entrepot.processes.fence import Fence
from entrepot.processes.fork import call_fenced
from tests.origin.children import run_in_child, started_child
from tests.processes.pulse import alive, is_alive, sign_in, wait_for, wait_for_pids

Say = Callable[[dict[str, Any]], None]


def call(work: Callable[..., dict[str, Any]], *arguments: Any, timeout_seconds: float | None = None) -> Any:
    """The result of `work(say, *arguments)` in a fenced process, with the messages and the seconds that it took."""
    return run_in_child(_call, work, arguments, timeout_seconds)


def _call(work: Callable[..., dict[str, Any]], arguments: tuple[Any, ...], limit: float | None) -> Any:
    heard: list[dict[str, Any]] = []
    fence = Fence(writable=tuple(folder for folder in arguments if isinstance(folder, Path)))
    result = call_fenced(
        fence, lambda say: work(say, *arguments), on_message=heard.append, timeout_seconds=limit
    )
    return result, heard


# --- what comes back --------------------------------------------------------------------------------------------------


def _count(say: Say, number: int) -> dict[str, Any]:
    for n in range(number):
        say({"n": n})
    return {"counted": number, "pid": os.getpid()}


def test_the_result_comes_back_after_every_message_in_order() -> None:
    result, heard = call(_count, 3000)
    assert result["counted"] == 3000
    assert heard == [{"n": n} for n in range(3000)]


def _print(_say: Say, size_bytes: int) -> dict[str, Any]:
    print("x" * size_bytes)
    print("to stderr", file=sys.stderr)
    subprocess.run(["/bin/echo", "a program's word"], check=True)
    return {}


def test_what_is_printed_comes_as_one_line_of_the_log() -> None:
    _, heard = call(_print, 10)
    assert [line["type"] for line in heard] == ["log"]
    assert heard[0]["message"].splitlines() == ["x" * 10, "to stderr", "a program's word"]


def test_of_much_print_the_tail_is_kept() -> None:
    _, heard = call(_print, 1_000_000)
    assert len(heard[0]["message"]) == 64 * 1024
    assert heard[0]["message"].endswith("to stderr\na program's word\n")


def _raise(_say: Say, error: BaseException) -> dict[str, Any]:
    raise error


def _not_json(_say: Say) -> dict[str, Any]:
    return {"a set": {1, 2}}


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (OSError(errno.ENOSPC, "full", "/a/secret"), StorageFull, "room"),
        (OSError(errno.EFBIG, "large", "/a/secret"), ContentTooLarge, "larger"),
        (OSError(errno.EACCES, "no", "/a/secret"), JobCrashed, "PermissionError"),
        (RuntimeError("a secret"), JobCrashed, "RuntimeError"),
        (MemoryError(), JobCrashed, "memory"),
        (SystemExit(0), JobCrashed, "SystemExit"),
        (KeyboardInterrupt(), JobCrashed, "KeyboardInterrupt"),
    ],
)
def test_every_failure_becomes_an_error_that_tells_no_secret(
    error: BaseException, kind: type[Exception], says: str
) -> None:
    with pytest.raises(kind, match=says) as caught:
        call(_raise, error)
    assert "secret" not in str(caught.value)


def _not_found(_say: Say) -> dict[str, Any]:
    raise MediaNotFound("Nothing here.", retry_after_seconds=7)


def test_an_error_of_ours_comes_back_as_it_was_raised() -> None:
    with pytest.raises(MediaNotFound, match="Nothing here") as caught:
        call(_not_found)
    assert caught.value.retry_after_seconds == 7


def test_a_result_that_is_no_json_is_a_crash() -> None:
    with pytest.raises(JobCrashed, match="TypeError"):
        call(_not_json)


def _huge(_say: Say) -> dict[str, Any]:
    return {"text": "x" * (65 * 1024 * 1024)}


def test_a_result_too_large_is_told_so() -> None:
    with pytest.raises(ContentTooLarge, match="result"):
        call(_huge)


def _leave(_say: Say, status: int) -> dict[str, Any]:
    os._exit(status)


def _die(_say: Say, number: signal.Signals) -> dict[str, Any]:
    signal.raise_signal(number)
    return {}


def test_a_process_that_leaves_without_a_word_has_crashed() -> None:
    with pytest.raises(JobCrashed, match="without a result"):
        call(_leave, 0)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
def test_a_process_that_is_ended_by_a_signal_has_crashed(number: signal.Signals) -> None:
    with pytest.raises(JobCrashed, match=number.name):
        call(_die, number)


def _babble(_say: Say, text: str) -> dict[str, Any]:
    for path in Path("/proc/self/fd").iterdir():
        if path.is_socket():
            os.write(int(path.name), text.encode() + b"\n")
    os._exit(0)


@pytest.mark.parametrize(
    "text", ["nonsense", "[]", '{"error": {"code": 1, "extra": 2}}', '{"error": {"extra": {"detail": 1}}}']
)
def test_nonsense_is_a_crash(text: str) -> None:
    with pytest.raises(JobCrashed):
        call(_babble, text)


# --- when it ends -----------------------------------------------------------------------------------------------------


def _ignore_signals_for_ever(_say: Say) -> dict[str, Any]:
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    while True:
        time.sleep(60)


def _talk_for_ever(say: Say) -> dict[str, Any]:
    while True:
        say({})


@pytest.mark.parametrize("work", [_ignore_signals_for_ever, _talk_for_ever])
def test_work_that_takes_too_long_is_ended(work: Callable[..., dict[str, Any]]) -> None:
    started = time.monotonic()
    with pytest.raises(JobTimeout, match=r"0\.3 seconds"):
        call(work, timeout_seconds=0.3)
    assert time.monotonic() - started < 3


def _leave_others_behind(_say: Say, folder: Path) -> dict[str, Any]:
    """Starts a child, and a grandchild whose own parent has ended; both ignore what can be ignored."""
    _sleep_as(folder, "child")
    if os.fork() == 0:
        _sleep_as(folder, "orphan")
        os._exit(0)
    wait_for_pids(folder, 2)
    return {}


def _sleep_as(folder: Path, name: str) -> None:
    if os.fork() == 0:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sign_in(folder, name)
        while True:
            time.sleep(60)


def test_nothing_that_the_work_started_outlives_it(tmp_path: Path) -> None:
    call(_leave_others_behind, tmp_path)
    assert alive(wait_for_pids(tmp_path, 2)) == []


def test_a_stream_that_is_held_open_delays_nothing(tmp_path: Path) -> None:
    started = time.monotonic()
    call(_leave_others_behind, tmp_path, timeout_seconds=60)  # they hold what is printed and said open
    assert time.monotonic() - started < 5


def _leave_others_and_stay(say: Say, folder: Path) -> dict[str, Any]:
    _leave_others_behind(say, folder)
    sign_in(folder, "itself")
    return _ignore_signals_for_ever(say)


def test_nothing_outlives_a_time_limit(tmp_path: Path) -> None:
    with pytest.raises(JobTimeout):
        call(_leave_others_and_stay, tmp_path, timeout_seconds=0.5)
    assert alive(wait_for_pids(tmp_path, 3)) == []


def _stay(_say: Say, folder: Path) -> dict[str, Any]:
    sign_in(folder, "itself")
    return _ignore_signals_for_ever(_say)


def test_a_fenced_process_dies_with_its_caller(tmp_path: Path) -> None:
    with started_child(call_in_place, _stay, tmp_path) as (_, caller):
        [fenced] = wait_for_pids(tmp_path, 1)
        assert is_alive(fenced)
        os.kill(caller, signal.SIGKILL)
        wait_for(lambda: not is_alive(fenced), "the end of the fenced process")


def call_in_place(work: Callable[..., dict[str, Any]], *arguments: Any) -> Any:
    return _call(work, arguments, None)


def _call_beside_another(folder: Path) -> bool:
    """Calls while an older child of the caller runs, and tells whether that one lives on."""
    other = subprocess.Popen(["/bin/sleep", "60"])
    try:
        _call(_leave_others_behind, (folder,), None)
        return other.poll() is None
    finally:
        other.kill()
        other.wait()


def test_what_the_caller_had_started_before_is_spared(tmp_path: Path) -> None:
    assert run_in_child(_call_beside_another, tmp_path) is True


def _descriptors(_say: Say) -> dict[str, Any]:
    kinds = {}
    for path in Path("/proc/self/fd").iterdir():
        if path.exists() or path.is_symlink():
            kinds[path.name] = str(path.readlink())
    return kinds


def _call_with_an_open_file(file: Path) -> Any:
    with file.open() as held:
        os.set_inheritable(held.fileno(), True)
        return call_fenced(Fence(), _descriptors)


def test_what_the_caller_had_open_is_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "database").write_text("secret")
    seen = run_in_child(_call_with_an_open_file, tmp_path / "database")
    strangers = [
        target
        for target in seen.values()
        if not target.startswith(("/dev/null", "socket:", "pipe:", "/proc"))
    ]
    assert strangers == []
    assert sum(target.startswith("socket:") for target in seen.values()) == 1
