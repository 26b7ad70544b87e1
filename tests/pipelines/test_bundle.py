"""Many URLs at once: a slow host keeps no other waiting, and what nobody takes is let go of."""

import asyncio
import io

from entrepot.errors import AppError, InvalidURL, UpstreamTimeout
from entrepot.fetch.url import parse_url
from entrepot.pipelines.bundle import A_HOST_AT_ONCE, AT_ONCE, BundleResult, in_order, read_all
from entrepot.pipelines.reader import Reading, ReadRequest


def _wanted(host: str, count: int) -> list[ReadRequest | AppError]:
    return [ReadRequest(parse_url(f"https://{host}/{number}"), None) for number in range(count)]


def _reading(request: ReadRequest) -> Reading:
    return Reading(io.BytesIO(), "text/plain", 0, "", str(request.url), None)


def test_slow_host_leaves_room_for_others() -> None:
    async def story() -> None:
        asked: list[str] = []

        async def read(request: ReadRequest) -> Reading:
            asked.append(request.url.host)
            if request.url.host == "slow.example":
                await asyncio.Event().wait()
            return _reading(request)

        wanted = [*_wanted("slow.example", 2 * AT_ONCE), *_wanted("swift.example", 3)]
        async with read_all(read, wanted) as results:
            found = [await anext(results) for _ in range(3)]
        assert [result.index for result in found] == [2 * AT_ONCE, 2 * AT_ONCE + 1, 2 * AT_ONCE + 2]
        assert asked.count("slow.example") == A_HOST_AT_ONCE

    asyncio.run(story())


def test_unexpected_trouble_is_one_urls_own() -> None:
    async def story() -> None:
        async def read(request: ReadRequest) -> Reading:
            if request.url.target == "/0":
                raise RuntimeError("a secret")
            if request.url.target == "/1":
                raise UpstreamTimeout
            return _reading(request)

        wanted = [*_wanted("a.example", 3), InvalidURL("no address")]
        async with read_all(read, wanted) as results:
            found = [result.found async for result in in_order(results)]
        codes = [one.code if isinstance(one, AppError) else "" for one in found]
        assert codes == ["internal-error", "upstream-timeout", "", "invalid-url"]
        assert "secret" not in str(found[0])

    asyncio.run(story())


def test_what_nobody_takes_is_closed() -> None:
    async def story() -> list[Reading]:
        made: list[Reading] = []

        async def read(request: ReadRequest) -> Reading:
            made.append(_reading(request))
            return made[-1]

        async with read_all(read, _wanted("a.example", 3)) as results:
            first: BundleResult = await anext(results)
            while len(made) < 3:
                await asyncio.sleep(0)
        assert isinstance(first.found, Reading)
        await first.found.aclose()
        return made

    assert all(reading.file.closed for reading in asyncio.run(story()))
