"""HTML: read into a document, and written as a clean, safe page that needs nothing else."""

from html import escape

from lxml.html import HtmlElement

from entrepot.content.document import Document, Notice, Page
from entrepot.content.encoding.charset import decode
from entrepot.content.extraction import Extraction, extract_main, head_of
from entrepot.content.facts.metadata import read_metadata
from entrepot.content.facts.structured import json_ld_nodes
from entrepot.content.facts.walls import notices_of, signs_of
from entrepot.content.listing import MAX_LISTED, images_of, is_empty, links_of
from entrepot.content.markup.addresses import base_of
from entrepot.content.markup.clean import clean, drop_hidden, reading_tree, reveal
from entrepot.content.markup.selection import select
from entrepot.content.markup.tree import parse_html
from entrepot.content.options import ContentOptions
from entrepot.errors import NoContent

_TRUNCATED = Notice("list-truncated", f"Of its links and images the first {MAX_LISTED} of each are listed.")


def read(page: Page, options: ContentOptions) -> Document:
    """The page as a document. Raises NoContent, and ValidationFailed for a selector that is none."""
    text = decode(page.body, page.content_type)
    tree = parse_html(text)
    _alive = list(tree.iter())  # else lxml makes every element anew, slowly, for each walk
    nodes = json_ld_nodes(tree)
    metadata = read_metadata(tree, page.final_url, nodes)
    base = base_of(tree.iter("base"), page.final_url)
    if options.selector or options.remove:
        tree = select(text, options.selector, options.remove)
    signs = signs_of(tree, nodes)
    if options.extract == "main" and not options.selector:
        head = head_of(tree, page.final_url, nodes, metadata.title, metadata.description)
        reveal(tree)
        found = extract_main(tree, head)
    else:
        drop_hidden(tree)
        found = Extraction(tree, None, None)
    fragment = clean(found.tree, base, links=options.links != "none", images=options.images == "keep")
    content = reading_tree(fragment)
    if is_empty(content):
        raise NoContent("The page has no readable content without running its scripts.")
    links, images = links_of(content), images_of(content)
    notices = notices_of(signs, _count_words(content) if found.words is None else found.words)
    if max(len(links), len(images)) > MAX_LISTED:
        notices += (_TRUNCATED,)
    return Document(
        metadata, fragment, links[:MAX_LISTED], images[:MAX_LISTED], kind=found.kind, notices=notices
    )


def _count_words(content: HtmlElement) -> int:
    return len(" ".join(content.itertext()).split())


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
