"""A page that is only a part of what it could be is said to be so."""

import pytest

from entrepot.content.formats.html import read
from entrepot.content.options import ContentOptions
from tests.content.reading import ARTICLE, source

PAID = '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":%s}</script>'
SHELL = "<div id='root'>Loading the shop</div><script src='/app.js'></script>"
LOGIN = (
    "<h1>Welcome back</h1><form><label>Name</label><input name='n'><input type='password' name='p'></form>"
)


def codes(body: str, **options: str) -> list[str]:
    page = f"<!doctype html><html><head><title>T</title></head><body>{body}</body></html>"
    return [notice.code for notice in read(source(page), ContentOptions(**options)).notices]  # type: ignore[arg-type] # the table's options are of one kind


@pytest.mark.parametrize("extract", ["main", "full"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (f"<article><h1>T</h1>{ARTICLE * 3}</article>", []),
        (f"<article><h1>T</h1>{ARTICLE * 3}</article><script src='/app.js'></script>", []),
        (SHELL, ["needs-scripts"]),
        ("<p>A short note.</p>", []),
        ("<p>A short note.</p><script type='application/ld+json'>{}</script>", []),
        (LOGIN, ["login-wall"]),
        (LOGIN + SHELL, ["login-wall"]),
        (f"<article><h1>T</h1>{ARTICLE}</article>" + PAID % '"False"', ["login-wall"]),
        (f"<article><h1>T</h1>{ARTICLE}</article>" + PAID % "false", ["login-wall"]),
        (f"<article><h1>T</h1>{ARTICLE}</article>" + PAID % "true", []),
        (f"<article><h1>T</h1>{ARTICLE * 8}</article>" + PAID % "false", []),
    ],
)
def test_walls_are_told(body: str, extract: str, expected: list[str]) -> None:
    assert codes(body, extract=extract) == expected
