"""What a URL is, asked by the serving process and found out by a child."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from entrepot.processes.channel import Channel
from entrepot.processes.errand import answer, ask
from entrepot.processes.nursery import Nursery

if TYPE_CHECKING:  # heavy, and only the child has one
    from entrepot.pipelines.choose import Chooser

TASK = "describe"
TIMEOUT_SECONDS = 90.0


class Previewer:
    """Describes URLs without keeping anything of them."""

    def __init__(self, nursery: Nursery) -> None:
        self._nursery = nursery

    async def describe(self, url: str) -> dict[str, Any]:
        """A `choose.Description` as a dictionary. Raises what looking at a URL raises."""
        return await ask(self._nursery, TASK, {"url": url}, timeout_seconds=TIMEOUT_SECONDS)


def child_describe(payload: Mapping[str, Any], channel: Channel, chooser: "Chooser") -> None:
    """The child's side."""
    answer(channel, lambda: chooser.describe(payload["url"]).as_dict())
