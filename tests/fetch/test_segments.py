"""Shares of a file: taken, stolen, given back, until nothing is missing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.fetch.segments import Claim, Plan, Ramp, Span


def test_first_piece_is_the_whole_and_the_next_its_second_half() -> None:
    plan = Plan([(0, 1000)], min_piece_bytes=10)
    first, second = plan.take(), plan.take()
    assert first is not None
    assert second is not None
    assert [(claim.offset, claim.end) for claim in (first, second)] == [(0, 500), (500, 1000)]


def test_half_of_the_largest_remainder_is_stolen() -> None:
    plan = Plan([(0, 1000)], min_piece_bytes=10)
    first, second = plan.take(), plan.take()
    assert first is not None
    assert second is not None
    first.offset = 400  # 100 left of its 500
    third = plan.take()
    assert third is not None
    assert ((third.offset, third.end), second.end) == ((750, 1000), 750)


def test_little_is_left_to_who_has_it() -> None:
    plan = Plan([(0, 19)], min_piece_bytes=10)
    assert plan.take() is not None
    assert plan.take() is None


def test_free_spans_come_before_stolen_ones() -> None:
    plan = Plan([(0, 100), (500, 600)], min_piece_bytes=10)
    taken = [plan.take(), plan.take()]
    assert [(claim.offset, claim.end) for claim in taken if claim] == [(0, 100), (500, 600)]


def test_what_is_given_back_is_free_again() -> None:
    plan = Plan([(0, 100)], min_piece_bytes=10)
    claim = plan.take()
    assert claim is not None
    claim.offset = 40
    plan.release(claim)
    assert plan.missing == [(40, 100)]
    again = plan.take()
    assert again is not None
    again.offset = 100
    assert plan.is_complete


def test_connection_goes_straight_on_where_what_follows_is_free() -> None:
    plan = Plan([(0, 1000)], min_piece_bytes=10)
    first, second = plan.take(), plan.take()
    assert first is not None
    assert second is not None
    assert not plan.extend(first)
    plan.release(second)
    assert plan.extend(first)
    assert first.end == 1000


@pytest.mark.parametrize(("offset", "found"), [(0, None), (10, (10, 20)), (15, None), (30, (30, 40))])
def test_connection_that_is_already_somewhere_takes_what_begins_there(
    offset: int, found: Span | None
) -> None:
    claim = Plan([(10, 20), (30, 40)]).claim_at(offset)
    assert (None if claim is None else (claim.offset, claim.end)) == found


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["take", "work", "release", "extend"]), st.integers(0, 7), st.integers(1, 400)
        )
    )
)
def test_no_byte_is_lost_or_fetched_twice(steps: list[tuple[str, int, int]]) -> None:
    """Whatever connections do: what has been worked on and what is missing make up the file."""
    plan = Plan([(0, 1000)], min_piece_bytes=10)
    held: list[Claim] = []
    fetched: set[int] = set()
    for step, which, size in steps:
        if step == "take":
            if (claim := plan.take()) is not None:
                held.append(claim)
        elif held:
            claim = held[which % len(held)]
            if step == "work":
                stop = min(claim.end, claim.offset + size)
                span = set(range(claim.offset, stop))
                assert not span & fetched
                fetched |= span
                claim.offset = stop
            elif step == "extend" and not claim.left_bytes:
                plan.extend(claim)
            elif step == "release":
                held.remove(claim)
                plan.release(claim)
    missing = {number for start, end in plan.missing for number in range(start, end)}
    assert missing == set(range(1000)) - fetched
    assert plan.left_bytes == len(missing)
    assert plan.is_complete == (not missing)


def ramp(*speeds: float, left_bytes: int = 10**9) -> list[int]:
    """How many connections there are after each of these speeds, from one on."""
    decides, connections, found = Ramp(max_connections=8, worth_seconds=3), 1, []
    for speed in speeds:
        connections = decides.wanted(connections, speed, left_bytes)
        found.append(connections)
    return found


def test_connections_double_while_that_helps() -> None:
    assert ramp(5e6, 20e6, 40e6, 40e6) == [4, 8, 8, 8]


def test_connections_are_no_longer_added_when_they_bring_nothing() -> None:
    assert ramp(50e6, 51e6, 99e6) == [4, 4, 4]


def test_connections_are_not_added_for_the_last_seconds() -> None:
    assert ramp(5e6, left_bytes=14_000_000) == [1]
