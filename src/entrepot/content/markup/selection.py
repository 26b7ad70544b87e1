"""What a caller's CSS selectors take from a page and leave out of it."""

from lxml.html import HtmlElement
from resiliparse.parse.html import CSSParserException, HTMLTree

from entrepot.content.markup.tree import read_html, tree_of
from entrepot.errors import NoContent, ValidationFailed

_MARK = "data-entrepot-selection"


def select(text: str, selector: str | None, remove: str | None) -> HtmlElement:
    """The tree of what `selector` chooses in the page (None: all of it), without what `remove` chooses.

    Raises ValidationFailed for what is no selector, and NoContent where `selector` chooses nothing.
    """
    page = read_html(text)
    is_found = _mark(page, selector, "selector", "take") if selector else True
    if not is_found:
        raise NoContent("Nothing on the page fits the selector.")
    if remove:
        _mark(page, remove, "remove", "leave")
    tree = tree_of(page)
    for element in tree.xpath(f"//*[@{_MARK}='leave']"):
        if element.tag not in ("html", "body"):
            element.drop_tree()
    if selector:
        _keep_taken(tree)
    return tree


def _mark(page: HTMLTree, selector: str, parameter: str, mark: str) -> bool:
    """Marks what `selector` chooses; whether that is anything."""
    assert page.document is not None
    try:
        chosen = page.document.query_selector_all(selector)[
            :
        ]  # a list: the living one asks anew for each of its items
    except CSSParserException as error:
        raise ValidationFailed(
            f"`{parameter}` is not a CSS selector.",
            errors=[
                {"location": f"query.{parameter}", "message": "not a CSS selector", "code": "css-selector"}
            ],
        ) from error
    for node in chosen:
        node[_MARK] = mark
    return len(chosen) > 0


def _keep_taken(tree: HtmlElement) -> None:
    """Leaves in the body the chosen elements alone, the outermost of those that lie in each other."""
    body = tree.find("body")
    taken = tree.xpath(f"//*[@{_MARK}='take'][not(ancestor::*[@{_MARK}='take'])]")
    if body is None or not taken or taken[0] in (tree, body):
        return
    for element in taken:
        element.tail = "\n"
    for child in list(body):
        body.remove(child)
    body.text = None
    body.extend(taken)
