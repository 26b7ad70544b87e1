"""`Accept` decides the format as RFC 9110 says."""

import pytest

from entrepot.content.format import Format
from entrepot.content.negotiate import CHOICES, choose_format
from entrepot.errors import NotAcceptable

MD, HTML, TEXT, JSON = Format.MARKDOWN, Format.HTML, Format.TEXT, Format.JSON
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/markdown", MD),
        ("text/html", HTML),
        ("text/plain", TEXT),
        ("application/json", JSON),
        ("TEXT/Markdown", MD),
        ("text/plain, text/html;q=0.5", TEXT),
        ("text/plain;q=0.4, text/html;q=0.5", HTML),
        ("text/plain; q=0.400 , text/html ; Q=0.5", HTML),
        ("application/json;q=1.000, text/html;q=0.999", JSON),
        ("text/*", MD),
        ("text/*, text/markdown;q=0", HTML),
        ("text/*;q=0.5, application/json;q=0.6", JSON),
        ("text/plain, text/*", TEXT),
        ("application/*", JSON),
        ("application/pdf, text/plain;q=0.1", Format.PDF),
        ("image/png, text/plain;q=0.1", TEXT),
        ("text/html;charset=utf-8", HTML),
        ("text/markdown;variant=GFM;q=0.5, text/plain;q=0.4", MD),
        ("text/markdown;", MD),
        (",, text/html ,,", HTML),
        ("text/html;level=1, text/plain;q=0.1", TEXT),
        ("text/html;q=2, text/plain;q=0.1", TEXT),
        ("text/html;q=, text/plain;q=0.1", TEXT),
        ("text/html;q=0.1234, text/plain;q=0.1", TEXT),
        ("text/html;q=-1, text/plain;q=0.1", TEXT),
        ("text/html;q=1.5, text/plain;q=0.1", TEXT),
        ("nonsense, text/plain;q=0.1", TEXT),
        ("text/html text/plain, text/plain;q=0.1", TEXT),
        (BROWSER, HTML),
        ("*/*;q=0.5, text/plain", TEXT),
        ("text/html;q=0.3, */*;q=0.3", HTML),
        ("text/plain, text/plain;q=0", TEXT),
    ],
)
def test_best_format_is_chosen(accept: str, expected: Format) -> None:
    assert choose_format(accept) is expected


@pytest.mark.parametrize(
    "accept", ["text/html, text/markdown", "text/markdown, text/html", "application/json, text/*"]
)
def test_our_order_decides_between_equals(accept: str) -> None:
    assert choose_format(accept) in (MD, JSON)


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "",
        "*/*",
        "*/*;q=0.1",
        "*/*, text/html;q=0.5",
        "image/png, */*;q=0.1",
        "text/*;q=0.2, */*;q=0.3",
        "text/html;q=0, */*",
        "image/png, */*;q=0.5",
    ],
)
def test_anything_means_the_source_as_it_is(accept: str | None) -> None:
    assert choose_format(accept) is None


@pytest.mark.parametrize(
    "accept",
    [
        "image/png",
        "image/*",
        "text/html;q=0",
        "text/*;q=0",
        "*/*;q=0",
        "text/html;q=0.0, application/*;q=0.000",
        "nonsense",
        "*",
        "*/html",
        "text/html;level=1",
        ";;;",
        "text/html;q=x",
    ],
)
def test_refusal_lists_what_can_be_had(accept: str) -> None:
    with pytest.raises(NotAcceptable) as caught:
        choose_format(accept)
    assert caught.value.extra["available"] == [*CHOICES, "*/*"]
    assert all(choice in caught.value.detail for choice in CHOICES)


def test_excluded_format_is_not_given_for_its_family() -> None:
    assert choose_format("text/*, text/markdown;q=0, text/html;q=0") is TEXT


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "accept", ["text/html;" * 100_000, "a/b," * 100_000, "text/html" + " ;" * 100_000, ";" * 900_000]
)
def test_endless_header_is_read_in_a_moment(accept: str) -> None:
    try:
        choose_format(accept)
    except NotAcceptable:
        return
