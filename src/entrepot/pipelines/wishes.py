"""What a job's options ask of the fetch itself, whichever kind it is."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from entrepot.fetch.client import Limits


def origin_headers(options: Mapping[str, Any]) -> dict[str, str]:
    """The header fields that a job's options send to the URL's own origin."""
    headers = dict(options.get("headers") or {})
    if referer := options.get("referer"):
        headers["Referer"] = referer
    return headers


def within(limits: Limits, options: Mapping[str, Any]) -> Limits:
    """`limits`, but for a smaller `max_filesize_bytes`."""
    wanted = options.get("max_filesize_bytes") or limits.max_bytes
    return replace(limits, max_bytes=min(limits.max_bytes, wanted))
