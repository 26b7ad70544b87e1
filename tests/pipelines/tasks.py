"""What tests have pipelines do in a child process of one thread, where fenced calls may fork."""

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from entrepot.errors import AppError
from entrepot.fetch.client import FetchClient
from entrepot.fetch.guard import Guard
from entrepot.jobs.work import Kind, Order, Outcome, Pipeline, StoredFile
from entrepot.media.contract import Equipment
from entrepot.media.registry import equip_extractors
from entrepot.pipelines import choose
from entrepot.pipelines.choose import AutoPipeline, Choice, Chooser
from entrepot.pipelines.file import FilePipeline
from entrepot.pipelines.media import MediaPipeline
from entrepot.pipelines.page import PagePipeline
from entrepot.pipelines.preview import child_describe
from entrepot.storage.local import LocalStore
from tests.fetch.fetching import limits
from tests.origin.children import run_in_child
from tests.origin.site import Site
from tests.pipelines.bench import Bench, Notes, new_client


@dataclass
class Report:
    """How a job went: its outcome, or the error's code and text, and everything that was told meanwhile."""

    notes: Notes
    outcome: Outcome | None = None
    code: str | None = None
    message: str = ""

    @property
    def files(self) -> tuple[StoredFile, ...]:
        """Those that a job brought that ended well."""
        assert self.outcome is not None, (self.code, self.message)
        return self.outcome.files


@dataclass(frozen=True, slots=True)
class Studio:
    """A job's place beside the media site, with a guard that lets the site through and nothing else."""

    bench: Bench
    site: Site
    equipment: Equipment

    def run(self, path: str, kind: Kind = Kind.MEDIA, **options: Any) -> Report:
        """Carries out an order for a path of the site, or for a whole URL; blobs are in the bench's store afterwards."""
        order = self.bench.order(self._url(path), kind=kind, **options)
        report = run_in_child(_run, self.bench.store, self.equipment, order, self._allow)
        assert isinstance(report, Report)
        return report

    def choose(self, path: str, hint_seconds: float = 10.0) -> Choice:
        """`hint_seconds` is how long reading a page may take."""
        choice = run_in_child(_choose, self.equipment, self._url(path), self._allow, hint_seconds)
        assert isinstance(choice, Choice)
        return choice

    def preview(self, path: str) -> dict[str, Any]:
        """What the preview's child sends: `{"result": …}` or `{"error": …}`."""
        message: dict[str, Any] = run_in_child(_describe, self.equipment, self._url(path), self._allow)
        return message

    def describe(self, path: str) -> dict[str, Any]:
        """The preview's result."""
        message = self.preview(path)
        assert "result" in message, message
        result: dict[str, Any] = message["result"]
        return result

    def streams(self, report: Report) -> str:
        """What ffmpeg says of the streams of the report's main file."""
        blob = self.bench.store.path(report.files[0].sha256)
        command: list[str | Path] = [self.equipment.ffmpeg, "-hide_banner", "-i", blob]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
        return "\n".join(re.findall(r"Stream #.*", done.stderr))

    @property
    def _allow(self) -> str:
        return f"127.0.0.1:{self.site.port}"

    def _url(self, path: str) -> str:
        return self.site.url(path) if path.startswith("/") else path


def _run(store: LocalStore, equipment: Equipment, order: Order, allow: str) -> Report:
    def client() -> FetchClient:
        return new_client(Guard(allow=[allow]))

    extractors = equip_extractors(equipment)
    kinds: Mapping[Kind, Pipeline] = {
        Kind.FILE: FilePipeline(client, store, limits()),
        Kind.MEDIA: MediaPipeline(extractors, store, retries=0),
        Kind.PAGE: PagePipeline(client, store, limits()),
    }
    pipelines = {**kinds, Kind.AUTO: AutoPipeline(_chooser(equipment, allow), kinds)}
    report = Report(Notes())
    try:
        report.outcome = pipelines[order.kind].run(order, report.notes)
    except AppError as error:
        report.code, report.message = error.code, error.detail
    return report


def _choose(equipment: Equipment, url: str, allow: str, hint_seconds: float) -> Choice:
    choose.HINT_SECONDS = hint_seconds  # this process exists for one choice
    return _chooser(equipment, allow).choose(url)


class _Outbox:
    """A child's channel that keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    def send(self, message: dict[str, Any]) -> None:
        self.sent.append(message)


def _describe(equipment: Equipment, url: str, allow: str) -> dict[str, Any]:
    outbox = _Outbox()
    child_describe({"url": url}, outbox, _chooser(equipment, allow))  # type: ignore[arg-type]  # all that is used of a channel
    (message,) = outbox.sent
    return message


def _chooser(equipment: Equipment, allow: str) -> Chooser:
    return Chooser(lambda: new_client(Guard(allow=[allow])), equip_extractors(equipment))
