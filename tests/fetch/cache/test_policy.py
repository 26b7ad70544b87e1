"""RFC 9111's rules as tables: what may be stored, how long it is fresh, how old it is."""

import math
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot.fetch.cache.policy import (
    Answer,
    Lifetimes,
    age_seconds,
    forbids_stale,
    lifetime,
    may_store,
)
from entrepot.fetch.headers import Headers

NOW = 1_800_000_000.0
NOTHING = Headers()


def date(offset_seconds: float = 0) -> str:
    return formatdate(NOW + offset_seconds, usegmt=True)


def answer(*lines: tuple[str, str], status: int = 200, delay_seconds: float = 0) -> Answer:
    return Answer(status, Headers(lines), NOW - delay_seconds, NOW)


def says(directives: str, *lines: tuple[str, str], status: int = 200) -> Answer:
    return answer(("Cache-Control", directives), *lines, status=status)


@pytest.mark.parametrize(
    ("said", "is_shared", "expected"),
    [
        ("max-age=60", True, True),
        ("max-age=60", False, True),
        ("no-store", False, False),
        ("no-store, max-age=60", True, False),
        ("NO-STORE", True, False),
        ("private, max-age=60", True, False),
        ("private, max-age=60", False, True),
        ('private="Set-Cookie", max-age=60', True, True),
        ("s-maxage=60", True, True),
        ("max-age=0", True, False),  # neither fresh nor to be validated: of no use
        ("no-cache, max-age=60", True, False),
        ("must-understand, no-store, max-age=60", True, True),
        ("public", True, False),
        ("", True, False),
    ],
)
def test_storing_follows_the_answers_directives(said: str, is_shared: bool, expected: bool) -> None:
    assert may_store(says(said), NOTHING, Lifetimes(), is_shared=is_shared) is expected


@pytest.mark.parametrize("said", ["max-age=0", "no-cache", "no-cache, max-age=60", ""])
@pytest.mark.parametrize("validator", [("ETag", '"1"'), ("Last-Modified", date(-5))])
def test_what_can_be_validated_is_worth_storing(said: str, validator: tuple[str, str]) -> None:
    assert may_store(says(said, validator), NOTHING, Lifetimes(), is_shared=True)


@pytest.mark.parametrize(
    ("status", "with_lifetime", "without"),
    [
        (200, True, True), (203, True, True), (204, True, True), (301, True, True), (308, True, True),
        (404, True, True), (410, True, True), (302, True, False), (307, True, False), (403, True, False),
        (500, True, False), (503, True, False), (299, True, False), (206, False, False), (304, False, False),
    ],
)  # fmt: skip
def test_statuses_are_stored_by_their_kind(status: int, with_lifetime: bool, without: bool) -> None:
    lifetimes = Lifetimes(otherwise=60)
    assert may_store(says("max-age=60", status=status), NOTHING, lifetimes, is_shared=True) is with_lifetime
    assert may_store(answer(status=status), NOTHING, lifetimes, is_shared=True) is without


@pytest.mark.parametrize(
    ("said", "is_shared", "expected"),
    [
        ("max-age=60", True, False),
        ("max-age=60", False, True),
        ("public, max-age=60", True, True),
        ("s-maxage=60", True, True),
        ("must-revalidate, max-age=60", True, True),
    ],
)
def test_answer_to_credentials_is_shared_only_where_that_is_said(
    said: str, is_shared: bool, expected: bool
) -> None:
    asked = Headers([("Authorization", "Basic x")])
    assert may_store(says(said), asked, Lifetimes(), is_shared=is_shared) is expected


@pytest.mark.parametrize("vary", ["*", "*, *", "Accept, *", ", *"])
def test_answer_that_varies_by_anything_is_not_stored(vary: str) -> None:
    assert not may_store(says("max-age=60", ("Vary", vary)), NOTHING, Lifetimes(), is_shared=False)


def test_request_may_forbid_storing() -> None:
    asked = Headers([("Cache-Control", "no-store")])
    assert not may_store(says("max-age=60"), asked, Lifetimes(), is_shared=False)


@pytest.mark.parametrize(
    ("lines", "shared", "private"),
    [
        ([("Cache-Control", "max-age=60")], 60, 60),
        ([("Cache-Control", "MaX-aGe=60")], 60, 60),
        ([("Cache-Control", "max-age=60, s-maxage=10")], 10, 60),
        ([("Cache-Control", "max-age=10"), ("Cache-Control", "s-maxage=60")], 60, 10),
        ([("Cache-Control", 'max-age="60"')], 60, 60),
        ([("Cache-Control", "max-age=0060")], 60, 60),
        ([("Cache-Control", "max-age='60'")], 0, 0),
        ([("Cache-Control", "max-age=-60")], 0, 0),
        ([("Cache-Control", "max-age=60.5")], 0, 0),
        ([("Cache-Control", "max-age=")], 0, 0),
        ([("Cache-Control", "max-age")], 0, 0),
        ([("Cache-Control", "max-age=60a")], 0, 0),
        ([("Cache-Control", "max-age= 60 70")], 0, 0),
        ([("Cache-Control", "max-age=60, max-age=60")], 60, 60),
        ([("Cache-Control", "max-age=60, max-age=0")], 0, 0),
        ([("Cache-Control", "max-age=1"), ("Cache-Control", "max-age=60")], 0, 0),
        ([("Cache-Control", "max-age=99999999999")], 2**31, 2**31),
        ([("Cache-Control", "max-age=2147483648")], 2**31, 2**31),
        ([("Cache-Control", 'x="max-age=60", max-age=1')], 1, 1),
        ([("Cache-Control", 'x="a\\", max-age=60", max-age=1')], 1, 1),
        ([("Expires", date(60)), ("Date", date())], 60, 60),
        ([("Expires", date(60))], 60, 60),
        ([("Expires", date(60)), ("Date", "nonsense")], 60, 60),
        ([("Expires", date(60)), ("Date", date(-30))], 90, 90),
        ([("Expires", date(-60)), ("Date", date())], 0, 0),
        ([("Expires", "0")], 0, 0),
        ([("Expires", "nonsense"), ("Cache-Control", "max-age=60")], 60, 60),
        ([("Expires", date(60)), ("Expires", date(90))], 0, 0),
        ([("Expires", date(60)), ("Cache-Control", "max-age=10")], 10, 10),
    ],
)
def test_explicit_lifetime(lines: list[tuple[str, str]], shared: float, private: float) -> None:
    for is_shared, expected in ((True, shared), (False, private)):
        found = lifetime(answer(*lines), Lifetimes(otherwise=999), is_shared=is_shared)
        assert (found.seconds, found.is_explicit) == (expected, True)


