"""Tables of a page: those that only lay it out become plain blocks, the others say how their columns are aligned."""

import re

from lxml.html import HtmlElement

_PARTS = ("tbody", "thead", "tfoot", "tr", "td", "th", "caption")
_LAYOUT_CONTENT = ("h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr")
_MAX_CELL_CHARS = 1000
"""What says more in a cell without any header is the page's text."""

_ALIGN = re.compile(r"text-align\s*:\s*(left|right|center)", re.IGNORECASE)
_ALIGN_CLASS = re.compile(r"(?:^|\s)(?:has-text-align-|text-|align-?)(left|right|center)(?:\s|$)")


def mend_tables(tree: HtmlElement) -> None:
    """Makes tables that only lay out the page into plain blocks, innermost first."""
    for table in reversed(list(tree.iter("table"))):
        if _is_layout(table):
            for part in [part for part in table.iter(*_PARTS) if _table_of(part) is table]:
                part.tag = "div"
            table.tag = "div"
        else:
            _mend_alignment(table)


def _table_of(part: HtmlElement) -> HtmlElement | None:
    return next(part.iterancestors("table"), None)


def _is_layout(table: HtmlElement) -> bool:
    """Whether a table lays out the page: one column, another table inside, or headings and the like without `<th>`."""
    if table.get("role") in ("presentation", "none") or table.find(".//table") is not None:
        return True
    if next(table.iter("th"), None) is not None:
        return False
    widths = (sum(cell.tag == "td" for cell in row) for row in table.iter("tr"))
    if max(widths, default=0) <= 1 or next(table.iter(*_LAYOUT_CONTENT), None) is not None:
        return True
    return any(sum(map(len, cell.itertext())) > _MAX_CELL_CHARS for cell in table.iter("td"))


def _mend_alignment(table: HtmlElement) -> None:
    """Says in `align` what cells or columns say in the many ways there are."""
    for cell in table.iter("td", "th"):
        said = _ALIGN.search(cell.get("style") or "") or _ALIGN_CLASS.search(cell.get("class") or "")
        if said:
            cell.set("align", said.group(1).lower())
        elif align := cell.get("align"):
            cell.set("align", align.strip().lower())
