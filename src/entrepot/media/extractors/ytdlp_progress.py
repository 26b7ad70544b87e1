"""From yt-dlp's progress of one file after the other to one percentage that never falls."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from entrepot.media.contract import MediaProgress

DOWNLOAD_SHARE = 92.0
CONVERTED_PERCENT = 96.0
MIN_INTERVAL_SECONDS = 0.2


class ProgressMeter:
    """Adds up the parts of one media (video and sound come as two files) by their announced or guessed weights."""

    def __init__(self, formats: Sequence[Mapping[str, Any]]) -> None:
        self._weights = {str(one.get("format_id")): _weight(one) for one in formats}
        self._parts: dict[str, tuple[float, int, int | None]] = {}
        self._percent = 0.0
        self._told_at = 0.0

    @property
    def downloaded_bytes(self) -> int:
        return sum(done for _, done, _ in self._parts.values())

    def note(self, status: Mapping[str, Any]) -> MediaProgress | None:
        """Takes in what a progress hook was given; gives the progress to tell, or None when one was told just now."""
        part = str((status.get("info_dict") or {}).get("format_id"))
        done = int(status.get("downloaded_bytes") or 0)
        total = status.get("total_bytes") or status.get("total_bytes_estimate")
        is_finished = status.get("status") == "finished"
        share = 1.0 if is_finished else _share(status, done, total)
        self._parts[part] = (share, done, int(total) if total else None)
        now = time.monotonic()
        if not is_finished and now - self._told_at < MIN_INTERVAL_SECONDS:
            return None
        self._told_at = now
        return MediaProgress(
            stage="downloading", percent=self._raise_percent(self._overall_share() * DOWNLOAD_SHARE),
            downloaded_bytes=self.downloaded_bytes, total_bytes=self._total_bytes(),
            speed_bps=status.get("speed"), eta_seconds=status.get("eta"),
        )  # fmt: skip

    def converting(self, *, is_done: bool = False) -> MediaProgress:
        """The progress to tell while ffmpeg puts the parts together, and after it has."""
        percent = self._raise_percent(CONVERTED_PERCENT if is_done else DOWNLOAD_SHARE)
        return MediaProgress(stage="converting", percent=percent, downloaded_bytes=self.downloaded_bytes,
                             total_bytes=self.downloaded_bytes)  # fmt: skip

    def _overall_share(self) -> float:
        weights = self._weights | {part: 1.0 for part in self._parts if part not in self._weights}
        done = sum(weights[part] * share for part, (share, _, _) in self._parts.items())
        return done / sum(weights.values())

    def _total_bytes(self) -> int | None:
        """Known once every part has announced itself."""
        totals = [total for _, _, total in self._parts.values()]
        if len(totals) < len(self._weights) or None in totals:
            return None
        return max(sum(total for total in totals if total), self.downloaded_bytes)

    def _raise_percent(self, percent: float) -> float:
        self._percent = round(max(self._percent, min(percent, 100.0)), 2)
        return self._percent


def progress_message(progress: MediaProgress) -> dict[str, Any]:
    """`progress` as a message between processes; `read_progress` is the way back."""
    return {"type": "progress", **asdict(progress)}


def read_progress(message: Mapping[str, Any]) -> MediaProgress:
    return MediaProgress(**{key: value for key, value in message.items() if key != "type"})


def _weight(one: Mapping[str, Any]) -> float:
    """A part's size in bytes as far as it is known: announced, or bitrate (kbit/s) by an assumed ten minutes."""
    size = one.get("filesize") or one.get("filesize_approx")
    return float(size or (one.get("tbr") or 1000) * 75_000)


def _share(status: Mapping[str, Any], done: int, total: float | None) -> float:
    """How much of one part is there. Fragments count by number, since their estimated total jumps about."""
    count = status.get("fragment_count")
    if count:
        return min(1.0, float(status.get("fragment_index") or 0) / float(count))
    return min(1.0, done / total) if total else 0.0
