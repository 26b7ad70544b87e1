"""One child as the warm parent sees it: the leader of a process group that must end as a whole."""

import os
import signal
from contextlib import suppress
from dataclasses import dataclass


@dataclass(slots=True)
class Ward:
    """One child: the leader of its own session and process group, whose id is its pid."""

    id: int
    pid: int
    status: int | None = None  # known once the leader is reaped
    give_up_at: float = 0.0

    def kill(self) -> None:
        """SIGKILL to the whole group. Call it while the leader is unreaped: its number is its own until then."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.kill(self.pid, signal.SIGKILL)  # a child that has not made its group yet

    def is_gone(self) -> bool:
        """Whether nothing of the group is left."""
        try:
            os.killpg(self.pid, 0)
        except ProcessLookupError:
            return True
        return False
