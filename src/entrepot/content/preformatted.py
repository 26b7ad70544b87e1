"""Code and tables of a page, brought into the shapes that markdown can say."""

import re
from itertools import chain

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
    " or contains(concat(' ', @class, ' '), ' line-numbers-rows ') or contains(concat(' ', @class, ' '), ' ln ')]"
)
_LINES = frozenset({"div", "p", "li", "tr"})
_TABLE_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th", "caption")
_LAYOUT_CONTENT = ("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr")


def mend_code(tree: HtmlElement) -> None:
    """Makes every `<pre>` hold one `<code>` of plain text, which names its language where the page says it."""
    _unwrap_numbered(tree)
    for block in list(tree.iter("pre")):
        if block.getparent() is None or next(block.iterancestors("pre"), None) is not None:
            continue
        for numbers in _NUMBERS(block):
            numbers.drop_tree()
        language, text = _language_of(block), _plain(block)
        tail = block.tail
        block.clear()
        block.tail = tail
        code = etree.SubElement(block, "code")
        code.text = text.strip("\n") + "\n"
        if language:
            code.set("class", f"language-{language}")


def mend_tables(tree: HtmlElement) -> None:
    """Makes tables that only lay out the page into plain blocks, innermost first."""
    for table in reversed(list(tree.iter("table"))):
        if _is_layout(table):
            for part in [part for part in table.iter(*_TABLE_PARTS) if _table_of(part) is table]:
                part.tag = "div"
            table.tag = "div"


def _table_of(part: HtmlElement) -> HtmlElement | None:
    return next(part.iterancestors("table"), None)


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


def _plain(block: HtmlElement) -> str:
    """The text of a code block: `<br>` and the edges of line elements are line ends."""
    pieces: list[str] = []
    for event, element in etree.iterwalk(block, events=("start", "end")):
        is_line = element.tag in _LINES and element is not block
        if event == "start":
            if element.tag == "br" or (is_line and pieces and not pieces[-1].endswith("\n")):
                pieces.append("\n")
            pieces.append(element.text or "")
        elif element is not block:
            if is_line and pieces and not "".join(pieces[-2:]).endswith("\n"):
                pieces.append("\n")
            pieces.append(element.tail or "")
    return "".join(pieces).replace("\r\n", "\n").replace("\xa0", " ")


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


def _is_layout(table: HtmlElement) -> bool:
    """Whether a table lays out the page: one column, another table inside, or headings and the like without `<th>`."""
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return True
    if next(table.iter("th"), None) is not None:
        return False
    widths = (sum(cell.tag == "td" for cell in row) for row in table.iter("tr"))
    return max(widths, default=0) <= 1 or next(table.iter(*_LAYOUT_CONTENT), None) is not None
