"""The tasks of a nursery whose children convert: honestly, or in ways that a reader must survive."""

import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from entrepot.content import convert as room
from entrepot.pipelines import conversion, reader
from entrepot.processes.channel import Channel


def tasks(manner: str) -> Mapping[str, Callable[[dict[str, Any], Channel], None]]:
    """The reader's task; `manner`: honest, crashing, sleeping, dying (the child itself, not its fenced one)."""
    conversion.warm_up()
    if manner == "crashing":
        room.convert = lambda *_: os.abort()
    elif manner == "sleeping":
        room.convert = lambda *_: time.sleep(60)  # type: ignore[assignment]
    elif manner == "dying":
        return {reader.TASK: lambda _payload, _channel: os._exit(3)}
    return {reader.TASK: reader.child_convert}
