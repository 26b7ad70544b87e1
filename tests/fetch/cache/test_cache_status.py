"""The `Cache-Status` field as RFC 9211 writes it."""

import pytest

from entrepot.fetch.cache.cache_status import CacheStatus


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (CacheStatus(), "Entrepot; hit"),
        (CacheStatus(ttl_seconds=30.9), "Entrepot; hit; ttl=30"),
        (CacheStatus(ttl_seconds=-5.0, detail="x"), "Entrepot; hit; ttl=-5; detail=x"),
        (
            CacheStatus("uri-miss", 200, 60, is_stored=True),
            "Entrepot; fwd=uri-miss; fwd-status=200; ttl=60; stored",
        ),
        (CacheStatus("uri-miss", is_collapsed=True), "Entrepot; fwd=uri-miss; collapsed"),
        (CacheStatus("stale", 304), "Entrepot; fwd=stale; fwd-status=304"),
    ],
)
def test_written_form(status: CacheStatus, expected: str) -> None:
    assert str(status) == expected
