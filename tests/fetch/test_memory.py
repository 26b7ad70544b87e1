"""What bombs cost: the growth of a whole process that meets them."""

import subprocess
import sys

import pytest

from tests.origin.fault import Fault
from tests.origin.faults import FAULTS, HEALTHY, faulty_origin

MAX_GROWTH_BYTES = 32 * 1024 * 1024
BOMBS = [fault for fault in FAULTS if fault.name.endswith("-bomb") and not fault.tls]

MEET = """
import asyncio, resource, sys
from entrepot.errors import ContentTooLarge
from tests.fetch.fetching import fetch_with, limits, with_client

healthy, bomb = sys.argv[1:]
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

async def meet(client):
    await fetch_with(client, healthy)
    before = peak()
    try:
        await fetch_with(client, bomb, limits(max_bytes=16 * 1024 * 1024))
    except ContentTooLarge:
        print(peak() - before)

with_client(meet)
"""


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda bomb: bomb.name)
def test_bomb_costs_little(bomb: Fault) -> None:
    with faulty_origin() as origin:
        command = [sys.executable, "-c", MEET, origin.url(HEALTHY), origin.url(bomb)]
        growth = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert 0 <= int(growth) < MAX_GROWTH_BYTES
