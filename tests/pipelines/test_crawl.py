"""When a crawl has to end."""

from datetime import UTC, datetime, timedelta

import pytest

from entrepot.pipelines.crawl import deadline_of

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds_later", "ends_after_seconds"), [(0, 100), (99, 100), (100, 200), (5000, 5100)]
)
def test_time_is_counted_from_the_beginning_and_anew_once_it_is_over(
    seconds_later: float, ends_after_seconds: float
) -> None:
    found = deadline_of(BEGAN, BEGAN + timedelta(seconds=seconds_later), 100)
    assert found == BEGAN + timedelta(seconds=ends_after_seconds)
