"""The tasks of a nursery whose workers convert: honestly, or in ways that a reader must survive."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from entrepot.content import convert as room
from entrepot.pipelines import conversion, converter
from entrepot.processes.channel import Channel


def tasks(manner: str) -> Mapping[str, Callable[[dict[str, Any], Channel], None]]:
    """The converter's task; `manner`: honest, crashing, sleeping, dying (the foreman itself, not its worker)."""
    conversion.warm_up()
    if manner == "crashing":
        room.convert = lambda *_, **__: os.abort()
    elif manner == "sleeping":
        room.convert = lambda *_, **__: time.sleep(60)  # type: ignore[assignment]
    elif manner == "dying":
        return {converter.TASK: lambda _payload, _channel: os._exit(3)}
    reach = conversion.Reach("http://127.0.0.1:9", "tests")
    return {converter.TASK: lambda payload, channel: converter.child_foreman(payload, channel, reach)}
