"""Drawings (SVG): their size, title, description and the words in them; never their scripts."""

from html import escape as escape_attribute

from lxml import etree

from entrepot.content.document import Document, Metadata, Page
from entrepot.content.documents.assembly import assemble
from entrepot.content.documents.blocks import element, escape, text_table
from entrepot.content.documents.xml_source import child, local_name, parse_xml, text_of
from entrepot.content.options import ContentOptions
from entrepot.errors import DocumentBroken

_MAX_TEXTS = 2000


def read(page: Page, options: ContentOptions) -> Document:
    """The drawing by its address, its facts as a table, and its texts as paragraphs. Raises DocumentBroken."""
    root = parse_xml(page.body, recover=True)
    if local_name(root) != "svg":
        raise DocumentBroken("The file is no SVG drawing.")
    title, description = text_of(child(root, "title")), text_of(child(root, "desc"))
    facts = [
        ("Format", "SVG"),
        ("Width", root.get("width")),
        ("Height", root.get("height")),
        ("View box", root.get("viewBox")),
    ]
    shown = f'<p><img src="{escape_attribute(page.final_url)}" alt="{escape_attribute(title)}"></p>'
    table = text_table([["Property", "Value"], *([name, value] for name, value in facts if value)])
    texts = "".join(element("p", escape(said)) for said in _texts(root))
    metadata = Metadata(title=title or None, description=description or None, image=page.final_url)
    return assemble(shown + table + texts, metadata, page.final_url, options)


def _texts(root: etree._Element) -> list[str]:
    """The lines that the drawing shows: each `<text>`, its spans parted by blanks."""
    found = (" ".join(" ".join(each.itertext()).split()) for each in root.iter("{*}text"))
    return [said for _, said in zip(range(_MAX_TEXTS), filter(None, found), strict=False)]
