"""What a document says at its end or elsewhere: addresses that links refer to, and footnotes."""

import re
from dataclasses import dataclass, field

from lxml import etree
from lxml.html import HtmlElement

NOTE_SECTION = etree.XPath(".//section[@role='doc-endnotes']//li[@id]")
_NOTE_LINKS = etree.XPath(".//a[@role='doc-noteref'][contains(@href, '#')]")
_LABEL_WORDS = re.compile(r"\w+")
_MAX_LABEL_CHARS = 40


@dataclass(slots=True)
class References:
    """Numbers for addresses, one each, in the order of their first use."""

    numbers: dict[str, int] = field(default_factory=dict)

    def number(self, target: str) -> int:
        """`target` is an address with its title, as it stands in the definition."""
        return self.numbers.setdefault(target, len(self.numbers) + 1)

    def lines(self) -> list[str]:
        return [f"[{number}]: {target}" for target, number in self.numbers.items()]


@dataclass(frozen=True, slots=True)
class Footnotes:
    """The labels of a document's footnotes by the identifier of their texts."""

    labels: dict[str, str]

    @staticmethod
    def of(tree: HtmlElement) -> "Footnotes":
        """The notes that `tree` refers to and whose text it holds; a note keeps the label that the page gives it."""
        texts = {note.get("id") for note in NOTE_SECTION(tree)}
        if not texts:
            return Footnotes({})
        labels: dict[str, str] = {}
        taken: set[str] = set()
        for link in _NOTE_LINKS(tree):
            target = target_of(link)
            if target in texts and target not in labels:
                label = "-".join(_LABEL_WORDS.findall("".join(link.itertext())))[:_MAX_LABEL_CHARS]
                if not label or label in taken:
                    label = next(
                        str(n) for n in range(len(labels) + 1, 2 * len(labels) + 3) if str(n) not in taken
                    )
                taken.add(label)
                labels[target] = label
        return Footnotes(labels)

    def label_of(self, link: HtmlElement) -> str | None:
        """The label of the note that `link` refers to, where it is one."""
        if not self.labels or link.get("role") != "doc-noteref":
            return None
        return self.labels.get(target_of(link))


def target_of(link: HtmlElement) -> str:
    """The identifier that a link's address ends with; empty for none."""
    return str((link.get("href") or "").partition("#")[2])
