"""A process dies with its parent, whatever kills that."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from entrepot.processes.descendants import adopt_orphans
from entrepot.processes.lifeline import die_with_parent, die_with_parent_preexec, restore_signals
from tests.origin.children import run_in_child, started_child
from tests.processes.pulse import is_alive, sign_in, wait_for, wait_for_pids


def _raise_a_child(folder: Path, lifeline: Callable[[int], Any]) -> None:
    """Forks a child that holds on to a lifeline, and waits."""
    parent = os.getpid()
    if os.fork() == 0:
        lifeline(parent)
        sign_in(folder, "child")
        while True:
            time.sleep(60)
    while True:
        time.sleep(60)


def _start_a_program(folder: Path) -> None:
    command = [
        "/bin/sh",
        "-c",
        f"echo $$ > {folder}/draft && mv {folder}/draft {folder}/x.pid && exec sleep 600",
    ]
    with subprocess.Popen(command, preexec_fn=die_with_parent_preexec):  # noqa: PLW1509 - one thread
        while True:
            time.sleep(60)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV])
def test_a_child_dies_with_its_parent(tmp_path: Path, number: signal.Signals) -> None:
    with started_child(_raise_a_child, tmp_path, die_with_parent) as (_, parent):
        [child] = wait_for_pids(tmp_path, 1)
        assert is_alive(child)
        os.kill(parent, number)
        wait_for(lambda: not is_alive(child), "the child's end")


def test_a_foreign_program_dies_with_its_parent(tmp_path: Path) -> None:
    with started_child(_start_a_program, tmp_path) as (_, parent):
        [program] = wait_for_pids(tmp_path, 1)
        assert is_alive(program)
        os.kill(parent, signal.SIGKILL)
        wait_for(lambda: not is_alive(program), "the program's end")


def _come_too_late() -> int:
    """How a grandchild ends whose own parent was gone before it could hold on to its lifeline."""
    adopt_orphans()
    told, teller = os.pipe()
    middle = os.fork()
    if middle == 0:
        own = os.getpid()
        if os.fork() == 0:
            os.read(told, 1)
            die_with_parent(own)
            os._exit(7)
        os._exit(0)
    os.waitpid(middle, 0)
    os.write(teller, b"x")
    return os.waitstatus_to_exitcode(os.wait()[1])


def test_a_child_whose_parent_is_gone_already_ends_at_once() -> None:
    assert run_in_child(_come_too_late) == -signal.SIGKILL


def _handlers_after_restoring() -> list[bool]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)
    for number in numbers:
        signal.signal(number, lambda *_: None)
    restore_signals()
    return [signal.getsignal(number) is signal.SIG_DFL for number in numbers]


def test_inherited_handlers_are_dropped() -> None:
    assert run_in_child(_handlers_after_restoring) == [True] * 4
