"""Entries for tests of stores."""

import hashlib
from pathlib import Path
from typing import Any

from entrepot.fetch.cache.entry import Entry
from entrepot.fetch.cache.policy import Answer
from entrepot.fetch.headers import Headers


def entry_of(body: bytes, **changes: Any) -> Entry:
    """An entry for a body, with what a test changes."""
    answer = Answer(200, Headers([("Content-Type", "text/html"), ("X-Ü", "ü")]), 1000.0, 1001.0)
    facts: dict[str, Any] = {
        "key": "key", "url": "https://example.com/a", "owner": "", "is_shared": True, "answer": answer,
        "media_type": "text/html", "size_bytes": len(body), "sha256": hashlib.sha256(body).hexdigest(),
        "fetched_at": 1001.0, "fetch_ms": 1.5, "fresh_until": 2000.0, "tags": ("host:example.com",),
    }  # fmt: skip
    return Entry(**{**facts, **changes})


def body_file(folder: Path, body: bytes) -> Path:
    """A new file: a store may have linked the one before, which nobody changes any more."""
    path = folder / "incoming"
    path.unlink(missing_ok=True)
    path.write_bytes(body)
    return path
