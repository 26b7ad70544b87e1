"""A process that has a nursery, as the service does; started by a test that kills it.

Run as `python -m tests.processes.service FOLDER`: prints the warm parent's pid once its children live.
"""

import asyncio
import sys
from pathlib import Path

from tests.processes.conftest import lingering, nursery_of


async def serve(folder: Path) -> None:
    """Has two children with their relatives, and waits."""
    async with nursery_of(folder) as nursery:
        for name in ("one", "two"):
            await lingering(nursery, "group", "session", "orphan", "program", name=name)
        print(nursery.pid, flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
