"""The breaker's table of states, event by event."""

import pytest

from entrepot.fetch.circuit import (
    CLOSED,
    BreakerPolicy,
    Circuit,
    Phase,
    Verdict,
    admitted,
    settled,
    wait_seconds,
)

POLICY = BreakerPolicy(
    failures=3, memory_seconds=60, pause_seconds=10, max_pause_seconds=30, probe_seconds=50
)


def after(*verdicts: Verdict, at: float = 0.0, circuit: Circuit = CLOSED) -> Circuit:
    for verdict in verdicts:
        circuit = settled(circuit, POLICY, verdict, at)
    return circuit


OPEN = after(*[Verdict.FAILED] * 3)


def test_failures_in_a_row_open_it() -> None:
    assert after(Verdict.FAILED, Verdict.FAILED).phase(0) is Phase.CLOSED
    assert OPEN.phase(0) is Phase.OPEN
    assert admitted(OPEN, POLICY, 9.9) is None
    assert wait_seconds(OPEN, 4) == 6


@pytest.mark.parametrize("between", [Verdict.ALIVE, Verdict.NEUTRAL])
def test_only_a_good_answer_starts_the_count_anew(between: Verdict) -> None:
    circuit = after(Verdict.FAILED, Verdict.FAILED, between, Verdict.FAILED)
    assert circuit.is_closed == (between is Verdict.ALIVE)


def test_old_failures_are_forgotten() -> None:
    circuit = after(Verdict.FAILED, at=61, circuit=after(Verdict.FAILED, Verdict.FAILED))
    assert (circuit.failures, circuit.is_closed) == (1, True)


def test_one_probe_is_let_through_after_the_pause() -> None:
    assert OPEN.phase(10) is Phase.HALF_OPEN
    probing = admitted(OPEN, POLICY, 10)
    assert probing is not None
    assert admitted(probing, POLICY, 11) is None
    assert wait_seconds(probing, 11) == 1


def test_good_probe_closes_it() -> None:
    probing = admitted(OPEN, POLICY, 10)
    assert probing is not None
    assert after(Verdict.ALIVE, at=11, circuit=probing) == CLOSED


def test_bad_probe_doubles_the_pause_up_to_its_limit() -> None:
    circuit, pauses, now = OPEN, [], 0.0
    for _ in range(3):
        now = circuit.open_until
        probing = admitted(circuit, POLICY, now)
        assert probing is not None
        circuit = after(Verdict.FAILED, at=now, circuit=probing)
        pauses.append(circuit.open_until - now)
    assert pauses == [20, 30, 30]


def test_probe_that_tells_nothing_frees_its_place() -> None:
    probing = admitted(OPEN, POLICY, 10)
    assert probing is not None
    freed = after(Verdict.NEUTRAL, at=11, circuit=probing)
    assert freed.phase(11) is Phase.HALF_OPEN
    assert admitted(freed, POLICY, 11) is not None


def test_probe_that_never_comes_back_is_given_up() -> None:
    probing = admitted(OPEN, POLICY, 10)
    assert probing is not None
    assert admitted(probing, POLICY, 59) is None
    assert admitted(probing, POLICY, 60) is not None


@pytest.mark.parametrize("verdict", list(Verdict))
def test_late_news_from_before_it_opened_change_nothing(verdict: Verdict) -> None:
    assert after(verdict, at=5, circuit=OPEN) == OPEN


def test_breaker_may_be_off() -> None:
    policy = BreakerPolicy(failures=0)
    circuit = CLOSED
    for _ in range(100):
        circuit = settled(circuit, policy, Verdict.FAILED, 0)
    assert circuit.is_closed
