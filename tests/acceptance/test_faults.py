"""Every fault of an origin, through the running service: its problem's code, in time, while other requests go on."""

import asyncio
import time
from collections.abc import Iterator

import httpx2
import pytest

from tests.acceptance.service import ServiceProcess
from tests.origin.fault import OK, Fault
from tests.origin.faults import FAULTS, HEALTHY, FaultyOrigin, faulty_origin, trust_file

TOTAL_SECONDS = 5.0
SETTINGS = {
    "ENTREPOT_EGRESS_ALLOW": "127.0.0.1",
    "ENTREPOT_FETCH_TIMEOUT_SECONDS": str(TOTAL_SECONDS),
    "ENTREPOT_IDLE_TIMEOUT_SECONDS": "2.5",
    "ENTREPOT_MAX_PAGE_BYTES": str(8 * 1024 * 1024),
    "ENTREPOT_MAX_FILE_BYTES": str(8 * 1024 * 1024),
}

Ending = tuple[str, int, float]


@pytest.fixture(scope="module")
def origin() -> Iterator[FaultyOrigin]:
    with faulty_origin() as running:
        yield running


@pytest.fixture(scope="module")
def endings(origin: FaultyOrigin, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ending]:
    """How each fault ended, with which status and after how many seconds, all of them having been asked for at once."""
    folder = tmp_path_factory.mktemp("faults")
    settings = {**SETTINGS, "ENTREPOT_CA_FILE": str(trust_file(folder))}
    with ServiceProcess(folder / "data", settings=settings) as service:
        return asyncio.run(_meet_all(service.url, origin))


async def _meet_all(service: str, origin: FaultyOrigin) -> dict[str, Ending]:
    async with httpx2.AsyncClient(
        base_url=service, timeout=60, trust_env=False, limits=httpx2.Limits(max_connections=400)
    ) as http:
        healthy = asyncio.create_task(_healthy_while(http, origin.url(HEALTHY), times=20))
        ended = await asyncio.gather(*(_ask(http, origin.url(fault)) for fault in FAULTS))
        slowest = await healthy
    return {"healthy": slowest, **{fault.name: end for fault, end in zip(FAULTS, ended, strict=True)}}


async def _ask(http: httpx2.AsyncClient, url: str) -> Ending:
    began = time.monotonic()
    answer = await http.get("/api/v1/content", params={"url": url, "format": "html", "max_age": 0})
    code = OK if answer.status_code == 200 else str(answer.json()["code"])
    return code, answer.status_code, time.monotonic() - began


async def _healthy_while(http: httpx2.AsyncClient, url: str, *, times: int) -> Ending:
    """The slowest of so many good pages beside all the bad ones."""
    ends = []
    for _ in range(times):
        ends.append(await _ask(http, url))
        await asyncio.sleep(TOTAL_SECONDS / times)
    assert {code for code, _, _ in ends} == {OK}
    return max(ends, key=lambda end: end[2])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_ends_in_its_problem_in_time(fault: Fault, endings: dict[str, Ending]) -> None:
    code, status, seconds = endings[fault.name]
    readable = {
        OK,
        "no-content",
        "conversion-unsupported",
    }  # whether a usable answer is a page is another question
    expected = readable if fault.codes == {OK} else fault.codes
    assert code in expected
    assert status < 500 or status in (502, 504)
    assert seconds < TOTAL_SECONDS + 5


def test_other_requests_go_on_meanwhile(endings: dict[str, Ending]) -> None:
    assert endings["healthy"][2] < TOTAL_SECONDS
