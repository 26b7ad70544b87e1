"""How many conversions run at once, and whose."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.pipelines.converter import Converter
from entrepot.processes.nursery import Nursery
from tests.fetch.fetching import until
from tests.pipelines.converters import fetched

AT_ONCE = 3


class Hall:
    """A converter whose conversions never end by themselves; each has written the name of its party's file by then."""

    def __init__(self, converter: Converter, folder: Path) -> None:
        self._converter = converter
        self._folder = folder
        self._numbers = iter(range(1000))

    def begin(self, party: str) -> asyncio.Task[object]:
        number = next(self._numbers)
        source = fetched(self._folder / f"source{number}", "<p>Words")
        target = self._folder / f"{party}.{number}"
        work = self._converter.convert(source, Format.TEXT, ContentOptions(), target, party)
        return asyncio.create_task(work)

    def begun(self) -> list[str]:
        """The parties of those that have come to a worker, in order."""
        return sorted(path.name.partition(".")[0] for path in self._folder.glob("?.*"))


@asynccontextmanager
async def open_hall(folder: Path) -> AsyncIterator[Hall]:
    nursery = Nursery("tests.pipelines.readers:tasks", "sleeping")
    await nursery.start()
    (folder / "scratch").mkdir()
    converter = Converter(nursery, folder / "scratch", at_once=AT_ONCE)
    try:
        yield Hall(converter, folder)
    finally:
        await converter.close()
        await nursery.close()


def test_one_party_leaves_room_for_others(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            tasks = [hall.begin("a") for _ in range(8)]
            await until(lambda: len(hall.begun()) == AT_ONCE - 1)
            tasks += [hall.begin("b"), hall.begin("c")]
            await until(lambda: "b" in hall.begun())
            assert hall.begun() == ["a", "a", "b"]
            await _end(tasks)

    asyncio.run(story())


def test_next_begins_when_one_has_ended(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_hall(tmp_path) as hall:
            tasks = [hall.begin(party) for party in "abcd"]
            await until(lambda: len(hall.begun()) == AT_ONCE)
            assert hall.begun() == ["a", "b", "c"]
            await _end(tasks[:1])
            await until(lambda: "d" in hall.begun())
            await _end(tasks)

    asyncio.run(story())


async def _end(tasks: list[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError):
            await task
