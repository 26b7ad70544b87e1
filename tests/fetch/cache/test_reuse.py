"""When a stored answer is used as it is, behind a validation, or not without one; and which variant is meant."""

import pytest

from entrepot.fetch.cache.directives import parse_directives, request_directives
from entrepot.fetch.cache.policy import Answer, Lifetimes, lifetime
from entrepot.fetch.cache.reuse import (
    Use,
    Wish,
    is_selected,
    may_use_on_error,
    selecting_fields,
    use_of,
    wish_of,
    wish_within,
)
from entrepot.fetch.headers import Headers

NOW = 1_800_000_000.0
FRESH, BEHIND, FIRST = Use.AS_IT_IS, Use.WHILE_VALIDATING, Use.AFTER_VALIDATION


def use(said: str, age: float, wish: Wish, *, is_shared: bool = True) -> Use:
    answer = Answer(200, Headers([("Cache-Control", said)]), NOW, NOW)
    found = lifetime(answer, Lifetimes(otherwise=50), is_shared=is_shared)
    return use_of(answer, found, wish, NOW + age, is_shared=is_shared)


@pytest.mark.parametrize(
    ("said", "age", "expected"),
    [
        ("max-age=10", 9, FRESH),
        ("max-age=10", 10, FIRST),
        ("max-age=10", 11, FIRST),
        ("max-age=10, stale-while-revalidate=5", 14, BEHIND),
        ("max-age=10, stale-while-revalidate=5", 15, FIRST),
        ("max-age=10, stale-while-revalidate=5, must-revalidate", 11, FIRST),
        ("max-age=10, s-maxage=10, stale-while-revalidate=5", 11, FIRST),
        ("max-age=10, no-cache", 1, FIRST),
        ('max-age=10, no-cache="X"', 1, FRESH),
        ("immutable, max-age=10", 1, FRESH),
        ("", 49, FRESH),
        ("", 51, FIRST),
    ],
)
def test_fresh_answer_is_used_and_stale_one_validated(said: str, age: float, expected: Use) -> None:
    assert use(said, age, Wish()) is expected


@pytest.mark.parametrize(
    ("asked", "said", "age", "expected"),
    [
        ("max-age=0", "max-age=100", 0, FIRST),
        ("max-age=5", "max-age=100", 4, FRESH),
        ("max-age=5", "max-age=100", 6, FIRST),
        ("no-cache", "max-age=100", 0, FIRST),
        ("min-fresh=20", "max-age=100", 70, FRESH),
        ("min-fresh=20", "max-age=100", 90, FIRST),
        ("max-stale", "max-age=100", 10_000, FRESH),
        ("max-stale=10", "max-age=100", 105, FRESH),
        ("max-stale=10", "max-age=100", 115, FIRST),
        ("max-stale=10", "max-age=100, must-revalidate", 105, FIRST),
        ("nonsense", "max-age=100", 10, FRESH),
    ],
)
def test_request_directives_are_obeyed(asked: str, said: str, age: float, expected: Use) -> None:
    assert use(said, age, wish_of(parse_directives([asked]))) is expected


@pytest.mark.parametrize(
    ("within", "said", "age", "expected"),
    [
        (None, "max-age=10", 11, FIRST),
        (0, "max-age=100", 0, FIRST),
        (60, "max-age=100", 50, FRESH),
        (60, "max-age=100", 61, FIRST),
        (60, "max-age=10", 50, FRESH),
        (60, "", 55, FRESH),
        (60, "max-age=10, must-revalidate", 50, FIRST),
        (60, "s-maxage=10", 50, FIRST),
        (60, "no-cache", 1, FIRST),
    ],
)
def test_callers_greatest_age_is_the_oldest_that_will_do(
    within: float | None, said: str, age: float, expected: Use
) -> None:
    assert use(said, age, wish_within(within)) is expected


@pytest.mark.parametrize(
    ("said", "age", "within", "expected"),
    [
        ("max-age=10, stale-if-error=20", 29, None, True),
        ("max-age=10, stale-if-error=20", 30, None, False),
        ("max-age=10, stale-if-error=0", 11, None, False),
        ("max-age=10", 14, None, True),
        ("max-age=10", 15, None, False),
        ("max-age=10, must-revalidate, stale-if-error=20", 11, None, False),
        ("max-age=10, stale-if-error=20", 15, 14, False),
        ("max-age=10, stale-if-error=20", 15, 16, True),
        ("max-age=10, stale-if-error=20", 1, 0, False),
        ("max-age=10", 5, None, True),
    ],
)
def test_stale_answer_stands_in_for_a_failure(
    said: str, age: float, within: float | None, expected: bool
) -> None:
    answer = Answer(200, Headers([("Cache-Control", said)]), NOW, NOW)
    found = lifetime(answer, Lifetimes(), is_shared=True)
    wish = wish_within(within)
    assert may_use_on_error(answer, found, wish, NOW + age, is_shared=True, otherwise_seconds=5) is expected


@pytest.mark.parametrize(
    ("vary", "stored", "asked", "expected"),
    [
        ("", {}, {"Accept": "x"}, True),
        ("Foo", {"Foo": "1"}, {"Foo": "1"}, True),
        ("foo", {"FOO": "1"}, {"Foo": "1"}, True),
        ("Foo", {"Foo": "1"}, {"Foo": "2"}, False),
        ("Foo", {"Foo": "1"}, {}, False),
        ("Foo", {}, {"Foo": "1"}, False),
        ("Foo", {}, {"Foo": ""}, False),
        ("Foo", {}, {}, True),
        ("Foo", {"Foo": "1, 2"}, {"Foo": "1 ,2"}, True),
        ("Foo", {"Foo": "1, 2"}, {"Foo": "2, 1"}, False),
        ("Foo, Bar", {"Foo": "1", "Bar": "2"}, {"Bar": "2", "Foo": "1"}, True),
        ("Foo, Bar", {"Foo": "1", "Bar": "2"}, {"Foo": "1", "Bar": "3"}, False),
        ("Accept-Language", {"Accept-Language": "en, de"}, {"Accept-Language": "DE,en"}, True),
        ("Accept-Language", {"Accept-Language": "en"}, {"Accept-Language": "de"}, False),
        ("User-Agent", {"User-Agent": "A"}, {"User-Agent": "a"}, False),
    ],
)
def test_variant_is_selected_by_the_fields_that_vary_names(
    vary: str, stored: dict[str, str], asked: dict[str, str], expected: bool
) -> None:
    selecting = selecting_fields(Headers([("Vary", vary)]), Headers(stored.items()))
    assert is_selected(selecting, Headers(asked.items())) is expected


def test_lines_of_a_selecting_field_are_joined() -> None:
    vary = Headers([("Vary", "Foo")])
    selecting = selecting_fields(vary, Headers([("Foo", "1"), ("Foo", "2")]))
    assert is_selected(selecting, Headers([("Foo", "1, 2")]))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("Pragma", "no-cache")], True),
        ([("Pragma", "no-cache"), ("Cache-Control", "max-age=1")], False),
        ([("Pragma", "other")], False),
    ],
)
def test_pragma_counts_where_there_is_no_cache_control(lines: list[tuple[str, str]], expected: bool) -> None:
    assert ("no-cache" in request_directives(Headers(lines))) is expected
