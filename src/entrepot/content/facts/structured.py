"""Structured data that pages carry: JSON-LD, read leniently and within bounds."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from lxml.html import HtmlElement

# A pair, which is a character, or a half without its other, which no encoding can write.
_SURROGATES = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[dD][89a-fA-F][0-9a-fA-F]{2}"
)
_PAIR_CHARS = len(r"\ud83c\udf0d")
_MAX_NODES = 2000
_MAX_SCRIPT_CHARS = 2_000_000
_MAX_ITEMS = 400
_MAX_LISTED = 20

ARTICLE_TYPES = frozenset({
    "Article", "NewsArticle", "BlogPosting", "TechArticle", "ScholarlyArticle", "Report", "AnalysisNewsArticle",
    "OpinionNewsArticle", "ReportageNewsArticle", "ReviewNewsArticle", "BackgroundNewsArticle", "LiveBlogPosting",
    "SocialMediaPosting", "DiscussionForumPosting", "AdvertiserContentArticle", "MedicalScholarlyArticle", "APIReference",
})  # fmt: skip
_WORK_TYPES = frozenset({
    "Recipe", "Product", "VideoObject", "Book", "Movie", "Event", "JobPosting", "HowTo", "QAPage", "Question", "Review",
    "SoftwareApplication", "Course", "Dataset", "PodcastEpisode", "CreativeWork", "MusicRecording", "FAQPage",
})  # fmt: skip
_PAGE_TYPES = frozenset({"WebPage", "ItemPage", "AboutPage", "ProfilePage", "CollectionPage", "ContactPage"})

Node = Mapping[str, Any]


def json_ld_nodes(tree: HtmlElement) -> list[Node]:
    """Every typed node of the page's JSON-LD, those that describe the page's own work first.

    Broken scripts are passed over: what a page says of itself is never a reason to fail.
    """
    found: list[Node] = []
    for script in tree.iter("script"):
        text = script.text or ""
        if _is_json_ld(script.get("type")) and len(text) <= _MAX_SCRIPT_CHARS:
            found.extend(_typed_nodes(_parse(text), _MAX_NODES - len(found)))
    return sorted(found, key=_rank)


def _is_json_ld(said: str | None) -> bool:
    return said is not None and said.partition(";")[0].strip().lower() == "application/ld+json"


def types_of(node: Node) -> frozenset[str]:
    """A node's schema.org types, without their vocabulary's address."""
    said = node.get("@type")
    names = said if isinstance(said, list) else [said]
    return frozenset(name.rsplit("/", 1)[-1] for name in names if isinstance(name, str))


def names_of(value: Any, people: Mapping[str, Node] | None = None) -> list[str]:
    """The names in a person, an organisation, a string, or a list of these.

    `people` are nodes by their `@id`, for those that are named elsewhere.
    """
    return [name for item in _each(value) if (name := _name_of(item, people or {}))]


def _name_of(item: Any, people: Mapping[str, Node]) -> str | None:
    if isinstance(item, Mapping):
        known = item.get("@id")
        node = people.get(known, item) if isinstance(known, str) else item
        item = next((name for name in _each(node.get("name")) if isinstance(name, str)), None)
    return item if isinstance(item, str) else None


def address_of(value: Any) -> str | None:
    """The first address in an ImageObject, a string, or a list of these."""
    for item in _each(value):
        said = item
        if isinstance(item, Mapping):
            kinds = (item.get("url"), item.get("contentUrl"), item.get("@id"))
            said = next((address for kind in kinds for address in _each(kind)), None)
        if isinstance(said, str) and said:
            return said
    return None


def _each(value: Any) -> Iterator[Any]:
    """What is in a value that may be a list of lists, in order, up to a limit: lists may nest without end."""
    waiting = [value]
    for _ in range(_MAX_ITEMS):
        if not waiting:
            return
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item[:_MAX_LISTED]))
        elif item is not None:
            yield item


def _parse(text: str) -> Any:
    """The script's value; comment and CDATA wrappers, which some generators write, are taken off."""
    text = text.strip().removeprefix("<!--").removeprefix("//<![CDATA[").removeprefix("<![CDATA[")
    text = text.strip().removesuffix("-->").removesuffix("//]]>").removesuffix("]]>").rstrip("; \n\t")
    if "\\ud" in text or "\\uD" in text:
        text = _SURROGATES.sub(_whole_or_mark, text)
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        return None


def _whole_or_mark(found: re.Match[str]) -> str:
    return found[0] if len(found[0]) == _PAIR_CHARS else "\\ufffd"


def _typed_nodes(value: Any, limit: int) -> Iterator[Node]:
    """Walks lists, `@graph` and main entities breadth first, without recursion."""
    waiting = [value]
    given = 0
    for item in waiting:
        if len(waiting) > 2 * _MAX_NODES or given >= limit:
            return
        if isinstance(item, list):
            waiting.extend(item[:_MAX_NODES])
        elif isinstance(item, Mapping):
            if types_of(item):
                given += 1
                yield item
            waiting.extend(item[key] for key in ("@graph", "mainEntity", "mainEntityOfPage") if key in item)


def _rank(node: Node) -> int:
    types = types_of(node)
    groups = (ARTICLE_TYPES, _WORK_TYPES, _PAGE_TYPES)
    return next((place for place, group in enumerate(groups) if types & group), len(groups))
