"""What only a browser can show, as what anything can: players as links, boxes to tick as characters."""

import re

from lxml.html import Element, HtmlElement

from entrepot.content.markup.addresses import absolute
from entrepot.content.markup.tree import BLOCKS

_PLAYER = re.compile(r"/(?:embed|player|video|watch|e)s?(?:[/?._-]|$)|/maps?/|player\.", re.IGNORECASE)
_MAX_NAME_CHARS = 200


def mend_embeds(tree: HtmlElement, base: str) -> None:
    """Puts a link of the relation `embed` in the place of each film, sound or embedded player."""
    for element in list(tree.iter("iframe", "video", "audio")):
        if element.getparent() is None or _is_tiny(element):
            continue
        said = _source(element)
        address = absolute(base, said) if said else None
        if address is None or (element.tag == "iframe" and not _is_player(element, address)):
            continue
        link = Element("a", href=address, rel="embed")
        link.text = _name(element) or address
        holder = Element("div" if _is_block(element) else "span")
        holder.append(link)
        holder.tail = element.tail
        element.getparent().replace(element, holder)


def mend_boxes(tree: HtmlElement) -> None:
    """Makes characters of the boxes before tasks."""
    for box in list(tree.iter("input")):
        holder = box.getparent()
        if box.get("type") != "checkbox" or holder is None or next(box.iterancestors("li"), None) is None:
            continue
        sign = "☐ " if box.get("checked") is None else "☑ "
        box.tail = sign + (box.tail or "").lstrip()
        box.drop_tree()


def _source(element: HtmlElement) -> str:
    own = element.get("src") or element.get("data-src") or element.get("data-lazy-src") or ""
    if own.strip() and not own.startswith(("about:", "data:", "blob:")):
        return own.strip()
    sources = (source.get("src") or "" for source in element.iter("source"))
    return next((source.strip() for source in sources if source.strip()), "")


def _is_player(element: HtmlElement, address: str) -> bool:
    return element.get("allowfullscreen") is not None or bool(_PLAYER.search(address))


def _is_block(element: HtmlElement) -> bool:
    """Whether what stands for `element` may be a block of its own."""
    return element.getparent().tag in BLOCKS and element.getparent().tag not in (
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
    )


def _is_tiny(element: HtmlElement) -> bool:
    return any(
        (element.get(name) or "").removesuffix("px") in ("0", "1", "2") for name in ("width", "height")
    )


def _name(element: HtmlElement) -> str:
    said = element.get("title") or element.get("aria-label") or ""
    return " ".join(said.split())[:_MAX_NAME_CHARS]
