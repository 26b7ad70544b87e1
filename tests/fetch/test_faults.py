"""Every fault of an origin ends in its code, within the deadline, while other requests go on: through the client itself."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from entrepot.errors import AppError
from entrepot.fetch.client import FetchClient, FetchRequest, Limits, Response, raise_for_status
from entrepot.fetch.guard import Guard
from entrepot.fetch.origins import Origins
from entrepot.fetch.retry import Backoff
from entrepot.fetch.url import parse_url
from tests.fetch.fetching import with_client
from tests.origin.fault import OK, Fault
from tests.origin.faults import FAULTS, HEALTHY, FaultyOrigin, faulty_origin, table, trust_file

TOTAL_SECONDS = 5  # all faults at once on a busy machine: shorter times would be its own fault
LIMITS = Limits(
    max_bytes=8 * 1024 * 1024, total_seconds=TOTAL_SECONDS, idle_seconds=2.5, min_bytes_per_second=100
)
GUIDE = Path(__file__).parents[2] / "docs/guide/faults.md"


@pytest.fixture(scope="module")
def origin() -> Iterator[FaultyOrigin]:
    with faulty_origin() as running:
        yield running


@pytest.fixture(scope="module")
def endings(origin: FaultyOrigin, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, float]]:
    """How each fault ended and after how many seconds, all of them having been met at once."""
    trusted = trust_file(tmp_path_factory.mktemp("trust"))

    async def meet_all(client: FetchClient) -> dict[str, tuple[str, float]]:
        meetings = [_meet(client, origin.url(fault)) for fault in FAULTS]
        healthy = asyncio.create_task(_healthy_while(client, origin.url(HEALTHY), times=40))
        ended = await asyncio.gather(*meetings)
        slowest = await healthy
        return {
            **{fault.name: end for fault, end in zip(FAULTS, ended, strict=True)},
            "healthy": (OK, slowest),
        }

    return with_client(meet_all, Guard(allow=["127.0.0.1"]), ca_file=trusted)


async def _meet(client: FetchClient, url: str) -> tuple[str, float]:
    began = time.monotonic()
    try:
        async with client.stream(FetchRequest(parse_url(url)), LIMITS) as response:
            raise_for_status(response)
            await response.read()
    except AppError as error:
        return error.code, time.monotonic() - began
    return OK, time.monotonic() - began


async def _healthy_while(client: FetchClient, url: str, *, times: int) -> float:
    """The longest of so many good fetches beside all the bad ones, in seconds."""
    slowest = 0.0
    for _ in range(times):
        code, seconds = await _meet(client, url)
        assert code == OK
        slowest = max(slowest, seconds)
        await asyncio.sleep(TOTAL_SECONDS / times)
    return slowest


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_fault_ends_in_its_code_in_time(fault: Fault, endings: dict[str, tuple[str, float]]) -> None:
    code, seconds = endings[fault.name]
    assert code in fault.codes
    assert seconds < TOTAL_SECONDS + 2


def test_other_requests_go_on_meanwhile(endings: dict[str, tuple[str, float]]) -> None:
    assert endings["healthy"][1] < 2


def test_there_are_enough_faults() -> None:
    assert len({fault.name for fault in FAULTS}) == len(FAULTS) >= 60


def test_guide_has_the_table() -> None:
    assert table().strip() in GUIDE.read_text()


def test_tries_end_in_the_same_code_before_the_deadline(origin: FaultyOrigin) -> None:
    """Through the resilient layer: what a fault ends in does not depend on how often it was tried."""
    faults = [fault for fault in FAULTS if not fault.needs_trust and "upstream-timeout" not in fault.codes]

    async def read(response: Response) -> None:
        raise_for_status(response)
        await response.read()

    async def meet(origins: Origins, url: str) -> str:
        try:
            await origins.fetch(FetchRequest(parse_url(url)), LIMITS, read)
        except AppError as error:
            return error.code
        return OK

    async def meet_all(client: FetchClient) -> list[str]:
        origins = Origins(client, backoff=Backoff(attempts=3, base_seconds=0.05))
        async with asyncio.timeout(TOTAL_SECONDS + 4):
            return await asyncio.gather(*(meet(origins, origin.url(fault)) for fault in faults))

    codes = with_client(meet_all, Guard(allow=["127.0.0.1"]))
    assert {
        fault.name: code for fault, code in zip(faults, codes, strict=True) if code not in fault.codes
    } == {}
