"""Packages of Office Open XML (ECMA-376): their parts, how these refer to each other, and what they say of themselves."""

import posixpath
import re
from dataclasses import dataclass
from urllib.parse import unquote

from lxml import etree

from entrepot.content.document import Metadata
from entrepot.content.documents.archive import Archive
from entrepot.content.documents.xml_source import attribute, children, local_name, parse_xml, text_of
from entrepot.errors import DocumentBroken

_STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", b"http://schemas.openxmlformats.org/wordprocessingml/2006/main"),
    (b"http://purl.oclc.org/ooxml/spreadsheetml/main", b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"),
    (b"http://purl.oclc.org/ooxml/presentationml/main", b"http://schemas.openxmlformats.org/presentationml/2006/main"),
    (b"http://purl.oclc.org/ooxml/drawingml/", b"http://schemas.openxmlformats.org/drawingml/2006/"),
    (b"http://purl.oclc.org/ooxml/officeDocument/", b"http://schemas.openxmlformats.org/officeDocument/2006/"),
)  # fmt: skip
"""Namespaces of the strict variant, and those of the transitional one, which alone are looked for."""

_TIME = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2})?(?:\.\d+)?(?:Z|[+-]\d{2}:\d{2})?)?")


@dataclass(frozen=True, slots=True)
class Relationship:
    """What a part refers to. `kind` is the last piece of its type; `target` a part's name, or an address if outside."""

    kind: str
    target: str
    is_external: bool


class Package:
    """A document's parts. Raises DocumentBroken and DocumentTooLarge for a bad archive."""

    def __init__(self, body: bytes) -> None:
        self._archive = Archive(body)
        self._relationships: dict[str, dict[str, Relationship]] = {}

    def main_part(self) -> str:
        """The name of the part where the document begins."""
        found = next(
            (link.target for link in self.relationships("").values() if link.kind == "officeDocument"), None
        )
        if found is None or found not in self._archive:
            raise DocumentBroken("The document has no main part.")
        return found

    def __contains__(self, part: object) -> bool:
        return part in self._archive

    def bytes_of(self, part: str) -> bytes:
        """A part's XML in the transitional variant."""
        data = self._archive.read(part)
        if b"purl.oclc.org/ooxml" in data:
            for strict, transitional in _STRICT:
                data = data.replace(strict, transitional)
        return data

    def tree(self, part: str) -> etree._Element:
        """A part's root element."""
        return parse_xml(self.bytes_of(part))

    def relationships(self, part: str) -> dict[str, Relationship]:
        """What a part refers to, by the ids it uses (ECMA-376 part 2, 8.5); the package itself is the part ""."""
        if part not in self._relationships:
            folder, name = posixpath.split(part)
            described = posixpath.join(folder, "_rels", f"{name}.rels")
            self._relationships[part] = dict(self._read_relationships(described, folder))
        return self._relationships[part]

    def related(self, part: str, kind: str) -> str | None:
        """The first part of a kind that `part` refers to."""
        links = self.relationships(part).values()
        return next(
            (link.target for link in links if link.kind == kind and link.target in self._archive), None
        )

    def address(self, part: str, reference: str | None) -> str | None:
        """The address outside the document that `part` names `reference`."""
        link = self.relationships(part).get(reference or "")
        return link.target if link is not None and link.is_external else None

    def metadata(self, title: str | None = None) -> Metadata:
        """The core properties; `title` is the document's own, where it says none there."""
        core = self.related("", "core-properties")
        said = {local_name(each): text_of(each) for each in self.tree(core)} if core else {}
        return Metadata(
            title=said.get("title") or title,
            description=said.get("description") or said.get("subject") or None,
            author=said.get("creator") or None,
            published_at=_time(said.get("created")),
            modified_at=_time(said.get("modified")),
            language=said.get("language") or None,
        )

    def _read_relationships(self, described: str, folder: str) -> list[tuple[str, Relationship]]:
        if described not in self._archive:
            return []
        found = []
        for each in children(parse_xml(self._archive.read(described)), "Relationship"):
            target, is_external = each.get("Target") or "", each.get("TargetMode") == "External"
            if not is_external:
                target = posixpath.normpath(posixpath.join("/", folder, unquote(target))).lstrip("/")
            kind = (each.get("Type") or "").rpartition("/")[2]
            found.append((each.get("Id") or "", Relationship(kind, target, is_external)))
        return found


def is_on(element: etree._Element | None) -> bool:
    """Whether a property that may say `val="0"` is set (ECMA-376 part 1, 17.17.4)."""
    return element is not None and attribute(element, "val") not in ("0", "false", "off", "none")


def _time(said: str | None) -> str | None:
    return said if said and _TIME.fullmatch(said) else None
