"""Assets in, a fresh artifact out: the newest version as it is, or several in one ZIP archive."""

import shutil
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from entrepot.errors import AssetNotFound
from entrepot.jobs.work import Desk, Order, Outcome, Progress, Source, Stage, StoredFile
from entrepot.storage.contract import BlobStore

_PIECE = 1024 * 1024
_EPOCH = (1980, 1, 1, 0, 0, 0)  # equal parts make equal archives


class PreparePipeline:
    """Makes what `options.parts` names (`sha256`, `name`, `content_type`, `size_bytes` each) into one file.

    With `options.archive` = "zip" the parts become a ZIP archive; otherwise there is one part, which is handed over as it is.
    """

    def __init__(self, store: BlobStore) -> None:
        self._store = store

    def run(self, order: Order, desk: Desk) -> Outcome:
        """Raises AssetNotFound when the bytes of a part have gone."""
        parts: Sequence[Mapping[str, Any]] = order.options["parts"]
        for part in parts:
            if not self._store.exists(part["sha256"]):
                raise AssetNotFound("The content of this asset has gone.")
        if order.options.get("archive") == "zip":
            stored = self._archive(parts, order, desk)
        else:
            part = parts[0]
            stored = StoredFile(
                "main", part["name"], part["content_type"], part["sha256"], part["size_bytes"]
            )
        return Outcome((stored,), Source(url=order.url, title=stored.name))

    def _archive(self, parts: Sequence[Mapping[str, Any]], order: Order, desk: Desk) -> StoredFile:
        total = sum(part["size_bytes"] for part in parts)
        done = 0
        path = order.folder / "archive.zip"
        with zipfile.ZipFile(path, "x", zipfile.ZIP_STORED, allowZip64=True) as archive:
            for part, name in zip(parts, distinct_names(part["name"] for part in parts), strict=True):
                self._add(archive, part["sha256"], name)
                done += part["size_bytes"]
                desk.progress(Progress(Stage.CONVERTING, 100 * done / max(total, 1), done, total))
        return self._keep(path, desk, f"{PurePosixPath(parts[0]['name']).stem}.zip")

    def _add(self, archive: zipfile.ZipFile, sha256: str, name: str) -> None:
        entry = zipfile.ZipInfo(name, _EPOCH)
        entry.external_attr = 0o644 << 16
        with self._store.open(sha256) as blob, archive.open(entry, "w", force_zip64=True) as target:
            shutil.copyfileobj(blob, target, _PIECE)

    def _keep(self, path: Path, desk: Desk, name: str) -> StoredFile:
        desk.progress(Progress(Stage.STORING, 100))
        blob = self._store.adopt(path)
        return StoredFile("main", name, "application/zip", blob.sha256, blob.size_bytes)


def distinct_names(names: Iterable[str]) -> list[str]:
    """The names in order, repeated ones told apart: `a.txt`, `a (2).txt`."""
    seen: set[str] = set()
    result = []
    for name in names:
        path, count, candidate = PurePosixPath(name), 1, name
        while candidate in seen:
            count += 1
            candidate = f"{path.stem} ({count}){path.suffix}"
        seen.add(candidate)
        result.append(candidate)
    return result
