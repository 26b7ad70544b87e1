"""The last step of readers whose source is no page: from the HTML that they wrote to a document."""

from entrepot.content.document import Document, Image, Link, Metadata, Notice
from entrepot.content.markup.clean import clean, fragment_tree
from entrepot.content.markup.maths import mend_maths
from entrepot.content.markup.selection import select
from entrepot.content.markup.tree import parse_html
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent

MAX_LISTED = 20_000
"""Links and images that are listed beside the content at most; the content itself keeps all of them."""


def assemble(
    markup: str,
    metadata: Metadata,
    base: str,
    options: ContentOptions,
    notices: tuple[Notice, ...] = (),
) -> Document:
    """The document that `markup` makes; `base` is what its addresses refer to.

    A caller's selectors work on `markup`. Raises NoContent where nothing is left, ValidationFailed for no selector.
    """
    if options.selector or options.remove:
        tree = select(markup, options.selector, options.remove)
    else:
        tree = parse_html(markup)
    mend_maths(tree)
    fragment = clean(tree, base, links=options.links != "none", images=options.images == "keep")
    return of_fragment(fragment, metadata, notices)


def of_fragment(fragment: str, metadata: Metadata, notices: tuple[Notice, ...] = ()) -> Document:
    """The document of HTML that is clean already, its links and images listed. Raises NoContent for an empty one."""
    content = fragment_tree(fragment)
    if not "".join(content.itertext()).strip() and content.find(".//img") is None:
        raise NoContent("The document holds no text.")
    links = tuple(
        Link(link.get("href") or "", " ".join("".join(link.itertext()).split()), link.get("rel") or None)
        for link, _ in zip(content.iterfind(".//a[@href]"), range(MAX_LISTED), strict=False)
    )
    images = tuple(
        Image(image.get("src") or "", image.get("alt") or "")
        for image, _ in zip(content.iterfind(".//img[@src]"), range(MAX_LISTED), strict=False)
    )
    return Document(metadata, fragment, links, images, notices=notices)
