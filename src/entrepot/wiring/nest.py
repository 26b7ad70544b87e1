"""What the warm parent is told: where its tasks are made, and from which settings. The tasks themselves are heavy to load."""

import json
from dataclasses import dataclass

from entrepot.config import Settings

TASKS = "entrepot.wiring.tasks:child_tasks"
"""Where the nursery finds `child_tasks`."""


@dataclass(frozen=True, slots=True)
class NestPlan:
    """What the warm parent must know: the settings, the service's own addresses, the guard proxy with its secret."""

    settings: Settings
    own: tuple[tuple[str, int], ...]
    proxy_url: str

    def as_json(self) -> str:
        return json.dumps(
            {"settings": self.settings.model_dump(mode="json"), "own": self.own, "proxy": self.proxy_url}
        )

    @staticmethod
    def from_json(text: str) -> "NestPlan":
        data = json.loads(text)
        own = tuple((str(host), int(port)) for host, port in data["own"])
        return NestPlan(Settings(**data["settings"]), own, data["proxy"])
