"""Formulas keep their TeX, whatever drew them."""

import pytest

from tests.content.reading import html_content, markdown, text
from tests.content.rereading import reread

TEX = r"x_1 &lt; y"
SHAPES = {
    "mathml with TeX": f'<math><semantics><mi>x</mi><annotation encoding="application/x-tex">{TEX}</annotation></semantics></math>',
    "mathml with alttext": f'<math alttext="{TEX}"><mi>x</mi></math>',
    "katex": '<span class="katex"><span class="katex-mathml"><math><semantics><mi>x</mi><annotation encoding="application/x-tex">'
    f'{TEX}</annotation></semantics></math></span><span class="katex-html" aria-hidden="true">x1</span></span>',
    "mathjax 2": '<span class="MathJax_Preview">x1</span><span class="MathJax"><nobr>x1</nobr></span>'
    '<script type="math/tex">x_1 < y</script>',
    "mathjax 3": f'<mjx-container class="MathJax"><mjx-math>x1</mjx-math><mjx-assistive-mml><math alttext="{TEX}"></math></mjx-assistive-mml></mjx-container>',
    "wikipedia": '<span class="mwe-math-element"><span class="mwe-math-mathml-inline" style="display: none;">'
    f'<math alttext="{{\\displaystyle {TEX}}}"><mi>x</mi></math></span>'
    f'<img class="mwe-math-fallback-image-inline" aria-hidden="true" alt="{{\\displaystyle {TEX}}}" src="/svg/1"></span>',
    "picture": f'<img class="tex" src="/1.png" alt="${TEX}$">',
    "drawn by a server": f'<img src="https://latex.codecogs.com/svg?x" alt="{TEX}">',
    "pandoc": rf'<span class="math inline">\({TEX}\)</span>',
    "framed code": f"$<code>{TEX}</code>$",
}  # fmt: skip
BLOCKS = {
    "mathml": '<math display="block" alttext="x^2"><mi>x</mi></math>',
    "katex": '<span class="katex-display"><span class="katex"><math alttext="x^2"></math></span></span>',
    "mathjax 2": '<script type="math/tex; mode=display">x^2</script>',
    "mathjax 3": '<mjx-container display="true"><math alttext="x^2"></math></mjx-container>',
    "pandoc": r'<span class="math display">\[x^2\]</span>',
    "sphinx": r'<div class="math notranslate nohighlight">\[x^2\]</div>',
    "code": '<pre><code class="language-math">x^2</code></pre>',
}


@pytest.mark.parametrize("shape", SHAPES)
def test_formula_in_a_line_keeps_its_source(shape: str) -> None:
    assert markdown(f"<p>Let {SHAPES[shape]} be.</p>") == "Let $x_1 < y$ be.\n"


@pytest.mark.parametrize("shape", BLOCKS)
def test_formula_on_its_own_keeps_its_source(shape: str) -> None:
    assert markdown(f"<div>a</div>{BLOCKS[shape]}<div>b</div>") == "a\n\n$$\nx^2\n$$\n\nb\n"


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("<mfrac><mn>1</mn><msqrt><mi>x</mi></msqrt></mfrac>", r"\frac{1}{\sqrt{x}}"),
        ("<msubsup><mi>a</mi><mi>i</mi><mn>2</mn></msubsup>", "a_{i}^{2}"),
        (
            "<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>",
            r"\sum_{i = 1}^{n}",
        ),
        ("<mi>sin</mi><mi>x</mi>", r"\sin x"),
        ("<mover><mi>x</mi><mo>¯</mo></mover>", r"\overline{x}"),
        (
            "<mtable><mtr><mtd><mn>1</mn></mtd><mtd><mn>2</mn></mtd></mtr></mtable>",
            r"\begin{matrix}1 & 2\end{matrix}",
        ),
        (
            "<mroot><mi>x</mi><mn>3</mn></mroot><mo>≤</mo><mtext>for all</mtext>",
            r"\sqrt[3]{x} \le \text{for all}",
        ),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a, b)"),
    ],
)
def test_formula_of_mathml_alone_becomes_tex(formula: str, expected: str) -> None:
    assert markdown(f"<p><math>{formula}</math></p>") == f"${expected}$\n"


def test_formulas_amid_text_are_found_where_a_script_draws_them() -> None:
    page = r"<script src='/mathjax/tex.js'></script><p>Let \(x_1\) be <b>\(y\)</b>: \[ z \] and \(w\).</p>"
    assert markdown(page) == "Let $x_1$ be **$y$**:\n\n$$\nz\n$$\n\nand $w$.\n"


def test_dollars_are_money_where_no_script_says_otherwise() -> None:
    assert markdown("<p>From $5 to $10_000.</p>") == "From $5 to $10_000.\n"


def test_dollars_beside_formulas_are_no_formulas() -> None:
    assert markdown('<p><math alttext="x"></math> costs 5$ or 6$.</p>') == "$x$ costs 5\\$ or 6\\$.\n"


@pytest.mark.parametrize(
    "tex",
    [
        "a<b onclick=alert(1)>",
        "<script>alert(1)</script>",
        "f[x](javascript:alert(1))",
        "`<img src=x>`",
        "a $ b <script>",
        "x\n\n<b>",
    ],
)
@pytest.mark.parametrize("display", ["inline", "block"])
def test_formula_holds_no_markup(tex: str, display: str) -> None:
    attribute = tex.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    tree = reread(markdown(f'<p>x <math display="{display}" alttext="{attribute}"></math> y</p>'))
    assert {element.tag for element in tree.iterdescendants()} <= {"p", "code", "pre"}


def test_formula_is_tex_in_text_and_code_in_html() -> None:
    page = f"<p>Let {SHAPES['katex']} be.</p>"
    assert text(page) == "Let x_1 < y be.\n"
    assert html_content(page) == '<p>Let <code class="language-math">x_1 &lt; y</code> be.</p>'
