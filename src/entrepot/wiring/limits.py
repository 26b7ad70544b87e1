"""What fetching may cost, as the settings have it."""

from entrepot.config import Settings
from entrepot.fetch.client import Limits


def file_limits(settings: Settings) -> Limits:
    """What fetching one file may cost."""
    return Limits(
        max_bytes=settings.max_file_bytes, total_seconds=settings.file_timeout_seconds,
        idle_seconds=settings.idle_timeout_seconds, min_bytes_per_second=settings.min_bytes_per_second,
    )  # fmt: skip


def page_limits(settings: Settings) -> Limits:
    """What fetching one page for conversion may cost."""
    return Limits(
        max_bytes=settings.max_page_bytes, total_seconds=settings.fetch_timeout_seconds,
        idle_seconds=settings.idle_timeout_seconds, min_bytes_per_second=settings.min_bytes_per_second,
    )  # fmt: skip
