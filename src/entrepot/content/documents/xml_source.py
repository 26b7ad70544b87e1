"""XML that strangers send, read without entities, document types or the network."""

import re
from collections.abc import Iterator
from html import entities

from lxml import etree

from entrepot.errors import DocumentBroken, DocumentTooLarge

MAX_BYTES = 96 * 1024**2
"""A tree takes several times as much memory as its text."""

_NAME = re.compile(r"\{[^}]*\}")
_DOCTYPE = re.compile(rb"<!DOCTYPE[^>\[]*(?:\[.*?\]\s*)?>", re.DOTALL)
_ENTITY = re.compile(rb"<!\[CDATA\[.*?\]\]>|&(?!(?:amp|lt|gt|quot|apos);)([A-Za-z_][\w.-]{0,63});", re.DOTALL)
_PROLOGUE_BYTES = 64 * 1024


def parse_xml(body: bytes | str, *, recover: bool = False) -> etree._Element:
    """The root of an XML document. Entities that HTML names are its characters; others are left out, whatever they say.

    `recover` reads on where the markup is wrong. Raises DocumentBroken, DocumentTooLarge.
    """
    data = body.encode() if isinstance(body, str) else body
    if len(data) > MAX_BYTES:
        raise DocumentTooLarge(
            f"A part of the document has {len(data)} bytes of XML; {MAX_BYTES} are read at most."
        )
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True,
        huge_tree=False, recover=recover, encoding="utf-8" if isinstance(body, str) else None,
    )  # fmt: skip
    try:
        root = etree.fromstring(_ENTITY.sub(_character, _without_doctype(data)), parser)
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise DocumentBroken("A part of the document is not well-formed XML.") from error
    if root is None:
        raise DocumentBroken("A part of the document is not well-formed XML.")
    etree.strip_elements(root, etree.Entity, with_tail=False)
    return root


def local_name(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return _NAME.sub("", str(element.tag))


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children that bear one of the local `names`; all of them where none is given."""
    for child in element:
        if not names or local_name(child) in names:
            yield child


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first child along a path of local names."""
    for name in path:
        if element is None:
            return None
        element = next(children(element, name), None)
    return element


def attribute(element: etree._Element | None, name: str) -> str | None:
    """An attribute by its local name, whatever its namespace; the plain one first."""
    if element is None:
        return None
    found = element.get(name)
    if found is not None:
        return str(found)
    return next(
        (str(value) for key, value in element.attrib.items() if _NAME.sub("", str(key)) == name), None
    )


def text_of(element: etree._Element | None) -> str:
    """All text in the element on one line."""
    return "" if element is None else " ".join("".join(element.itertext()).split())


def _character(found: re.Match[bytes]) -> bytes:
    """A reference to the character that a name of HTML's stands for; sections of CDATA stay as they are."""
    if found.group(1) is None:
        return found.group()
    said = entities.html5.get(f"{found.group(1).decode('ascii', 'replace')};", "")
    return "".join(f"&#{ord(char)};" for char in said).encode()


def _without_doctype(data: bytes) -> bytes:
    """Document types declare entities and are of no other use here; blanked, so that no parser has to judge them."""
    return _DOCTYPE.sub(b"", data[:_PROLOGUE_BYTES]) + data[_PROLOGUE_BYTES:]
