"""Code of a page, brought into the shape that markdown can say."""

import re
from itertools import chain, groupby

from lxml import etree
from lxml.html import HtmlElement

_LANGUAGE = re.compile(
    r"(?:^|\s)(?:language|lang|highlight-source|highlight-text|highlight(?!\s+highlight)|brush:?)[-\s:]+([\w+#.]+)"
)
_SOURCE_CODE = re.compile(
    r"(?:^|\s)(?:sourceCode|hljs|prettyprint|highlight|codehilite|wp-block-code)\s+([a-z][\w+#]*)\b"
)
_NO_LANGUAGES = frozenset({"none", "nohighlight", "plain", "plaintext", "text", "txt", "default", "highlight", "notranslate",
                           "auto", "linenums", "code", "wrapper", "block", "source", "hljs"})  # fmt: skip
_NUMBERS = etree.XPath(
    ".//*[contains(concat(' ', @class, ' '), ' lineno ') or contains(concat(' ', @class, ' '), ' linenos ')"
    " or contains(concat(' ', @class, ' '), ' hljs-ln-numbers ') or contains(concat(' ', @class, ' '), ' rouge-gutter ')"
    " or contains(concat(' ', @class, ' '), ' line-numbers-rows ') or contains(concat(' ', @class, ' '), ' ln ')]"
)
_ROWS = etree.XPath("descendant::tr")
_NUMBER_CELLS = etree.XPath(
    "descendant::td[@data-line-number or contains(@class, 'blob-num') or contains(@class, 'hljs-ln-numbers')]"
)
_LINES = frozenset({"div", "p", "li", "tr"})


def mend_code(tree: HtmlElement) -> None:
    """Makes every `<pre>` hold one `<code>` of text and links, which names its language where the page says it."""
    _unwrap_lines(tree)
    _unwrap_numbered(tree)
    for block in list(tree.iter("pre")):
        if block.getparent() is None or next(block.iterancestors("pre"), None) is not None:
            continue
        for numbers in _NUMBERS(block):
            numbers.drop_tree()
        language, pieces = _language_of(block), _pieces(block)
        tail = block.tail
        block.clear()
        block.tail = tail
        code = etree.SubElement(block, "code")
        if language:
            code.set("class", f"language-{language}")
        _fill(code, pieces)


def _fill(code: HtmlElement, pieces: list[tuple[str, str]]) -> None:
    """Puts the pieces into `code`, without empty lines around them."""
    text = "".join(piece for piece, _ in pieces)
    first, end = len(text) - len(text.lstrip("\n")), len(text.rstrip("\n"))
    place = 0
    last: HtmlElement | None = None
    for href, group in groupby(pieces, key=lambda piece: piece[1]):
        words = "".join(piece for piece, _ in group)
        said = words[max(0, first - place) : max(0, end - place)]
        place += len(words)
        if href and said.strip():
            last = etree.SubElement(code, "a", href=href)
            last.text = said
        elif last is not None:
            last.tail = (last.tail or "") + said
        else:
            code.text = (code.text or "") + said
    if last is None:
        code.text = (code.text or "") + "\n"
    else:
        last.tail = (last.tail or "") + "\n"


def _language_of(block: HtmlElement) -> str | None:
    """The language in the classes or data of the block, of what is in it, or of its wrappers."""
    wrappers = (
        parent for _, parent in zip(range(3), block.iterancestors("div", "figure", "td"), strict=False)
    )
    for element in chain(block.iter("code", "pre"), wrappers):
        said = element.get("data-lang") or element.get("data-language")
        classes = element.get("class") or ""
        names = [said] if said else [*_LANGUAGE.findall(classes), *_SOURCE_CODE.findall(classes)]
        for name in names:
            plain = str(name).strip().lower()
            if re.fullmatch(r"[\w+#.-]{1,30}", plain) and plain not in _NO_LANGUAGES:
                return plain
    return None


def _pieces(block: HtmlElement) -> list[tuple[str, str]]:
    """The text of a code block, each piece with the address it links to: `<br>` and the edges of line elements are line ends."""
    pieces: list[tuple[str, str]] = []
    hrefs: list[str] = [""]
    for event, element in etree.iterwalk(block, events=("start", "end")):
        is_line = element.tag in _LINES and element is not block
        if event == "start":
            if element.tag == "br" or (is_line and pieces and not pieces[-1][0].endswith("\n")):
                pieces.append(("\n", hrefs[-1]))
            if element.tag == "a":
                hrefs.append((element.get("href") or "").strip())
            _add_piece(pieces, element.text, hrefs[-1])
        elif element is not block:
            if element.tag == "a":
                hrefs.pop()
            if is_line and pieces and not pieces[-1][0].endswith("\n"):
                pieces.append(("\n", hrefs[-1]))
            _add_piece(pieces, element.tail, hrefs[-1])
    return pieces


def _add_piece(pieces: list[tuple[str, str]], text: str | None, href: str) -> None:
    if text:
        pieces.append((text.replace("\r\n", "\n").replace("\xa0", " "), href))


def _unwrap_lines(tree: HtmlElement) -> None:
    """Makes blocks of the tables that hold a line of code in each row, behind its number."""
    for table in list(tree.iter("table")):
        if table.getparent() is None or next(table.iterancestors("pre"), None) is not None:
            continue
        numbers = _NUMBER_CELLS(table)
        if not numbers or len(numbers) < len(_ROWS(table)):
            continue
        for number in numbers:
            number.drop_tree()
        for part in table.iter("tbody", "thead", "td", "th"):
            part.tag = "span"
        for row in table.iter("tr"):
            row.tag = "div"
        table.tag = "pre"


def _unwrap_numbered(tree: HtmlElement) -> None:
    """Takes code out of the tables that put line numbers beside it."""
    for table in list(tree.iter("table")):
        blocks = list(table.iter("pre"))
        rows = list(table.iter("tr"))
        if (
            len(rows) != 1
            or not blocks
            or len(list(rows[0].iter("td", "th"))) > 2
            or table.getparent() is None
        ):
            continue
        code = blocks[-1]
        if len(blocks) > 2 or any(
            not part.strip().isdigit() for part in "".join(blocks[0].itertext()).split() if len(blocks) > 1
        ):
            continue
        code.tail = table.tail
        table.getparent().replace(table, code)
