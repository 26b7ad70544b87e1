"""The guard's proxy in a process of its own, for who has no event loop to run it in."""

import asyncio
import os
import signal
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

from entrepot.errors import OutOfOrder
from entrepot.fetch.guard import Guard
from entrepot.fetch.proxy import GuardProxy
from entrepot.processes.lifeline import die_with_parent


@contextmanager
def running_gatehouse(guard: Guard) -> Iterator[str]:
    """The proxy's URL, which bears its secret, for as long as the block runs. Call it where no other thread runs.

    Raises OutOfOrder when it does not start.
    """
    told, telling = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(told)
        _serve_and_exit(guard, telling, parent)
    os.close(telling)
    try:
        with os.fdopen(told) as lines:
            url = lines.readline().strip()
        if not url:
            raise OutOfOrder("The guard's proxy did not start.")
        yield url
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve_and_exit(guard: Guard, telling: int, parent: int) -> NoReturn:
    """The proxy's process: serves until it is killed, at the latest with its parent."""
    try:
        die_with_parent(parent)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a terminal's Ctrl-C is for the parent to answer
        asyncio.run(_serve(guard, telling))
    except BaseException:  # nothing may climb into the parent's copied stack
        traceback.print_exc()
    finally:
        os._exit(1)


async def _serve(guard: Guard, telling: int) -> None:
    proxy = GuardProxy(guard)
    await proxy.start()
    with os.fdopen(telling, "w") as lines:
        lines.write(f"{proxy.url}\n")
    await asyncio.Event().wait()
