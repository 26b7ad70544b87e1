"""What the cache has done since its start, in numbers."""

from dataclasses import dataclass

from entrepot.fetch.cache.contract import Usage


@dataclass(slots=True)
class Counts:
    """Rising numbers. Every request that is answered counts once among the first five."""

    hits: int = 0
    stale_hits: int = 0
    validated: int = 0
    misses: int = 0
    failures: int = 0
    joins: int = 0
    fetches: int = 0
    form_hits: int = 0
    forms_made: int = 0
    background_validations: int = 0


@dataclass(frozen=True, slots=True)
class CacheStatistics:
    """The cache as it is now. `hit_rate` is the part of all requests that needed no new body, from 0 to 1; None: none came."""

    usage: Usage
    memory_bytes: int
    memory_max_bytes: int
    memory_entries: int
    max_entry_bytes: int
    counts: Counts
    hit_rate: float | None


def hit_rate(counts: Counts) -> float | None:
    """Answers without a new body among all."""
    good = counts.hits + counts.stale_hits + counts.validated
    every = good + counts.misses + counts.failures
    return round(good / every, 4) if every else None
