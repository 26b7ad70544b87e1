"""When to try again, and what `Retry-After` says."""

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot.errors import (
    AppError,
    ContentTooLarge,
    DestinationForbidden,
    HostNotFound,
    UpstreamBroken,
    UpstreamLost,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from entrepot.fetch.retry import Backoff, fits, may_ask_again, may_send_again, parse_retry_after

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
LATEST = 0.999


@pytest.mark.parametrize(
    ("failures", "seconds"), [(1, 0.5), (2, 1), (3, 2), (4, 4), (7, 32), (8, 60), (9, 60), (10_000, 60)]
)
def test_window_doubles_up_to_the_cap(failures: int, seconds: float) -> None:
    backoff = Backoff(attempts=1_000_000)
    assert backoff.delay_seconds(failures, lambda: LATEST) == pytest.approx(seconds * LATEST)
    assert backoff.delay_seconds(failures, lambda: 0.0) == 0


@pytest.mark.parametrize(("failures", "gives_up"), [(1, False), (4, False), (5, True), (6, True)])
def test_it_gives_up_after_the_last_attempt(failures: int, gives_up: bool) -> None:
    assert (Backoff(attempts=5).delay_seconds(failures, lambda: 0.5) is None) is gives_up


@pytest.mark.parametrize(
    ("asked", "seconds"), [(None, 0.25), (0, 0.25), (-5, 0.25), (0.1, 0.25), (7, 7), (60, 60), (3600, 60)]
)
def test_origins_wish_is_a_lower_bound(asked: float | None, seconds: float) -> None:
    assert Backoff().delay_seconds(1, lambda: 0.5, retry_after_seconds=asked) == seconds


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("007", 7),
        ("9" * 5000, 2**31),
        ("Sat, 21 Nov 2026 12:01:30 GMT", 90),
        ("Sat, 21 Nov 2026 13:01:30 +0100", 90),
        ("Sat, 21 Nov 2026 12:01:30 -0000", 90),
        ("Saturday, 21-Nov-26 12:01:30 GMT", 90),
        ("Sat Nov 21 12:01:30 2026", 90),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0),
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("1.5", None),
        ("5, 10", None),
        ("\u0661\u0662", None),
        ("\xb2", None),
        ("Sat, 99 Nov 2026 12:00:00 GMT", None),
        ("Sat, 21 Nov 99999999999999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: int | None) -> None:
    assert parse_retry_after(value, NOW) == seconds


@settings(deadline=None)
@given(
    st.text(max_size=30)
    | st.from_regex(
        r"[A-Z][a-z]{2}, [0-9]{1,25} (Nov|Feb) [0-9]{1,25} [0-9:]{1,30} ([A-Z]{3}|[+-][0-9]{1,12})"
    )
)
def test_whatever_an_origin_sends_is_answered(value: str) -> None:
    seconds = parse_retry_after(value, NOW)
    assert seconds is None or seconds >= 0


# --- what may be sent again ---


@pytest.mark.parametrize(
    ("method", "error", "may"),
    [("GET", UpstreamUnreachable(), True), ("POST", UpstreamUnreachable(), True), ("GET", UpstreamLost(), True),
     ("POST", UpstreamLost(), False), ("PATCH", UpstreamTimeout(), False), ("GET", UpstreamTimeout(), True),
     ("PUT", UpstreamLost(), True), ("DELETE", UpstreamLost(), True), ("GET", UpstreamBroken(), False),
     ("GET", ContentTooLarge(), False), ("GET", DestinationForbidden(), False), ("GET", HostNotFound(), False)],
    ids=repr,
)  # fmt: skip
def test_what_may_be_sent_again(method: str, error: AppError, may: bool) -> None:
    assert may_send_again(method, error) is may


@pytest.mark.parametrize(
    ("method", "status", "may"),
    [("GET", 429, True), ("GET", 502, True), ("HEAD", 503, True), ("GET", 504, True), ("GET", 500, False), ("GET", 404, False),
     ("POST", 503, False)],
)  # fmt: skip
def test_what_may_be_asked_again(method: str, status: int, may: bool) -> None:
    assert may_ask_again(method, status) is may


@pytest.mark.parametrize(
    ("delay", "left", "fit"), [(None, 9, False), (1, 2, True), (2, 2, False), (0, 0, False)]
)
def test_delay_leaves_time_for_a_try(delay: float | None, left: float, fit: bool) -> None:
    assert fits(delay, left) is fit
