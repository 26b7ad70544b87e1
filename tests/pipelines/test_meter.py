"""Speed and remaining time."""

import pytest

from entrepot.pipelines.meter import Meter


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _feed(meter: Meter, clock: Clock, *samples: tuple[float, int]) -> None:
    for seconds, total in samples:
        clock.seconds += seconds
        meter.update(total)


def test_nothing_is_known_at_first(clock: Clock) -> None:
    meter = Meter(clock)
    assert meter.speed_bps is None
    assert meter.eta_seconds(100) is None


def test_steady_transfer_has_its_speed(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, *((1.0, 1000 * second) for second in range(1, 6)))
    assert meter.speed_bps == pytest.approx(1000)
    assert meter.eta_seconds(5000) == pytest.approx(5)


def test_samples_too_close_together_wait_for_each_other(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (0.125, 10), (0.0625, 20), (0.0625, 100))
    assert meter.speed_bps == pytest.approx(400)


def test_what_was_there_before_does_not_count(clock: Clock) -> None:
    meter = Meter(clock, start_bytes=1_000_000)
    _feed(meter, clock, (1.0, 1_000_500))
    assert meter.speed_bps == pytest.approx(500)


def test_stall_lets_the_speed_sink(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (1.0, 1000), *((1.0, 1000) for _ in range(30)))
    assert (meter.speed_bps or 0) < 10


def test_stall_has_no_known_end(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (1.0, 1000), (1.0, 1000), (1.0, 1000))
    assert meter.eta_seconds(500) is not None
    _feed(meter, clock, (2.0, 1000))
    assert meter.eta_seconds(500) is None
    _feed(meter, clock, (1.0, 2000))
    assert meter.eta_seconds(500) is not None


def test_speed_follows_a_change_smoothly(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (1.0, 1000), (1.0, 11_000))
    assert 1000 < (meter.speed_bps or 0) < 10_000


def test_fewer_bytes_are_a_new_start(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (1.0, 1000), (1.0, 0), (1.0, 1000))
    assert meter.speed_bps == pytest.approx(1000)


def test_unknown_rest_has_no_end(clock: Clock) -> None:
    meter = Meter(clock)
    _feed(meter, clock, (1.0, 1000))
    assert meter.eta_seconds(None) is None
    assert meter.eta_seconds(0) == 0
