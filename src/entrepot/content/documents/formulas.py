"""Formulas of office documents (OMML) as TeX, which every format here can carry (ECMA-376 part 1, 22.1)."""

from collections.abc import Callable

from lxml import etree

from entrepot.content.documents.blocks import escape
from entrepot.content.documents.xml_source import attribute, child, children, local_name

_ACCENTS = {
    "\u0302": r"\hat",
    "\u0303": r"\tilde",
    "\u0305": r"\overline",
    "\u0307": r"\dot",
    "\u20d7": r"\vec",
}
_SIGNS = {"∑": r"\sum", "∫": r"\int", "∏": r"\prod", "⋃": r"\bigcup", "⋂": r"\bigcap"}
_MAX_DEPTH = 60


def formula(element: etree._Element) -> str:
    """An `m:oMath` or `m:oMathPara` as HTML: code of the language `math`, a block of it where it stands alone."""
    source = " ".join(_tex(element, 0).split())
    if not source:
        return ""
    if local_name(element) == "oMathPara":
        return f'<pre><code class="language-math">{escape(source)}</code></pre>'
    return f'<code class="language-math">{escape(source)}</code>'


def _tex(element: etree._Element | None, depth: int) -> str:
    if element is None or depth > _MAX_DEPTH:
        return ""
    if local_name(element) == "t":
        return element.text or ""
    write = _WRITERS.get(local_name(element))
    if write is not None:
        return write(element, depth + 1)
    if local_name(element).endswith("Pr"):
        return ""
    return "".join(_tex(each, depth + 1) for each in element)


def _fraction(element: etree._Element, depth: int) -> str:
    return rf"\frac{{{_tex(child(element, 'num'), depth)}}}{{{_tex(child(element, 'den'), depth)}}}"


def _script(*parts: str) -> Callable[[etree._Element, int], str]:
    def write(element: etree._Element, depth: int) -> str:
        base = _tex(child(element, "e"), depth)
        signs = {"sub": "_", "sup": "^"}
        return base + "".join(f"{signs[part]}{{{_tex(child(element, part), depth)}}}" for part in parts)

    return write


def _root(element: etree._Element, depth: int) -> str:
    degree = _tex(child(element, "deg"), depth)
    return rf"\sqrt{f'[{degree}]' if degree else ''}{{{_tex(child(element, 'e'), depth)}}}"


def _nary(element: etree._Element, depth: int) -> str:
    sign = attribute(child(element, "naryPr", "chr"), "val") or "∫"
    below, above = _tex(child(element, "sub"), depth), _tex(child(element, "sup"), depth)
    bounds = (f"_{{{below}}}" if below else "") + (f"^{{{above}}}" if above else "")
    return f"{_SIGNS.get(sign, sign)}{bounds} {_tex(child(element, 'e'), depth)}"


def _delimited(element: etree._Element, depth: int) -> str:
    said = child(element, "dPr")
    first, last = (attribute(child(said, name), "val") for name in ("begChr", "endChr"))
    inner = ", ".join(_tex(each, depth) for each in children(element, "e"))
    return f"{'(' if first is None else first}{inner}{')' if last is None else last}"


def _accented(element: etree._Element, depth: int) -> str:
    sign = attribute(child(element, "accPr", "chr"), "val") or "\u0302"
    return _ACCENTS.get(sign, r"\hat") + "{" + _tex(child(element, "e"), depth) + "}"


def _function(element: etree._Element, depth: int) -> str:
    return f"{_tex(child(element, 'fName'), depth)} {_tex(child(element, 'e'), depth)}"


def _matrix(element: etree._Element, depth: int) -> str:
    rows = (" & ".join(_tex(cell, depth) for cell in children(row, "e")) for row in children(element, "mr"))
    return r"\begin{matrix}" + r" \\ ".join(rows) + r"\end{matrix}"


_WRITERS: dict[str, Callable[[etree._Element, int], str]] = {
    "f": _fraction, "sSup": _script("sup"), "sSub": _script("sub"), "sSubSup": _script("sub", "sup"), "rad": _root,
    "nary": _nary, "d": _delimited, "acc": _accented, "func": _function, "m": _matrix,
}  # fmt: skip
