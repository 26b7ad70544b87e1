"""The `Cache-Status` field: how the cache came by an answer (RFC 9211). Pure."""

from dataclasses import dataclass

CACHE_NAME = "Entrepot"


@dataclass(frozen=True, slots=True)
class CacheStatus:
    """One answer's way. `fwd` is why its origin was asked (`uri-miss`, `vary-miss`, `stale`, `request`); None: it was not.

    `ttl_seconds` is what is left of its freshness, negative when that is over.
    """

    fwd: str | None = None
    fwd_status: int | None = None
    ttl_seconds: float | None = None
    is_stored: bool = False
    is_collapsed: bool = False
    detail: str = ""

    def __str__(self) -> str:
        parts = [CACHE_NAME, "hit" if self.fwd is None else f"fwd={self.fwd}"]
        if self.fwd_status is not None:
            parts.append(f"fwd-status={self.fwd_status}")
        if self.ttl_seconds is not None:
            parts.append(f"ttl={int(self.ttl_seconds)}")
        parts += ["stored"] * self.is_stored + ["collapsed"] * self.is_collapsed
        if self.detail:
            parts.append(f"detail={self.detail}")
        return "; ".join(parts)
