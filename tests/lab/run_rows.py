"""Drives a subject over the rows inside the laboratory: `python -m tests.lab.run_rows client|proxy|curl|module:name`.

Ends with 0 where every row is right, 1 where one is not, 77 where this machine lets nobody make namespaces.
"""

import asyncio
import importlib
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from entrepot.telemetry import configure_logs
from tests.lab.namespace import NamespaceForbidden, enter_namespace
from tests.lab.records import Records
from tests.lab.rows import Outcome, Row, find_fault, read_table
from tests.lab.subjects import Fetch, Subject
from tests.lab.witness import DNS_PORT, NAMESERVER, Endpoint, Witness
from tests.lab.world import World

OWN_PORT = 8787
FORBIDDEN_TO_MAKE = 77
_ROW_SECONDS = 20.0
_LISTENING = "0A"
_LOOPBACK = "0100007F"


@dataclass(frozen=True, slots=True)
class Fault:
    """A row that went wrong."""

    row: Row
    outcome: Outcome
    reason: str


async def drive(subject: Subject, only: str = "") -> tuple[int, list[Fault]]:
    """Puts every row whose id begins with one of `only` (comma-separated) to the subject; gives their number, the faults."""
    table = read_table(OWN_PORT)
    world = World(table.public, (table.ports | {443, 3306, 11211}) - {OWN_PORT, DNS_PORT})
    witness = Witness()
    rows = [row for row in table.rows if row.id.startswith(tuple(only.split(",")))]
    if not rows:
        raise ValueError(f"no row begins with {only!r}")
    faults: list[Fault] = []
    async with subject(OWN_PORT) as fetch:
        witness.take_calls()
        for row in rows:
            world.records = Records({**table.scripts, **row.scripts})
            for _ in range(row.repeats):
                outcome = await _ask(fetch, row)
                called = await asyncio.to_thread(witness.take_calls, world.permitted | _own_listeners())
                reason = find_fault(row, outcome, called)
                if reason:
                    faults.append(Fault(row, outcome, reason))
    if witness.count_missed():
        raise RuntimeError("packets were missed, so that nothing is proven")
    return len(rows), faults


async def _ask(fetch: Fetch, row: Row) -> Outcome:
    try:
        async with asyncio.timeout(_ROW_SECONDS):
            return await fetch(row.url)
    except TimeoutError:
        return Outcome(599, "", "no answer in time")


def _own_listeners() -> set[Endpoint]:
    """What the subject itself listens on beside its own port: the guard proxy is called by its children."""
    lines = Path("/proc/self/net/tcp").read_text().splitlines()[1:]
    sockets = [(fields[1].split(":"), fields[3]) for fields in map(str.split, lines)]
    ports = {int(port, 16) for (host, port), state in sockets if state == _LISTENING and host == _LOOPBACK}
    return {("127.0.0.1", port) for port in ports - {OWN_PORT}}


def _find_subject(name: str) -> Subject:
    module, _, attribute = name.rpartition(":")
    subject: Subject = getattr(importlib.import_module(module or "tests.lab.subjects"), attribute)
    return subject


def main(arguments: list[str]) -> int:
    name, only = (*arguments, "")[:2]
    try:
        enter_namespace(NAMESERVER)
    except NamespaceForbidden as error:
        print(f"no network namespace can be made here: {error}", file=sys.stderr)
        return FORBIDDEN_TO_MAKE
    configure_logs("warning", "json")
    started = time.monotonic()
    count, faults = asyncio.run(drive(_find_subject(name), only))
    for fault in faults:
        print(f"{fault.row.id}: {fault.reason}: {fault.row.url[:120]!r} {asdict(fault.outcome)}"[:600])
    print(f"{name}: {count} rows, {len(faults)} faults, {time.monotonic() - started:.1f} s")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
