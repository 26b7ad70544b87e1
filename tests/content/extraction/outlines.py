"""Small pages outlined in one call."""

from entrepot.content.extraction.measures import Measures
from entrepot.content.extraction.outline import Outline, outline_of
from entrepot.content.markup.tree import parse_html


def outlined(body: str) -> Outline:
    return outline_of(parse_html(f"<html><body>{body}</body></html>"))


def measured(body: str) -> Measures:
    return Measures(outlined(body))


def lines_of(body: str) -> list[str]:
    return [line.text for line in outlined(body).lines]
