"""A pipeline's surroundings in tests: a desk that remembers everything, orders, and a client that may reach loopback."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from entrepot.fetch.client import FetchClient, Limits
from entrepot.fetch.guard import Guard
from entrepot.fetch.retry import Backoff
from entrepot.jobs.work import Kind, Order, Outcome, Progress, Source
from entrepot.pipelines.file import FilePipeline
from entrepot.storage.local import LocalStore
from tests.fetch.fetching import LOOPBACK, limits

JOB_ID = "00000000-0000-4000-8000-000000000001"
QUICK = Backoff(attempts=3, base_seconds=0.01, cap_seconds=0.02)


@dataclass
class Notes:
    """A desk that keeps whatever it is told."""

    kinds: list[Kind] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    steps: list[Progress] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)

    def kind(self, kind: Kind) -> None:
        self.kinds.append(kind)

    def source(self, source: Source) -> None:
        self.sources.append(source)

    def progress(self, progress: Progress) -> None:
        self.steps.append(progress)

    def log(self, level: str, message: str) -> None:
        self.logs.append((level, message))

    @property
    def text(self) -> str:
        return "\n".join(message for _, message in self.logs)


def new_client(guard: Guard | None = None) -> FetchClient:
    return FetchClient(guard or Guard(allow=LOOPBACK), user_agent="entrepot-tests")


@dataclass
class Bench:
    """One job's place below `root`: its folders by attempt, the store, and everything that its pipelines told."""

    root: Path
    notes: Notes = field(default_factory=Notes)
    attempts: int = 0

    def __post_init__(self) -> None:
        self.store = LocalStore(self.root / "data")

    def order(self, url: str, *, kind: Kind = Kind.FILE, **options: Any) -> Order:
        """The next attempt's order; what older attempts left stands in `earlier`."""
        earlier = tuple(path for path in map(self.folder, range(1, self.attempts + 1)) if path.exists())
        self.attempts += 1
        self.folder(self.attempts).mkdir(parents=True)
        return Order(JOB_ID, self.attempts, kind, url, options, self.folder(self.attempts), earlier)

    def folder(self, attempt: int) -> Path:
        return self.root / "work" / f"{JOB_ID}.{attempt}"

    def fetch_file(
        self, url: str, limit: Limits | None = None, *, backoff: Backoff = QUICK, **options: Any
    ) -> Outcome:
        """Runs the file pipeline once, as an attempt of its own."""
        pipeline = FilePipeline(new_client, self.store, limit or limits(), backoff)
        return pipeline.run(self.order(url, **options), self.notes)

    def content(self, outcome: Outcome) -> bytes:
        with self.store.open(outcome.files[0].sha256) as blob:
            return blob.read()

    def leftovers(self) -> list[str]:
        """Every file below the job's folders and in the store, relative to `root`."""
        return sorted(
            str(path.relative_to(self.root))
            for path in self.root.rglob("*")
            if path.is_file() and path.name != "lock"
        )
