"""Formulas written in MathML alone, as TeX (MathML Core)."""

from collections.abc import Callable

from lxml.html import HtmlElement

_MAX_DEPTH = 60
_OPERATORS = {
    "∑": r"\sum", "∏": r"\prod", "∫": r"\int", "∮": r"\oint", "⋃": r"\bigcup", "⋂": r"\bigcap", "√": r"\surd", "∞": r"\infty",
    "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "≈": r"\approx", "≡": r"\equiv", "∈": r"\in", "∉": r"\notin", "⊂": r"\subset",
    "⊆": r"\subseteq", "∪": r"\cup", "∩": r"\cap", "→": r"\to", "⇒": r"\Rightarrow", "⇔": r"\Leftrightarrow", "↦": r"\mapsto",
    "∂": r"\partial", "∇": r"\nabla", "∀": r"\forall", "∃": r"\exists", "×": r"\times", "⋅": r"\cdot", "·": r"\cdot",
    "±": r"\pm", "∓": r"\mp", "…": r"\dots", "⋯": r"\cdots", "′": "'", "−": "-", "{": r"\{", "}": r"\}", "%": r"\%", "&": r"\&",
    "#": r"\#", "\u2061": "", "\u2062": "", "\u2063": "", "\u2064": "",
}  # fmt: skip
_ACCENTS = {"^": r"\hat", "ˆ": r"\hat", "~": r"\tilde", "˜": r"\tilde", "¯": r"\overline", "‾": r"\overline", "_": r"\underline",
            "→": r"\vec", "⃗": r"\vec", "˙": r"\dot", "¨": r"\ddot", "⏞": r"\overbrace", "⏟": r"\underbrace"}  # fmt: skip
_NAMES = frozenset({"sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "arcsin", "arccos", "arctan", "log", "ln",
                    "exp", "lim", "max", "min", "sup", "inf", "det", "dim", "ker", "gcd", "deg", "arg", "Pr"})  # fmt: skip


def to_tex(formula: HtmlElement) -> str:
    """The TeX of a `<math>` element; empty for one without words."""
    return " ".join(_write(formula, 0).split())


def _write(element: HtmlElement, depth: int) -> str:
    tag = str(element.tag).rpartition(":")[2].rpartition("}")[2]
    if depth > _MAX_DEPTH:
        return "".join(element.itertext())
    writer = _WRITERS.get(tag)
    return writer(element, depth + 1) if writer is not None else _row(element, depth + 1)


def _row(element: HtmlElement, depth: int) -> str:
    return "".join([(element.text or "").strip(), *(_write(child, depth) for child in element)])


def _part(element: HtmlElement, place: int, depth: int) -> str:
    return _write(element[place], depth) if place < len(element) else ""


def _name(element: HtmlElement, _depth: int) -> str:
    text = "".join(element.itertext()).strip()
    if text in _NAMES:
        return f"\\{text} "
    said = _OPERATORS.get(text, text)
    if said.startswith("\\") and said[-1:].isalpha():
        return f"{said} "
    return said if len(said) <= 1 or said.startswith("\\") else rf"\mathrm{{{said}}}"


def _operator(element: HtmlElement, _depth: int) -> str:
    text = "".join(element.itertext()).strip()
    if text in _NAMES:
        return f"\\{text} "
    said = _OPERATORS.get(text, text)
    return f" {said} " if said not in ("", "(", ")", "[", "]", "|", "!", ",", "'") else said


def _number(element: HtmlElement, _depth: int) -> str:
    return "".join(element.itertext()).strip()


def _words(element: HtmlElement, _depth: int) -> str:
    text = "".join(element.itertext())
    return rf"\text{{{text}}}" if text.strip() else " "


def _fraction(element: HtmlElement, depth: int) -> str:
    return rf"\frac{{{_part(element, 0, depth)}}}{{{_part(element, 1, depth)}}}"


def _root(element: HtmlElement, depth: int) -> str:
    return rf"\sqrt[{_part(element, 1, depth)}]{{{_part(element, 0, depth)}}}"


def _square_root(element: HtmlElement, depth: int) -> str:
    return rf"\sqrt{{{_row(element, depth)}}}"


def _scripts(*signs: str) -> Callable[[HtmlElement, int], str]:
    def write(element: HtmlElement, depth: int) -> str:
        base = _part(element, 0, depth).strip()
        base = base if len(base) <= 1 or base.startswith("\\") else f"{{{base}}}"
        parts = (f"{sign}{{{_part(element, place, depth)}}}" for place, sign in enumerate(signs, 1))
        return base + "".join(parts)

    return write


def _over(element: HtmlElement, depth: int) -> str:
    accent = "".join(element[1].itertext()).strip() if len(element) > 1 else ""
    if accent in _ACCENTS:
        return rf"{_ACCENTS[accent]}{{{_part(element, 0, depth)}}}"
    return _scripts("^")(element, depth)


def _under(element: HtmlElement, depth: int) -> str:
    accent = "".join(element[1].itertext()).strip() if len(element) > 1 else ""
    if accent in _ACCENTS:
        return rf"{_ACCENTS[accent]}{{{_part(element, 0, depth)}}}"
    return _scripts("_")(element, depth)


def _table(element: HtmlElement, depth: int) -> str:
    rows = r" \\ ".join(" & ".join(_row(cell, depth).strip() for cell in row) for row in element)
    return rf"\begin{{matrix}}{rows}\end{{matrix}}"


def _fenced(element: HtmlElement, depth: int) -> str:
    inside = ", ".join(_write(child, depth) for child in element)
    return f"{element.get('open') or '('}{inside}{element.get('close') or ')'}"


def _nothing(_element: HtmlElement, _depth: int) -> str:
    return ""


def _first(element: HtmlElement, depth: int) -> str:
    return _part(element, 0, depth)


_WRITERS: dict[str, Callable[[HtmlElement, int], str]] = {
    "mi": _name, "mo": _operator, "mn": _number, "mtext": _words, "ms": _words, "mfrac": _fraction, "mroot": _root,
    "msqrt": _square_root, "msup": _scripts("^"), "msub": _scripts("_"), "msubsup": _scripts("_", "^"),
    "mover": _over, "munder": _under, "munderover": _scripts("_", "^"), "mtable": _table, "mfenced": _fenced,
    "annotation": _nothing, "annotation-xml": _nothing, "mphantom": _nothing, "mspace": lambda _element, _depth: " ",
    "semantics": _first,
}  # fmt: skip
