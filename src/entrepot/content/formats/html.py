"""HTML: read into a document, and written as a clean, safe page that needs nothing else."""

from html import escape

from entrepot.content.charset import decode
from entrepot.content.clean import clean, drop_hidden, fragment_tree
from entrepot.content.document import Document, Image, Link, Page
from entrepot.content.extract import keep_main
from entrepot.content.markup import parse_html
from entrepot.content.metadata import base_of, read_metadata
from entrepot.content.options import ContentOptions
from entrepot.content.selection import select
from entrepot.errors import NoContent

_MAX_LISTED = 20_000
"""Links and images that are listed beside the content at most; the content itself keeps all of them."""


def read(page: Page, options: ContentOptions) -> Document:
    """The page as a document. Raises NoContent, and ValidationFailed for a selector that is none."""
    text = decode(page.body, page.content_type)
    tree = parse_html(text)
    metadata = read_metadata(tree, page.final_url)
    base = base_of(tree, page.final_url)
    if options.selector or options.remove:
        tree = select(text, options.selector, options.remove)
    drop_hidden(tree)
    if options.extract == "main" and not options.selector:
        tree = keep_main(tree, page.final_url, metadata.title)
    fragment = clean(tree, base, links=options.links != "none", images=options.images == "keep")
    content = fragment_tree(fragment)
    if not "".join(content.itertext()).strip() and content.find(".//img") is None:
        raise NoContent("The page has no readable content without running its scripts.")
    links = tuple(
        Link(link.get("href") or "", " ".join("".join(link.itertext()).split()), link.get("rel") or None)
        for link, _ in zip(content.iterfind(".//a[@href]"), range(_MAX_LISTED), strict=False)
    )
    images = tuple(
        Image(image.get("src") or "", image.get("alt") or "")
        for image, _ in zip(content.iterfind(".//img[@src]"), range(_MAX_LISTED), strict=False)
    )
    return Document(metadata, fragment, links, images)


def render(document: Document) -> str:
    """A whole page around the document's content."""
    said = document.metadata
    language = f' lang="{escape(said.language)}"' if said.language else ""
    head = ['<meta charset="utf-8">', f"<title>{escape(said.title or '')}</title>"]
    if said.description:
        head.append(f'<meta name="description" content="{escape(said.description)}">')
    if said.author:
        head.append(f'<meta name="author" content="{escape(said.author)}">')
    if said.canonical_url:
        head.append(f'<link rel="canonical" href="{escape(said.canonical_url)}">')
    lines = [
        "<!DOCTYPE html>",
        f"<html{language}>",
        "<head>",
        *head,
        "</head>",
        "<body>",
        document.fragment,
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"
