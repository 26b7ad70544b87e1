"""Which cookies an answer leaves behind, and where they go."""

import pytest

from entrepot.fetch.cookies import MAX_COOKIES, cookie_field, keep_cookies, merged_field
from entrepot.fetch.url import parse_url

HERE = parse_url("https://www.shop.example/cart/add")


def field(*lines: str, at: str = "https://www.shop.example/cart/view") -> str:
    return cookie_field(keep_cookies((), lines, HERE), parse_url(at))


@pytest.mark.parametrize(
    ("line", "at", "sent"),
    [("a=1", "https://www.shop.example/cart/view", "a=1"),
     ("a=1", "https://www.shop.example/cart", "a=1"),
     ("a=1", "https://www.shop.example/cartoon", ""),
     ("a=1", "https://www.shop.example/", ""),
     ("a=1; Path=/", "https://www.shop.example/", "a=1"),
     ("a=1; Path=nonsense", "https://www.shop.example/cart/", "a=1"),
     ("a=1; path=/", "https://shop.example/", ""),
     ("a=1; path=/; Domain=shop.example", "https://shop.example/", "a=1"),
     ("a=1; path=/; Domain=.SHOP.example", "https://m.shop.example/", "a=1"),
     ("a=1; path=/; Domain=shop.example", "https://workshop.example/", ""),
     ("a=1; path=/; Domain=example", "https://www.shop.example/", ""),
     ("a=1; path=/; Domain=other.example", "https://other.example/", ""),
     ("a=1; path=/; Secure", "http://www.shop.example/", ""),
     ("a=1; path=/; Secure", "https://www.shop.example/", "a=1"),
     ("a=; path=/", "https://www.shop.example/", "a="),
     ('a="x y"; path=/', "https://www.shop.example/", 'a="x y"'),
     ("no pair; path=/", "https://www.shop.example/", ""),
     ("=1; path=/", "https://www.shop.example/", ""),
     ("a b=1; path=/", "https://www.shop.example/", ""),
     ("a=caf\xe9; path=/", "https://www.shop.example/", ""),
     (f"a={'x' * 5000}; path=/", "https://www.shop.example/", "")],
)  # fmt: skip
def test_cookie_goes_where_it_belongs(line: str, at: str, sent: str) -> None:
    assert field(line, at=at) == sent


@pytest.mark.parametrize(
    "taken_back", ["a=; Max-Age=0", "a=; Max-Age=-5", "a=; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]
)
def test_cookie_that_is_over_is_dropped(taken_back: str) -> None:
    assert field("a=1", taken_back) == ""


def test_later_cookie_replaces_the_earlier() -> None:
    assert field("a=1", "a=2") == "a=2"


def test_longer_path_comes_first() -> None:
    assert field("a=1; Path=/", "b=2; Path=/cart") == "b=2; a=1"


def test_address_has_no_domain_above_it() -> None:
    url = parse_url("http://127.0.0.1/")
    assert keep_cookies((), ["a=1; Domain=0.0.1"], url) == ()


def test_number_is_bounded() -> None:
    lines = [f"c{number}=1" for number in range(MAX_COOKIES + 9)]
    assert len(keep_cookies((), lines, HERE)) == MAX_COOKIES


def test_value_does_not_show_in_a_log() -> None:
    assert "s3cret" not in repr(keep_cookies((), ["a=s3cret"], HERE))


@pytest.mark.parametrize(
    ("given", "merged"), [("", "a=1"), ("b=2", "b=2; a=1"), ("a=0; b=2", "b=2; a=1"), (" a = 0 ", "a=1")]
)
def test_own_cookie_gives_way_to_the_origins(given: str, merged: str) -> None:
    assert merged_field(given, "a=1") == merged
