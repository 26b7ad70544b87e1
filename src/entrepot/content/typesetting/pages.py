"""A document's whole source for the typesetter: style, masthead, language, direction of writing, content."""

import re
from collections.abc import Mapping
from pathlib import Path

from lxml.html import HtmlElement

from entrepot.content.document import Document
from entrepot.content.typesetting.words import breakable, is_right_to_left, literal
from entrepot.content.typesetting.writer import Picture, Writer, link, squeezed

STYLE = Path(__file__).with_name("print.typ")

_LANGUAGE = re.compile(r"([a-z]{2,3})(?:[-_].*)?", re.IGNORECASE)
_HAN_FONTS = {
    "ja": ("Noto Serif CJK JP", "Noto Sans CJK JP"),
    "ko": ("Noto Serif CJK KR", "Noto Sans CJK KR"),
    "zh-hant": ("Noto Serif CJK TC", "Noto Sans CJK TC"),
    "": ("Noto Serif CJK SC", "Noto Sans CJK SC"),
}


def write_pages(
    document: Document,
    content: HtmlElement,
    source_url: str | None,
    *,
    pictures: Mapping[str, Picture],
    lacks_glyphs: bool = False,
) -> str:
    """The whole source. `content` is the document's fragment as a tree; `pictures` go by their address.

    `lacks_glyphs` says that there are characters which no font can draw; their text is then kept all the same.
    """
    said = document.metadata
    text = "".join(content.itertext())
    direction = "rtl" if is_right_to_left(text) else "ltr"
    source = literal(source_url[:300]) if source_url else "none"
    arguments = [
        f"title: {literal(said.title or '')}", f"author: {literal(said.author) if said.author else 'none'}", f"source: {source}",
        f"lang: {literal(_language(said.language))}", f"dir: {direction}", f"fonts: {_tuple(_han_fonts(said.language))}",
    ]  # fmt: skip
    writer = Writer(content, pictures, direction)
    body = [
        *(["sacrifice()"] if lacks_glyphs else []),
        _masthead(document, content, source_url),
        *writer.flow(content),
    ]
    return "\n".join(
        [STYLE.read_text(encoding="utf-8"), f"#show: sheet.with({', '.join(arguments)})", "#{", *body, "}"]
    )


def _masthead(document: Document, content: HtmlElement, source_url: str | None) -> str:
    said = document.metadata
    title = literal(breakable(said.title)) if said.title and not _opens_with(content, said.title) else "none"
    day = (said.published_at or said.modified_at or "")[:10]
    byline = " · ".join(filter(None, (said.author, said.site_name, day)))
    source = "none"
    if source_url:
        source = link(source_url, literal(breakable(source_url[:300])))
    return f"masthead({title}, {literal(byline) if byline else 'none'}, {source})"


def _opens_with(content: HtmlElement, title: str) -> bool:
    first = next(content.iter("h1", "h2", "p", "li", "td", "pre"), None)
    return first is not None and first.tag == "h1" and squeezed(first) == " ".join(title.split())


def _language(code: str | None) -> str:
    match = _LANGUAGE.fullmatch(code or "")
    return match[1].lower() if match else "en"


def _han_fonts(code: str | None) -> tuple[str, ...]:
    lowered = (code or "").lower().replace("_", "-")
    if lowered in {"zh-tw", "zh-hk", "zh-mo"} or lowered.startswith("zh-hant"):
        return _HAN_FONTS["zh-hant"]
    return _HAN_FONTS.get(lowered[:2], _HAN_FONTS[""])


def _tuple(values: tuple[str, ...]) -> str:
    return "(" + "".join(f"{literal(value)}, " for value in values) + ")"
