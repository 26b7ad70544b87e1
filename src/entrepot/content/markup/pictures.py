"""Pictures of a page: what lazy loading hides is found, addresses are absolute, trackers go."""

import re

from lxml.html import HtmlElement

from entrepot.content.markup.addresses import absolute

_LAZY = ("data-src", "data-original", "data-lazy-src", "data-lazy")
_OTHERS = ("data-original-src", "data-url", "data-image", "data-full-src", "data-hi-res-src")
"""Where a picture also is; what it is shown from goes before."""

_LAZY_SETS = ("data-srcset", "data-lazy-srcset", "srcset")
_PLACEHOLDER = re.compile(
    r"(?i)^data:|(?:blank|spacer|pixel|placeholder|transparent|lazy[-_]?load|loading|1x1)[\w.-]*$"
)
_CANDIDATE = re.compile(r"\s*,?\s*([^\s,]\S*[^\s,])(?:\s+(\d+(?:\.\d+)?)([wx]))?\s*(?:,|$)")
_TINY = 2


def rescue_noscript_images(tree: HtmlElement) -> None:
    """Puts the picture that a page keeps in `<noscript>` in the place of the empty one before it."""
    for holder in tree.iter("noscript"):
        before, inside = holder.getprevious(), holder.find(".//img[@src]")
        if before is not None and before.tag == "img" and inside is not None and _source(before) is None:
            before.set("src", inside.get("src") or "")


def mend_images(tree: HtmlElement, base: str) -> None:
    """Gives every `<img>` its real, absolute address; one that has none, or that only tracks, goes."""
    for image in list(tree.iter("img")):
        said = _source(image)
        source = absolute(base, said) if said else None
        if source is None or _is_tiny(image):
            image.drop_tree()
        else:
            image.set("src", source)


def _source(image: HtmlElement) -> str | None:
    """The picture's own address, else what a script would load, else the largest of its sets."""
    plain = (image.get("src") or "").strip()
    lazy = next((value for name in _LAZY if (value := (image.get(name) or "").strip())), "")
    if (
        lazy
        and not lazy.startswith(("data:", "{", "["))
        and (not plain or _PLACEHOLDER.search(plain) or lazy != plain)
    ):
        return lazy
    if plain and not _PLACEHOLDER.search(plain):
        return plain
    other = next((value for name in _OTHERS if (value := (image.get(name) or "").strip())), "")
    if other and not other.startswith(("data:", "{", "[")):
        return other
    return _largest(image) or (plain if plain and not plain.startswith("data:") else None)


def _largest(image: HtmlElement) -> str | None:
    parent = image.getparent()
    holders = [image, *(parent.iterfind("source") if parent is not None and parent.tag == "picture" else ())]
    sets = (holder.get(name) for holder in holders for name in _LAZY_SETS)
    candidates = [found for value in sets if value for found in _CANDIDATE.findall(value[:20_000])]
    usable = [
        (float(size or 0), address) for address, size, _ in candidates if not address.startswith("data:")
    ]
    return max(usable, default=(0.0, None))[1]


def _is_tiny(image: HtmlElement) -> bool:
    """Whether an image tells nothing: no side that is given is longer than two pixels."""
    sizes = [
        size.strip().removesuffix("px")
        for name in ("width", "height")
        if (size := image.get(name) or "").strip()
    ]
    return bool(sizes) and all(size in ("0", "1", "2") for size in sizes)
