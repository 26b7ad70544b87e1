"""The tasks of a nursery whose children describe URLs."""

from collections.abc import Callable, Mapping
from typing import Any

from entrepot.fetch.guard import Guard
from entrepot.pipelines import preview
from entrepot.pipelines.choose import Chooser
from entrepot.processes.channel import Channel
from tests.pipelines.bench import new_client


def tasks(allow: str) -> Mapping[str, Callable[[dict[str, Any], Channel], None]]:
    """The preview's task, with a guard that lets `allow` through, and without extractors."""
    chooser = Chooser(lambda: new_client(Guard(allow=[allow])), ())
    return {preview.TASK: lambda payload, channel: preview.child_describe(payload, channel, chooser)}
