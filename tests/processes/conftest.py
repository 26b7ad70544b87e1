"""A nursery of the tests' own tasks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from entrepot.processes.child import Child
from entrepot.processes.nursery import Nursery

TASKS = "tests.processes.tasks:tasks"


@asynccontextmanager
async def nursery_of(folder: Path, tasks: str = TASKS) -> AsyncIterator[Nursery]:
    """A running nursery whose children sign in below `folder`."""
    nursery = Nursery(tasks, str(folder))
    await nursery.start()
    try:
        yield nursery
    finally:
        await nursery.close()


async def first_message(child: Child) -> dict[str, Any]:
    """The next thing that the child says."""
    return await anext(child.messages())


async def lingering(nursery: Nursery, *relatives: str, name: str = "child") -> tuple[Child, list[int]]:
    """A child that never ends by itself, with its relatives, and the pids of all of them."""
    child = await nursery.spawn("linger", {"relatives": relatives, "name": name})
    return child, list((await first_message(child))["pids"])
