"""How a forked process relates to signals: it dies with its parent, whatever kills that, and has no inherited handlers."""

import os
import signal

from entrepot.processes.linux import PR_SET_PDEATHSIG, prctl


def die_with_parent(parent: int | None = None, last_signal: signal.Signals = signal.SIGKILL) -> None:
    """Asks the kernel to send `last_signal` to this process when its parent ends (PR_SET_PDEATHSIG, prctl(2)).

    `parent` is the pid of the parent as it was before the fork: should it have ended since, this process ends at once.
    Without it, a parent in another session counts as a foster parent. The kernel watches the parent's *thread* that
    forked: fork from a thread that lives as long as the child should. A fork clears the lifeline, an exec keeps it.
    """
    prctl(PR_SET_PDEATHSIG, last_signal)
    if _is_orphan(parent):
        os.kill(os.getpid(), signal.SIGKILL)


def die_with_parent_preexec() -> None:
    """`preexec_fn` for `subprocess.Popen` of a foreign program, such as ffmpeg: gives it the lifeline."""
    die_with_parent()


def restore_signals() -> None:
    """Gives a forked process the default reaction to the signals that its parent handles itself."""
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)


def _is_orphan(parent: int | None) -> bool:
    now = os.getppid()
    if parent is not None:
        return now != parent
    own_session = os.getsid(0)
    if own_session == os.getpid():
        return False  # a new session tells nothing of the parent
    return now != 0 and os.getsid(now) != own_session
