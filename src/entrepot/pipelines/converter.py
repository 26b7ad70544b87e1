"""Conversions for the serving process: done one by one by fenced workers that stand ready."""

import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
from entrepot.errors import Busy, HostBusy
from entrepot.fetch.turns import Politeness, Turns
from entrepot.pipelines.conversion import (
    CONVERSION_SECONDS,
    Converted,
    Fetched,
    Reach,
    carry_out,
    checked,
    conversion_fence,
    order_of,
    rehearse,
    translated_failures,
)
from entrepot.processes.channel import Channel
from entrepot.processes.foreman import Foreman, Trade
from entrepot.processes.nursery import Nursery
from entrepot.processes.workshop import Workshop

TASK = "convert"

_PLAIN, _PRINTING = "plain", "printing"
_READY = 2
_AT_ONCE = max(
    4, (os.cpu_count() or 2) + 2
)  # of each trade: plain ones only compute, so that more would not be sooner
_WAIT_SECONDS = 60.0
_RETRY_AFTER_SECONDS = 5


class Converter:
    """Converts what was fetched; for one event loop.

    So many at once as the machine has a use for, and of one party's fewer than all: no page is kept from being read
    by another host's that take long.
    """

    def __init__(self, nursery: Nursery, folder: Path, *, at_once: int = _AT_ONCE) -> None:
        """`folder` is the workers' own, for scratch. `at_once`: 2 or more."""
        self._workshop = Workshop(nursery, TASK, {"folder": str(folder)})
        politeness = Politeness(per_host=at_once - 1, in_all=at_once)
        self._turns = {trade: Turns(politeness, time.monotonic) for trade in (_PLAIN, _PRINTING)}

    async def convert(
        self,
        fetched: Fetched,
        format: Format,  # noqa: A002 - the field's word
        options: ContentOptions,
        target: Path,
        party: str,
    ) -> Converted:
        """Converts into a new file at `target`; no process reads sources of two parties.

        Raises Busy, and what `conversion.convert_fenced` raises.
        """
        trade = _PRINTING if format is Format.PDF else _PLAIN
        async with self._turn(trade, party):
            with translated_failures():
                found = await self._workshop.do(
                    trade,
                    party,
                    order_of(fetched, format, options),
                    source=Path(fetched.path),
                    target=target,
                    timeout_seconds=CONVERSION_SECONDS,
                )
        return checked(found, target)

    @asynccontextmanager
    async def _turn(self, trade: str, party: str) -> AsyncIterator[None]:
        try:
            async with self._turns[trade].turn(party, _WAIT_SECONDS):
                yield
        except HostBusy as error:
            raise Busy("Too much is being converted.", retry_after_seconds=_RETRY_AFTER_SECONDS) from error

    async def close(self) -> None:
        """Ends all conversions."""
        await self._workshop.close()


def child_foreman(payload: Mapping[str, Any], channel: Channel, reach: Reach) -> None:
    """The child's side: keeps workers ready until the service is gone. Those that print may reach the proxy."""

    def work(order: dict[str, Any], source: int, target: int) -> dict[str, Any]:
        return carry_out(order, source, target, reach)

    trades = {
        _PLAIN: Trade(conversion_fence, _READY, rehearse),
        _PRINTING: Trade(lambda scratch: conversion_fence(scratch, (reach.port,))),
    }
    Foreman(channel, Path(payload["folder"]), trades, work).run()
