"""Keys, partitions, tags, and an entry's way through JSON."""

import json

import pytest

from entrepot.fetch.cache.entry import Entry, partition_of, tags_of
from entrepot.fetch.headers import Headers
from entrepot.fetch.url import parse_url
from tests.fetch.cache.entries import entry_of

URL = parse_url("https://example.com/a")


def test_entry_survives_json() -> None:
    entry = entry_of(b"x", selecting={"accept": "=a"}, owner="A", is_shared=False)
    again = Entry.from_dict(json.loads(json.dumps(entry.as_dict())))
    assert again.as_dict() == entry.as_dict()
    assert again.answer.headers.lines() == entry.answer.headers.lines()


@pytest.mark.parametrize("data", [{}, {"answer": {}}, {**entry_of(b"").as_dict(), "unknown": 1}])
def test_what_is_no_entry_is_refused(data: dict[str, object]) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        Entry.from_dict(data)


_REQUESTS: list[tuple[str, dict[str, str]]] = [
    ("", {}),
    ("A", {"Cookie": "a=1"}),
    ("A", {"Cookie": "a=2"}),
    ("A", {"cookie2": "a=1"}),
    ("B", {"Cookie": "a=1"}),
    ("", {"Cookie": "a=1"}),
    ("A", {"Cookie": "a=1", "Accept": "x"}),
]


@pytest.mark.parametrize("may_share", [True, False])
def test_requests_that_differ_in_owner_or_headers_never_meet(may_share: bool) -> None:
    keys = {partition_of(owner, headers, may_share=may_share).key(URL) for owner, headers in _REQUESTS}
    assert len(keys) == len(_REQUESTS)


def test_same_headers_meet_in_any_order_and_case() -> None:
    first = partition_of("A", {"Cookie": "a", "X": "b"}, may_share=False)
    second = partition_of("A", {"x": "b", "cookie": "a"}, may_share=False)
    assert first.key(URL) == second.key(URL)


@pytest.mark.parametrize(
    ("owner", "headers", "may_share", "is_shared", "kept_for"),
    [
        ("", {}, False, True, ""),
        ("A", {}, True, True, ""),
        ("A", {}, False, False, "A"),
        ("A", {"X": "y"}, True, False, "A"),
        ("", {"X": "y"}, True, False, ""),
    ],
)
def test_shared_caches_rules_hold_only_where_anybody_may_look(
    owner: str, headers: dict[str, str], may_share: bool, is_shared: bool, kept_for: str
) -> None:
    partition = partition_of(owner, headers, may_share=may_share)
    assert (partition.is_shared, partition.owner) == (is_shared, kept_for)


def test_key_tells_nothing() -> None:
    key = partition_of("A", {"Authorization": "secret"}, may_share=False).key(URL)
    assert set(key) <= set("0123456789abcdef")


def test_tags_come_from_host_type_caller_and_origin() -> None:
    headers = Headers([("Cache-Tag", "a, b"), ("Surrogate-Key", "c d"), ("Cache-Tag", "a,,bad tag,\xff")])
    assert tags_of(URL, "text/html", headers, ["mine"]) == (
        "host:example.com", "type:text/html", "mine", "a", "b", "c", "d",
    )  # fmt: skip


def test_number_of_tags_is_bounded() -> None:
    headers = Headers([("Surrogate-Key", " ".join(map(str, range(1000))))])
    assert len(tags_of(URL, "", headers)) == 64
