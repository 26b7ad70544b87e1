"""Pages with their true content: read, split by site into a part to build on and one to check on, aligned with lines."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

FOLDS = 5
_WORD = re.compile(r"\w+")
_SPLIT = Path(__file__).with_name("split.json")
_GENERIC = frozenset({"ac", "co", "com", "edu", "gov", "net", "or", "org"})
_MAX_CELLS = 60_000_000
"""Words of page times words of truth up to which every word takes part in the alignment."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A page with the truth about it; `html` as it was crawled, `text` its main content in the page's order."""

    id: str
    url: str
    kind: str
    html: str
    text: str
    title: str | None
    author: str | None
    date: str | None

    @property
    def site(self) -> str:
        """The registered domain, or the page's id where it has no address."""
        labels = (urlsplit(self.url).hostname or self.id).split(".")
        size = 3 if len(labels) > 2 and labels[-2] in _GENERIC and len(labels[-1]) == 2 else 2
        return ".".join(labels[-size:])

    @property
    def fold(self) -> int:
        """The fold of cross-validation that the page's site is in."""
        return int(hashlib.sha256(f"f{self.site}".encode()).hexdigest(), 16) % FOLDS


def load(folder: Path, part: Literal["build", "check", "all"]) -> list[Sample]:
    """The samples of a part; `folder` holds `truth.jsonl` and `html/<id>.html`."""
    split = json.loads(_SPLIT.read_text())
    wanted = set(split["build"] + split["check"] if part == "all" else split[part])
    rows = map(json.loads, (folder / "truth.jsonl").read_text("utf-8").rstrip("\n").split("\n"))
    return [_sample(folder, row) for row in rows if row["id"] in wanted]


def words_of(text: str) -> list[str]:
    """Words as the benchmark counts them."""
    return _WORD.findall(text.lower())


def word_f1(truth: str, found: str) -> float:
    """F1 of the bags of words."""
    wanted, given = Counter(words_of(truth)), Counter(words_of(found))
    if not wanted or not given:
        return float(not wanted and not given)
    return 2 * (wanted & given).total() / (wanted.total() + given.total())


def hits(lines: Sequence[str], truth: str) -> tuple[list[int], list[int]]:
    """How many of each line's words belong to the truth, and how many words it has.

    Words are aligned in order; then lines whose whole text stands in what is left of the truth count as well.
    """
    wanted = words_of(truth)
    words = [words_of(line) for line in lines]
    owners = [place for place, line in enumerate(words) for _ in line]
    given = [word for line in words for word in line]
    found, sizes = [0] * len(lines), [len(line) for line in words]
    is_used = [False] * len(wanted)
    matcher = SequenceMatcher(None, given, wanted, autojunk=len(given) * len(wanted) > _MAX_CELLS)
    for start, other, size in matcher.get_matching_blocks():
        for step in range(size):
            found[owners[start + step]] += 1
            is_used[other + step] = True
    left = _spelled("\x00" if used else word for used, word in zip(is_used, wanted, strict=True))
    for place, line in enumerate(words):
        spelled = _spelled(line)
        if len(line) >= 3 and found[place] < 0.5 * len(line) and spelled in left:
            found[place] = len(line)
            left = left.replace(spelled, _spelled(["\x00"] * len(line)), 1)
    return found, sizes


def _spelled(words: Any) -> str:
    return f" {' '.join(words)} "


def _sample(folder: Path, row: dict[str, Any]) -> Sample:
    html = (folder / "html" / f"{row['id']}.html").read_bytes().decode("utf-8", "replace")
    return Sample(
        id=row["id"], url=row.get("url") or "", kind=row["type"], html=html, text=row["text"],
        title=row.get("title"), author=row.get("author"), date=row.get("date"),
    )  # fmt: skip