@pytest.mark.parametrize(
    ("media_type", "status", "expected"),
    [
        ("text/html", 200, 300), ("image/png", 200, 86400), ("application/json", 200, 60), ("", 200, 60),
        ("text/html", 404, 30), ("text/html", 410, 30), ("text/html", 301, 300), ("text/html", 302, 0),
        ("text/html", 403, 0), ("text/html", 500, 0),
    ],
)  # fmt: skip
def test_set_lifetime_by_type_and_status_where_the_origin_says_nothing(
    media_type: str, status: int, expected: float
) -> None:
    lifetimes = Lifetimes(by_type={"text/html": 300, "image/*": 86400}, otherwise=60, negative=30)
    changed = ("Last-Modified", date(-100_000))
    found = lifetime(answer(changed, status=status), lifetimes, is_shared=True, media_type=media_type)
    assert (found.seconds, found.is_explicit) == (expected, False)


@pytest.mark.parametrize(
    ("status", "said", "changed", "expected"),
    [
        (200, "", -1000, 100),
        (200, "", -10_000_000, 86400),
        (200, "", 50, 0),
        (200, "", None, 0),
        (404, "", -1000, 100),
        (302, "", -1000, 0),
        (599, "public", -1000, 100),
        (599, "", -1000, 0),
    ],
)
def test_heuristic_lifetime_is_a_tenth_of_the_time_since_the_change(
    status: int, said: str, changed: float | None, expected: float
) -> None:
    lines = [("Last-Modified", date(changed))] if changed is not None else []
    found = lifetime(says(said, *lines, status=status), Lifetimes(), is_shared=True)
    assert found.seconds == pytest.approx(expected)


@pytest.mark.parametrize(
    ("lines", "delay", "later", "expected"),
    [
        ([], 0, 0, 0),
        ([], 0, 10, 10),
        ([], 3, 10, 13),
        ([("Age", "100")], 0, 10, 110),
        ([("Age", "100")], 3, 10, 113),
        ([("Date", date(-50))], 0, 10, 60),
        ([("Date", date(-50)), ("Age", "100")], 0, 0, 100),
        ([("Date", date(50))], 0, 10, 10),
        ([("Date", "nonsense")], 0, 10, 10),
        ([("Age", "99999999999")], 0, 0, 2**31),
        ([("Age", "old")], 0, 0, math.inf),
        ([("Age", "-1")], 0, 0, math.inf),
        ([("Age", "1.5")], 0, 0, math.inf),
        ([("Age", "0"), ("Age", "0")], 0, 0, math.inf),
        ([("Age", "0, 0")], 0, 0, math.inf),
        ([("Age", "٣")], 0, 0, math.inf),
    ],
)
def test_age(lines: list[tuple[str, str]], delay: float, later: float, expected: float) -> None:
    assert age_seconds(answer(*lines, delay_seconds=delay), NOW + later) == expected


@pytest.mark.parametrize(
    ("said", "shared", "private"),
    [
        ("max-age=60", False, False),
        ("must-revalidate", True, True),
        ("no-cache", True, True),
        ('no-cache="Set-Cookie"', False, False),
        ("proxy-revalidate", True, False),
        ("s-maxage=60", True, False),
    ],
)
def test_stale_use_is_forbidden_by_directive(said: str, shared: bool, private: bool) -> None:
    headers = Headers([("Cache-Control", said)])
    assert forbids_stale(headers, is_shared=True) is shared
    assert forbids_stale(headers, is_shared=False) is private


_FIELDS = st.sampled_from(["Cache-Control", "Expires", "Date", "Age", "Last-Modified", "Vary", "ETag"])


@given(
    st.lists(st.tuples(_FIELDS, st.text(max_size=40))),
    st.integers(100, 999),
    st.floats(0, 1e6),
    st.booleans(),
)
def test_no_answer_breaks_the_rules(
    lines: list[tuple[str, str]], status: int, later: float, is_shared: bool
) -> None:
    odd = answer(*lines, status=status)
    may_store(odd, Headers(lines), Lifetimes(), is_shared=is_shared)
    assert 0 <= lifetime(odd, Lifetimes(), is_shared=is_shared).seconds <= 2**31
    assert age_seconds(odd, NOW + later) >= later - 1e-6
