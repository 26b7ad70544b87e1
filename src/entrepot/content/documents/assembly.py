"""The last step of readers whose source is no page: from the HTML that they wrote to a document."""

from entrepot.content.document import Document, Metadata, Notice
from entrepot.content.listing import MAX_LISTED, images_of, is_empty, links_of
from entrepot.content.markup.clean import clean, fragment_tree
from entrepot.content.markup.maths import mend_maths
from entrepot.content.markup.selection import select
from entrepot.content.markup.tree import parse_html
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent


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
    if is_empty(content):
        raise NoContent("The document holds no text.")
    links, images = links_of(content)[:MAX_LISTED], images_of(content)[:MAX_LISTED]
    return Document(metadata, fragment, links, images, notices=notices)
