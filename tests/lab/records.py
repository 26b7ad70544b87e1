"""Scripted DNS records: what each query of a name is answered with, the first time, the second time, and so on."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_MAX_ALIASES = 8


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: aliases from the name asked for to the next, then addresses; None as `rcode` means silence."""

    rcode: str | None
    aliases: tuple[tuple[str, str], ...] = ()
    addresses: tuple[str, ...] = ()
    ttl: int = 60


class Records:
    """Names with their scripts, as the rows of `ssrf_inputs.json` write them; counts queries for each name and type."""

    def __init__(self, scripts: Mapping[str, Mapping[str, Any]]) -> None:
        self._scripts = scripts
        self.queries: Counter[tuple[str, str]] = Counter()

    def ask(self, name: str, kind: str) -> Reply:
        """The reply to the next query of `kind` A or AAAA."""
        aliases: list[tuple[str, str]] = []
        script = self._scripts.get(name)
        while script is not None and "CNAME" in script and len(aliases) < _MAX_ALIASES:
            aliases.append((name, script["CNAME"]))
            name = script["CNAME"]
            script = self._scripts.get(name)
        if script is None:
            return Reply("NXDOMAIN", tuple(aliases))
        if script.get("drop"):
            return Reply(None)
        return Reply(
            script.get("rcode", "NOERROR"),
            tuple(aliases),
            tuple(self._next(name, kind, script)),
            script.get("ttl", 60),
        )

    def _next(self, name: str, kind: str, script: Mapping[str, Any]) -> Sequence[str]:
        turns: Sequence[Sequence[str]] = script.get(kind, [])
        turn = self.queries[name, kind]
        self.queries[name, kind] += 1
        if not turns:
            return []
        return turns[turn % len(turns)] if script.get("cycle") else turns[min(turn, len(turns) - 1)]
