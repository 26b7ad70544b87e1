"""Formulas of a page, in the many shapes that pages give them, brought into one: code of the language `math` that holds TeX."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from lxml import etree
from lxml.html import Element, HtmlElement

from entrepot.content.markup.mathml import to_tex

_SCRIPTS = etree.XPath("descendant::script[starts-with(@type, 'math/tex')]")
_WRAPPER = re.compile(r"(?:^|\s)(?:katex(?:-display)?|mwe-math-element\S*|MathJax\S*|mjx-\S+)(?:\s|$)")
_BLOCK_WRAPPER = re.compile(
    r"(?:^|\s)(?:katex-display|mwe-math-element-block|MathJax_Display)(?:\s|$)|display=.?true"
)
_MAX_WRAPPERS = 8
_PICTURE = re.compile(r"(?:^|\s)(?:mwe-math-fallback\S*|tex|latex|math|ee_img)(?:\s|$)", re.IGNORECASE)
_RENDERED = re.compile(r"latex\.php|/math/render/|codecogs\.com/|/mathtex|/mimetex|chart\?.*cht=tx")
_HOLDER = re.compile(r"(?:^|\s)(?:math|arithmatex|tex|latex|tex2jax_process)(?:\s|$)")
_DISPLAYSTYLE = re.compile(r"\{\\(?:display|text)style\s+(.*)\}", re.DOTALL)
_FRAMED = re.compile(r"\\\[(.*)\\\]|\$\$(.*)\$\$|\\\((.*)\\\)|\$(.*)\$", re.DOTALL)
_IN_TEXT = re.compile(
    r"\\\[((?:(?!\\\[).){1,4000}?)\\\]|\$\$([^$]{1,4000})\$\$|\\\(((?:(?!\\\()[^$]){1,1000}?)\\\)", re.DOTALL
)
_IN_TEXT_OR_DOLLARS = re.compile(
    _IN_TEXT.pattern + r"|(?<![\\$\w])\$(?!\s)([^$\n]{1,500}?)(?<![\s\\])\$(?![\d$])", re.DOTALL
)
_SINGLE_DOLLARS = re.compile(r"""\[\s*['"]\$['"]\s*,\s*['"]\$['"]\s*\]|left:\s*['"]\$['"]""")
_READERS = ("mathjax", "katex")
_READER_NAMES = ("MathJax", "katex", "renderMathInElement")
_VERBATIM = frozenset(
    {"code", "pre", "script", "style", "textarea", "kbd", "samp", "tt", "annotation", "math"}
)


class Formula(NamedTuple):
    """TeX, and whether it stands on lines of its own."""

    source: str
    is_block: bool


def mend_maths(tree: HtmlElement) -> None:
    """Turns every formula whose TeX the page gives, or whose MathML says it, into code of the language `math`."""
    for script in _SCRIPTS(tree):
        _mend_script(script)
    for formula in list(tree.iter("math")):
        _mend_mathml(formula)
    for picture in list(tree.iter("img")):
        _mend_picture(picture)
    _mend_framed_code(tree)
    _mend_holders(tree)
    _mend_texts(tree)


def _mend_script(script: HtmlElement) -> None:
    """MathJax 2 keeps the source in a script, and what it draws before that."""
    while (
        (before := script.getprevious()) is not None
        and not (before.tail or "").strip()
        and _is_wrapper(before)
    ):
        _take_out(before)
    _replace(script, Formula(_bare(script.text or ""), "mode=display" in (script.get("type") or "")))


def _mend_mathml(formula: HtmlElement) -> None:
    if formula.getparent() is None or next(formula.iterancestors("math"), None) is not None:
        return
    said = next(
        (note.text for note in formula.iter("annotation") if "tex" in (note.get("encoding") or "")), None
    )
    source = _bare(said or formula.get("alttext") or "") or to_tex(formula)
    whole, is_block = _whole(formula)
    if source:
        _replace(whole, Formula(source, is_block or formula.get("display") == "block"))


def _mend_picture(picture: HtmlElement) -> None:
    alt = picture.get("alt")
    if not alt or not (_PICTURE.search(picture.get("class") or "") or _is_drawn(picture.get("src") or "")):
        return
    if source := _bare(alt):
        whole, is_block = _whole(picture)
        _replace(whole, Formula(source, is_block))


def _is_drawn(address: str) -> bool:
    """Whether a picture comes from a server that draws formulas; where a part of a word is missing, the pattern is not tried."""
    lowered = address.lower()
    return ("tex" in lowered or "math" in lowered or "cogs" in lowered or "tx" in lowered) and (
        _RENDERED.search(lowered) is not None
    )


def _mend_framed_code(tree: HtmlElement) -> None:
    """Code between dollar signs is a formula, as GitHub and GitLab have it."""
    for code in tree.iter("code"):
        before = _text_before(code)
        if (
            before.endswith("$")
            and (code.tail or "").startswith("$")
            and not len(code)
            and not code.get("class")
        ):
            _set_text_before(code, before[:-1])
            code.tail = (code.tail or "")[1:]
            code.set("class", "language-math")


def _mend_holders(tree: HtmlElement) -> None:
    for holder in list(tree.iter("span", "div", "p")):
        text = holder.text
        if not text or ("$" not in text and "\\" not in text) or len(holder) or not _is_holder(holder):
            continue
        if found := _FRAMED.fullmatch(text.strip()):
            is_block = found.group(1) is not None or found.group(2) is not None
            _replace(holder, Formula(_bare(text), is_block))


def _is_holder(element: HtmlElement) -> bool:
    return _HOLDER.search(element.get("class") or "") is not None


def _mend_texts(tree: HtmlElement) -> None:
    """Formulas amid the text, where the page loads a script that would draw them."""
    scripts = list(tree.iter("script"))
    if not any(map(_draws, scripts)):
        return
    has_dollars = any(_SINGLE_DOLLARS.search((script.text or "")[:20_000]) for script in scripts)
    pattern = _IN_TEXT_OR_DOLLARS if has_dollars else _IN_TEXT
    for element in list(tree.iter(etree.Element)):
        if element.tag in _VERBATIM:
            continue
        if element.text and ("$" in element.text or "\\" in element.text):
            _split_text(element, pattern)
        for child in list(element):
            if child.tail and ("$" in child.tail or "\\" in child.tail):
                _split_tail(child, pattern)


def _split_text(element: HtmlElement, pattern: re.Pattern[str]) -> None:
    before, formulas = _split(element.text or "", pattern)
    if formulas:
        first = formulas[0][0]
        element.text = None
        element.insert(0, first)
        element.text = before
        _chain(formulas)


def _split_tail(child: HtmlElement, pattern: re.Pattern[str]) -> None:
    before, formulas = _split(child.tail or "", pattern)
    if formulas:
        child.tail = None
        child.addnext(formulas[0][0])
        child.tail = before
        _chain(formulas)


def _chain(formulas: list[tuple[HtmlElement, str]]) -> None:
    """Puts each formula and the text behind it after the one before."""
    for (formula, _), (following, _) in pairwise(formulas):
        formula.addnext(following)
    for formula, text in formulas:
        formula.tail = text


def _draws(script: HtmlElement) -> bool:
    """Whether a script is one that draws formulas, or tells one how to."""
    said = f"{script.get('src') or ''} {script.get('type') or ''}".lower()
    text = script.text or ""
    return any(name in said for name in _READERS) or any(name in text for name in _READER_NAMES)


def _split(text: str, pattern: re.Pattern[str]) -> tuple[str, list[tuple[HtmlElement, str]]]:
    """The text before the first formula, and the formulas, each with the text behind it."""
    found = list(pattern.finditer(text))
    ends = [*(match.start() for match in found[1:]), len(text)]
    formulas = [
        (
            _element(Formula(_bare(match.group()), match.group(1) is not None or match.group(2) is not None)),
            text[match.end() : end],
        )
        for match, end in zip(found, ends, strict=False)
    ]
    return text[: found[0].start()] if found else text, formulas


def _whole(part: HtmlElement) -> tuple[HtmlElement, bool]:
    """The outermost wrapper around a formula, and whether one of them is a block."""
    whole, is_block = part, False
    for wrapper in _wrappers(part):
        classes = wrapper.get("class") or ""
        is_block = is_block or bool(_BLOCK_WRAPPER.search(classes)) or wrapper.get("display") == "true"
        if wrapper.tag == "mjx-container" or _WRAPPER.search(classes):
            whole = wrapper
    return whole, is_block


def _wrappers(part: HtmlElement) -> Iterator[HtmlElement]:
    for _, wrapper in zip(range(_MAX_WRAPPERS), part.iterancestors(), strict=False):
        if wrapper.tag in ("body", "p", "li", "td", "article", "section", "main"):
            return
        yield wrapper


def _is_wrapper(element: HtmlElement) -> bool:
    return element.tag in ("span", "div", "nobr") and bool(_WRAPPER.search(element.get("class") or ""))


def _bare(source: str) -> str:
    """TeX without the signs that frame it and the style that only a drawing needs."""
    said = source.strip()
    if framed := _FRAMED.fullmatch(said):
        said = next(part for part in framed.groups() if part is not None).strip()
    if styled := _DISPLAYSTYLE.fullmatch(said):
        said = styled.group(1).strip()
    return said.removeprefix(r"\displaystyle").strip()


def _replace(element: HtmlElement, formula: Formula) -> None:
    if element.getparent() is None or not formula.source:
        return
    holder = _element(formula)
    holder.tail = element.tail
    element.getparent().replace(element, holder)


def _element(formula: Formula) -> HtmlElement:
    code = Element("code")
    code.text = formula.source
    code.set("class", "language-math")
    if not formula.is_block:
        return code
    block = Element("pre")
    block.append(code)
    return block


def _take_out(element: HtmlElement) -> None:
    if element.getparent() is not None:
        element.drop_tree()


def _text_before(element: HtmlElement) -> str:
    before = element.getprevious()
    owner = before if before is not None else element.getparent()
    if owner is None:
        return ""
    return str((owner.tail if before is not None else owner.text) or "")


def _set_text_before(element: HtmlElement, text: str) -> None:
    before = element.getprevious()
    if before is not None:
        before.tail = text
    elif (parent := element.getparent()) is not None:
        parent.text = text
