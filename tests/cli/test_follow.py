"""What the bar tells beside itself."""

from typing import Any

import pytest

from entrepot.cli.follow import figures

UNKNOWN = {
    "progress": 0.0, "downloaded_bytes": None, "total_bytes": None, "speed_bps": None, "eta_seconds": None,
}  # fmt: skip


@pytest.mark.parametrize(
    ("known", "told"),
    [
        ({}, ""),
        ({"progress": 41.6}, " 42%"),
        ({"progress": 100.0}, "100%"),
        ({"downloaded_bytes": 500_000}, "500.0 kB"),
        ({"downloaded_bytes": 500_000, "total_bytes": 1_200_000}, "500.0 kB of 1.2 MB"),
        ({"speed_bps": 589_512.3}, "589.5 kB/s"),
        ({"eta_seconds": 0.0}, "0:00:00 left"),
        (
            {
                "progress": 50.0,
                "downloaded_bytes": 1000,
                "total_bytes": 2000,
                "speed_bps": 10.0,
                "eta_seconds": 100.4,
            },
            " 50%  1.0 kB of 2.0 kB  10 bytes/s  0:01:40 left",
        ),
    ],
)
def test_what_is_known_is_told(known: dict[str, Any], told: str) -> None:
    assert figures({**UNKNOWN, **known}) == told
