"""The work folders of jobs: one for each attempt, named `{job_id}.{fence}`. All calls block."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from entrepot.disk import is_out_of_room
from entrepot.errors import JobCrashed, StorageFull
from entrepot.telemetry import get_logger

_NAME = re.compile(r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\.([0-9]{1,18})")
_log = get_logger("jobs")


@dataclass(frozen=True, slots=True, order=True)
class WorkFolder:
    """One attempt's folder on disk."""

    job_id: str
    fence: int
    path: Path


class WorkFolders:
    """All work folders, below one root. What has another name there is left alone."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def open(self, job_id: str, fence: int) -> tuple[Path, tuple[Path, ...]]:
        """An empty folder for this attempt, and what older attempts left, oldest first. Raises StorageFull, JobCrashed."""
        earlier = [
            folder for folder in self.list(job_id) if folder.fence < fence and not _drop_empty(folder.path)
        ]
        path = self._root / f"{job_id}.{fence}"
        _remove(path)
        try:
            path.mkdir(mode=0o700, parents=True)
        except OSError as error:
            kind = StorageFull if is_out_of_room(error) else JobCrashed
            raise kind("The job's work folder could not be made.") from error
        return path, tuple(folder.path for folder in earlier)

    def list(self, job_id: str | None = None) -> list[WorkFolder]:
        """The folders of one job, or of all, sorted by job and attempt."""
        pattern = f"{job_id}.*" if job_id else "*"
        found = [(path, _NAME.fullmatch(path.name)) for path in self._root.glob(pattern)]
        return sorted(WorkFolder(name[1], int(name[2]), path) for path, name in found if name)

    def remove(self, job_id: str, up_to_fence: int) -> bool:
        """Removes the job's folders up to this attempt's; whether all of them are gone. Newer ones stay."""
        old = [folder for folder in self.list(job_id) if folder.fence <= up_to_fence]
        return not [folder for folder in old if not _remove(folder.path)]


def _drop_empty(path: Path) -> bool:
    try:
        path.rmdir()
    except OSError:
        return False
    return True


def _remove(path: Path) -> bool:
    try:
        if path.is_symlink():
            path.unlink()
        else:
            shutil.rmtree(path)
    except FileNotFoundError:
        return True
    except OSError as error:
        _log.warning("a work folder could not be removed", folder=path.name, error=type(error).__name__)
        return False
    return True
