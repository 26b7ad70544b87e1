"""The 408 rows of `ssrf_inputs.json`, and what must be true of an answer to each."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.origin import SECRET
from tests.lab.witness import Endpoint

_FILE = Path(__file__).parents[1] / "data" / "ssrf_inputs.json"
_PORT = re.compile(r":(\d{1,5})(?![\d.:])")


@dataclass(frozen=True, slots=True)
class Row:
    """One input: `verdict` is block, safe, either or allow; `scripts` are its DNS records beside the common ones."""

    id: str
    url: str
    verdict: str
    target: str | None
    scripts: Mapping[str, Mapping[str, Any]]

    @property
    def repeats(self) -> int:
        """How often to ask: names whose answers change are asked for more than once."""
        changes = any(
            len(script.get(kind, [])) > 1 for script in self.scripts.values() for kind in ("A", "AAAA")
        )
        return 3 if changes else 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the subject made of a row: an HTTP status, a problem's code or "", and all text that it gave back."""

    status: int
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """All rows, the DNS records that they share, and the addresses of public origins."""

    rows: tuple[Row, ...]
    scripts: Mapping[str, Mapping[str, Any]]
    public: frozenset[str]

    @property
    def ports(self) -> set[int]:
        """Every port that some row's URL names."""
        return {int(port) for row in self.rows for port in _PORT.findall(row.url) if 0 < int(port) < 65536}


def read_table(own_port: int) -> Table:
    """The table, with the subject's own port filled in."""
    data = json.loads(_FILE.read_text())
    rows = tuple(
        Row(
            row["id"],
            row["url"].replace("{SUTPORT}", str(own_port)),
            row["verdict"],
            row["target"],
            row.get("dns", {}),
        )
        for row in data["rows"]
    )
    return Table(rows, data["base_dns"], frozenset(data["public"]))


def find_fault(row: Row, outcome: Outcome, called: set[Endpoint]) -> str | None:
    """What is wrong with an outcome, in a few words; None where it is right. `called` are forbidden connections.

    A `safe` row may also end in the truth about an origin that failed: its answer was an error or broke off.
    """
    if called:
        return f"called {sorted(called)}"
    if SECRET in outcome.text:
        return "gave a canary's secret away"
    is_refusal = 400 <= outcome.status < 500 and outcome.code != ""
    if outcome.code and row.target and row.target not in row.url and row.target in outcome.text:
        return "names the address that was resolved"
    right = {
        "block": is_refusal,
        "safe": outcome.status < 500 or outcome.code.startswith("upstream-"),
        "either": outcome.status < 500,
        "allow": 200 <= outcome.status < 300,
    }[row.verdict]
    return None if right else f"{row.verdict} row ended in {outcome.status} {outcome.code}"
