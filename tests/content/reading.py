"""Small pages read and rendered in one call, as every test of this room needs them."""

import json
from typing import Any

from entrepot.content.convert import convert
from entrepot.content.document import Metadata, Page
from entrepot.content.facts.metadata import read_metadata
from entrepot.content.format import Format
from entrepot.content.markup.tree import parse_html
from entrepot.content.options import ContentOptions

URL = "https://harbour.example/news/crane.html"
HTML = "text/html; charset=utf-8"

PROSE = (
    "For forty years the harbour of Saltmere lived with a single crane, and every ship that came in waited for it.",
    "The captains grew used to it, brought books, and knew the names of all the dockers' children by heart.",
    "Last spring the council found an unused crane in a yard two days' sail to the north, and bought it at once.",
    "Moving it took eleven nights, three barges and more rope than the town had ever seen in a single place.",
    "Since then two ships can be unloaded at once, and the waiting list fits on the back of a postcard.",
)
"""Sentences that are long enough for extractors to take them for content."""

ARTICLE = "".join(f"<p>{sentence}</p>" for sentence in PROSE)


def source(body: str | bytes, content_type: str | None = HTML, url: str = URL) -> Page:
    """What an origin sent for `url`."""
    data = body.encode() if isinstance(body, str) else body
    return Page(data, content_type, url, url, fetched_at="2026-03-01T08:00:00Z", fetch_ms=12.5)


def render(
    body: str | bytes, wanted: Format = Format.MARKDOWN, content_type: str | None = HTML, **options: Any
) -> str:
    """`body` in another format; the whole page unless `options` say otherwise."""
    chosen = ContentOptions(**{"extract": "full", **options})
    return convert(source(body, content_type), wanted, chosen).body.decode()


def markdown(body: str | bytes, **options: Any) -> str:
    return render(body, Format.MARKDOWN, **options)


def text(body: str | bytes, **options: Any) -> str:
    return render(body, Format.TEXT, **options)


def as_json(body: str | bytes, **options: Any) -> dict[str, Any]:
    found = json.loads(render(body, Format.JSON, **options))
    assert isinstance(found, dict)
    return found


def html_content(body: str | bytes, **options: Any) -> str:
    """What the HTML format puts into its body."""
    whole = render(body, Format.HTML, **options)
    return whole.partition("<body>\n")[2].rpartition("\n</body>")[0]


def facts(head: str = "", body: str = "<p>x</p>", root: str = "<html>", url: str = URL) -> Metadata:
    """What a page with this head says of itself."""
    return read_metadata(
        parse_html(f"<!doctype html>{root}<head>{head}</head><body>{body}</body></html>"), url
    )
