"""What tests of extractors have done in a child process, and everything that it said meanwhile."""

from dataclasses import dataclass, field
from pathlib import Path

from entrepot.errors import AppError
from entrepot.media.contract import DownloadedMedia, Equipment, MediaInfo, MediaProgress, MediaRequest
from entrepot.media.extractors.ytdlp import YtDlp
from tests.origin.children import run_in_child


@dataclass
class Report:
    """A download's outcome: `media`, or the error's code and text."""

    media: DownloadedMedia | None = None
    code: str | None = None
    message: str = ""
    retryable: bool = False
    infos: list[MediaInfo] = field(default_factory=list)
    steps: list[MediaProgress] = field(default_factory=list)
    logs: list[tuple[str, str]] = field(default_factory=list)

    def info(self, info: MediaInfo) -> None:
        self.infos.append(info)

    def progress(self, progress: MediaProgress) -> None:
        self.steps.append(progress)

    def log(self, level: str, message: str) -> None:
        self.logs.append((level, message))

    @property
    def everything_said(self) -> str:
        return "\n".join([self.message, *(text for _, text in self.logs), repr(self.infos)])


def download(equipment: Equipment, request: MediaRequest, folder: Path) -> Report:
    """Downloads in this process, which has to have one thread."""
    report = Report()
    try:
        report.media = YtDlp(equipment).download(request, folder, report)
    except AppError as error:
        report.code, report.message, report.retryable = error.code, error.detail, error.retryable
    return report


def download_in_child(equipment: Equipment, request: MediaRequest, folder: Path) -> Report:
    report = run_in_child(download, equipment, request, folder)
    assert isinstance(report, Report)
    return report


def probe(equipment: Equipment, url: str) -> MediaInfo:
    return YtDlp(equipment).probe(url)
