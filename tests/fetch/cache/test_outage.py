"""A server that fails is tried seldom, by one at a time, and used again as soon as it answers."""

from entrepot.fetch.cache.outage import Outage
from tests.fetch.cache.caching import Clock


def test_all_are_let_through_while_all_is_well() -> None:
    assert all(Outage(Clock()).may_try() for _ in range(3))


def test_nobody_tries_after_a_failure_until_its_pause_is_over() -> None:
    clock = Clock()
    outage = Outage(clock)
    outage.failed()
    assert not outage.may_try()
    clock.turn(1)
    assert outage.may_try()
    assert not outage.may_try()


def test_success_ends_it() -> None:
    clock = Clock()
    outage = Outage(clock)
    outage.failed()
    clock.turn(1)
    assert outage.may_try()
    outage.succeeded()
    assert all(outage.may_try() for _ in range(3))
    assert not outage.is_on


def test_pauses_grow_to_half_a_minute() -> None:
    clock = Clock()
    outage = Outage(clock)
    pauses = []
    for _ in range(8):
        outage.failed()
        began = clock.now
        while not outage.may_try():
            clock.turn(0.5)
        pauses.append(clock.now - began)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_failures_at_the_same_time_count_once() -> None:
    clock = Clock()
    outage = Outage(clock)
    for _ in range(100):
        outage.failed()
    clock.turn(1)
    assert outage.may_try()
