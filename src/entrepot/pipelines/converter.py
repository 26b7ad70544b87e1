"""Conversions for the serving process: done one by one by fenced workers that stand ready."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from entrepot.content.format import Format
from entrepot.content.options import ContentOptions
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
_AT_ONCE = max(2, (os.cpu_count() or 2) + 1)  # a conversion is all computation


class Converter:
    """Converts what was fetched; for one event loop."""

    def __init__(self, nursery: Nursery, folder: Path) -> None:
        """`folder` is the workers' own, for scratch."""
        self._workshop = Workshop(nursery, TASK, {"folder": str(folder)})

    async def convert(
        self,
        fetched: Fetched,
        format: Format,  # noqa: A002 - the field's word
        options: ContentOptions,
        target: Path,
        party: str,
    ) -> Converted:
        """Converts into a new file at `target`; no process reads sources of two parties. Raises what `conversion.convert_fenced` raises."""
        with translated_failures():
            found = await self._workshop.do(
                _PRINTING if format is Format.PDF else _PLAIN,
                party,
                order_of(fetched, format, options),
                source=Path(fetched.path),
                target=target,
                timeout_seconds=CONVERSION_SECONDS,
            )
        return checked(found, target)

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
